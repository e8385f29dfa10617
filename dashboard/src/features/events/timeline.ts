import type { Delivery, EventDetail } from '@/api/models';
import { toMs } from '@/lib/time';

export type Moment = { kind: 'taken'; at: string } | { kind: 'due'; at: string } | { kind: 'delivery'; at: string; delivery: Delivery; replay: boolean };

/// What happened to the event, the earliest first: taken in, due (where it was to wait), its deliveries in the order in
/// which they were made.
export function timelineOf(event: EventDetail): Moment[] {
  const moments: Moment[] = [{ kind: 'taken', at: event.created_at }];
  const waits = event.deliver_at !== null && toMs(event.deliver_at) > toMs(event.created_at);
  const due: Moment[] = waits && event.deliver_at !== null ? [{ kind: 'due', at: event.deliver_at }] : [];
  const deliveries = event.deliveries
    .toReversed()
    .map((delivery): Moment => ({ kind: 'delivery', at: startOf(delivery, event), delivery, replay: delivery.replay_of !== null }));
  // Stable: those of one moment stay in their order.
  return [...moments, ...[...due, ...deliveries].sort((a, b) => toMs(a.at) - toMs(b.at))];
}

/// When it could first be sent.
function startOf(delivery: Delivery, event: EventDetail): string {
  const waits = delivery.replay_of === null && event.deliver_at !== null && toMs(event.deliver_at) > toMs(delivery.created_at);
  return waits && event.deliver_at !== null ? event.deliver_at : delivery.created_at;
}

/// From when it could first be sent to its end; null while it is pending.
export function tookMs(moment: { at: string; delivery: Delivery }): number | null {
  return moment.delivery.ended_at === null ? null : Math.max(0, toMs(moment.delivery.ended_at) - toMs(moment.at));
}

/// Where a replay without a choice goes: to those webhooks that it went to and that are still there.
export function replayTargets(event: Pick<EventDetail, 'deliveries'>, isThere: (webhookId: string) => boolean): { ids: string[]; gone: number } {
  const went = [...new Set(event.deliveries.toReversed().map((d) => d.webhook_id))];
  const ids = went.filter(isThere);
  return { ids, gone: went.length - ids.length };
}
