import { countdown, exact, relative, toMs, type TimeLike } from '@/lib/time';
import { useNow } from '@/lib/use-now';

/// "3m ago", ticking; the exact time on hover. Nothing (or `none`) for null.
export function TimeAgo({ at, none = '–' }: { at: TimeLike | null | undefined; none?: string }) {
  // Young times tick by the second, old ones by the half minute.
  const young = at != null && Math.abs(Date.now() - toMs(at)) < 120_000;
  useNow(young ? 1_000 : 30_000);
  if (at == null) return <span className="text-muted">{none}</span>;
  return (
    <time dateTime={new Date(toMs(at)).toISOString()} data-tip={exact(at)} className="whitespace-nowrap">
      {relative(at)}
    </time>
  );
}

/// "in 12s", ticking down; `due` once it has come.
export function Countdown({ to, due = 'now' }: { to: TimeLike; due?: string }) {
  const now = useNow(1_000);
  const left = countdown(to, now);
  return (
    <time dateTime={new Date(toMs(to)).toISOString()} data-tip={exact(to)} className="whitespace-nowrap">
      {left === 'now' ? due : `in ${left}`}
    </time>
  );
}
