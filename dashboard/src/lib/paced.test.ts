import { expect, it } from 'vitest';
import { runPaced } from './paced';

/// A clock that moves when somebody waits.
function clock() {
  let time = 0;
  return { now: () => time, wait: (ms: number) => ((time = Math.max(time, time + ms)), Promise.resolve()) };
}

it('runs all, in order of their beginning', async () => {
  const begun: number[] = [];
  const end = await runPaced({ items: [1, 2, 3, 4, 5], rate: null, run: (n) => Promise.resolve(begun.push(n)) });
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  expect(end).toEqual({ done: 5, failed: 0, error: null });
});
it('keeps to the rate', async () => {
  const { now, wait } = clock();
  const at: number[] = [];
  await runPaced({ items: [0, 1, 2, 3], rate: 2, atOnce: 1, run: () => Promise.resolve(at.push(now())), now, wait });
  expect(at).toEqual([0, 500, 1_000, 1_500]);
});
it('counts what fails and goes on', async () => {
  const told: number[] = [];
  const end = await runPaced({
    items: [1, 2, 3],
    rate: null,
    atOnce: 1,
    run: (n) => (n === 2 ? Promise.reject(new Error('gone')) : Promise.resolve()),
    onProgress: (p) => told.push(p.done + p.failed),
  });
  expect(end.done).toBe(2);
  expect(end.failed).toBe(1);
  expect(end.error).toEqual(new Error('gone'));
  expect(told).toEqual([1, 2, 3]);
});
it('stops when it is told to', async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const run = (n: number): Promise<void> => {
    begun.push(n);
    if (n === 2) stop.abort();
    return Promise.resolve();
  };
  await runPaced({ items: [1, 2, 3, 4], rate: null, atOnce: 1, run, signal: stop.signal });
  expect(begun).toEqual([1, 2]);
});
it('has nothing to do with nothing', async () => expect(await runPaced({ items: [], rate: 1, run: () => Promise.resolve() })).toEqual({ done: 0, failed: 0, error: null }));
