import { useQuery } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { kWindows, webhookHealthQuery } from '@/api/metrics';
import type { MetricsWindow, Webhook, WebhookHealth } from '@/api/models';
import { allWebhooksQuery, webhookName } from '@/api/webhooks';
import { int, percent } from '@/lib/numbers';
import { StatusBadge, webhookStatus } from '@/ui/badge';
import { Card } from '@/ui/card';
import { EmptyState, ErrorState, SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { needAttention } from './need-attention';
import { healthWindow } from './window';

const kShown = 5;

/// It is about what is so now.
export function Attention({ window: charted }: { window: MetricsWindow }) {
  const window = healthWindow(charted);
  const words = kWindows.find((one) => one.value === window)?.words ?? '';
  const webhooks = useQuery(allWebhooksQuery);
  const health = useQuery(webhookHealthQuery(window));
  const found = needAttention(webhooks.data ?? [], health.data ?? []);
  // Without one of them nobody can say that all are well.
  const failed = [webhooks, health].find((one) => one.data === undefined && one.isError);
  return (
    <Card
      title="Needs attention"
      note={found.length > kShown ? `${kShown} of ${found.length} webhooks` : words}
      actions={
        <Link to="/webhooks" className="text-accent-ink text-xs font-medium hover:underline">
          All webhooks
        </Link>
      }
    >
      {found.length > 0 ? (
        <ul className="divide-line -my-1 flex flex-col divide-y">
          {found.slice(0, kShown).map(({ webhook, health: its }) => (
            <Row key={webhook.id} webhook={webhook} health={its} words={words} />
          ))}
        </ul>
      ) : failed ? (
        <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />
      ) : webhooks.isPending || health.isPending ? (
        <SkeletonText lines={5} />
      ) : (
        <EmptyState icon={CircleCheck} title="All webhooks are well">
          Those that fail, or were switched off because they did, are listed here.
        </EmptyState>
      )}
    </Card>
  );
}

function Row({ webhook, health, words }: { webhook: Webhook; health: WebhookHealth | undefined; words: string }) {
  const status = webhookStatus(webhook);
  return (
    <li className="hover:bg-hover/60 relative -mx-2 flex items-center gap-3 rounded-md px-2 py-2">
      <div className="min-w-0 flex-1">
        <Link to={`/webhooks/${webhook.id}`} className="text-ink block truncate text-sm font-medium after:absolute after:inset-0 hover:underline">
          {webhookName(webhook)}
        </Link>
        <p className="text-muted truncate text-xs">{why(webhook, health)}</p>
      </div>
      {health && (
        <span className="tnum text-soft text-sm" data-tip={`${int(health.failed_attempts)} of ${int(health.attempts)} attempts failed in ${words}`}>
          {percent(health.success_rate)}
        </span>
      )}
      {status !== 'enabled' && <StatusBadge status={status} />}
    </li>
  );
}

function why(webhook: Webhook, health: WebhookHealth | undefined): ReactNode {
  if (webhook.disabled_reason === 'gone') return 'Answered 410: its receiver is gone. Deliveries wait.';
  if (webhook.disabled_reason === 'failing') return 'Switched off after failing for too long. Deliveries wait.';
  if (webhook.failing_since) {
    return (
      <>
        Failing since <TimeAgo at={webhook.failing_since} />
      </>
    );
  }
  return health ? `${int(health.failed_attempts)} attempts failed, ${int(health.dead)} given up` : '';
}
