import { expect, it } from 'vitest';
import { parseDuration } from '@/lib/time';
import { durationText, kDefaultRetry, plannedAttempts, timeScale, waitsOf } from './retry-schedule';

it('grows by the multiplier up to the longest wait', () => {
  expect(waitsOf(kDefaultRetry).slice(0, 4)).toEqual([5_000, 15_000, 45_000, 135_000]);
  expect(waitsOf(kDefaultRetry).length).toBe(11);
  expect(waitsOf(kDefaultRetry).at(-1)).toBe(21_600_000);
  expect(waitsOf({ max_attempts: 1, initial_ms: 1, multiplier: 1, max_ms: 1 })).toEqual([]);
  expect(waitsOf({ max_attempts: 100, initial_ms: 2_592_000_000, multiplier: 10, max_ms: 2_592_000_000 }).every((w) => w === 2_592_000_000)).toBe(true);
});
it('adds the waits up, and says how far chance moves them', () => {
  expect(plannedAttempts({ max_attempts: 3, initial_ms: 1_000, multiplier: 2, max_ms: 60_000 }).at(-1)).toEqual({ number: 3, waitMs: 2_000, atMs: 3_000, earliestMs: 2_400, latestMs: 3_600 });
  expect(plannedAttempts({ schedule_ms: [1_000, 0] }).map((a) => [a.atMs, a.earliestMs, a.latestMs])).toEqual([[0, 0, 0], [1_000, 1_000, 1_000], [1_000, 1_000, 1_000]]);
});
it('spreads short and long waits over one line', () => {
  const scale = timeScale(86_400_000, 5_000);
  expect(scale.position(0)).toBe(0);
  expect(scale.position(86_400_000)).toBe(1);
  expect(scale.position(5_000)).toBeGreaterThan(0.05);
  expect(scale.position(60_000)).toBeGreaterThan(scale.position(15_000));
  const at = [0, ...scale.ticks.map((t) => scale.position(t.ms))];
  for (let i = 1; i < at.length; i++) expect((at[i] ?? 0) - (at[i - 1] ?? 0)).toBeGreaterThanOrEqual(0.12);
  expect(timeScale(0, 0).position(5)).toBe(0);
});
it('writes durations that are read back exactly', () => {
  for (const ms of [0, 1, 250, 1_500, 5_000, 90_500, 21_600_000, 2_592_000_000]) expect(parseDuration(durationText(ms)), durationText(ms)).toBe(ms);
  expect(durationText(90_000)).toBe('1m 30s');
});
