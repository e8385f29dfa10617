import { Eye, EyeOff, KeyRound } from 'lucide-react';
import { useState } from 'react';
import { useCan } from '@/api/session';
import { clock, duration, exact } from '@/lib/time';
import { useNow } from '@/lib/use-now';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyIcon } from '@/ui/copy';
import { ConfirmDialog } from '@/ui/dialog';
import { Countdown } from '@/ui/time-ago';
import { rotateSecret, useRevealSecret } from './api';
import { kOverlapMs, rotatedAt } from './rotation';

const kMask = `whsec_${'•'.repeat(24)}`;

export function SecretCard({ webhookId }: { webhookId: string }) {
  const { reason } = useCan('developer');
  const reveal = useRevealSecret(webhookId);
  const [fresh, setFresh] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const secret = fresh ?? reveal.data?.secret ?? null;
  const now = useNow(30_000);
  const rotated = rotatedAt(webhookId, Math.max(now, Date.now()));
  const hide = (): void => {
    setFresh(null);
    reveal.reset();
  };
  return (
    <Card title="Signing secret">
      <div className="flex flex-col gap-3">
        <div className="border-line bg-sunken flex min-w-0 items-center gap-2 rounded-md border py-1 pr-1 pl-3 dark:bg-page">
          <code className={secret ? 'text-ink min-w-0 flex-1 text-xs break-all' : 'text-muted min-w-0 flex-1 truncate text-xs'}>
            {secret ?? <span aria-hidden>{kMask}</span>}
            {!secret && <span className="sr-only">Hidden</span>}
          </code>
          {secret && <CopyIcon value={secret} label="Copy the secret" />}
        </div>
        <div className="flex flex-wrap gap-2">
          {secret ? (
            <Button size="sm" icon={EyeOff} onClick={hide}>
              Hide
            </Button>
          ) : (
            <Button size="sm" icon={Eye} busy={reveal.isPending} disabledReason={reason} onClick={() => reveal.mutate()}>
              Reveal
            </Button>
          )}
          <Button size="sm" icon={KeyRound} disabledReason={reason} onClick={() => setAsking(true)}>
            Rotate
          </Button>
        </div>
        {rotated === null ? (
          <p className="text-muted text-xs">Receivers check the header webhook-signature with it, as Standard Webhooks has it.</p>
        ) : (
          <Overlap rotatedMs={rotated} nowMs={Math.max(now, rotated)} />
        )}
      </div>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title="Rotate the secret?"
        confirm="Rotate"
        onConfirm={async () => setFresh(await rotateSecret(webhookId))}
      >
        <p>A new secret is made now. For 24 hours each request has two signatures, of the old one and of the new one, so that the receiver can change over without losing anything.</p>
        <Plan />
        {rotated !== null && <p>The last rotation was less than 24 hours ago: the secret from before it may stop signing at once.</p>}
      </ConfirmDialog>
    </Card>
  );
}

/// Two bars: until when the old one signs, from when the new one does.
function Bars({ done, from, to }: { done: number; from: string; to: string }) {
  return (
    <figure aria-label={`The old secret signs until ${to}, the new one from ${from} on.`} className="text-xs">
      <div aria-hidden className="grid grid-cols-[max-content_minmax(0,1fr)] items-center gap-x-3 gap-y-1.5">
        <span className="text-muted">Old</span>
        <span className="bg-hover relative h-2 overflow-hidden rounded-full">
          <span className="bg-chart-warn absolute inset-y-0 left-0 w-3/4 opacity-40" />
          <span className="bg-chart-warn absolute inset-y-0 left-0" style={{ width: `${(done * 75).toFixed(1)}%` }} />
        </span>
        <span className="text-muted">New</span>
        <span className="bg-chart-ok h-2 rounded-full" />
        <span />
        <span className="text-muted relative flex h-4">
          <span>{from}</span>
          <span className="absolute left-3/4 -translate-x-1/2">{to}</span>
        </span>
      </div>
    </figure>
  );
}

function Plan() {
  const [now] = useState(() => Date.now());
  return <Bars done={0} from="now" to={`tomorrow ${clock(now + kOverlapMs).slice(0, 5)}`} />;
}

function Overlap({ rotatedMs, nowMs }: { rotatedMs: number; nowMs: number }) {
  const until = rotatedMs + kOverlapMs;
  return (
    <div className="flex flex-col gap-2">
      <p className="text-soft text-xs" data-tip={exact(until)}>
        Both secrets sign. The old one stops <Countdown to={until} />.
      </p>
      <Bars done={Math.min(1, (nowMs - rotatedMs) / kOverlapMs)} from={clock(rotatedMs).slice(0, 5)} to={`+${duration(kOverlapMs)}`} />
    </div>
  );
}
