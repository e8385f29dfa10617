import { useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { kDeliveryKinds, useLive } from '@/api/live';
import type { Delivery } from '@/api/models';
import { lastAnswer } from '@/lib/attempt-errors';
import { int } from '@/lib/numbers';
import { toMs } from '@/lib/time';
import { deliveryStatus, StatusBadge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable, RowLink, type Column } from '@/ui/data-table';
import { EmptyState, ErrorState, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { recentDeliveriesQuery } from './api';

export function RecentDeliveries({ webhookId, onTest, reason }: { webhookId: string; onTest: () => void; reason: string | undefined }) {
  const query = recentDeliveriesQuery(webhookId);
  const recent = useQuery(query);
  const [openedAt] = useState(() => Date.now());
  // A new event says not to whom it goes: its deliveries' first record does, or this soon after.
  useLive([query.queryKey], ['event.created', ...kDeliveryKinds], { everyMs: 1_500, matches: (record) => !('webhook_id' in record) || record.webhook_id === webhookId });
  return (
    <Card
      flush
      title="Recent deliveries"
      actions={
        <Link to={`/deliveries?webhook_id=${webhookId}`} className="text-accent-ink text-xs font-medium hover:underline">
          All of its deliveries
        </Link>
      }
    >
      {recent.isPending ? (
        <SkeletonRows rows={6} />
      ) : recent.isError && !recent.data ? (
        <ErrorState error={recent.error} onRetry={() => void recent.refetch()} />
      ) : recent.data?.length ? (
        <DataTable label="Recent deliveries" columns={kColumns} rows={recent.data} rowId={(d) => d.id} isNew={(d) => toMs(d.created_at) > openedAt} />
      ) : (
        <EmptyState
          title="Nothing was delivered yet"
          action={
            <Button icon={FlaskConical} disabledReason={reason} onClick={onTest}>
              Try it
            </Button>
          }
        >
          Deliveries appear here when an event matches, or when it is tried.
        </EmptyState>
      )}
    </Card>
  );
}

const kColumns: Column<Delivery>[] = [
  { id: 'type', header: 'Event', card: 'title', cell: (d) => <RowLink to={`/deliveries/${d.id}`}>{d.type}</RowLink> },
  { id: 'answer', header: 'Last attempt', className: 'max-w-0 w-1/2 truncate', cell: (d) => <span className="text-soft truncate">{lastAnswer(d) ?? 'not yet'}</span> },
  { id: 'attempts', header: 'Attempts', align: 'right', card: 'hidden', cell: (d) => <span className="text-soft tnum">{int(d.attempt_count)}</span> },
  { id: 'status', header: 'Status', card: 'corner', cell: (d) => <StatusBadge status={deliveryStatus(d)} /> },
  { id: 'at', header: 'Created', align: 'right', cell: (d) => <span className="text-muted"><TimeAgo at={d.created_at} /></span> },
];
