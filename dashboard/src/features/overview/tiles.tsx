import { TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { Metrics } from '@/api/models';
import { useLiveRate } from '@/components/use-live-rate';
import { cx } from '@/lib/cx';
import { compact, int, percent, perSecond } from '@/lib/numbers';
import { kSuccessRateMin, meanRate, ratesOf, successRates } from '@/lib/series';
import { duration } from '@/lib/time';
import { Sparkline } from '@/ui/sparkline';
import { Skeleton } from '@/ui/states';

const kGrid = 'grid grid-cols-2 gap-3 sm:grid-cols-3 2xl:grid-cols-6';
/// Where the line of the success rate begins, so that a few failures are seen.
const kSparkFrom = 0.8;

export function Tiles({ metrics, words }: { metrics: Metrics; words: string }) {
  const live = useLiveRate();
  const { totals, series, latency_ms: latency, success_rate: rate } = metrics;
  const now = (value: number | undefined): string => (value === undefined ? `over ${words}` : `now ${perSecond(value)}`);
  const low = rate !== null && rate < kSuccessRateMin;
  return (
    <section aria-label={`Numbers of ${words}`} className={kGrid}>
      <Tile label="Events" value={perSecond(meanRate(totals.events, series))} note={now(live?.events)} tip={`${int(totals.events)} in ${words}`} to="/events">
        <Sparkline values={ratesOf(series, (p) => p.events)} />
      </Tile>
      <Tile label="Deliveries" value={perSecond(meanRate(totals.deliveries, series))} note={now(live?.deliveries)} tip={`${int(totals.deliveries)} in ${words}`} to="/deliveries">
        <Sparkline values={ratesOf(series, (p) => p.deliveries)} tone="info" />
      </Tile>
      <Tile
        label="Success rate"
        value={percent(rate)}
        note={totals.attempts ? `of ${compact(totals.attempts)} attempts` : 'no attempts'}
        tip={`${int(totals.failed_attempts)} of ${int(totals.attempts)} attempts failed`}
        icon={low ? TriangleAlert : undefined}
        iconLabel="Low"
      >
        <Sparkline values={successRates(series)} from={kSparkFrom} tone={low ? 'bad' : 'ok'} />
      </Tile>
      <Tile
        label="Latency p95"
        value={totals.succeeded ? duration(latency.p95) : '–'}
        note={totals.succeeded ? `p50 ${duration(latency.p50)} · p99 ${duration(latency.p99)}` : 'nothing arrived yet'}
        tip="From when a delivery was first due to its success"
      >
        <Sparkline values={series.map((p) => p.latency_ms.p95)} tone="neutral" />
      </Tile>
      <Tile label="In the queue" value={compact(metrics.pending)} note="pending deliveries" tip={`${int(metrics.pending)} wait for their first or next attempt`} to="/deliveries?status=pending" />
      <Tile
        label="Dead letters"
        value={compact(metrics.dlq)}
        note={metrics.dlq ? 'wait for a decision' : 'none: all is well'}
        tip={`${int(metrics.dlq)} deliveries were given up`}
        icon={metrics.dlq ? TriangleAlert : undefined}
        iconLabel="Needs attention"
        to="/dead-letters"
      />
    </section>
  );
}

interface TileProps {
  label: string;
  value: string;
  note: string;
  tip: string;
  icon?: LucideIcon;
  iconLabel?: string;
  to?: string;
  children?: ReactNode;
}

function Tile({ label, value, note, tip, icon: Icon, iconLabel, to, children }: TileProps) {
  const face = (
    <>
      <span className="label-caps flex items-center justify-between gap-2">
        {label}
        {Icon && <Icon size={14} aria-label={iconLabel} className="text-warn" />}
      </span>
      <span className="text-ink tnum mt-1.5 block truncate text-2xl leading-8 font-semibold tracking-tight">{value}</span>
      <span className="mt-0.5 flex items-end justify-between gap-2">
        <span className="text-muted tnum min-w-0 text-xs sm:truncate">{note}</span>
      </span>
      {children && <span className="pointer-events-none absolute top-10 right-3 opacity-80 max-sm:hidden">{children}</span>}
    </>
  );
  const look = 'border-line bg-surface shadow-card relative block min-w-0 rounded-lg border px-4 py-3';
  return to ? (
    <Link to={to} data-tip={tip} className={cx(look, 'hover:border-line-strong transition-colors')}>
      {face}
    </Link>
  ) : (
    <div data-tip={tip} className={look}>
      {face}
    </div>
  );
}

export function TilesSkeleton() {
  return (
    <div role="status" aria-label="Loading" className={kGrid}>
      {Array.from({ length: 6 }, (_tile, index) => (
        <div key={index} className="border-line bg-surface shadow-card flex h-24 flex-col justify-between rounded-lg border px-4 py-3">
          <Skeleton className="h-3 w-16" />
          <Skeleton className="h-6 w-24" />
          <Skeleton className="h-3 w-28" />
        </div>
      ))}
    </div>
  );
}
