/// The stream for components.
import { useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useSyncExternalStore } from 'react';
import { keys } from './keys';
import { Stream, type StreamKind, type StreamRecord, type StreamState } from './stream';

const stream = new Stream();

/// Once, in the layout: connected while there is a session. A gap makes everything that is shown load again.
export function useStreamConnection(enabled: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!enabled) return;
    const unsubscribe = stream.subscribe((record) => {
      if (record.kind === 'gap') void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== keys.session[0] });
    });
    stream.start(() => void client.invalidateQueries({ queryKey: keys.session }));
    return () => {
      unsubscribe();
      stream.stop();
    };
  }, [client, enabled]);
}

/// Calls `handler` for each record while the component is mounted. `gap` comes here too.
export function useStream(handler: (record: StreamRecord) => void, enabled = true): void {
  const onRecord = useEffectEvent(handler);
  useEffect(() => (enabled ? stream.subscribe((record) => onRecord(record)) : undefined), [enabled]);
}

export function useStreamState(): StreamState {
  return useSyncExternalStore(stream.watch, () => stream.state);
}

/// Loads `queryKeys` again when records of these kinds come (a `summary` counts as events and deliveries), at most
/// every `everyMs`: the first soon, the rest of a burst together. `matches` narrows: to one delivery, one webhook.
export function useLive(
  queryKeys: readonly QueryKey[],
  kinds: readonly StreamKind[],
  { everyMs = 2_000, enabled = true, matches }: LiveOptions = {},
): void {
  const client = useQueryClient();
  const timer = useRef(0);
  const lastAt = useRef(0);
  useStream((record) => {
    const counts = record.kind === 'summary' && kinds.some((k) => k.startsWith('delivery.') || k === 'event.created');
    if (!counts && !kinds.includes(record.kind)) return;
    if (!counts && matches && !matches(record)) return;
    if (timer.current) return;
    const wait = Math.max(150, lastAt.current + everyMs - Date.now());
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      lastAt.current = Date.now();
      for (const queryKey of queryKeys) void client.invalidateQueries({ queryKey });
    }, wait);
  }, enabled);
  useEffect(() => () => window.clearTimeout(timer.current), []);
}

interface LiveOptions {
  everyMs?: number;
  enabled?: boolean;
  matches?: (record: StreamRecord) => boolean;
}

export const kDeliveryKinds = [
  'delivery.retrying',
  'delivery.succeeded',
  'delivery.dead',
  'delivery.cancelled',
] as const satisfies readonly StreamKind[];
