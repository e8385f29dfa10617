/// The attempts of a delivery, the newest first and open.
import { useQuery } from '@tanstack/react-query';
import { ChevronRight, CircleAlert, CircleCheck, CircleX, Clock, Wrench } from 'lucide-react';
import { useId, useState } from 'react';
import type { Attempt, DeliveryDetail } from '@/api/models';
import { answerText, explainFailure, statusName } from '@/lib/attempt-errors';
import { cx } from '@/lib/cx';
import { inReadingOrder } from '@/lib/header-order';
import { plural } from '@/lib/numbers';
import { duration } from '@/lib/time';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyIcon } from '@/ui/copy';
import { DefinitionList } from '@/ui/definition-list';
import { JsonView } from '@/ui/json-view';
import { EmptyState, ErrorState, Note, SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { deliveredBodyQuery } from './api';
import { MendLink } from './mend-link';
import { reusedConnection } from './timings';
import { TimingsBar } from './timings-bar';

const kShown = 20;
/// The API's bound.
const kAttemptsMax = 250;

export function Attempts({ delivery }: { delivery: DeliveryDetail }) {
  const [chosen, setChosen] = useState<ReadonlyMap<number, boolean>>(new Map());
  const [shown, setShown] = useState(kShown);
  const attempts = delivery.attempts.toSorted((a, b) => b.number - a.number);
  const newest = attempts[0]?.number;
  const https = delivery.webhook_url?.startsWith('https:') ?? true;
  const isOpen = (number: number): boolean => chosen.get(number) ?? number === newest;
  const set = (numbers: readonly number[], open: boolean): void => setChosen(new Map([...chosen, ...numbers.map((number) => [number, open] as const)]));
  const visible = attempts.slice(0, shown);
  const allOpen = visible.every((attempt) => isOpen(attempt.number));
  return (
    <Card
      flush
      title="Attempts"
      note={attempts.length < delivery.attempt_count ? `the newest ${attempts.length} of ${delivery.attempt_count}` : plural(attempts.length, 'attempt')}
      actions={
        attempts.length > 1 && (
          <Button size="sm" variant="ghost" onClick={() => set(visible.map((attempt) => attempt.number), !allOpen)}>
            {allOpen ? 'Fold all' : 'Unfold all'}
          </Button>
        )
      }
    >
      {attempts.length === 0 ? (
        <EmptyState icon={Clock} title={delivery.status === 'pending' ? 'No attempt yet' : 'No attempt is kept'}>
          {delivery.status === 'pending' ? 'It shows up here as soon as it is made.' : delivery.attempt_count > 0 ? 'Their time of retention has passed.' : 'It ended before one was made.'}
        </EmptyState>
      ) : (
        <ol aria-label="Attempts, the newest first" className="divide-line divide-y">
          {visible.map((attempt) => (
            <AttemptItem
              key={attempt.number}
              attempt={attempt}
              delivery={delivery}
              https={https}
              open={isOpen(attempt.number)}
              onToggle={() => set([attempt.number], !isOpen(attempt.number))}
            />
          ))}
        </ol>
      )}
      {attempts.length > shown && (
        <div className="border-line border-t px-4 py-2 text-center">
          <Button size="sm" variant="ghost" onClick={() => setShown(kAttemptsMax)}>
            Show {attempts.length - shown} earlier ones
          </Button>
        </div>
      )}
    </Card>
  );
}

interface AttemptItemProps {
  attempt: Attempt;
  delivery: DeliveryDetail;
  https: boolean;
  open: boolean;
  onToggle: () => void;
}

function AttemptItem({ attempt, delivery, https, open, onToggle }: AttemptItemProps) {
  const id = useId();
  const failure = explainFailure(attempt.error?.code, attempt.status_code);
  const timed = attempt.error?.code !== 'invalid_url';
  return (
    <li>
      <h3>
        <button
          type="button"
          aria-expanded={open}
          aria-controls={open ? id : undefined}
          onClick={onToggle}
          className="hover:bg-hover/60 flex min-h-12 w-full flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-left"
        >
          <ChevronRight size={14} aria-hidden className={cx('text-muted shrink-0 transition-transform', open && 'rotate-90')} />
          <span className="text-muted tnum min-w-6 text-sm">
            <span className="sr-only">Attempt </span>#{attempt.number}
          </span>
          <Badge tone={failure ? 'bad' : 'ok'} icon={failure ? CircleX : CircleCheck}>
            {failure ? failure.title : attempt.status_code ? statusName(attempt.status_code) : answerText(attempt.error?.code, attempt.status_code)}
          </Badge>
          {timed && !open && <TimingsBar attempt={attempt} https={https} className="ml-auto w-28 shrink-0 max-md:hidden" />}
          <span className={cx('text-soft tnum text-xs', (open || !timed) && 'ml-auto', 'max-md:ml-auto')}>{duration(attempt.duration_ms)}</span>
          <span className="text-muted min-w-16 text-right text-xs">
            <TimeAgo at={attempt.started_at} />
          </span>
        </button>
      </h3>
      {open && (
        <div id={id} className="flex flex-col gap-4 px-4 pt-1 pb-5">
          {failure && (
            <Note tone="bad" icon={CircleAlert}>
              <p>{failure.what}</p>
              {attempt.error && (
                <p className="mt-1">
                  <code className="break-words">{attempt.error.message}</code>
                </p>
              )}
              <p className="text-ink mt-2 flex items-start gap-1.5">
                <Wrench size={14} aria-hidden className="mt-0.5 shrink-0" />
                <span>
                  <span className="font-medium">What to do: </span>
                  {failure.todo}
                  <MendLink failure={failure} webhookId={delivery.webhook_id} />
                </span>
              </p>
            </Note>
          )}
          {timed && (
            <div>
              <TimingsBar attempt={attempt} https={https} legend />
              <p className="text-muted mt-1 text-xs">
                {attempt.remote_address ? (
                  <>
                    To <code>{attempt.remote_address}</code>
                    {reusedConnection(attempt) && ', on a connection that was open already'}
                  </>
                ) : (
                  // The built-in receiver is in the server itself.
                  attempt.status_code === null ? 'No connection came about.' : 'Within the server: nothing went over a network.'
                )}
              </p>
            </div>
          )}
          <div className="grid min-w-0 gap-4 2xl:grid-cols-2">
            <section aria-label={`Request of attempt ${attempt.number}`} className="flex min-w-0 flex-col gap-3">
              {delivery.webhook_url !== null && (
                <p className="text-soft text-xs">
                  <code className="break-all">POST {delivery.webhook_url}</code>
                </p>
              )}
              <Headers title="Request headers" headers={attempt.request_headers} none="None were sent." />
              <RequestBody eventId={delivery.event_id} />
            </section>
            <section aria-label={`Response of attempt ${attempt.number}`} className="flex min-w-0 flex-col gap-3">
              {attempt.status_code === null ? (
                <>
                  <h4 className="label-caps">Response</h4>
                  <p className="text-muted text-sm">No answer came.</p>
                </>
              ) : (
                <>
                  <Headers title="Response headers" headers={attempt.response_headers} none="None came." />
                  {attempt.response_body ? <JsonView text={attempt.response_body} label="Response body" /> : <p className="text-muted text-sm">The answer has no body.</p>}
                  {attempt.response_truncated && <p className="text-muted text-xs">Cut off: only the beginning of a long answer is kept.</p>}
                </>
              )}
            </section>
          </div>
        </div>
      )}
    </li>
  );
}

function Headers({ title, headers, none }: { title: string; headers: Record<string, string>; none: string }) {
  const entries = inReadingOrder(headers);
  return (
    <div className="min-w-0">
      <div className="mb-1.5 flex h-7 items-center justify-between gap-2">
        <h4 className="label-caps">{title}</h4>
        {entries.length > 0 && <CopyIcon label={`Copy: ${title}`} value={() => entries.map(([name, value]) => `${name}: ${value}`).join('\n')} />}
      </div>
      {entries.length === 0 ? (
        <p className="text-muted text-sm">{none}</p>
      ) : (
        <DefinitionList className="gap-y-1! text-xs!" items={entries.map(([name, value]) => [name, <code key={name} className="break-all">{value}</code>] as const)} />
      )}
    </div>
  );
}

/// The same for every attempt, so it is loaded once.
function RequestBody({ eventId }: { eventId: string }) {
  const body = useQuery(deliveredBodyQuery(eventId));
  if (body.isPending) return <SkeletonText lines={3} />;
  if (body.isError) return <ErrorState error={body.error} onRetry={() => void body.refetch()} />;
  return body.data === null ? <p className="text-muted text-sm">The payload is no longer kept.</p> : <JsonView text={body.data} label="Request body" />;
}
