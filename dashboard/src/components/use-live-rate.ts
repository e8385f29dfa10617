import { useRef } from 'react';
import { useStream, useStreamState } from '@/api/live';
import { useNow } from '@/lib/use-now';

const kWindowMs = 10_000;

/// Events and ends of deliveries a second, counted from the stream over the last ten seconds; null until it was open that
/// long.
export function useLiveRate(): { events: number; deliveries: number } | null {
  const state = useStreamState();
  const seen = useRef<{ at: number; events: number; deliveries: number }[]>([]);
  const since = useRef<number | null>(null);
  const now = useNow(1_000);
  useStream((record) => {
    const at = Date.now();
    if (record.kind === 'gap') seen.current = [];
    if (record.kind === 'event.created') seen.current.push({ at, events: 1, deliveries: 0 });
    else if (record.kind === 'delivery.succeeded' || record.kind === 'delivery.dead') seen.current.push({ at, events: 0, deliveries: 1 });
    else if (record.kind === 'summary') seen.current.push({ at, events: record.events, deliveries: record.succeeded + record.dead });
  });
  if (state !== 'live') since.current = null;
  else since.current ??= now;
  seen.current = seen.current.filter((one) => one.at > now - kWindowMs);
  if (since.current === null || now - since.current < kWindowMs) return null;
  const sum = (name: 'events' | 'deliveries'): number => seen.current.reduce((total, one) => total + one[name], 0);
  return { events: sum('events') / (kWindowMs / 1_000), deliveries: sum('deliveries') / (kWindowMs / 1_000) };
}
