/// Replays or purges what was chosen, after it has said how many that are.
import { useQuery } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { useRef, useState } from 'react';
import { post, remove } from '@/api/client';
import { useWebhooksById, webhookName } from '@/api/webhooks';
import { int, plural } from '@/lib/numbers';
import { runPaced, type PacedProgress } from '@/lib/paced';
import { duration } from '@/lib/time';
import { StatusBadge, webhookStatus } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Input } from '@/ui/inputs';
import { ErrorNote, Note, Skeleton } from '@/ui/states';
import { toast, toastError } from '@/ui/toaster';
import { countQuery, kNoFilter, kScanMax, scanQuery, startBulk, useRefresh, type BulkKind, type Target } from './api';
import { countByWebhook } from './groups';
import { parseRate } from './rate';

interface BulkDialogProps {
  kind: BulkKind;
  target: Target;
  onClose: () => void;
  /// A job does it.
  onJob: (id: string) => void;
  /// It is under way or done: nothing is chosen any more.
  onBegun: () => void;
}

const kWords = {
  replay: {
    title: 'Replay',
    doing: 'Replaying',
    done: 'replayed',
    what: 'They are delivered again, with the whole schedule of their retry policy.',
    rate: 'Deliveries a second. Leave it empty for as fast as it goes; a receiver that has just come back may be glad of less.',
  },
  purge: {
    title: 'Purge',
    doing: 'Purging',
    done: 'purged',
    what: 'They leave the dead letters for good and count as cancelled. Their events stay, and can be delivered again one by one.',
    rate: 'Dead letters a second. Leave it empty for as fast as it goes.',
  },
};

export function BulkDialog({ kind, target, onClose, onJob, onBegun }: BulkDialogProps) {
  const words = kWords[kind];
  const all = target.kind === 'all' ? target.filter : null;
  const counted = useQuery({ ...countQuery(all ?? kNoFilter), enabled: all !== null });
  const count = target.kind === 'ids' ? target.rows.length : counted.data;
  const [rateText, setRateText] = useState('');
  const [progress, setProgress] = useState<PacedProgress | null>(null);
  const [begun, setBegun] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController | null>(null);
  const refresh = useRefresh();
  const parsed = parseRate(rateText);
  const noun = (n: number): string => plural(n, 'dead letter');

  const run = async (rate: number | null): Promise<void> => {
    if (target.kind === 'all') {
      const made = await startBulk(kind, target.filter, rate);
      if (made.job_id === null) toast('Nothing to do', { detail: 'Nothing matches any more.' });
      else {
        onJob(made.job_id);
        toast(`${words.doing} ${noun(made.count)}`, { detail: 'A job does it. It goes on when you leave this page.' });
      }
      return;
    }
    stop.current = new AbortController();
    const one = (id: string): Promise<unknown> => (kind === 'replay' ? post('/api/dlq/{id}/replay', undefined, { path: { id } }) : remove('/api/dlq/{id}', { path: { id } }));
    const end = await runPaced({ items: target.rows.map((row) => row.id), run: one, rate, signal: stop.current.signal, onProgress: setProgress });
    if (end.done > 0) toast(`${noun(end.done)} ${words.done}`, { detail: end.failed ? `${int(end.failed)} could not be: somebody else may have been faster.` : undefined });
    else if (end.failed > 0) toastError(end.error, `Nothing was ${words.done}`);
  };
  const submit = (): void => {
    if (begun || !count || parsed.problem !== undefined) return;
    setBegun(true);
    setError(null);
    run(parsed.rate)
      .then(() => {
        refresh();
        onBegun();
        onClose();
      })
      .catch(setError)
      .finally(() => setBegun(false));
  };
  const rate = parsed.rate ?? null;
  return (
    <Dialog
      open
      title={words.title}
      onClose={onClose}
      locked={begun}
      onSubmit={submit}
      footer={
        <>
          {begun && target.kind === 'ids' ? (
            <Button onClick={() => stop.current?.abort()}>Stop</Button>
          ) : (
            <Button onClick={onClose} disabled={begun} data-autofocus={kind === 'purge' ? true : undefined}>
              Keep as it is
            </Button>
          )}
          <Button type="submit" variant={kind === 'purge' ? 'danger' : 'primary'} busy={begun} disabled={!count || parsed.problem !== undefined}>
            {words.title}
            {count !== undefined && ` ${int(count)}`}
          </Button>
        </>
      }
    >
      <div className="text-soft flex flex-col gap-4 text-sm">
        {all !== null && counted.isError ? (
          <ErrorNote error={counted.error} />
        ) : (
          <div>
            <p role="status" className="text-ink tnum text-2xl font-semibold tracking-tight">
              {count === undefined ? <Skeleton className="h-7 w-40" /> : noun(count)}
            </p>
            <p className="mt-1">{count === 0 ? 'Nothing matches any more.' : all ? `All that match. ${words.what}` : words.what}</p>
          </div>
        )}
        {count ? <Preview kind={kind} target={target} /> : null}
        <Field label="Rate" error={parsed.problem} hint={rate && count ? `Takes about ${duration(Math.max(1, Math.ceil(count / rate)) * 1_000)}.` : words.rate}>
          <Input inputMode="numeric" placeholder="no limit" value={rateText} disabled={begun} maxLength={6} className="max-w-40" onChange={(event) => setRateText(event.target.value)} />
        </Field>
        {progress && target.kind === 'ids' && <IdsProgress progress={progress} total={target.rows.length} word={words.doing} />}
        {error !== null && <ErrorNote error={error} />}
      </div>
    </Dialog>
  );
}

const kPreviewed = 5;

/// To which webhooks they go, and which of those cannot take them now.
function Preview({ kind, target }: { kind: BulkKind; target: Target }) {
  const scan = useQuery({ ...scanQuery(target.kind === 'all' ? target.filter : kNoFilter), enabled: target.kind === 'all' });
  const rows = target.kind === 'ids' ? target.rows : (scan.data?.rows ?? []);
  const webhooks = useWebhooksById();
  const counts = countByWebhook(rows);
  const held = kind === 'replay' && counts.some(({ webhook_id }) => webhooks.get(webhook_id)?.enabled === false);
  if (counts.length === 0) return null;
  return (
    <div>
      <p className="label-caps mb-1.5">
        {target.kind === 'all' && scan.data?.more ? `Of the newest ${int(kScanMax)}` : 'By webhook'}
      </p>
      <ul className="divide-line border-line divide-y rounded-md border">
        {counts.slice(0, kPreviewed).map(({ webhook_id, webhook_url, count }) => {
          const webhook = webhooks.get(webhook_id);
          return (
            <li key={webhook_id} className="flex items-center gap-3 px-3 py-1.5">
              <span className="text-ink min-w-0 flex-1 truncate">{webhook ? webhookName(webhook) : (webhook_url ?? webhook_id)}</span>
              {webhook && webhookStatus(webhook) !== 'enabled' && <StatusBadge status={webhookStatus(webhook)} />}
              <span className="tnum">{int(count)}</span>
            </li>
          );
        })}
        {counts.length > kPreviewed && <li className="text-muted px-3 py-1.5 text-xs">and {plural(counts.length - kPreviewed, 'more webhook')}</li>}
      </ul>
      {held && (
        <div className="mt-2">
          <Note tone="warn" icon={CircleAlert}>
            What goes to a webhook that is paused or disabled waits until it is enabled again.
          </Note>
        </div>
      )}
    </div>
  );
}

function IdsProgress({ progress, total, word }: { progress: PacedProgress; total: number; word: string }) {
  const done = progress.done + progress.failed;
  const percent = Math.floor((done / Math.max(1, total)) * 100);
  return (
    <div>
      <div role="progressbar" aria-label={word} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent} className="bg-hover h-1.5 overflow-hidden rounded-full">
        <div className="bg-accent h-full rounded-full transition-[width]" style={{ width: `${percent}%` }} />
      </div>
      <p className="text-muted tnum mt-1.5 text-xs">
        {int(done)} of {int(total)}
        {progress.failed > 0 && `, ${int(progress.failed)} could not be`}. Keep this open until it has ended.
      </p>
    </div>
  );
}
