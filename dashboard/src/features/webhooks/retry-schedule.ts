/// When attempts are made: what the engine computes (src/domain/retry_policy.cc), for drawing it.
import type { RetryPolicy, RetrySchedule } from '@/api/models';
import { kDay, kHour, kMinute, kSecond } from '@/lib/time';

export type Retry = RetryPolicy | RetrySchedule;

export const kAttemptsMax = 100;
export const kWaitMaxMs = 30 * kDay;
export const kDefaultRetry: RetryPolicy = { max_attempts: 12, initial_ms: 5_000, multiplier: 3, max_ms: 6 * kHour };
const kJitter = 0.2;

export function isExact(retry: Retry): retry is RetrySchedule {
  return 'schedule_ms' in retry;
}

/// The waits between attempts, one fewer than attempts; without chance.
export function waitsOf(retry: Retry): number[] {
  if (isExact(retry)) return [...retry.schedule_ms];
  const waits: number[] = [];
  for (let n = 0; n + 1 < Math.min(retry.max_attempts, kAttemptsMax); n++) {
    waits.push(Math.round(Math.min(retry.initial_ms * retry.multiplier ** n, retry.max_ms)));
  }
  return waits;
}

export interface PlannedAttempt {
  number: number;
  /// After the attempt before.
  waitMs: number;
  /// After the first, if attempts took no time.
  atMs: number;
  earliestMs: number;
  latestMs: number;
}

export function plannedAttempts(retry: Retry): PlannedAttempt[] {
  const jitter = isExact(retry) ? 0 : kJitter;
  const attempts: PlannedAttempt[] = [{ number: 1, waitMs: 0, atMs: 0, earliestMs: 0, latestMs: 0 }];
  let at = 0;
  for (const waitMs of waitsOf(retry)) {
    at += waitMs;
    attempts.push({ number: attempts.length + 1, waitMs, atMs: at, earliestMs: at * (1 - jitter), latestMs: at * (1 + jitter) });
  }
  return attempts;
}

export interface TimeScale {
  /// 0 (the first attempt) to 1 (the end).
  position: (ms: number) => number;
  ticks: { ms: number; label: string }[];
}

const kTicks: readonly (readonly [number, string])[] = [
  [kSecond, '1s'],
  [5 * kSecond, '5s'],
  [15 * kSecond, '15s'],
  [kMinute, '1m'],
  [5 * kMinute, '5m'],
  [15 * kMinute, '15m'],
  [kHour, '1h'],
  [3 * kHour, '3h'],
  [12 * kHour, '12h'],
  [kDay, '1d'],
  [3 * kDay, '3d'],
  [7 * kDay, '7d'],
  [30 * kDay, '30d'],
  [365 * kDay, '1y'],
];
const kTickGap = 0.12;
const kLastTick = 0.86;

/// Logarithmic: waits grow by factors, and on a straight line all but the last few would lie in one point.
export function timeScale(endMs: number, firstWaitMs: number): TimeScale {
  if (endMs <= 0) return { position: () => 0, ticks: [] };
  const unit = Math.max(1, Math.min(firstWaitMs > 0 ? firstWaitMs : endMs, endMs) / 2);
  const full = Math.log1p(endMs / unit);
  const position = (ms: number): number => Math.max(0, Math.min(1, Math.log1p(ms / unit) / full));
  const ticks: TimeScale['ticks'] = [];
  let last = 0;
  for (const [ms, label] of kTicks) {
    const at = position(ms);
    if (ms >= endMs || at > kLastTick) break;
    if (at - last < kTickGap) continue;
    ticks.push({ ms, label });
    last = at;
  }
  return { position, ticks };
}

const kUnits: readonly (readonly [number, string])[] = [
  [kDay, 'd'],
  [kHour, 'h'],
  [kMinute, 'm'],
  [kSecond, 's'],
  [1, 'ms'],
];

/// Exact, in the form that parseDuration reads: "6h", "1m 30s", "250ms".
export function durationText(ms: number): string {
  let left = Math.round(ms);
  const parts: string[] = [];
  for (const [size, unit] of kUnits) {
    const count = Math.floor(left / size);
    if (count === 0) continue;
    parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join(' ') || '0s';
}
