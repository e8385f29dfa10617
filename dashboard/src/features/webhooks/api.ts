import { queryOptions, useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { get, patch, post, remove } from '@/api/client';
import { keys } from '@/api/keys';
import type { NewWebhook, Webhook, WebhookPatch } from '@/api/models';
import { webhookName } from '@/api/webhooks';
import { toast } from '@/ui/toaster';
import { noteRotation } from './rotation';

const kRecent = 10;
const kSample = 250;

export function recentDeliveriesQuery(webhookId: string) {
  return queryOptions({
    queryKey: keys.deliveries.list({ webhook_id: webhookId, latest: kRecent }),
    queryFn: async ({ signal }) => (await get('/api/deliveries', { query: { webhook_id: webhookId, limit: kRecent }, signal })).data,
  });
}

/// Types and tenants of the newest events, to choose from and to try patterns on.
export const sampleEventsQuery = queryOptions({
  queryKey: keys.events.list({ sample: kSample }),
  queryFn: async ({ signal }) => (await get('/api/events', { query: { limit: kSample }, signal })).data.map(({ type, tenant }) => ({ type, tenant })),
  staleTime: 60_000,
});

function changed(client: QueryClient, webhook: Webhook): void {
  client.setQueryData(keys.webhooks.one(webhook.id), webhook);
  void client.invalidateQueries({ queryKey: keys.webhooks.all });
}

function change(id: string, body: WebhookPatch): Promise<Webhook> {
  return patch('/api/webhooks/{id}', body, { path: { id } });
}

export function useSetEnabled() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ webhook, enabled }: { webhook: Webhook; enabled: boolean }) => change(webhook.id, { enabled }),
    onSuccess: (now, { webhook, enabled }) => {
      changed(client, now);
      toast(enabled ? 'Webhook resumed' : 'Webhook paused', {
        detail: enabled ? `${webhookName(webhook)} gets what waited, and what comes.` : `Deliveries to ${webhookName(webhook)} wait until it is resumed.`,
        undo: async () => changed(client, await change(webhook.id, { enabled: !enabled })),
      });
    },
  });
}

export function useChangeWebhook(webhookId: string) {
  const client = useQueryClient();
  return useMutation({
    meta: { shown: true },
    mutationFn: ({ body }: { body: WebhookPatch; reverse: WebhookPatch }) => change(webhookId, body),
    onSuccess: (now, { reverse }) => {
      changed(client, now);
      toast('Webhook changed', { undo: async () => changed(client, await change(webhookId, reverse)) });
    },
  });
}

export function useCreateWebhook() {
  const client = useQueryClient();
  return useMutation({
    meta: { shown: true },
    mutationFn: (body: NewWebhook) => post('/api/webhooks', body),
    onSuccess: ({ secret: _secret, ...webhook }) => {
      changed(client, webhook);
      toast('Webhook created', { detail: 'Its signing secret is on its page.' });
    },
  });
}

export function useDeleteWebhook() {
  const client = useQueryClient();
  return async (webhook: Webhook): Promise<void> => {
    await remove('/api/webhooks/{id}', { path: { id: webhook.id } });
    toast('Webhook deleted', { detail: `${webhookName(webhook)} gets nothing more.` });
    for (const { all } of [keys.deliveries, keys.dlq, keys.jobs]) void client.invalidateQueries({ queryKey: all });
    void client.invalidateQueries({ predicate: (query) => query.queryKey[0] === keys.webhooks.all[0] && query.queryKey[1] === 'list' });
  };
}

/// Not kept in the cache: each look at a secret is one, and is in the audit log.
export function useRevealSecret(webhookId: string) {
  return useMutation({
    mutationFn: () => get('/api/webhooks/{id}/secret', { path: { id: webhookId } }),
    gcTime: 0,
  });
}

export function rotateSecret(webhookId: string): Promise<string> {
  return post('/api/webhooks/{id}/rotate-secret', undefined, { path: { id: webhookId } }).then(({ secret }) => {
    noteRotation(webhookId);
    toast('Secret rotated', { detail: 'The old one signs too for 24 hours.' });
    return secret;
  });
}
