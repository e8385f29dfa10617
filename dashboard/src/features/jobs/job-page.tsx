import { CircleAlert, CircleStop } from 'lucide-react';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import type { Job } from '@/api/models';
import { useCan } from '@/api/session';
import { JobBar, JobNumbers, useJob, useStopJob } from '@/components/job-progress';
import { jobActive, jobName, jobPercent, jobStoppable, jobVerb } from '@/lib/jobs';
import { int } from '@/lib/numbers';
import { useShortcuts } from '@/lib/shortcuts';
import { duration, toMs } from '@/lib/time';
import { StatusBadge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyText } from '@/ui/copy';
import { DefinitionList } from '@/ui/definition-list';
import { ConfirmDialog } from '@/ui/dialog';
import { PageHeader } from '@/ui/page-header';
import { ErrorState, Note, SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';

const kParent = { label: 'Jobs', to: '/jobs' };

export function Component() {
  const { id = '' } = useParams();
  const job = useJob(id);
  if (job.data) return <Shown job={job.data} />;
  return (
    <>
      <PageHeader title="Job" parent={kParent} note={<code>{id}</code>} />
      {job.isError ? (
        <ErrorState error={job.error} onRetry={() => void job.refetch()} />
      ) : (
        <Card>
          <SkeletonText lines={5} />
        </Card>
      )}
    </>
  );
}

function Shown({ job }: { job: Job }) {
  const { reason } = useCan('developer');
  const stop = useStopJob(true);
  const [asking, setAsking] = useState(false);
  const stoppable = jobStoppable(job);
  const active = jobActive(job);
  useShortcuts([{ keys: 'c', label: 'Stop the job', group: 'Job', run: () => setAsking(true) }], stoppable && reason === undefined);
  return (
    <>
      <PageHeader
        title={jobName(job.kind)}
        parent={kParent}
        heading={
          <>
            {jobName(job.kind)}
            <StatusBadge status={job.state} />
          </>
        }
        note={<CopyText value={job.id} />}
        actions={
          stoppable && (
            <Button icon={CircleStop} disabledReason={reason} busy={stop.isPending} onClick={() => setAsking(true)}>
              Stop
            </Button>
          )
        }
      />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <Card>
          <p className="text-ink tnum text-2xl font-semibold tracking-tight">{jobPercent(job)}%</p>
          <JobBar job={job} className="my-3 h-2!" />
          <p className="text-muted text-sm">
            <JobNumbers job={job} />
          </p>
          {job.error && (
            <div className="mt-4">
              <Note tone="bad" icon={CircleAlert}>
                {job.error}
              </Note>
            </div>
          )}
          {active && job.kind === 'cancel_pending' && <p className="text-muted mt-3 text-sm">It cannot be stopped: the webhook is deleted, and so is what waits for it.</p>}
          {!active && job.kind === 'replay_dead' && (
            <p className="mt-4 text-sm">
              <Link to="/deliveries" className="text-accent-ink font-medium hover:underline">
                See the deliveries
              </Link>
              <span className="text-muted"> · </span>
              <Link to="/dead-letters" className="text-accent-ink font-medium hover:underline">
                What is dead now
              </Link>
            </p>
          )}
        </Card>
        <Card title="Details">
          <DefinitionList
            items={[
              ['Rate', job.rate === null ? 'no limit' : `${int(job.rate)} a second`],
              ['Met', `${int(job.total)} deliveries`],
              [`${jobVerb(job.kind).charAt(0).toUpperCase()}${jobVerb(job.kind).slice(1)}`, int(job.done)],
              ['Begun', <TimeAgo key="begun" at={job.created_at} />],
              job.ended_at !== null && ['Ended', <TimeAgo key="ended" at={job.ended_at} />],
              job.ended_at !== null && ['Took', duration(Math.max(0, toMs(job.ended_at) - toMs(job.created_at)))],
            ]}
          />
        </Card>
      </div>
      <ConfirmDialog open={asking && stoppable} onClose={() => setAsking(false)} title="Stop this job?" confirm="Stop" danger onConfirm={() => stop.mutateAsync(job.id)}>
        {int(job.done)} of {int(job.total)} are {jobVerb(job.kind)}; that stays. The rest is left as it is, and the job cannot go on later.
      </ConfirmDialog>
    </>
  );
}
