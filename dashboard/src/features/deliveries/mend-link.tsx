import { Link } from 'react-router';
import type { Explanation } from '@/lib/attempt-errors';

/// To the page where the cause can be mended; nothing where it lies at the receiver.
export function MendLink({ failure, webhookId }: { failure: Explanation; webhookId: string }) {
  if (failure.where === null) return null;
  const webhook = failure.where === 'webhook';
  return (
    <>
      {' '}
      <Link to={webhook ? `/webhooks/${webhookId}/edit` : '/settings'} className="font-medium underline">
        {webhook ? 'Edit the webhook' : 'See the settings'}
      </Link>
    </>
  );
}
