import type { WebhookHealth } from '@/api/models';
import { cx } from '@/lib/cx';
import { int, percent } from '@/lib/numbers';
import { kSuccessRateMin } from '@/lib/series';
import { duration } from '@/lib/time';

/// The share of attempts that succeeded, as a number and a bar.
export function HealthBar({ health, words }: { health: WebhookHealth | undefined; words: string }) {
  if (!health || health.success_rate === null) return <span className="text-muted text-xs">No attempts</span>;
  const low = health.success_rate < kSuccessRateMin;
  const tip = `${int(health.failed_attempts)} of ${int(health.attempts)} attempts failed in ${words}\n${int(health.dead)} given up\np95 ${duration(health.p95_ms)}`;
  return (
    <span data-tip={tip} className="inline-flex items-center gap-2">
      <span aria-hidden className="bg-hover flex h-1.5 w-16 shrink-0 overflow-hidden rounded-full">
        <span className={cx('h-full', low ? 'bg-chart-bad' : 'bg-chart-ok')} style={{ width: `${health.success_rate * 100}%` }} />
      </span>
      <span className={cx('tnum text-sm', low ? 'text-bad font-medium' : 'text-soft')}>{percent(health.success_rate)}</span>
    </span>
  );
}
