/// Series of counts as rates. Points are the counts of one step each; the newest step is still running.

export interface Point {
  at: string;
}

/// Milliseconds of each point's beginning.
export function timesOf(series: readonly Point[]): number[] {
  return series.map((point) => Date.parse(point.at));
}

export function stepMsOf(times: readonly number[]): number {
  return times.length > 1 ? (times[1] ?? 0) - (times[0] ?? 0) : 60_000;
}

/// A success rate below it is worth a look.
export const kSuccessRateMin = 0.95;

/// How long each point has counted, in seconds. The running one: since its beginning, but at least a tenth of the step,
/// so that one event in its first moment is no peak.
export function secondsOf(times: readonly number[], now: number): number[] {
  const step = stepMsOf(times);
  return times.map((at, index) => {
    const ms = index === times.length - 1 ? Math.min(step, Math.max(step / 10, now - at)) : step;
    return ms / 1_000;
  });
}

/// Counts a second at each point.
export function ratesOf<P extends Point>(series: readonly P[], count: (point: P) => number, now = Date.now()): number[] {
  const seconds = secondsOf(timesOf(series), now);
  return series.map((point, index) => count(point) / (seconds[index] ?? 1));
}

/// Counts a second over the whole series.
export function meanRate(total: number, series: readonly Point[], now = Date.now()): number {
  const seconds = secondsOf(timesOf(series), now).reduce((sum, s) => sum + s, 0);
  return seconds > 0 ? total / seconds : 0;
}

/// The share of attempts that did not fail at each point; one without attempts has that of the point before.
export function successRates(series: readonly { attempts: number; failed_attempts: number }[]): number[] {
  let rate = 1;
  return series.map(({ attempts, failed_attempts }) => {
    if (attempts > 0) rate = 1 - failed_attempts / attempts;
    return rate;
  });
}
