import { useQuery } from '@tanstack/react-query';
import { Ban, Ellipsis, FlaskConical, Pause, Pencil, Play, RotateCw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { keys } from '@/api/keys';
import { useLive } from '@/api/live';
import type { Webhook } from '@/api/models';
import { useCan } from '@/api/session';
import { webhookName, webhookQuery } from '@/api/webhooks';
import { ReceiverAnswer, receiverId, ReceiverPanel } from '@/components/receiver-panel';
import { SendTestEvent } from '@/components/send-test-event';
import { useShortcuts } from '@/lib/shortcuts';
import { duration } from '@/lib/time';
import { choice, useUrlState } from '@/lib/url-state';
import { StatusBadge, webhookStatus } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { useCommands } from '@/ui/command-palette';
import { CopyText } from '@/ui/copy';
import { Menu } from '@/ui/menu';
import { PageHeader } from '@/ui/page-header';
import { ErrorState, Note, SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { useSetEnabled } from './api';
import { DeleteWebhook } from './delete-webhook';
import { RecentDeliveries } from './recent-deliveries';
import { isExact } from './retry-schedule';
import { RetryTimeline } from './retry-timeline';
import { SecretCard } from './secret-card';
import { WebhookHealthSection } from './webhook-health';
import { WebhookSettings } from './webhook-settings';

const kParent = { label: 'Webhooks', to: '/webhooks' };
const kParams = { window: choice(['15m', '1h', '6h', '24h', '7d', '30d'], '24h') };

export function Component() {
  const { id = '' } = useParams();
  const webhook = useQuery(webhookQuery(id));
  useLive([keys.webhooks.one(id)], ['webhook.updated', 'webhook.disabled', 'webhook.deleted'], { matches: (record) => 'webhook_id' in record && record.webhook_id === id });
  if (webhook.data) return <Shown key={id} webhook={webhook.data} />;
  return (
    <>
      <PageHeader title="Webhook" parent={kParent} note={<code>{id}</code>} />
      {webhook.isError ? (
        <ErrorState error={webhook.error} onRetry={() => void webhook.refetch()} />
      ) : (
        <Card>
          <SkeletonText lines={8} />
        </Card>
      )}
    </>
  );
}

function Shown({ webhook }: { webhook: Webhook }) {
  const navigate = useNavigate();
  const { reason } = useCan('developer');
  const [{ window }, setParams] = useUrlState(kParams);
  const [testing, setTesting] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const setEnabled = useSetEnabled();
  const name = webhookName(webhook);
  const receiver = receiverId(webhook.url);
  const allowed = (run: () => void) => (): void => {
    if (!reason) run();
  };
  const test = allowed(() => setTesting(true));
  const edit = allowed(() => void navigate(`/webhooks/${webhook.id}/edit`));
  const toggle = allowed(() => {
    if (!setEnabled.isPending) setEnabled.mutate({ webhook, enabled: !webhook.enabled });
  });
  useShortcuts([
    { keys: 't', label: 'Send test event', group: 'Webhook', run: test },
    { keys: 'e', label: 'Edit', group: 'Webhook', run: edit },
    { keys: 'p', label: webhook.enabled ? 'Pause' : 'Resume', group: 'Webhook', run: toggle },
  ]);
  useCommands([
    { id: 'test', label: 'Send this webhook a test event', group: 'Do', icon: FlaskConical, keys: 't', run: test },
    { id: 'edit', label: 'Edit this webhook', group: 'Do', icon: Pencil, keys: 'e', run: edit },
    { id: 'pause', label: webhook.enabled ? 'Pause this webhook' : 'Resume this webhook', group: 'Do', icon: webhook.enabled ? Pause : Play, keys: 'p', run: toggle },
  ]);
  const pause = (
    <Button icon={webhook.enabled ? Pause : Play} busy={setEnabled.isPending} disabledReason={reason} onClick={toggle}>
      {webhook.enabled ? 'Pause' : 'Resume'}
    </Button>
  );
  return (
    <>
      <PageHeader
        title={name}
        parent={kParent}
        heading={
          <>
            <span className="min-w-0 break-all">{name}</span>
            <StatusBadge status={webhookStatus(webhook)} />
          </>
        }
        note={<CopyText value={webhook.url} />}
        actions={
          <>
            {pause}
            <Button icon={Pencil} disabledReason={reason} onClick={edit}>
              Edit
            </Button>
            <Button variant="primary" icon={FlaskConical} disabledReason={reason} onClick={test}>
              Send test event
            </Button>
            <Menu
              trigger={<IconButton icon={Ellipsis} label="More" variant="secondary" />}
              items={[{ label: 'Delete', icon: Trash2, danger: true, disabledReason: reason, run: () => setDeleting(true) }]}
            />
          </>
        }
      />
      <div className="flex flex-col gap-4">
        <State webhook={webhook} />
        <WebhookHealthSection webhookId={webhook.id} window={window} onWindow={(next) => setParams({ window: next })} />
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_18.5rem]">
          <div className="flex min-w-0 flex-col gap-4">
            {receiver && (
              <Card title="What the test receiver got" actions={<ReceiverAnswer id={receiver} />}>
                <ReceiverPanel id={receiver} />
              </Card>
            )}
            <RecentDeliveries webhookId={webhook.id} onTest={test} reason={reason} />
            <Card title="Retry schedule" note={isExact(webhook.retry) ? 'exact waits' : `times ${webhook.retry.multiplier}, at most ${duration(webhook.retry.max_ms)}`}>
              <RetryTimeline retry={webhook.retry} />
            </Card>
          </div>
          <div className="flex min-w-0 flex-col gap-4">
            <Card title="Settings">
              <WebhookSettings webhook={webhook} />
            </Card>
            <SecretCard webhookId={webhook.id} />
          </div>
        </div>
      </div>
      <SendTestEvent open={testing} onClose={() => setTesting(false)} webhookId={webhook.id} />
      <DeleteWebhook webhook={deleting ? webhook : null} onClose={() => setDeleting(false)} onDeleted={() => void navigate('/webhooks', { replace: true })} />
    </>
  );
}

/// Why it gets nothing, or fails, and what helps.
function State({ webhook }: { webhook: Webhook }) {
  if (webhook.disabled_reason === 'gone') {
    return (
      <Note tone="bad" icon={Ban}>
        It answered 410 Gone, so it was switched off. Deliveries wait: mend the URL or the receiver, then resume it.
      </Note>
    );
  }
  if (webhook.disabled_reason === 'failing') {
    return (
      <Note tone="bad" icon={Ban}>
        It was switched off because all attempts failed for five days{webhook.failing_since && <>, since <TimeAgo at={webhook.failing_since} /></>}. Deliveries wait until it is resumed.
      </Note>
    );
  }
  if (!webhook.enabled) {
    return (
      <Note tone="neutral" icon={Pause}>
        Paused: what comes for it waits, and is sent when it is resumed.
      </Note>
    );
  }
  if (webhook.failing_since) {
    return (
      <Note tone="warn" icon={RotateCw}>
        Every attempt failed since <TimeAgo at={webhook.failing_since} />. After five days it is switched off.
      </Note>
    );
  }
  return null;
}
