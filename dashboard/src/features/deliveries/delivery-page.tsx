import { useQuery } from '@tanstack/react-query';
import { Ban, CircleCheck, CircleX, Clock, Hourglass, Repeat, RotateCw, Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import type { DeliveryDetail } from '@/api/models';
import { useCan } from '@/api/session';
import { useWebhooksById } from '@/api/webhooks';
import { WebhookLink } from '@/components/delivery-cells';
import { explainFailure, reasonText } from '@/lib/attempt-errors';
import { useShortcuts } from '@/lib/shortcuts';
import { duration, toMs } from '@/lib/time';
import { deliveryStatus, StatusBadge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { useCommands } from '@/ui/command-palette';
import { CopyText } from '@/ui/copy';
import { DefinitionList } from '@/ui/definition-list';
import { ConfirmDialog } from '@/ui/dialog';
import { PageHeader } from '@/ui/page-header';
import { ErrorState, Note, Skeleton, SkeletonText } from '@/ui/states';
import { Countdown, TimeAgo } from '@/ui/time-ago';
import { toast } from '@/ui/toaster';
import { deliveryDetailQuery, useCancel, useDeliverAgain, usePurge, useRetry } from './api';
import { Attempts } from './attempts';
import { MendLink } from './mend-link';

const kParent = { label: 'Deliveries', to: '/deliveries' };

export function Component() {
  const { id = '' } = useParams();
  const delivery = useQuery(deliveryDetailQuery(id));
  useLive([keys.deliveries.one(id)], kDeliveryKinds, { everyMs: 500, matches: (record) => 'delivery_id' in record && record.delivery_id === id });
  if (delivery.data) return <Shown key={id} delivery={delivery.data} />;
  return (
    <>
      <PageHeader title="Delivery" parent={kParent} note={<code>{id}</code>} />
      {delivery.isError ? (
        <ErrorState error={delivery.error} onRetry={() => void delivery.refetch()} />
      ) : (
        <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
          <Card>
            <Skeleton className="mb-4 h-5 w-48" />
            <SkeletonText lines={6} />
          </Card>
          <Card>
            <SkeletonText lines={8} />
          </Card>
        </div>
      )}
    </>
  );
}

function Shown({ delivery }: { delivery: DeliveryDetail }) {
  return (
    <>
      <PageHeader
        title={`Delivery of ${delivery.type}`}
        parent={kParent}
        heading={
          <>
            <span className="min-w-0 break-all">{delivery.type}</span>
            <StatusBadge status={deliveryStatus(delivery)} />
          </>
        }
        note={<CopyText value={delivery.id} />}
        actions={<Actions delivery={delivery} />}
      />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <State delivery={delivery} />
          <Attempts delivery={delivery} />
        </div>
        <Details delivery={delivery} />
      </div>
    </>
  );
}

function Actions({ delivery }: { delivery: DeliveryDetail }) {
  const { reason: denied } = useCan('developer');
  const navigate = useNavigate();
  const retry = useRetry();
  const again = useDeliverAgain();
  const cancel = useCancel();
  const purge = usePurge();
  const [asking, setAsking] = useState<'cancel' | 'purge' | null>(null);
  const held = useWebhooksById().get(delivery.webhook_id)?.enabled === false;
  const pending = delivery.status === 'pending';
  const dead = delivery.status === 'dead';
  const deleted = delivery.reason === 'webhook_deleted' ? 'Its webhook was deleted.' : undefined;

  const runRetry = (): void => {
    if (denied || retry.isPending) return;
    const title = dead ? 'Delivery reopened' : held ? 'It is tried as soon as it may be' : 'Trying it now';
    const detail = held ? 'Its webhook is not enabled: it waits until it is.' : dead ? 'The schedule of its retry policy begins again.' : undefined;
    retry.mutate(delivery.id, { onSuccess: () => toast(title, { detail }) });
  };
  const runAgain = (): void => {
    if (denied || deleted || again.isPending) return;
    again.mutate(delivery, {
      onSuccess: ({ deliveries }) =>
        deliveries > 0 ? toast('A new delivery is on its way', { action: { label: 'Show', run: () => void navigate(`/deliveries?event_id=${delivery.event_id}`) } }) : toast('Nothing was delivered', { detail: 'The webhook does not exist any more.' }),
    });
  };
  const primary = pending || dead ? { label: 'Retry now', run: runRetry } : { label: 'Deliver again', run: runAgain };
  const second = pending ? ({ label: 'Cancel', asks: 'cancel' } as const) : dead ? ({ label: 'Purge', asks: 'purge' } as const) : null;
  useShortcuts([
    { keys: 'r', label: primary.label, group: 'Delivery', run: primary.run },
    ...(second && !denied ? [{ keys: 'c', label: second.label, group: 'Delivery', run: () => setAsking(second.asks) }] : []),
  ]);
  useCommands(
    denied
      ? []
      : [
          { id: 'delivery-primary', label: primary.label, words: 'delivery attempt replay', group: 'Delivery', keys: 'r', icon: RotateCw, run: primary.run },
          ...(second ? [{ id: 'delivery-second', label: `${second.label} this delivery`, group: 'Delivery', keys: 'c', icon: Ban, run: () => setAsking(second.asks) }] : []),
        ],
  );
  return (
    <>
      {second && (
        <Button icon={pending ? Ban : Trash2} disabledReason={denied} onClick={() => setAsking(second.asks)}>
          {second.label}
        </Button>
      )}
      {pending || dead ? (
        <Button variant="primary" icon={RotateCw} busy={retry.isPending} disabledReason={denied} onClick={runRetry}>
          Retry now
        </Button>
      ) : (
        <Button icon={Repeat} busy={again.isPending} disabledReason={denied ?? deleted} onClick={runAgain}>
          Deliver again
        </Button>
      )}
      <ConfirmDialog
        open={asking === 'cancel'}
        onClose={() => setAsking(null)}
        title="Cancel this delivery?"
        confirm="Cancel the delivery"
        danger
        onConfirm={async () => {
          await cancel.mutateAsync(delivery.id);
          toast('Delivery cancelled', { detail: 'No more attempts are made.' });
        }}
      >
        No more attempts are made, and a cancelled delivery cannot be reopened. The event stays and can be delivered again.
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === 'purge'}
        onClose={() => setAsking(null)}
        title="Purge this dead letter?"
        confirm="Purge"
        danger
        onConfirm={async () => {
          await purge.mutateAsync(delivery.id);
          toast('Dead letter purged');
        }}
      >
        It leaves the dead letters and counts as cancelled. It cannot be reopened; the event stays and can be delivered again.
      </ConfirmDialog>
    </>
  );
}

/// What became of it, why, and what comes next.
function State({ delivery }: { delivery: DeliveryDetail }) {
  const failure = explainFailure(delivery.last_error, delivery.last_status_code);
  if (delivery.status === 'succeeded') {
    return (
      <Note tone="ok" icon={CircleCheck}>
        Arrived {delivery.ended_at && <TimeAgo at={delivery.ended_at} />}
        {delivery.ended_at && `, ${duration(Math.max(0, toMs(delivery.ended_at) - toMs(delivery.created_at)))} after it was created`}
        {delivery.attempt_count > 1 ? `, at attempt ${delivery.attempt_count}.` : ', at the first attempt.'}
      </Note>
    );
  }
  if (delivery.status === 'cancelled') {
    return (
      <Note tone="neutral" icon={Ban}>
        Cancelled {delivery.ended_at && <TimeAgo at={delivery.ended_at} />}. {reasonText(delivery.reason)}
      </Note>
    );
  }
  if (delivery.status === 'dead') {
    return (
      <Note tone="bad" icon={CircleX}>
        <p>
          <span className="font-medium">Given up</span> {delivery.ended_at && <TimeAgo at={delivery.ended_at} />}. {reasonText(delivery.reason)}
        </p>
        {failure && (
          <p className="text-ink mt-1">
            The last attempt: {failure.title}. {failure.todo} Then retry it.
            <MendLink failure={failure} webhookId={delivery.webhook_id} />
          </p>
        )}
      </Note>
    );
  }
  return <Pending delivery={delivery} />;
}

function Pending({ delivery }: { delivery: DeliveryDetail }) {
  const webhook = useWebhooksById().get(delivery.webhook_id);
  const held = webhook && !webhook.enabled;
  let next: ReactNode;
  if (held) {
    next = (
      <>
        Held: its webhook is {webhook.disabled_reason === 'by_user' ? 'paused' : 'disabled'}. It goes on when the{' '}
        <Link to={`/webhooks/${webhook.id}`} className="font-medium underline">
          webhook
        </Link>{' '}
        is enabled again.
      </>
    );
  } else if (delivery.next_attempt_at) {
    next = (
      <>
        <span className="font-medium">{delivery.attempt_count > 0 ? 'Next attempt' : 'First attempt'}</span>{' '}
        <Countdown to={delivery.next_attempt_at} due={webhook?.ordered ? 'as soon as those before it have ended' : 'any moment'} />.
        {delivery.attempt_count > 0 && ` ${delivery.attempt_count === 1 ? 'One attempt' : `${delivery.attempt_count} attempts`} failed so far.`}
      </>
    );
  } else {
    next = 'An attempt is being made, or is about to be.';
  }
  return (
    <Note tone={delivery.attempt_count > 0 ? 'warn' : 'info'} icon={held ? Hourglass : Clock}>
      {next}
    </Note>
  );
}

function Details({ delivery }: { delivery: DeliveryDetail }) {
  return (
    <Card title="Details">
      <DefinitionList
        items={[
          [
            'Event',
            <Link key="event" to={`/events/${delivery.event_id}`} className="text-accent-ink font-medium break-all hover:underline">
              {delivery.event_id}
            </Link>,
          ],
          ['Type', <code key="type" className="break-all">{delivery.type}</code>],
          delivery.tenant !== null && ['Tenant', delivery.tenant],
          ['Webhook', <WebhookLink key="webhook" of={delivery} className="text-accent-ink! font-medium" />],
          delivery.webhook_url !== null && ['URL', <code key="url" className="break-all">{delivery.webhook_url}</code>],
          ['Attempts', delivery.attempt_count],
          ['Created', <TimeAgo key="created" at={delivery.created_at} />],
          delivery.next_attempt_at !== null && ['Next attempt', <Countdown key="next" to={delivery.next_attempt_at} due="due" />],
          delivery.ended_at !== null && ['Ended', <TimeAgo key="ended" at={delivery.ended_at} />],
          delivery.reason !== null && ['Reason', reasonText(delivery.reason)],
          delivery.replay_of !== null && [
            'Repeats',
            <Link key="repeats" to={`/deliveries/${delivery.replay_of}`} className="text-accent-ink break-all hover:underline">
              {delivery.replay_of}
            </Link>,
          ],
        ]}
      />
      <p className="border-line mt-4 border-t pt-3 text-xs">
        <Link to={`/deliveries?event_id=${delivery.event_id}`} className="text-accent-ink hover:underline">
          All deliveries of this event
        </Link>
        <span className="text-muted"> · </span>
        <Link to={`/deliveries?webhook_id=${delivery.webhook_id}`} className="text-accent-ink hover:underline">
          of this webhook
        </Link>
      </p>
    </Card>
  );
}
