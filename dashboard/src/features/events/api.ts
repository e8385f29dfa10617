import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { get, post } from '@/api/client';
import { keys } from '@/api/keys';
import type { Delivery } from '@/api/models';
import { plural } from '@/lib/numbers';
import { toast } from '@/ui/toaster';

/// Without `webhookIds`: to those that it went to.
export function useReplay(eventId: string) {
  const client = useQueryClient();
  return useMutation({
    meta: { shown: true },
    mutationFn: (webhookIds: readonly string[] | null) => post('/api/events/{id}/replay', webhookIds ? { webhook_ids: [...webhookIds] } : {}, { path: { id: eventId } }),
    onSuccess: ({ deliveries }) => {
      toast(deliveries === 0 ? 'Nothing to replay to' : 'Replayed', {
        detail: deliveries === 0 ? 'No webhook that it went to exists, and none takes it now.' : `${plural(deliveries, 'new delivery', 'new deliveries')}.`,
      });
      for (const { all } of [keys.events, keys.deliveries, keys.metrics]) void client.invalidateQueries({ queryKey: all });
    },
  });
}

/// The attempts of a delivery, when somebody unfolds it. The number of attempts is part of the key: each new one loads them.
export function attemptsQuery(delivery: Pick<Delivery, 'id' | 'attempt_count'>) {
  return queryOptions({
    queryKey: [...keys.deliveries.one(delivery.id), 'attempts', delivery.attempt_count] as const,
    queryFn: async ({ signal }) => (await get('/api/deliveries/{id}', { path: { id: delivery.id }, signal })).attempts,
    placeholderData: (before) => before,
  });
}
