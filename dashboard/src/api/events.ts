/// One event, with its payload spelled as it came.
import { queryOptions } from '@tanstack/react-query';
import { rawMember } from '@/lib/json';
import { getText } from './client';
import { keys } from './keys';
import type { EventDetail } from './models';

export interface EventText {
  event: EventDetail;
  /// JSON text, byte for byte.
  payload: string;
  metadata: string | null;
}

export function eventQuery(id: string) {
  return queryOptions({
    // Under its key, so that it is loaded again with it, whoever else keeps something there.
    queryKey: [...keys.events.one(id), 'text'] as const,
    queryFn: async ({ signal }) => readEvent(await getText('/api/events/{id}', { path: { id }, signal })),
  });
}

export function readEvent(text: string): EventText {
  const event = JSON.parse(text) as EventDetail;
  return { event, payload: rawOr(text, 'payload', event.payload), metadata: event.metadata ? rawOr(text, 'metadata', event.metadata) : null };
}

function rawOr(text: string, name: string, parsed: unknown): string {
  try {
    return rawMember(text, name) ?? 'null';
  } catch {
    // Nested too deep for the tree.
    return JSON.stringify(parsed ?? null);
  }
}
