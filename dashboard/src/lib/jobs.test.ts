import { describe, expect, it } from 'vitest';
import { jobActive, jobLeftMs, jobName, jobPercent, jobStoppable, jobVerb } from './jobs';

const at = '2026-05-10T12:00:00.000Z';
const now = Date.parse(at) + 10_000;
const job = { kind: 'replay_dead', state: 'running', done: 100, total: 400, rate: null, created_at: at };

describe('jobPercent', () => {
  it('is whole, and 100 only at the end', () => {
    expect(jobPercent({ done: 1, total: 3, state: 'running' })).toBe(33);
    expect(jobPercent({ done: 9_999, total: 10_000, state: 'running' })).toBe(99);
    expect(jobPercent({ done: 10, total: 10, state: 'done' })).toBe(100);
  });
  it('knows jobs over nothing', () => {
    expect(jobPercent({ done: 0, total: 0, state: 'done' })).toBe(100);
    expect(jobPercent({ done: 0, total: 0, state: 'pending' })).toBe(0);
  });
});

describe('jobLeftMs', () => {
  it('goes by the pace so far', () => expect(jobLeftMs(job, now)).toBe(30_000));
  it('is never faster than the rate', () => {
    expect(jobLeftMs({ ...job, rate: 5 }, now)).toBe(60_000);
    expect(jobLeftMs({ ...job, rate: 1_000 }, now)).toBe(30_000);
  });
  it('goes by the rate alone at the beginning, and by nothing without one', () => {
    expect(jobLeftMs({ ...job, done: 0, rate: 50 }, now)).toBe(8_000);
    expect(jobLeftMs({ ...job, done: 0 }, now)).toBeNull();
  });
  it('is none for what has ended', () => expect(jobLeftMs({ ...job, state: 'cancelled' }, now)).toBeNull());
});

it('knows what can be stopped', () => {
  expect(jobActive({ state: 'pending' })).toBe(true);
  expect(jobStoppable(job)).toBe(true);
  expect(jobStoppable({ ...job, state: 'done' })).toBe(false);
  expect(jobStoppable({ ...job, kind: 'cancel_pending' })).toBe(false);
});
it('has names', () => {
  expect([jobName('purge_dead'), jobName('brew'), jobVerb('replay_dead'), jobVerb('brew')]).toEqual(['Purge of dead letters', 'brew', 'replayed', 'done']);
});
