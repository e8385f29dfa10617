import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { Link } from 'react-router';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import type { Delivery } from '@/api/models';
import { useWebhooksById, webhookName } from '@/api/webhooks';
import { toMs } from '@/lib/time';
import { deliveryStatus, StatusBadge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { DataTable, RowLink, type Column } from '@/ui/data-table';
import { EmptyState, ErrorState, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { latestDeliveriesQuery } from './api';

export function LatestDeliveries() {
  const latest = useQuery(latestDeliveriesQuery);
  const openedAt = useRef(Date.now());
  useLive([keys.deliveries.list({ latest: 8 })], ['event.created', ...kDeliveryKinds], { everyMs: 1_500 });
  return (
    <Card
      flush
      title="Latest deliveries"
      actions={
        <Link to="/deliveries" className="text-accent-ink text-xs font-medium hover:underline">
          All deliveries
        </Link>
      }
    >
      {latest.isPending ? (
        <SkeletonRows rows={8} />
      ) : latest.isError && !latest.data ? (
        <ErrorState error={latest.error} onRetry={() => void latest.refetch()} />
      ) : latest.data?.length ? (
        <DataTable label="Latest deliveries" columns={kColumns} rows={latest.data} rowId={(d) => d.id} isNew={(d) => toMs(d.created_at) > openedAt.current} />
      ) : (
        <EmptyState title="No deliveries yet">They appear here when an event matches a webhook.</EmptyState>
      )}
    </Card>
  );
}

const kColumns: Column<Delivery>[] = [
  { id: 'type', header: 'Event', card: 'title', cell: (d) => <RowLink to={`/deliveries/${d.id}`}>{d.type}</RowLink> },
  { id: 'webhook', header: 'Webhook', className: 'max-w-0 w-1/2', cell: (d) => <WebhookOf delivery={d} /> },
  { id: 'answer', header: 'Answer', card: 'hidden', cell: (d) => <span className="text-soft">{d.last_status_code ?? d.last_error ?? '–'}</span> },
  { id: 'status', header: 'Status', card: 'corner', cell: (d) => <StatusBadge status={deliveryStatus(d)} /> },
  { id: 'at', header: 'Created', align: 'right', cell: (d) => <span className="text-muted"><TimeAgo at={d.created_at} /></span> },
];

function WebhookOf({ delivery }: { delivery: Delivery }) {
  const webhook = useWebhooksById().get(delivery.webhook_id);
  return (
    <Link to={`/webhooks/${delivery.webhook_id}`} className="text-soft hover:text-ink block truncate hover:underline">
      {webhook ? webhookName(webhook) : (delivery.webhook_url ?? delivery.webhook_id)}
    </Link>
  );
}
