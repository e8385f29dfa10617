import { keepPreviousData, queryOptions, useQueryClient } from '@tanstack/react-query';
import { get, post } from '@/api/client';
import { keys } from '@/api/keys';
import type { Delivery } from '@/api/models';
import type { deliveryQuery } from '@/components/delivery-filters';
import { jobActive } from '@/lib/jobs';

export type DeadFilter = ReturnType<typeof deliveryQuery>;
/// All dead letters.
export const kNoFilter: DeadFilter = { webhook_id: undefined, type: undefined, tenant: undefined, event_id: undefined, after: undefined, before: undefined };

export type BulkKind = 'replay' | 'purge';

/// What a dialog acts on: chosen ones, or all that match.
export type Target = { kind: 'ids'; rows: readonly Delivery[] } | { kind: 'all'; filter: DeadFilter };

const kPageRows = 250;
export const kScanMax = 1_000;

export interface Scan {
  rows: Delivery[];
  /// There are more than these.
  more: boolean;
}

/// The newest ones that match, for what the API does not group: by webhook and reason.
export function scanQuery(filter: DeadFilter) {
  return queryOptions({
    queryKey: keys.dlq.list({ scan: filter }),
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Scan> => {
      const rows: Delivery[] = [];
      let cursor: string | undefined;
      do {
        const page = await get('/api/dlq', { query: { ...filter, cursor, limit: kPageRows }, signal });
        rows.push(...page.data);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined && rows.length < kScanMax);
      return { rows, more: cursor !== undefined };
    },
  });
}

/// How many match now: a dry run, which changes nothing.
export function countQuery(filter: DeadFilter) {
  return queryOptions({
    queryKey: keys.dlq.list({ count: filter }),
    staleTime: 0,
    queryFn: async ({ signal }) => (await post('/api/dlq/replay', { ...filter, dry_run: true }, { signal })).count,
  });
}

/// Jobs that run now over dead letters, whoever began them.
export const runningJobsQuery = queryOptions({
  queryKey: keys.jobs.list({ running: 'dead letters' }),
  queryFn: async ({ signal }) => (await get('/api/jobs', { query: { limit: 20 }, signal })).data,
  select: (jobs) => jobs.filter((job) => jobActive(job) && job.kind !== 'cancel_pending').map((job) => job.id),
});

export function startBulk(kind: BulkKind, filter: DeadFilter, rate: number | null) {
  const body = rate === null ? filter : { ...filter, rate };
  return kind === 'replay' ? post('/api/dlq/replay', body) : post('/api/dlq/purge', body);
}

/// Everything that shows or counts dead letters loads again.
export function useRefresh(): () => void {
  const client = useQueryClient();
  return () => {
    for (const queryKey of [keys.dlq.all, keys.deliveries.all, keys.jobs.all, keys.metrics.all]) void client.invalidateQueries({ queryKey });
  };
}
