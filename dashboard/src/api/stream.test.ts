// @vitest-environment node
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Stream, type StreamRecord } from './stream';

class FakeSource {
  static made: FakeSource[] = [];
  readyState = 0;
  onopen: () => void = () => undefined;
  onerror: () => void = () => undefined;
  closed = false;
  private readonly handlers = new Map<string, (message: { data: string; lastEventId: string }) => void>();
  constructor() {
    FakeSource.made.push(this);
  }
  addEventListener(kind: string, handler: (message: { data: string; lastEventId: string }) => void): void {
    this.handlers.set(kind, handler);
  }
  close(): void {
    this.closed = true;
  }
  send(kind: string, data: string): void {
    this.handlers.get(kind)?.({ data, lastEventId: '7' });
  }
}

let visibility: () => void = () => undefined;
const page = { hidden: false, addEventListener: (_kind: string, handler: () => void) => (visibility = handler), removeEventListener: () => undefined };
let stream: Stream;
let records: StreamRecord[];
const refused = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', page);
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('EventSource', { CLOSED: 2 });
  FakeSource.made = [];
  page.hidden = false;
  records = [];
  refused.mockReset();
  stream = new Stream('/api/stream', () => new FakeSource() as unknown as EventSource);
  stream.subscribe((record) => records.push(record));
  stream.start(refused);
});
afterEach(() => {
  stream.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const newest = (): FakeSource => FakeSource.made.at(-1) as FakeSource;

it('hands records on with their kind and id', () => {
  newest().onopen();
  expect(stream.state).toBe('live');
  newest().send('event.created', '{"event_id":"evt_1","at":"2026-05-10T12:00:00.000Z"}');
  expect(records).toEqual([{ kind: 'event.created', id: '7', event_id: 'evt_1', at: '2026-05-10T12:00:00.000Z' }]);
});
it('leaves a reconnection to the browser, which says where it was', () => {
  newest().onopen();
  newest().onerror();
  expect(stream.state).toBe('connecting');
  newest().onopen();
  expect(FakeSource.made.length).toBe(1);
  expect(records).toEqual([]);
});
it('comes back by itself after a refusal, and tells of the gap', () => {
  newest().readyState = 2;
  newest().onerror();
  expect(stream.state).toBe('offline');
  expect(refused).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1_000);
  expect(FakeSource.made.length).toBe(2);
  newest().onopen();
  expect(records.map((r) => r.kind)).toEqual(['gap']);
});
it('waits longer each time, up to half a minute', () => {
  for (let i = 0; i < 8; i++) {
    newest().readyState = 2;
    newest().onerror();
    vi.advanceTimersByTime(30_000);
  }
  expect(FakeSource.made.length).toBe(9);
});
it('gives the connection back while nobody looks, and tells of the gap after', () => {
  newest().onopen();
  page.hidden = true;
  visibility();
  vi.advanceTimersByTime(60_000);
  expect(newest().closed).toBe(true);
  page.hidden = false;
  visibility();
  newest().onopen();
  expect(records.map((r) => r.kind)).toEqual(['gap']);
});
it('takes what it cannot read for a gap', () => {
  newest().send('event.created', '{');
  expect(records.map((r) => r.kind)).toEqual(['gap']);
});
it('does not come back once it was stopped', () => {
  newest().readyState = 2;
  newest().onerror();
  stream.stop();
  vi.advanceTimersByTime(60_000);
  expect(FakeSource.made.length).toBe(1);
});
