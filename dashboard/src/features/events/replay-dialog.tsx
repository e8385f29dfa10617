import { useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import type { EventDetail } from '@/api/models';
import { allWebhooksQuery, kWebhooksMax, webhookName } from '@/api/webhooks';
import { WebhookChecklist } from '@/components/webhook-picker';
import { takes } from '@/lib/event-types';
import { plural } from '@/lib/numbers';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Segmented } from '@/ui/segmented';
import { ErrorNote, Note, Skeleton } from '@/ui/states';
import { useReplay } from './api';
import { replayTargets } from './timeline';

const kIdsMax = 250;

type Where = 'same' | 'chosen';

export function ReplayDialog({ open, onClose, event }: { open: boolean; onClose: () => void; event: EventDetail }) {
  return open ? <OpenReplay onClose={onClose} event={event} /> : null;
}

function OpenReplay({ onClose, event }: { onClose: () => void; event: EventDetail }) {
  const webhooks = useQuery(allWebhooksQuery);
  const replay = useReplay(event.id);
  const [where, setWhere] = useState<Where>('same');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const there = new Map((webhooks.data ?? []).map((w) => [w.id, w]));
  // Of more webhooks than are loaded those that are not among them may be there all the same.
  const { ids: again, gone } = replayTargets(event, (id) => there.has(id) || there.size >= kWebhooksMax);
  const went = event.deliveries.length > 0;
  const same = went ? again : (webhooks.data ?? []).filter((w) => takes(w, event)).map((w) => w.id);
  const ids = where === 'same' ? same : [...chosen];
  const names = ids.slice(0, 5).map((id) => {
    const webhook = there.get(id);
    return webhook ? webhookName(webhook) : id;
  });
  const paused = ids.filter((id) => there.get(id)?.enabled === false).length;
  const why = webhooks.isPending
    ? 'The webhooks are loading.'
    : ids.length === 0
      ? where === 'chosen'
        ? 'Choose at least one webhook.'
        : 'There is no webhook that it could go to.'
      : ids.length > kIdsMax && where === 'chosen'
        ? `At most ${kIdsMax} webhooks at once.`
        : undefined;
  const run = (): void => {
    if (why || replay.isPending) return;
    replay.mutate(where === 'same' ? null : ids, { onSuccess: onClose });
  };
  return (
    <Dialog
      open
      title="Replay"
      description={
        <>
          <code className="text-ink">{event.type}</code> is delivered again, with the same payload and the same <code>webhook-id</code>: receivers can tell that they know it.
        </>
      }
      onClose={onClose}
      onSubmit={run}
      locked={replay.isPending}
      footer={
        <>
          <Button onClick={onClose} disabled={replay.isPending}>
            Cancel
          </Button>
          <Button type="submit" variant="primary" icon={RefreshCw} busy={replay.isPending} disabledReason={why}>
            {ids.length > 0 ? `Replay to ${plural(ids.length, 'webhook')}` : 'Replay'}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Segmented<Where>
          label="Where it goes"
          value={where}
          options={[
            { value: 'same', label: went ? 'Where it went' : 'Who takes it now' },
            { value: 'chosen', label: 'Chosen webhooks' },
          ]}
          onChange={(next) => {
            // One begins with what it would be anyway.
            if (next === 'chosen' && chosen.size === 0) setChosen(new Set(same));
            setWhere(next);
          }}
        />
        {where === 'chosen' ? (
          <WebhookChecklist selected={chosen} onChange={setChosen} note={(w) => (again.includes(w.id) ? 'went there' : takes(w, event) ? undefined : 'other types')} />
        ) : webhooks.isPending ? (
          <Skeleton className="h-5 w-64" />
        ) : (
          <div className="text-soft text-sm" aria-live="polite">
            {ids.length === 0 ? (
              went ? 'The webhooks that it went to are deleted. It can go to chosen ones.' : 'It went to no webhook, and none takes this type now.'
            ) : (
              <>
                To {plural(ids.length, 'webhook')}:
                <ul className="text-ink mt-2 list-disc pl-5">
                  {names.map((name, index) => (
                    <li key={ids[index]} className="break-all">
                      {name}
                    </li>
                  ))}
                  {ids.length > names.length && <li className="text-muted">and {ids.length - names.length} more</li>}
                </ul>
              </>
            )}
            {gone > 0 && ids.length > 0 && <p className="text-muted mt-2">{plural(gone, 'other webhook')} that it went to {gone === 1 ? 'is' : 'are'} deleted.</p>}
          </div>
        )}
        {paused > 0 && <Note tone="warn">{paused === ids.length && paused === 1 ? 'It is paused' : `${paused} of them ${paused === 1 ? 'is' : 'are'} paused`}: the deliveries are held until it is resumed.</Note>}
        {replay.isError && <ErrorNote error={replay.error} />}
      </div>
    </Dialog>
  );
}
