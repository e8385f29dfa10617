import { useQuery } from '@tanstack/react-query';
import { ChevronRight, Clock, CornerDownRight, LogIn, type LucideIcon } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import type { Attempt, Delivery, EventDetail } from '@/api/models';
import { useWebhooksById, webhookName } from '@/api/webhooks';
import { lastAnswer, reasonText } from '@/lib/attempt-errors';
import { cx } from '@/lib/cx';
import { plural } from '@/lib/numbers';
import { duration, toMs } from '@/lib/time';
import { Badge, deliveryStatus, StatusBadge } from '@/ui/badge';
import { ErrorNote, SkeletonText } from '@/ui/states';
import { Countdown, TimeAgo } from '@/ui/time-ago';
import { attemptsQuery } from './api';
import { timelineOf, tookMs, type Moment } from './timeline';

type DeliveryMoment = Extract<Moment, { kind: 'delivery' }>;

export function DeliveryTimeline({ event }: { event: EventDetail }) {
  const moments = timelineOf(event);
  const more = event.delivery_count - event.deliveries.length;
  return (
    <ol aria-label="What happened to it" className="flex flex-col">
      {moments.map((moment, index) => {
        const last = index === moments.length - 1;
        if (moment.kind === 'taken') {
          return (
            <Entry key="taken" icon={LogIn} last={last} at={moment.at} title="Taken in">
              {event.delivery_count === 0 && <p className="text-muted text-xs">No webhook takes this type{event.tenant ? ' of this tenant' : ''}: there is nothing to deliver.</p>}
              {more > 0 && <p className="text-muted text-xs">{plural(more, 'older delivery', 'older deliveries')} not shown.</p>}
            </Entry>
          );
        }
        if (moment.kind === 'due') return <Entry key="due" icon={Clock} last={last} at={moment.at} title="Due" />;
        return <DeliveryEntry key={moment.delivery.id} moment={moment} last={last} />;
      })}
    </ol>
  );
}

interface EntryProps {
  icon: LucideIcon;
  last: boolean;
  at: string;
  title: ReactNode;
  badge?: ReactNode;
  children?: ReactNode;
}

function Entry({ icon: Icon, last, at, title, badge, children }: EntryProps) {
  return (
    <li className="relative flex gap-3 pb-5 last:pb-0">
      {!last && <span aria-hidden className="bg-line absolute top-7 bottom-0 left-3 w-px" />}
      <span aria-hidden className="border-line bg-sunken text-muted z-1 flex size-6 shrink-0 items-center justify-center rounded-full border dark:bg-raised">
        <Icon size={12} />
      </span>
      <div className="min-w-0 flex-1 pt-0.5">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="text-ink min-w-0 text-sm font-medium break-words">{title}</span>
          {badge}
          <span className="text-muted ml-auto text-xs">
            <TimeAgo at={at} />
          </span>
        </div>
        {children && <div className="mt-1 flex flex-col gap-1">{children}</div>}
      </div>
    </li>
  );
}

function DeliveryEntry({ moment, last }: { moment: DeliveryMoment; last: boolean }) {
  const { delivery, replay, at } = moment;
  const webhook = useWebhooksById().get(delivery.webhook_id);
  const [open, setOpen] = useState(false);
  const id = useId();
  const name = webhook ? webhookName(webhook) : (delivery.webhook_url?.replace(/^https?:\/\//, '') ?? delivery.webhook_id);
  return (
    <Entry
      icon={replay ? CornerDownRight : ChevronRight}
      last={last}
      at={at}
      title={
        <Link to={`/deliveries/${delivery.id}`} className="hover:underline">
          {name}
        </Link>
      }
      badge={
        <>
          <StatusBadge status={deliveryStatus(delivery)} />
          {replay && <Badge tip={`Repeats ${delivery.replay_of ?? ''}`}>Replay</Badge>}
        </>
      }
    >
      <p className="text-muted text-xs">
        <Words moment={moment} paused={webhook?.enabled === false} />
      </p>
      {delivery.attempt_count > 0 && (
        <div>
          <button type="button" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} className="text-accent-ink flex items-center gap-1 rounded text-xs font-medium hover:underline">
            <ChevronRight size={12} aria-hidden className={cx('transition-transform', open && 'rotate-90')} />
            {plural(delivery.attempt_count, 'attempt')}
          </button>
          <div id={id} hidden={!open}>
            {open && <Attempts delivery={delivery} from={at} />}
          </div>
        </div>
      )}
    </Entry>
  );
}

function Words({ moment, paused }: { moment: DeliveryMoment; paused: boolean }): ReactNode {
  const { delivery } = moment;
  const answer = lastAnswer(delivery);
  const took = tookMs(moment);
  if (delivery.status === 'succeeded') return [answer, took !== null && `after ${duration(took)}`].filter(Boolean).join(', ');
  if (delivery.status === 'pending') {
    if (paused) return 'Held until the webhook is resumed';
    if (!delivery.next_attempt_at) return answer ?? 'On its way';
    return (
      <>
        {answer ? `Last attempt: ${answer}. Next one ` : 'First attempt '}
        <Countdown to={delivery.next_attempt_at} />
      </>
    );
  }
  return [delivery.status === 'dead' && 'Given up.', reasonText(delivery.reason), answer && `Last attempt: ${answer}.`].filter(Boolean).join(' ');
}

function Attempts({ delivery, from }: { delivery: Delivery; from: string }) {
  const attempts = useQuery(attemptsQuery(delivery));
  if (attempts.isPending) {
    return (
      <div className="mt-2 max-w-sm">
        <SkeletonText lines={2} />
      </div>
    );
  }
  if (attempts.isError && !attempts.data) return <ErrorNote error={attempts.error} />;
  return (
    <ol aria-label="Attempts" className="border-line mt-2 flex flex-col gap-1 border-l pl-3 text-xs">
      {attempts.data?.map((attempt) => (
        <AttemptLine key={attempt.number} attempt={attempt} from={from} />
      ))}
    </ol>
  );
}

function AttemptLine({ attempt, from }: { attempt: Attempt; from: string }) {
  const after = Math.max(0, toMs(attempt.started_at) - toMs(from));
  return (
    <li className="text-soft flex flex-wrap gap-x-3">
      <span className="text-muted tnum w-6">#{attempt.number}</span>
      <span className="tnum w-16">+{duration(after)}</span>
      <span className={cx('font-medium', attempt.error ? 'text-bad' : 'text-ok')}>{attempt.status_code ?? attempt.error?.code ?? '–'}</span>
      <span className="text-muted tnum">{duration(attempt.duration_ms)}</span>
      {attempt.error && <span className="text-muted min-w-0 break-words">{attempt.error.message}</span>}
    </li>
  );
}
