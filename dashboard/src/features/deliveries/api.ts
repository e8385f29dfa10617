import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { get, getText, post, remove } from '@/api/client';
import { keys } from '@/api/keys';
import type { Delivery, DeliveryDetail } from '@/api/models';
import { deliveredBody } from './delivered-body';

/// In a burst of records that the stream sums up, and between them, the page asks itself.
const kPollMs = 5_000;

export function deliveryDetailQuery(id: string) {
  return queryOptions({
    queryKey: keys.deliveries.one(id),
    queryFn: ({ signal }) => get('/api/deliveries/{id}', { path: { id }, signal }),
    refetchInterval: (query) => (query.state.data?.status === 'pending' ? kPollMs : false),
  });
}

/// What every attempt sends, byte for byte. It never changes.
export function deliveredBodyQuery(eventId: string) {
  return queryOptions({
    queryKey: [...keys.events.one(eventId), 'delivered'],
    staleTime: Infinity,
    queryFn: async ({ signal }) => deliveredBody(await getText('/api/events/{id}', { path: { id: eventId }, signal })),
  });
}

/// Puts the changed delivery where it is shown and loads again what counts it.
function useTake(): (changed: Delivery) => void {
  const client = useQueryClient();
  return (changed) => {
    client.setQueryData(deliveryDetailQuery(changed.id).queryKey, (now: DeliveryDetail | undefined) => now && { ...now, ...changed });
    for (const queryKey of [keys.deliveries.all, keys.dlq.all, keys.metrics.all]) void client.invalidateQueries({ queryKey });
  };
}

export function useRetry() {
  const take = useTake();
  return useMutation({ mutationFn: (id: string) => post('/api/deliveries/{id}/retry', undefined, { path: { id } }), onSuccess: take });
}

export function useCancel() {
  const take = useTake();
  return useMutation({ meta: { shown: true }, mutationFn: (id: string) => post('/api/deliveries/{id}/cancel', undefined, { path: { id } }), onSuccess: take });
}

export function usePurge() {
  const client = useQueryClient();
  return useMutation({
    meta: { shown: true },
    mutationFn: (id: string) => remove('/api/dlq/{id}', { path: { id } }),
    onSuccess: () => {
      for (const queryKey of [keys.deliveries.all, keys.dlq.all, keys.metrics.all]) void client.invalidateQueries({ queryKey });
    },
  });
}

/// A new delivery of the same event to the same webhook.
export function useDeliverAgain() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ event_id, webhook_id }: Pick<Delivery, 'event_id' | 'webhook_id'>) =>
      post('/api/events/{id}/replay', { webhook_ids: [webhook_id] }, { path: { id: event_id } }),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.deliveries.all }),
  });
}
