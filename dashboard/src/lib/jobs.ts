/// Jobs in words and numbers.

interface JobLike {
  kind: string;
  state: string;
  done: number;
  total: number;
  rate: number | null;
  created_at: string;
}

const kKinds: Record<string, { name: string; done: string }> = {
  replay_dead: { name: 'Replay of dead letters', done: 'replayed' },
  purge_dead: { name: 'Purge of dead letters', done: 'purged' },
  cancel_pending: { name: 'Cancelling for a deleted webhook', done: 'cancelled' },
};

export function jobName(kind: string): string {
  return kKinds[kind]?.name ?? kind;
}

/// "replayed": what became of those that are done.
export function jobVerb(kind: string): string {
  return kKinds[kind]?.done ?? 'done';
}

export function jobActive(job: { state: string }): boolean {
  return job.state === 'pending' || job.state === 'running';
}

/// What a person may stop: not what cancels the deliveries of a deleted webhook.
export function jobStoppable(job: { state: string; kind: string }): boolean {
  return jobActive(job) && job.kind !== 'cancel_pending';
}

/// 0..100, whole. 100 only at the end; a job over nothing has done all.
export function jobPercent({ done, total, state }: { done: number; total: number; state: string }): number {
  if (total === 0) return state === 'done' ? 100 : 0;
  const share = Math.floor((done / total) * 100);
  return Math.max(0, Math.min(done < total ? 99 : 100, share));
}

/// How long it takes yet, in milliseconds; null where nothing says. From its own pace, never faster than its rate.
export function jobLeftMs(job: JobLike, now: number): number | null {
  if (!jobActive(job)) return null;
  const left = job.total - job.done;
  if (left <= 0) return null;
  const byRate = job.rate ? (left / job.rate) * 1_000 : null;
  const ran = now - Date.parse(job.created_at);
  const byPace = job.done > 0 && ran > 0 ? (left * ran) / job.done : null;
  if (byRate === null) return byPace;
  return byPace === null ? byRate : Math.max(byRate, byPace);
}
