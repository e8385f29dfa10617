import type { Webhook, WebhookHealth } from '@/api/models';
import { kSuccessRateMin } from '@/lib/series';

/// A webhook with a handful of attempts says little.
const kAttemptsMin = 10;

/// Webhooks that somebody should look at, the worst first: switched off by the engine, then failing now, then those that
/// fail often. Paused ones are as somebody wants them.
export function needAttention(webhooks: readonly Webhook[], health: readonly WebhookHealth[]): { webhook: Webhook; health: WebhookHealth | undefined }[] {
  const byId = new Map(health.map((one) => [one.webhook_id, one]));
  const rank = (webhook: Webhook): number => {
    if (!webhook.enabled) return webhook.disabled_reason === 'by_user' ? 0 : 3;
    if (webhook.failing_since !== null) return 2;
    const its = byId.get(webhook.id);
    return its && its.attempts >= kAttemptsMin && its.success_rate < kSuccessRateMin ? 1 : 0;
  };
  return webhooks
    .map((webhook) => ({ webhook, health: byId.get(webhook.id), rank: rank(webhook) }))
    .filter((one) => one.rank > 0)
    .sort((a, b) => b.rank - a.rank || (b.health?.failed_attempts ?? 0) - (a.health?.failed_attempts ?? 0))
    .map(({ webhook, health: its }) => ({ webhook, health: its }));
}
