import { expect, it } from 'vitest';
import { actionWeight, actionWords, byDay } from './audit-words';

it('has words for actions, also for those that it does not know', () => {
  expect([actionWords('webhook.create'), actionWords('user.sign_in'), actionWords('moon.land_on')]).toEqual(['created the webhook', 'signed in', 'moon land on']);
});
it('is a sentence where somebody did it to themself', () => {
  expect([actionWords('user.role', true), actionWords('user.remove', true), actionWords('user.sign_in', true)]).toEqual(['changed their own role', 'left the organization', 'signed in']);
});
it('tells what took something away', () => {
  expect([actionWeight('key.delete'), actionWeight('job.cancel'), actionWeight('webhook.update'), actionWeight('user.sign_in')]).toEqual(['gone', 'gone', 'changed', 'seen']);
});
it('puts rows of a day together', () => {
  const rows = ['2026-05-10T12:00:00Z', '2026-05-10T01:00:00Z', '2026-05-09T23:00:00Z'].map((created_at) => ({ created_at }));
  expect(byDay(rows, (time) => time.slice(0, 10)).map((one) => [one.day, one.rows.length])).toEqual([
    ['2026-05-10', 2],
    ['2026-05-09', 1],
  ]);
});
