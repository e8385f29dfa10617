/// The list of dead letters: one page of the queue, or all of one reason; what is chosen is replayed or purged.
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, RotateCw, Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { get } from '@/api/client';
import { keys } from '@/api/keys';
import { useLive } from '@/api/live';
import type { Delivery } from '@/api/models';
import { useCan } from '@/api/session';
import { WebhookLink } from '@/components/delivery-cells';
import { ListError } from '@/components/list-error';
import { explainFailure } from '@/lib/attempt-errors';
import { int } from '@/lib/numbers';
import { useShortcuts } from '@/lib/shortcuts';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { useCommands } from '@/ui/command-palette';
import { CursorPager, useCursorPage } from '@/ui/cursor-pager';
import { DataTable, RowLink, type Column } from '@/ui/data-table';
import { EmptyState, NothingFound, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { countQuery, kNoFilter, kScanMax, scanQuery, type BulkKind, type DeadFilter, type Target } from './api';
import { BulkDialog } from './bulk-dialog';
import { whyOf, whyTitle } from './groups';

interface ListProps {
  filter: DeadFilter;
  filtered: boolean;
  /// Of page and filters: what is chosen does not outlive a change of it.
  place: string;
  onClear: () => void;
  onJob: (id: string) => void;
}

/// A page of all that match.
export function PagedList({ filter, filtered, place, onClear, onJob }: ListProps) {
  const page = useCursorPage<Delivery>({
    queryKey: keys.dlq.list(filter),
    fetchPage: (cursor, signal) => get('/api/dlq', { query: { ...filter, cursor, limit: 50 }, signal }),
  });
  useLive([keys.dlq.list(filter)], ['delivery.dead', 'delivery.cancelled', 'job.progress'], { everyMs: 3_000, enabled: page.first });
  const state = page.pending ? (
    <SkeletonRows rows={10} columns={5} />
  ) : page.error ? (
    <ListError error={page.error} onRetry={page.retry} onClear={onClear} />
  ) : page.rows.length > 0 ? null : filtered || !page.first ? (
    <NothingFound onClear={onClear} />
  ) : (
    <EmptyState icon={CircleCheck} title="No dead letters">
      Deliveries that fail at every attempt of their retry policy come here and wait for a decision. All is well.
    </EmptyState>
  );
  return (
    <SelectableRows
      place={place}
      rows={page.rows}
      stale={page.stale}
      state={state}
      all={{ kind: 'all', filter }}
      whole={page.first && page.nextCursor === null}
      onJob={onJob}
      pager={!page.error && <CursorPager page={page} of="dead letters" />}
    />
  );
}

const kRowsMax = 250;

/// Those of one reason, which the API does not know as a filter: out of the newest ones.
export function ReasonList({ filter, why, place, onClear, onJob }: Omit<ListProps, 'filtered'> & { why: string }) {
  const scan = useQuery(scanQuery(filter));
  const found = (scan.data?.rows ?? []).filter((row) => whyOf(row) === why);
  const state = scan.isPending ? (
    <SkeletonRows rows={10} columns={5} />
  ) : scan.isError && !scan.data ? (
    <ListError error={scan.error} onRetry={() => void scan.refetch()} onClear={onClear} />
  ) : found.length > 0 ? null : (
    <NothingFound onClear={onClear} />
  );
  // Where the filter alone means the same, a job does it.
  const alone = scan.data !== undefined && !scan.data.more && found.length === scan.data.rows.length;
  return (
    <SelectableRows
      place={place}
      rows={found.slice(0, kRowsMax)}
      stale={scan.isPlaceholderData}
      state={state}
      all={alone ? { kind: 'all', filter } : { kind: 'ids', rows: found }}
      whole={found.length <= kRowsMax}
      onJob={onJob}
      pager={
        scan.data &&
        (scan.data.more || found.length > kRowsMax) && (
          <p className="text-muted border-line border-t px-4 py-2 text-xs">
            {found.length > kRowsMax && `The newest ${int(kRowsMax)} of ${int(found.length)}. `}
            {scan.data.more && `Found among the newest ${int(kScanMax)} dead letters: there may be more of this reason.`}
          </p>
        )
      }
    />
  );
}

interface SelectableRowsProps {
  place: string;
  rows: readonly Delivery[];
  stale: boolean;
  /// In the place of the rows.
  state: ReactNode;
  /// All that match, shown or not.
  all: Target;
  /// The rows are all that match.
  whole: boolean;
  onJob: (id: string) => void;
  pager: ReactNode;
}

function SelectableRows({ place, rows, stale, state, all, whole, onJob, pager }: SelectableRowsProps) {
  const { can, reason } = useCan('developer');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [everything, setEverything] = useState(false);
  const [asking, setAsking] = useState<{ kind: BulkKind; target: Target } | null>(null);
  const [chosenAt, setChosenAt] = useState(place);
  const clear = (): void => {
    setSelected(new Set());
    setEverything(false);
  };
  if (place !== chosenAt) {
    setChosenAt(place);
    clear();
  }
  // What was replayed meanwhile is chosen no more.
  const picked = everything ? rows : rows.filter((row) => selected.has(row.id));
  const onPage = rows.length > 0 && picked.length === rows.length;
  // A page that is all there is becomes one job; but nothing is purged that nobody has seen.
  const targetOf = (kind: BulkKind): Target => (everything || (kind === 'replay' && onPage && whole) ? all : { kind: 'ids', rows: picked });
  const missing = reason ?? (stale ? 'Others are being loaded.' : undefined) ?? (picked.length === 0 ? 'Choose some first, by their boxes or with Select all.' : undefined);
  const ask = (kind: BulkKind): void => {
    if (missing === undefined) setAsking({ kind, target: targetOf(kind) });
  };
  useShortcuts(
    [
      { keys: 'r', label: 'Replay what is selected', group: 'Dead letters', run: () => ask('replay') },
      { keys: 'p', label: 'Purge what is selected', group: 'Dead letters', run: () => ask('purge') },
    ],
    can,
  );
  useCommands(
    can && rows.length > 0
      ? [
          { id: 'dlq-replay-all', label: 'Replay all that match', words: 'dead letters dlq retry', group: 'Dead letters', icon: RotateCw, run: () => setAsking({ kind: 'replay', target: all }) },
          { id: 'dlq-purge-all', label: 'Purge all that match', words: 'dead letters dlq delete', group: 'Dead letters', icon: Trash2, run: () => setAsking({ kind: 'purge', target: all }) },
        ]
      : [],
  );
  return (
    <>
      <Card
        flush
        title="Dead letters"
        note={<span role="status">{everything ? 'all that match are selected' : picked.length > 0 ? `${int(picked.length)} selected` : ''}</span>}
        actions={
          rows.length > 0 && (
            <>
              <Button size="sm" icon={Trash2} disabledReason={missing} onClick={() => ask('purge')}>
                Purge
              </Button>
              <Button size="sm" variant={missing === undefined ? 'primary' : 'secondary'} icon={RotateCw} disabledReason={missing} onClick={() => ask('replay')}>
                Replay
              </Button>
            </>
          )
        }
      >
        {can && onPage && !whole && <WholeStrip rows={rows.length} all={all} everything={everything} onAll={() => setEverything(true)} onPage={() => setEverything(false)} onNone={clear} />}
        {state ?? (
          <DataTable
            label="Dead letters"
            columns={kColumns}
            rows={rows}
            rowId={(row) => row.id}
            stale={stale}
            selected={can ? new Set(picked.map((row) => row.id)) : undefined}
            onSelect={
              can
                ? (ids) => {
                    setSelected(ids);
                    setEverything(false);
                  }
                : undefined
            }
          />
        )}
        {pager}
      </Card>
      {asking && <BulkDialog kind={asking.kind} target={asking.target} onClose={() => setAsking(null)} onJob={onJob} onBegun={clear} />}
    </>
  );
}

interface WholeStripProps {
  rows: number;
  all: Target;
  everything: boolean;
  onAll: () => void;
  onPage: () => void;
  onNone: () => void;
}

/// Under the head when the whole page is chosen: goes on to all that match, on all pages.
function WholeStrip({ rows, all, everything, onAll, onPage, onNone }: WholeStripProps) {
  const counted = useQuery({ ...countQuery(all.kind === 'all' ? all.filter : kNoFilter), enabled: all.kind === 'all' });
  const count = all.kind === 'ids' ? all.rows.length : counted.data;
  const number = count === undefined ? '' : ` ${int(count)}`;
  return (
    <div className="bg-accent-soft text-accent-ink border-line flex flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-2 text-sm">
      <span>{everything ? `All${number} that match are selected, shown or not.` : `All ${int(rows)} shown are selected.`}</span>
      {everything ? (
        <button type="button" className="font-medium underline" onClick={onPage}>
          Only those shown
        </button>
      ) : (
        <button type="button" className="font-medium underline" onClick={onAll}>
          Select all{number} that match
        </button>
      )}
      <button type="button" className="font-medium underline" onClick={onNone}>
        Select none
      </button>
    </div>
  );
}

const kColumns: Column<Delivery>[] = [
  { id: 'type', header: 'Event', card: 'title', cell: (d) => <RowLink to={`/deliveries/${d.id}`}>{d.type}</RowLink> },
  { id: 'webhook', header: 'Webhook', className: 'max-w-0 w-1/3', cell: (d) => <WebhookLink of={d} /> },
  {
    id: 'why',
    header: 'Reason',
    cell: (d) => (
      <span data-tip={explainFailure(d.last_error, d.last_status_code)?.what} className="text-bad whitespace-nowrap">
        {whyTitle(whyOf(d))}
      </span>
    ),
  },
  { id: 'tenant', header: 'Tenant', cell: (d) => <span className="text-soft block max-w-32 truncate">{d.tenant ?? '–'}</span> },
  { id: 'attempts', header: 'Attempts', align: 'right', cell: (d) => <span className="text-soft tnum">{d.attempt_count}</span> },
  {
    id: 'died',
    header: 'Given up',
    align: 'right',
    cell: (d) => (
      <span className="text-muted">
        <TimeAgo at={d.ended_at ?? d.created_at} />
      </span>
    ),
  },
];
