import { expect, it } from 'vitest';
import type { Delivery, EventDetail } from '@/api/models';
import { replayTargets, timelineOf, tookMs } from './timeline';

const at = (second: number): string => new Date(Date.UTC(2026, 4, 1, 12, 0, second)).toISOString();
const delivery = (id: string, webhook: string, created: string, more: Partial<Delivery> = {}) => ({ id, webhook_id: webhook, created_at: created, ended_at: null, replay_of: null, ...more }) as Delivery;
const event = (deliveries: Delivery[], deliver_at: string | null = null) => ({ created_at: at(0), deliver_at, deliveries }) as EventDetail;

it('begins with the event and goes on in the order of time', () => {
  const moments = timelineOf(event([delivery('replay', 'a', at(30), { replay_of: 'first' as never }), delivery('second', 'b', at(0)), delivery('first', 'a', at(0))]));
  expect(moments.map((m) => (m.kind === 'delivery' ? m.delivery.id : m.kind))).toEqual(['taken', 'first', 'second', 'replay']);
  expect(moments.at(-1)).toMatchObject({ replay: true });
});
it('lets deliveries begin when the event is due', () => {
  const moments = timelineOf(event([delivery('one', 'a', at(0), { ended_at: at(21) })], at(20)));
  expect(moments.map((m) => m.kind)).toEqual(['taken', 'due', 'delivery']);
  const last = moments.at(-1);
  expect(last?.kind === 'delivery' && tookMs(last)).toBe(1_000);
});
it('replays to webhooks that are still there, each once', () => {
  const made = event([delivery('3', 'gone', at(9)), delivery('2', 'a', at(5)), delivery('1', 'a', at(0))]);
  expect(replayTargets(made, (id) => id !== 'gone')).toEqual({ ids: ['a'], gone: 1 });
});
