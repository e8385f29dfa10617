import { expect, it } from 'vitest';
import { meanRate, ratesOf, successRates } from './series';

const series = [0, 1, 2].map((minute) => ({ at: new Date(minute * 60_000).toISOString(), count: 60 }));

it('counts the running step by the time that it has run', () => {
  expect(ratesOf(series, (p) => p.count, 2 * 60_000 + 30_000)).toEqual([1, 1, 2]);
});
it('makes no peak of a step that has only begun', () => {
  expect(ratesOf(series, (p) => p.count, 2 * 60_000).at(-1)).toBe(10);
});
it('means over what has passed', () => expect(meanRate(150, series, 2 * 60_000 + 30_000)).toBe(1));
it('has no rate of nothing', () => expect(meanRate(0, [])).toBe(0));
it('keeps the success rate where nothing was tried', () => {
  const of = (attempts: number, failed_attempts: number) => ({ attempts, failed_attempts });
  expect(successRates([of(0, 0), of(4, 1), of(0, 0), of(2, 2)])).toEqual([1, 0.75, 0.75, 0]);
});
