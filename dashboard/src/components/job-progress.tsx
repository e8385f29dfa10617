/// Jobs as they run: their queries, the bar, and the card that a page shows while its job runs.
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleStop, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import { get, post } from '@/api/client';
import { keys } from '@/api/keys';
import { useLive } from '@/api/live';
import type { Job } from '@/api/models';
import { useCan } from '@/api/session';
import { cx } from '@/lib/cx';
import { jobActive, jobLeftMs, jobName, jobPercent, jobStoppable, jobVerb } from '@/lib/jobs';
import { int } from '@/lib/numbers';
import { duration } from '@/lib/time';
import { useNow } from '@/lib/use-now';
import { StatusBadge } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { toast } from '@/ui/toaster';

const kPollMs = 2_000;

export function jobQuery(id: string) {
  return queryOptions({
    queryKey: keys.jobs.one(id),
    queryFn: ({ signal }) => get('/api/jobs/{id}', { path: { id }, signal }),
    // The stream tells it sooner, where it is open.
    refetchInterval: (query) => (query.state.data && jobActive(query.state.data) ? kPollMs : false),
  });
}

/// The job, as it goes on.
export function useJob(id: string) {
  useLive([keys.jobs.one(id)], ['job.progress'], { everyMs: 500, matches: (record) => record.kind === 'job.progress' && record.job_id === id });
  return useQuery(jobQuery(id));
}

/// `shown`: a dialog shows its error.
export function useStopJob(shown = false) {
  const client = useQueryClient();
  return useMutation({
    meta: { shown },
    mutationFn: (id: string) => post('/api/jobs/{id}/cancel', undefined, { path: { id } }),
    onSuccess: (job) => {
      client.setQueryData(jobQuery(job.id).queryKey, job);
      void client.invalidateQueries({ queryKey: keys.jobs.all });
      toast('Job stopped', { detail: `${int(job.done)} of ${int(job.total)} were ${jobVerb(job.kind)}; that stays.` });
    },
  });
}

export function JobBar({ job, className }: { job: Pick<Job, 'kind' | 'state' | 'done' | 'total'>; className?: string }) {
  const percent = jobPercent(job);
  const tone = job.state === 'failed' ? 'bg-chart-bad' : job.state === 'done' ? 'bg-chart-ok' : job.state === 'cancelled' ? 'bg-line-strong' : 'bg-accent';
  return (
    <div
      role="progressbar"
      aria-label={jobName(job.kind)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={`${int(job.done)} of ${int(job.total)}`}
      className={cx('bg-hover h-1.5 overflow-hidden rounded-full', className)}
    >
      <div className={cx('h-full rounded-full transition-[width] duration-500', tone)} style={{ width: `${percent}%` }} />
    </div>
  );
}

/// "318 of 1,240 · about 18 s left"
export function JobNumbers({ job }: { job: Job }) {
  const now = useNow(1_000);
  const left = jobLeftMs(job, now);
  return (
    <span className="tnum">
      {int(job.done)} of {int(job.total)} {jobVerb(job.kind)}
      {left !== null && ` · about ${duration(Math.max(1_000, Math.round(left / 1_000) * 1_000))} left`}
    </span>
  );
}

interface JobCardProps {
  id: string;
  onClose: () => void;
  /// Called once when it has ended.
  onEnd?: (job: Job) => void;
}

/// While it runs, and until somebody closes it.
export function JobCard({ id, onClose, onEnd }: JobCardProps) {
  const { data: job, isError } = useJob(id);
  const stop = useStopJob();
  const { reason } = useCan('developer');
  const told = useRef(false);
  const ended = job !== undefined && !jobActive(job);
  useEffect(() => {
    if (!ended || told.current) return;
    told.current = true;
    onEnd?.(job);
  }, [ended, job, onEnd]);
  if (!job) return isError ? null : <div role="status" aria-label="Loading the job" className="border-line bg-surface h-17 rounded-lg border" />;
  return (
    <section aria-label={jobName(job.kind)} className="border-line bg-surface shadow-card rounded-lg border px-4 py-3">
      <div className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-2">
        <Link to={`/jobs/${job.id}`} className="text-ink text-sm font-medium hover:underline">
          {jobName(job.kind)}
        </Link>
        <StatusBadge status={job.state} />
        <span className="text-muted text-xs">
          {ended ? `${int(job.done)} of ${int(job.total)} ${jobVerb(job.kind)}` : <JobNumbers job={job} />}
        </span>
        <span className="ml-auto flex items-center gap-2">
          {jobStoppable(job) && (
            <Button size="sm" icon={CircleStop} busy={stop.isPending} disabledReason={reason} onClick={() => stop.mutate(job.id)}>
              Stop
            </Button>
          )}
          {ended && <IconButton icon={X} size="sm" label="Close" onClick={onClose} />}
        </span>
      </div>
      <JobBar job={job} />
      {job.error && <p className="text-bad mt-2 text-xs">{job.error}</p>}
    </section>
  );
}
