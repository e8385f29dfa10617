import { useQuery } from '@tanstack/react-query';
import { Ellipsis, FlaskConical, Pause, Pencil, Play, Plus, Trash2, Webhook as WebhookIcon } from 'lucide-react';
import { createContext, useContext, useMemo, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import { webhookHealthQuery } from '@/api/metrics';
import type { Webhook, WebhookHealth } from '@/api/models';
import { useCan } from '@/api/session';
import { allWebhooksQuery, kWebhooksMax, webhookName } from '@/api/webhooks';
import { SendTestEvent } from '@/components/send-test-event';
import { int } from '@/lib/numbers';
import { useShortcuts } from '@/lib/shortcuts';
import { duration } from '@/lib/time';
import { choice, text, useUrlState } from '@/lib/url-state';
import { Badge, StatusBadge, webhookStatus } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable, RowLink, type Column } from '@/ui/data-table';
import { FilterBar, FilterSelect } from '@/ui/filter-bar';
import { SearchInput, Select } from '@/ui/inputs';
import { Menu } from '@/ui/menu';
import { PageHeader } from '@/ui/page-header';
import { EmptyState, ErrorState, NothingFound, SkeletonRows } from '@/ui/states';
import { useSetEnabled } from './api';
import { DeleteWebhook } from './delete-webhook';
import { HealthBar } from './health-bar';
import { kSorts, listed, type Sort } from './list';

const kWindow = '24h';
const kWords = 'the last 24 hours';
/// More come with a button: all are there already.
const kShown = 100;
const kStatuses = ['enabled', 'failing', 'paused', 'disabled'] as const;
const kStatusOptions = kStatuses.map((value) => ({ value, label: `${value.charAt(0).toUpperCase()}${value.slice(1)}` }));
const kSortOptions: { value: Sort; label: string }[] = [
  { value: 'newest', label: 'Newest first' },
  { value: 'failures', label: 'Most failures first' },
  { value: 'name', label: 'By name' },
];
const kFilters = { q: text(), status: choice(kStatuses) };
const kOrder = { sort: choice(kSorts, 'newest') };

/// By context: new columns at each change would make all cells anew, and close a menu that is open in one.
const HealthContext = createContext<ReadonlyMap<string, WebhookHealth>>(new Map());

export function Component() {
  const navigate = useNavigate();
  const [filters, setFilters, { active, clear }] = useUrlState(kFilters);
  const [{ sort }, setOrder] = useUrlState(kOrder);
  const { reason } = useCan('developer');
  const webhooks = useQuery(allWebhooksQuery);
  const health = useQuery(webhookHealthQuery(kWindow));
  const search = useRef<HTMLInputElement>(null);
  const [all, setAll] = useState(false);
  const [testing, setTesting] = useState<string | null>(null);
  const [deleting, setDeleting] = useState<Webhook | null>(null);
  const setEnabled = useSetEnabled();
  useLive([keys.webhooks.all], ['webhook.created', 'webhook.updated', 'webhook.deleted', 'webhook.disabled']);
  useLive([keys.metrics.webhooks(kWindow)], kDeliveryKinds, { everyMs: 15_000 });
  const create = (): void => {
    if (!reason) void navigate('/webhooks/new');
  };
  useShortcuts([
    { keys: '/', label: 'Search', group: 'Lists', run: () => search.current?.focus() },
    { keys: 'n', label: 'New webhook', group: 'Webhooks', run: create },
  ]);
  const byId = useMemo(() => new Map((health.data ?? []).map((one) => [one.webhook_id, one])), [health.data]);
  const found = useMemo(() => listed(webhooks.data ?? [], { ...filters, sort }, (id) => byId.get(id)), [webhooks.data, filters, sort, byId]);
  const { mutate: change } = setEnabled;
  const columns = useMemo(
    (): Column<Webhook>[] => [
      ...kColumns,
      { id: 'health', header: 'Success, 24h', cell: (w) => <Health of={w} /> },
      { id: 'p95', header: 'p95', align: 'right', card: 'hidden', cell: (w) => <Latency of={w} /> },
      { id: 'status', header: 'Status', card: 'corner', cell: (w) => <StatusBadge status={webhookStatus(w)} tip={statusTip(w)} /> },
      {
        id: 'menu',
        header: 'Actions',
        quiet: true,
        align: 'right',
        className: 'w-10',
        cell: (w) => (
          <Menu
            trigger={<IconButton icon={Ellipsis} label={`What can be done with ${webhookName(w)}`} size="sm" />}
            items={[
              { label: 'Send test event', icon: FlaskConical, disabledReason: reason, run: () => setTesting(w.id) },
              { label: 'Edit', icon: Pencil, disabledReason: reason, to: `/webhooks/${w.id}/edit` },
              w.enabled
                ? { label: 'Pause', icon: Pause, disabledReason: reason, run: () => change({ webhook: w, enabled: false }) }
                : { label: 'Resume', icon: Play, disabledReason: reason, run: () => change({ webhook: w, enabled: true }) },
              { separator: true },
              { label: 'Delete', icon: Trash2, danger: true, disabledReason: reason, run: () => setDeleting(w) },
            ]}
          />
        ),
      },
    ],
    [reason, change],
  );
  const newButton = (
    <Button variant="primary" icon={Plus} disabledReason={reason} onClick={create}>
      New webhook
    </Button>
  );
  const none = webhooks.data?.length === 0;
  return (
    <>
      <PageHeader title="Webhooks" actions={newButton} />
      {!none && (
        <FilterBar active={active} onClear={() => clear()} aside={<Select<Sort> aria-label="Order" value={sort} options={kSortOptions} onChange={(next) => setOrder({ sort: next })} />}>
          <SearchInput
            ref={search}
            label="Search webhooks"
            placeholder="Name, URL, type or tenant"
            value={filters.q}
            onSearch={(q) => setFilters({ q })}
            className="max-sm:w-full sm:w-72"
          />
          <FilterSelect label="Status" value={filters.status} options={kStatusOptions} onChange={(status) => setFilters({ status })} />
        </FilterBar>
      )}
      <Card flush>
        {webhooks.isPending ? (
          <SkeletonRows rows={8} columns={5} />
        ) : webhooks.isError && !webhooks.data ? (
          <ErrorState error={webhooks.error} onRetry={() => void webhooks.refetch()} />
        ) : none ? (
          <EmptyState icon={WebhookIcon} title="No webhooks yet" action={newButton}>
            A webhook is a URL and the types of events that it wants. The built-in receiver is one that is there already.
          </EmptyState>
        ) : found.length === 0 ? (
          <NothingFound onClear={() => clear()} />
        ) : (
          <>
            <HealthContext value={byId}>
              <DataTable label="Webhooks" columns={columns} rows={all ? found : found.slice(0, kShown)} rowId={(w) => w.id} />
            </HealthContext>
            {!all && found.length > kShown && (
              <p className="border-line border-t px-4 py-2 text-center">
                <Button size="sm" onClick={() => setAll(true)}>
                  Show all {int(found.length)}
                </Button>
              </p>
            )}
            {(webhooks.data?.length ?? 0) >= kWebhooksMax && (
              <p className="border-line text-muted border-t px-4 py-2 text-xs">The newest {int(kWebhooksMax)} webhooks. An older one is opened by its id in the search (⌘K).</p>
            )}
          </>
        )}
      </Card>
      <SendTestEvent open={testing !== null} onClose={() => setTesting(null)} webhookId={testing ?? undefined} />
      <DeleteWebhook webhook={deleting} onClose={() => setDeleting(null)} />
    </>
  );
}

const kTypesShown = 2;

const kColumns: Column<Webhook>[] = [
  {
    id: 'name',
    header: 'Webhook',
    card: 'title',
    className: 'max-w-0 w-2/5',
    cell: (w) => (
      <span className="block min-w-0">
        <RowLink to={`/webhooks/${w.id}`} className="block truncate">
          {webhookName(w)}
        </RowLink>
        {w.description && <span className="text-muted block truncate text-xs font-normal">{w.url}</span>}
      </span>
    ),
  },
  {
    id: 'types',
    header: 'Event types',
    cell: (w) => (
      <span className="flex min-w-0 flex-wrap items-center gap-1 max-sm:justify-end" data-tip={w.event_types.length > kTypesShown ? w.event_types.join('\n') : undefined}>
        {w.event_types.slice(0, kTypesShown).map((type) => (
          <Badge key={type} className="max-w-44">
            {type}
          </Badge>
        ))}
        {w.event_types.length > kTypesShown && <span className="text-muted text-xs">+{w.event_types.length - kTypesShown}</span>}
        {w.tenant && (
          <Badge tone="info" tip="Only this tenant's events" className="max-w-32">
            {w.tenant}
          </Badge>
        )}
      </span>
    ),
  },
];

function Health({ of: webhook }: { of: Webhook }) {
  return <HealthBar health={useContext(HealthContext).get(webhook.id)} words={kWords} />;
}

function Latency({ of: webhook }: { of: Webhook }) {
  const health = useContext(HealthContext).get(webhook.id);
  return <span className="text-soft tnum whitespace-nowrap">{health?.succeeded ? duration(health.p95_ms) : '–'}</span>;
}

function statusTip(webhook: Webhook): string | undefined {
  if (webhook.disabled_reason === 'gone') return 'Answered 410: its receiver is gone. Deliveries wait.';
  if (webhook.disabled_reason === 'failing') return 'Switched off after failing for five days. Deliveries wait.';
  if (webhook.disabled_reason === 'by_user') return 'Paused by somebody. Deliveries wait.';
  return webhook.failing_since ? 'Its last attempts failed.' : undefined;
}
