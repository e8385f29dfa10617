import { expect, it } from 'vitest';
import { deletesMore, parseRetention, retentionText } from './retention';

it('takes whole days', () => {
  expect(parseRetention(' 30 ', false)).toEqual({ days: 30 });
  expect(parseRetention('nonsense', true)).toEqual({ days: 0 });
});
it.each(['', '0', '-1', '1.5', '3651', '1e2', 'week'])('refuses "%s"', (text) => expect(parseRetention(text, false).problem).toBeDefined());
it('has words', () => expect([retentionText(0), retentionText(1), retentionText(30)]).toEqual(['for ever', '1 day', '30 days']));
it('knows when something will be deleted', () => {
  expect([deletesMore(0, 30), deletesMore(30, 7), deletesMore(7, 30), deletesMore(30, 0), deletesMore(30, 30)]).toEqual([true, true, false, false, false]);
});
