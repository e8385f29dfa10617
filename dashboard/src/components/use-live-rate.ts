import { useEffect, useRef, useState } from 'react';
import { useStream, useStreamState } from '@/api/live';

export interface LiveRate {
  events: number;
  deliveries: number;
}

const kWindowMs = 10_000;

/// Events and ends of deliveries a second, counted from the stream over the last ten seconds; null until it was open that
/// long.
export function useLiveRate(): LiveRate | null {
  const live = useStreamState() === 'live';
  const seen = useRef<({ at: number } & LiveRate)[]>([]);
  const [rate, setRate] = useState<LiveRate | null>(null);
  useStream((record) => {
    const at = Date.now();
    if (record.kind === 'gap') seen.current = [];
    else if (record.kind === 'event.created') seen.current.push({ at, events: 1, deliveries: 0 });
    else if (record.kind === 'delivery.succeeded' || record.kind === 'delivery.dead') seen.current.push({ at, events: 0, deliveries: 1 });
    else if (record.kind === 'summary') seen.current.push({ at, events: record.events, deliveries: record.succeeded + record.dead });
  });
  useEffect(() => {
    if (!live) return;
    const since = Date.now();
    seen.current = [];
    const timer = window.setInterval(() => {
      const now = Date.now();
      seen.current = seen.current.filter((one) => one.at > now - kWindowMs);
      if (now - since < kWindowMs) return;
      const perSecond = (name: keyof LiveRate): number => seen.current.reduce((sum, one) => sum + one[name], 0) / (kWindowMs / 1_000);
      setRate({ events: perSecond('events'), deliveries: perSecond('deliveries') });
    }, 1_000);
    return () => {
      window.clearInterval(timer);
      setRate(null);
    };
  }, [live]);
  return rate;
}
