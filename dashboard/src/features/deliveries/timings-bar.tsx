import type { Attempt } from '@/api/models';
import { cx } from '@/lib/cx';
import { duration } from '@/lib/time';
import { segmentsOf, type Segment } from './timings';

const kColours: Record<Segment['step'], string> = {
  dns: 'bg-chart-info',
  connect: 'bg-chart-accent/55',
  tls: 'bg-chart-accent',
  first_byte: 'bg-chart-ok',
  rest: 'bg-line-strong',
};

/// An attempt's steps as a bar. With `legend`: each step with its time under it.
export function TimingsBar({ attempt, https, legend, className }: { attempt: Attempt; https: boolean; legend?: boolean; className?: string }) {
  const segments = segmentsOf(attempt, https);
  const colour = (one: Segment): string => (one.failed ? 'bg-chart-bad' : kColours[one.step]);
  // Steps are finer than the whole, which is in whole milliseconds.
  const total = Math.max(attempt.duration_ms, segments.reduce((sum, one) => sum + one.ms, 0));
  const words = segments.map((one) => `${one.label} ${duration(one.ms)}${one.failed ? ', where it failed' : ''}`).join(', ');
  const parts = segments.map((one) => <span key={one.step} className={cx('h-full min-w-0.5', colour(one))} style={{ flexGrow: Math.max(one.ms * 1_000, 1), flexBasis: 0 }} />);
  const bar = 'flex h-2 gap-px overflow-hidden rounded-full';
  if (!legend) {
    // Within a button, beside the number.
    return (
      <span aria-hidden data-tip={words} className={cx(bar, className)}>
        {parts}
      </span>
    );
  }
  return (
    <div className={cx('min-w-0', className)}>
      <div role="img" aria-label={`${duration(total)}: ${words}`} className={bar}>
        {parts}
      </div>
      {/* The bar has said it already. */}
      <ul aria-hidden className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-xs">
        {segments.map((one) => (
          <li key={one.step} className="flex items-center gap-1.5">
            <span className={cx('size-2 rounded-xs', colour(one))} />
            <span className="text-muted">{one.failed ? `${one.label} (failed here)` : one.label}</span>
            <span className="text-ink tnum font-medium">{duration(one.ms)}</span>
          </li>
        ))}
        <li className="text-muted tnum ml-auto">{duration(total)} in all</li>
      </ul>
    </div>
  );
}
