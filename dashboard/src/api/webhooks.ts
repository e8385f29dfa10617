/// The webhooks that other pages name and choose from: all of them, up to a bound.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { get } from './client';
import { keys } from './keys';
import type { Webhook } from './models';

const kWebhooksMax = 1_000;

export const allWebhooksQuery = queryOptions({
  queryKey: keys.webhooks.list({ all: true }),
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Webhook[]> => {
    const webhooks: Webhook[] = [];
    let cursor: string | undefined;
    do {
      const page = await get('/api/webhooks', { query: { limit: 250, cursor }, signal });
      webhooks.push(...page.data);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined && webhooks.length < kWebhooksMax);
    return webhooks;
  },
});

/// A webhook's name as people know it: its description, or its address without the scheme.
export function webhookName(webhook: Pick<Webhook, 'url' | 'description'>): string {
  return webhook.description || webhook.url.replace(/^https?:\/\//, '');
}

/// id → webhook. Empty until it is there.
export function useWebhooksById(): ReadonlyMap<string, Webhook> {
  const { data } = useQuery({ ...allWebhooksQuery, select: byId });
  return data ?? kNone;
}

const kNone: ReadonlyMap<string, Webhook> = new Map();
const byId = (webhooks: Webhook[]): ReadonlyMap<string, Webhook> => new Map(webhooks.map((w) => [w.id, w]));
