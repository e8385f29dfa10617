import type { Webhook, WebhookHealth } from '@/api/models';
import { webhookName } from '@/api/webhooks';
import { rankMatches } from '@/lib/rank';
import { webhookStatus } from '@/ui/badge';

export const kSorts = ['newest', 'failures', 'name'] as const;
export type Sort = (typeof kSorts)[number];

export interface ListFilters {
  q: string;
  status: string | undefined;
  sort: Sort;
}

/// Those of all webhooks that the filters leave, in order. With a search the best match comes first.
export function listed(webhooks: readonly Webhook[], { q, status, sort }: ListFilters, healthOf: (id: string) => WebhookHealth | undefined): Webhook[] {
  const left = webhooks.filter((webhook) => !status || webhookStatus(webhook) === status);
  const found = rankMatches(left, q, (w) => `${webhookName(w)} ${w.url} ${w.id} ${w.event_types.join(' ')} ${w.tenant ?? ''}`);
  if (q || sort === 'newest') return found;
  if (sort === 'name') return found.sort((a, b) => webhookName(a).localeCompare(webhookName(b)));
  const failures = (webhook: Webhook): number => healthOf(webhook.id)?.failed_attempts ?? 0;
  return found.sort((a, b) => failures(b) - failures(a));
}
