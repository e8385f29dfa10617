/// When attempts are made, on a line. Its scale is logarithmic; the list under it has the numbers.
import { cx } from '@/lib/cx';
import { plural } from '@/lib/numbers';
import { duration } from '@/lib/time';
import { isExact, plannedAttempts, timeScale, type Retry } from './retry-schedule';

export function RetryTimeline({ retry }: { retry: Retry }) {
  const attempts = plannedAttempts(retry);
  const end = attempts.at(-1)?.atMs ?? 0;
  const firstWait = attempts.find((one) => one.waitMs > 0)?.waitMs ?? 0;
  const { position, ticks } = timeScale(end, firstWait);
  const at = (ms: number): string => `${(position(ms) * 100).toFixed(2)}%`;
  const summary =
    attempts.length === 1
      ? 'One attempt: what fails goes to the dead letters at once.'
      : end === 0
        ? `${plural(attempts.length, 'attempt')} one after the other, without waiting.`
        : `${plural(attempts.length, 'attempt')} within ${isExact(retry) ? '' : 'about '}${duration(end)}, then the dead letters.`;
  return (
    <figure aria-label={`Retry schedule. ${summary}`} className="min-w-0">
      <p className="text-soft mb-3 text-sm">{summary}</p>
      {end > 0 && (
        <div aria-hidden className="mx-2 mb-1">
          <div className="relative h-6">
            <span className="bg-line-strong/60 absolute top-3 right-0 left-0 h-px" />
            {ticks.map((tick) => (
              <span key={tick.ms} className="bg-line-strong/60 absolute top-2 h-2 w-px" style={{ left: at(tick.ms) }} />
            ))}
            {attempts.map((one) => (
              <span
                key={one.number}
                data-tip={`Attempt ${one.number}\n${one.number === 1 ? 'at once' : `after ${duration(one.atMs)}`}${one.waitMs > 0 ? `\n${duration(one.waitMs)} after the one before` : ''}`}
                className="absolute top-0 flex size-6 -translate-x-1/2 items-center justify-center"
                style={{ left: at(one.atMs) }}
              >
                <span className={cx('border-surface size-3 rounded-full border-2', one.number === 1 ? 'bg-chart-accent' : one.number === attempts.length ? 'bg-chart-bad' : 'bg-chart-warn')} />
              </span>
            ))}
          </div>
          <div className="text-muted relative h-5 text-xs">
            <span className="absolute left-0 -translate-x-1/4">0</span>
            {ticks.map((tick) => (
              <span key={tick.ms} className="absolute -translate-x-1/2" style={{ left: at(tick.ms) }}>
                {tick.label}
              </span>
            ))}
            <span className="text-soft absolute right-0 translate-x-2 font-medium">{duration(end)}</span>
          </div>
        </div>
      )}
      {attempts.length > 1 && (
        <details className="text-xs">
          <summary className="text-accent-ink w-fit rounded font-medium hover:underline">Each attempt</summary>
          <div tabIndex={0} className="mt-2 max-h-56 overflow-auto">
            <table className="w-full">
              <caption className="sr-only">Retry schedule</caption>
              <thead>
                <tr className="text-muted text-left">
                  <th scope="col" className="py-1 font-medium">
                    Attempt
                  </th>
                  <th scope="col" className="py-1 text-right font-medium">
                    Wait before
                  </th>
                  <th scope="col" className="py-1 text-right font-medium">
                    After the first
                  </th>
                </tr>
              </thead>
              <tbody>
                {attempts.map((one) => (
                  <tr key={one.number}>
                    <th scope="row" className="text-soft py-0.5 text-left font-normal">
                      {one.number}
                    </th>
                    <td className="text-right">{one.number === 1 ? '–' : duration(one.waitMs)}</td>
                    <td className="text-right" data-tip={one.earliestMs === one.latestMs ? undefined : `between ${duration(one.earliestMs)} and ${duration(one.latestMs)}`}>
                      {duration(one.atMs)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {!isExact(retry) && <p className="text-muted mt-2">Each wait is made up to a fifth shorter or longer by chance, so that receivers are not hit by all at once.</p>}
        </details>
      )}
    </figure>
  );
}
