import { Send } from 'lucide-react';
import { useRef } from 'react';
import { get } from '@/api/client';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import type { Delivery } from '@/api/models';
import { AnswerCell, WebhookLink } from '@/components/delivery-cells';
import { DeliveryFilterFields, deliveryQuery, kDeliveryParams } from '@/components/delivery-filters';
import { ListError } from '@/components/list-error';
import { reasonText } from '@/lib/attempt-errors';
import { toMs } from '@/lib/time';
import { choice, useUrlState } from '@/lib/url-state';
import { deliveryStatus, StatusBadge } from '@/ui/badge';
import { ButtonLink } from '@/ui/button';
import { Card } from '@/ui/card';
import { CursorPager, useCursorPage } from '@/ui/cursor-pager';
import { DataTable, RowLink, type Column } from '@/ui/data-table';
import { FilterBar, FilterSelect } from '@/ui/filter-bar';
import { PageHeader } from '@/ui/page-header';
import { EmptyState, NothingFound, SkeletonRows } from '@/ui/states';
import { Countdown, TimeAgo } from '@/ui/time-ago';

const kParams = { status: choice(['pending', 'succeeded', 'dead', 'cancelled']), ...kDeliveryParams };
const kStatuses = [
  { value: 'pending', label: 'Pending or retrying' },
  { value: 'succeeded', label: 'Succeeded' },
  { value: 'dead', label: 'Dead' },
  { value: 'cancelled', label: 'Cancelled' },
] as const;

export function Component() {
  const [filters, setFilters, { active, clear }] = useUrlState(kParams);
  const openedAt = useRef(Date.now());
  const wanted = { status: filters.status, ...deliveryQuery(filters) };
  const page = useCursorPage<Delivery>({
    queryKey: keys.deliveries.list(wanted),
    fetchPage: (cursor, signal) => get('/api/deliveries', { query: { ...wanted, cursor, limit: 50 }, signal }),
  });
  // Older pages stand still: rows that move under a reader's eyes help nobody.
  useLive([keys.deliveries.list(wanted)], ['event.created', ...kDeliveryKinds], { enabled: page.first });
  return (
    <>
      <PageHeader title="Deliveries" note="One event on its way to one webhook, with all its attempts." />
      <FilterBar active={active} onClear={() => clear()}>
        <FilterSelect label="Status" value={filters.status} options={kStatuses} onChange={(status) => setFilters({ status })} />
        <DeliveryFilterFields filters={filters} onChange={setFilters} />
      </FilterBar>
      <Card flush>
        {page.pending ? (
          <SkeletonRows rows={12} columns={5} />
        ) : page.error ? (
          <ListError error={page.error} onRetry={page.retry} onClear={() => clear()} />
        ) : page.rows.length > 0 ? (
          <DataTable label="Deliveries" columns={kColumns} rows={page.rows} rowId={(d) => d.id} stale={page.stale} isNew={(d) => page.first && toMs(d.created_at) > openedAt.current} />
        ) : active > 0 || !page.first ? (
          <NothingFound onClear={() => clear()} />
        ) : (
          <EmptyState icon={Send} title="No deliveries yet" action={<ButtonLink to="/webhooks">See the webhooks</ButtonLink>}>
            They appear here as soon as an event matches a webhook.
          </EmptyState>
        )}
        {!page.error && <CursorPager page={page} of="deliveries" />}
      </Card>
    </>
  );
}

const kColumns: Column<Delivery>[] = [
  { id: 'type', header: 'Event', card: 'title', cell: (d) => <RowLink to={`/deliveries/${d.id}`}>{d.type}</RowLink> },
  { id: 'webhook', header: 'Webhook', className: 'max-w-0 w-1/3', cell: (d) => <WebhookLink of={d} /> },
  { id: 'tenant', header: 'Tenant', cell: (d) => <span className="text-soft block max-w-32 truncate">{d.tenant ?? '–'}</span> },
  { id: 'answer', header: 'Last answer', cell: (d) => <AnswerCell delivery={d} /> },
  { id: 'attempts', header: 'Attempts', align: 'right', cell: (d) => <span className="text-soft tnum">{d.attempt_count}</span> },
  { id: 'status', header: 'Status', card: 'corner', cell: (d) => <StatusBadge status={deliveryStatus(d)} tip={reasonText(d.reason) || undefined} /> },
  {
    id: 'next',
    header: 'Next attempt',
    cell: (d) => <span className="text-muted">{d.next_attempt_at ? <Countdown to={d.next_attempt_at} due="due" /> : '–'}</span>,
  },
  {
    id: 'created',
    header: 'Created',
    align: 'right',
    cell: (d) => (
      <span className="text-muted">
        <TimeAgo at={d.created_at} />
      </span>
    ),
  },
];
