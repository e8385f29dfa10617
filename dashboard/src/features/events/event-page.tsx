import { useQuery } from '@tanstack/react-query';
import { CopyPlus, RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { useParams } from 'react-router';
import { eventQuery, type EventText } from '@/api/events';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import { useCan } from '@/api/session';
import { eventBody, type EventDraft } from '@/components/event-draft';
import { SendTestEvent } from '@/components/send-test-event';
import { bytes, plural } from '@/lib/numbers';
import { useShortcuts } from '@/lib/shortcuts';
import { curl } from '@/lib/snippets';
import { StatusBadge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { useCommands } from '@/ui/command-palette';
import { CopyButton, CopyText } from '@/ui/copy';
import { DefinitionList } from '@/ui/definition-list';
import { JsonView } from '@/ui/json-view';
import { PageHeader } from '@/ui/page-header';
import { ErrorState, Skeleton, SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { DeliveryTimeline } from './delivery-timeline';
import { ReplayDialog } from './replay-dialog';

const kParent = { label: 'Events', to: '/events' };

export function Component() {
  const { id = '' } = useParams();
  const query = useQuery({
    ...eventQuery(id),
    // What no record tells, for example after a summary.
    refetchInterval: (q) => (q.state.data?.event.status === 'pending' ? 10_000 : false),
  });
  useLive([keys.events.one(id)], kDeliveryKinds, { everyMs: 700, matches: (record) => 'event_id' in record && record.event_id === id });
  if (query.data) return <Shown key={id} data={query.data} />;
  return (
    <>
      <PageHeader title="Event" parent={kParent} note={<code>{id}</code>} />
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <div className="grid gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
          <Skeleton className="h-80 w-full rounded-lg" />
          <Card title="Deliveries">
            <SkeletonText lines={6} />
          </Card>
        </div>
      )}
    </>
  );
}

function Shown({ data }: { data: EventText }) {
  const { event, payload, metadata } = data;
  const { reason } = useCan('developer');
  const [replaying, setReplaying] = useState(false);
  const [copying, setCopying] = useState(false);
  const copy: EventDraft = { type: event.type, tenant: event.tenant ?? '', payload, metadata: metadata ?? '', deliverAt: '' };
  const replay = (): void => {
    if (!reason) setReplaying(true);
  };
  const edit = (): void => {
    if (!reason) setCopying(true);
  };
  useShortcuts([
    { keys: 'r', label: 'Replay', group: 'Event', run: replay },
    { keys: 't', label: 'Send a changed copy', group: 'Event', run: edit },
  ]);
  useCommands([
    { id: 'replay', label: 'Replay this event', group: 'Do', icon: RefreshCw, keys: 'r', run: replay },
    { id: 'copy', label: 'Send a changed copy of this event', words: 'test edit duplicate', group: 'Do', icon: CopyPlus, keys: 't', run: edit },
  ]);
  return (
    <>
      <PageHeader
        title={event.type}
        parent={kParent}
        heading={
          <>
            <span className="min-w-0 break-all">{event.type}</span>
            <StatusBadge status={event.status} />
          </>
        }
        note={<CopyText value={event.id} />}
        actions={
          <>
            <CopyButton label="Copy as curl" value={() => curl({ method: 'POST', path: '/api/events', body: eventBody(copy) })} />
            <Button icon={CopyPlus} disabledReason={reason} onClick={edit}>
              Send a copy
            </Button>
            <Button variant="primary" icon={RefreshCw} disabledReason={reason} onClick={replay}>
              Replay
            </Button>
          </>
        }
      />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <Card title="Deliveries" note={event.delivery_count > 0 ? plural(event.delivery_count, 'delivery', 'deliveries') : undefined}>
            <DeliveryTimeline event={event} />
          </Card>
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <JsonView text={payload} label="Payload" />
          {metadata !== null && <JsonView text={metadata} label="Metadata" />}
          <Card title="Details">
            <DefinitionList
              items={[
                ['Type', <code key="type" className="break-all">{event.type}</code>],
                ['Tenant', event.tenant ?? <span key="tenant" className="text-muted">None</span>],
                ['Taken in', <TimeAgo key="at" at={event.created_at} />],
                event.deliver_at !== null && ['Deliver at', <TimeAgo key="deliver" at={event.deliver_at} />],
                ['Payload', bytes(new TextEncoder().encode(payload).length)],
              ]}
            />
          </Card>
        </div>
      </div>
      <ReplayDialog open={replaying} onClose={() => setReplaying(false)} event={event} />
      <SendTestEvent open={copying} onClose={() => setCopying(false)} draft={copy} />
    </>
  );
}
