import { expect, it } from 'vitest';
import { cannotMatch, isOnFirstPage, type EventFilters } from './filters';

const none: EventFilters = { q: '', type: '', tenant: '', status: undefined, after: '', before: '' };
const created = { event_id: 'evt_0000000000001', type: 'order.paid', tenant: 'acme', deliveries: 2 };

it('counts what the list would show', () => {
  expect(isOnFirstPage(none, created)).toBe(true);
  expect(isOnFirstPage({ ...none, after: '1h' }, created)).toBe(true);
  expect(isOnFirstPage({ ...none, before: '2026-01-01T00:00:00Z' }, created)).toBe(false);
  expect(isOnFirstPage({ ...none, type: 'order' }, created)).toBe(false);
  expect(isOnFirstPage({ ...none, q: 'order.' }, created)).toBe(true);
  expect(isOnFirstPage({ ...none, q: 'evt_9' }, created)).toBe(false);
  expect(isOnFirstPage({ ...none, tenant: 'globex' }, created)).toBe(false);
  expect(isOnFirstPage({ ...none, status: 'pending' }, created)).toBe(true);
  expect(isOnFirstPage({ ...none, status: 'dead' }, created)).toBe(false);
  expect(isOnFirstPage({ ...none, status: 'unmatched' }, { ...created, deliveries: 0 })).toBe(true);
});
it('asks nothing that the server refuses', () => {
  expect(cannotMatch({ ...none, type: 'order.*' })).toBe(true);
  expect(cannotMatch({ ...none, type: 'order.paid' })).toBe(false);
});
