import { ListChecks } from 'lucide-react';
import { useNavigate } from 'react-router';
import { get } from '@/api/client';
import { keys } from '@/api/keys';
import { useLive } from '@/api/live';
import type { Job } from '@/api/models';
import { useCan } from '@/api/session';
import { JobBar, useStopJob } from '@/components/job-progress';
import { ListError } from '@/components/list-error';
import { jobName, jobPercent, jobStoppable } from '@/lib/jobs';
import { int } from '@/lib/numbers';
import { duration, toMs } from '@/lib/time';
import { StatusBadge } from '@/ui/badge';
import { Button, ButtonLink } from '@/ui/button';
import { Card } from '@/ui/card';
import { CursorPager, useCursorPage } from '@/ui/cursor-pager';
import { DataTable, RowLink, type Column } from '@/ui/data-table';
import { PageHeader } from '@/ui/page-header';
import { EmptyState, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';

export function Component() {
  const navigate = useNavigate();
  const page = useCursorPage<Job>({
    queryKey: keys.jobs.list(),
    fetchPage: (cursor, signal) => get('/api/jobs', { query: { cursor, limit: 50 }, signal }),
  });
  useLive([keys.jobs.list()], ['job.progress'], { everyMs: 1_000 });
  return (
    <>
      <PageHeader title="Jobs" note="What works through many deliveries: replays and purges of dead letters, and what a deleted webhook left." />
      <Card flush>
        {page.pending ? (
          <SkeletonRows rows={8} columns={5} />
        ) : page.error ? (
          <ListError error={page.error} onRetry={page.retry} onClear={() => void navigate('/jobs')} />
        ) : page.rows.length > 0 ? (
          <DataTable label="Jobs" columns={kColumns} rows={page.rows} rowId={(job) => job.id} stale={page.stale} />
        ) : (
          <EmptyState icon={ListChecks} title="No jobs yet" action={<ButtonLink to="/dead-letters">See the dead letters</ButtonLink>}>
            A job begins when dead letters are replayed or purged in bulk, or a webhook with pending deliveries is deleted.
          </EmptyState>
        )}
        {!page.error && <CursorPager page={page} of="jobs" />}
      </Card>
    </>
  );
}

function Stop({ job }: { job: Job }) {
  const stop = useStopJob();
  const { reason } = useCan('developer');
  if (!jobStoppable(job)) return null;
  return (
    <Button size="sm" busy={stop.isPending} disabledReason={reason} aria-label={`Stop: ${jobName(job.kind)}`} onClick={() => stop.mutate(job.id)}>
      Stop
    </Button>
  );
}

const kColumns: Column<Job>[] = [
  { id: 'kind', header: 'Job', card: 'title', cell: (job) => <RowLink to={`/jobs/${job.id}`}>{jobName(job.kind)}</RowLink> },
  { id: 'state', header: 'State', card: 'corner', cell: (job) => <StatusBadge status={job.state} tip={job.error ?? undefined} /> },
  {
    id: 'progress',
    header: 'Progress',
    cell: (job) => (
      <span className="flex items-center gap-3">
        <JobBar job={job} className="w-24 shrink-0 sm:w-32" />
        <span className="text-soft tnum whitespace-nowrap" data-tip={`${jobPercent(job)}%`}>
          {int(job.done)} / {int(job.total)}
        </span>
      </span>
    ),
  },
  { id: 'rate', header: 'Rate', align: 'right', cell: (job) => <span className="text-soft tnum">{job.rate === null ? 'no limit' : `${int(job.rate)}/s`}</span> },
  { id: 'created', header: 'Begun', align: 'right', cell: (job) => <span className="text-muted"><TimeAgo at={job.created_at} /></span> },
  {
    id: 'took',
    header: 'Took',
    align: 'right',
    cell: (job) => <span className="text-muted tnum">{job.ended_at ? duration(Math.max(0, toMs(job.ended_at) - toMs(job.created_at))) : '–'}</span>,
  },
  // On a card there is no room: the job's page has it too.
  { id: 'stop', header: 'Actions', quiet: true, align: 'right', card: 'hidden', cell: (job) => <Stop job={job} /> },
];
