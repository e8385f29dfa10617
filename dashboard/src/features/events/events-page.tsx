import { FlaskConical, RefreshCw, Zap } from 'lucide-react';
import { useRef, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { get } from '@/api/client';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive, useStream, useStreamState } from '@/api/live';
import type { Event } from '@/api/models';
import { useCan } from '@/api/session';
import { ListError } from '@/components/list-error';
import { SendTestEvent } from '@/components/send-test-event';
import { int } from '@/lib/numbers';
import { useShortcuts } from '@/lib/shortcuts';
import { toMs } from '@/lib/time';
import { choice, flag, resolveTime, text, time, useUrlState } from '@/lib/url-state';
import { StatusBadge } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { useCommands } from '@/ui/command-palette';
import { CursorPager, kPageRows, useCursorPage } from '@/ui/cursor-pager';
import { DataTable, RowLink, type Column } from '@/ui/data-table';
import { FilterBar, FilterSelect, FilterText, FilterTime } from '@/ui/filter-bar';
import { SearchInput, Switch } from '@/ui/inputs';
import { PageHeader } from '@/ui/page-header';
import { EmptyState, NothingFound, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { cannotMatch, isOnFirstPage } from './filters';

const kStatuses = ['pending', 'succeeded', 'dead', 'cancelled', 'unmatched'] as const;
const kStatusOptions = kStatuses.map((value) => ({ value, label: `${value.charAt(0).toUpperCase()}${value.slice(1)}` }));
const kParams = { q: text(), type: text(), tenant: text(), status: choice(kStatuses), after: time(), before: time() };
const kTail = { live: flag() };

export function Component() {
  const [filters, setFilters, { active, clear }] = useUrlState(kParams);
  const [{ live }, setTail] = useUrlState(kTail);
  const { reason } = useCan('developer');
  const [sending, setSending] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const impossible = cannotMatch(filters);
  const query = { ...filters, after: resolveTime(filters.after), before: resolveTime(filters.before) };
  const queryKey = keys.events.list(query);
  const page = useCursorPage({
    queryKey,
    fetchPage: (cursor, signal) => get('/api/events', { query: { ...query, limit: kPageRows, cursor }, signal }),
    enabled: !impossible,
  });
  const tailing = live && page.first;
  useLive([queryKey], ['event.created', ...kDeliveryKinds], { everyMs: 1_000, enabled: tailing && !impossible });
  const openSend = (): void => {
    if (!reason) setSending(true);
  };
  useShortcuts([
    { keys: '/', label: 'Search', group: 'Lists', run: () => search.current?.focus() },
    { keys: 'l', label: 'Live on or off', group: 'Events', run: () => setTail({ live: !live }) },
    { keys: 't', label: 'Send test event', group: 'Events', run: openSend },
  ]);
  useCommands([{ id: 'send-test-event', label: 'Send test event', words: 'try post', group: 'Do', icon: FlaskConical, run: openSend }]);
  return (
    <>
      <PageHeader
        title="Events"
        actions={
          <Button variant="primary" icon={FlaskConical} disabledReason={reason} onClick={openSend}>
            Send test event
          </Button>
        }
      />
      <FilterBar
        active={active}
        onClear={() => clear()}
        aside={<Tail key={JSON.stringify(filters)} filters={filters} live={live} first={page.first} onReload={() => (page.first ? page.retry() : setFilters({}))} onLive={(on) => setTail({ live: on })} />}
      >
        <SearchInput
          ref={search}
          label="Search: an id, or the beginning of a type"
          placeholder="Id or beginning of a type"
          maxLength={128}
          value={filters.q}
          onSearch={(q) => setFilters({ q })}
          className="max-sm:w-full sm:w-60"
        />
        <FilterText label="Type" value={filters.type} onChange={(type) => setFilters({ type })} />
        <FilterText label="Tenant" value={filters.tenant} onChange={(tenant) => setFilters({ tenant })} />
        <FilterSelect label="Status" value={filters.status} options={kStatusOptions} onChange={(status) => setFilters({ status })} />
        <FilterTime after={filters.after} before={filters.before} onChange={setFilters} />
      </FilterBar>
      <Card flush>
        {impossible ? (
          <EmptyState title="No event can have this type" action={<Button onClick={() => clear('type')}>Clear the type</Button>}>
            The filter takes a whole type, such as order.created. Its beginning is found by the search at the left.
          </EmptyState>
        ) : page.pending ? (
          <SkeletonRows rows={12} columns={5} />
        ) : page.error ? (
          <ListError error={page.error} onRetry={page.retry} onClear={() => clear()} />
        ) : page.rows.length === 0 && page.nextCursor === null ? (
          active > 0 || !page.first ? (
            <NothingFound onClear={() => clear()} />
          ) : (
            <EmptyState
              icon={Zap}
              title="No events yet"
              action={
                <Button icon={FlaskConical} disabledReason={reason} onClick={openSend}>
                  Send test event
                </Button>
              }
            >
              They appear here when your application posts them to <code>/api/events</code>. The <Link to="/" className="text-accent-ink hover:underline">overview</Link> has commands to copy.
            </EmptyState>
          )
        ) : (
          <Rows key={tailing ? 'live' : 'still'} rows={page.rows} stale={page.stale} tailing={tailing} />
        )}
        {!impossible && !page.error && <CursorPager page={page} of="events" />}
      </Card>
      <SendTestEvent open={sending} onClose={() => setSending(false)} />
    </>
  );
}

function Rows({ rows, stale, tailing }: { rows: readonly Event[]; stale: boolean; tailing: boolean }) {
  const [openedAt] = useState(() => Date.now());
  return <DataTable label="Events" columns={kColumns} rows={rows} rowId={(e) => e.id} stale={stale} isNew={(e) => tailing && toMs(e.created_at) > openedAt} />;
}

interface TailProps {
  filters: Parameters<typeof isOnFirstPage>[0];
  live: boolean;
  first: boolean;
  onReload: () => void;
  onLive: (on: boolean) => void;
}

/// Live, or how many came since the list was loaded. A changed filter makes it anew.
function Tail({ filters, live, first, onReload, onLive }: TailProps) {
  const state = useStreamState();
  const [count, setCount] = useState(0);
  const [search] = useSearchParams();
  const cursor = search.get('cursor') ?? '';
  const [counted, setCounted] = useState(cursor);
  if (counted !== cursor) {
    setCounted(cursor);
    setCount(0);
  }
  useStream((record) => {
    if (record.kind === 'event.created' && isOnFirstPage(filters, record)) setCount((n) => n + 1);
    // Counts tell no types: at worst there is less than they say.
    if (record.kind === 'summary' && !filters.before) setCount((n) => n + record.events);
  }, !(live && first));
  const reload = (): void => {
    setCount(0);
    onReload();
  };
  const off = live && state !== 'live';
  return (
    <>
      {!(live && first) &&
        (count > 0 ? (
          <Button size="sm" icon={RefreshCw} onClick={reload}>
            {count > 999 ? '999+' : int(count)} new
          </Button>
        ) : (
          <IconButton icon={RefreshCw} label="Load again" onClick={reload} />
        ))}
      <span data-tip={off ? 'The stream is not connected. It goes on by itself.' : live && !first ? 'Older pages stand still.' : 'New events appear by themselves (L)'} className="flex items-center text-sm">
        <Switch
          label="Live"
          checked={live}
          onChange={(on) => {
            setCount(0);
            onLive(on);
            // The switch leaves an older page by itself.
            if (on && first) onReload();
          }}
        />
      </span>
    </>
  );
}

const kColumns: Column<Event>[] = [
  { id: 'type', header: 'Type', card: 'title', cell: (e) => <RowLink to={`/events/${e.id}`}>{e.type}</RowLink> },
  { id: 'id', header: 'Id', card: 'hidden', cell: (e) => <code className="text-muted text-xs">{e.id}</code> },
  { id: 'tenant', header: 'Tenant', className: 'max-w-48 truncate', cell: (e) => (e.tenant ? <span className="text-soft truncate">{e.tenant}</span> : <span className="text-muted">–</span>) },
  { id: 'deliveries', header: 'Deliveries', align: 'right', cell: (e) => <span className="text-soft tnum">{int(e.delivery_count)}</span> },
  { id: 'status', header: 'Status', card: 'corner', cell: (e) => <StatusBadge status={e.status} /> },
  { id: 'at', header: 'Taken in', align: 'right', cell: (e) => <span className="text-muted"><TimeAgo at={e.created_at} /></span> },
];
