/// Cells of the tables that show deliveries.
import { Link } from 'react-router';
import type { Delivery } from '@/api/models';
import { useWebhooksById, webhookName } from '@/api/webhooks';
import { answerText, explainFailure } from '@/lib/attempt-errors';
import { cx } from '@/lib/cx';

type OfWebhook = Pick<Delivery, 'webhook_id' | 'webhook_url'>;

/// A webhook as people know it; the address of a deleted one.
export function useWebhookName({ webhook_id, webhook_url }: OfWebhook): string {
  const webhook = useWebhooksById().get(webhook_id);
  return webhook ? webhookName(webhook) : (webhook_url?.replace(/^https?:\/\//, '') ?? webhook_id);
}

export function WebhookLink({ of, className }: { of: OfWebhook; className?: string }) {
  const name = useWebhookName(of);
  return (
    <Link to={`/webhooks/${of.webhook_id}`} data-tip={of.webhook_url ?? undefined} className={cx('text-soft hover:text-ink block truncate hover:underline', className)}>
      {name}
    </Link>
  );
}

/// What the last attempt gave: the answer's number, or the error's name, explained on hover.
export function AnswerCell({ delivery }: { delivery: Pick<Delivery, 'last_error' | 'last_status_code' | 'status'> }) {
  const text = answerText(delivery.last_error, delivery.last_status_code);
  const failure = explainFailure(delivery.last_error, delivery.last_status_code);
  if (!text) return <span className="text-muted">–</span>;
  return (
    <span data-tip={failure ? failure.what : undefined} className="text-soft tnum whitespace-nowrap">
      {text}
    </span>
  );
}
