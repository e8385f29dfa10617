import { queryOptions } from '@tanstack/react-query';
import { get } from '@/api/client';
import { keys } from '@/api/keys';

/// Is there nothing yet: no webhook, or no event?
export const emptyQuery = queryOptions({
  queryKey: [...keys.webhooks.all, 'empty'],
  // Once something is there, there is something.
  staleTime: (query) => (query.state.data === false ? Infinity : 5_000),
  queryFn: async ({ signal }): Promise<boolean> => {
    const [webhooks, events] = await Promise.all([
      get('/api/webhooks', { query: { limit: 1 }, signal }),
      get('/api/events', { query: { limit: 1 }, signal }),
    ]);
    const none = (page: { data: unknown[]; next_cursor: string | null }): boolean => page.data.length === 0 && page.next_cursor === null;
    return none(webhooks) || none(events);
  },
});

/// The newest few: one page of the list, no scan.
export const latestDeliveriesQuery = queryOptions({
  queryKey: keys.deliveries.list({ latest: 8 }),
  queryFn: async ({ signal }) => (await get('/api/deliveries', { query: { limit: 8 }, signal })).data,
});
