import { expect, it } from 'vitest';
import { patternMatches, patternProblem, takes, typeProblem } from './event-types';

it('knows types', () => {
  for (const good of ['order', 'order.created', 'a-b.c_d.9']) expect(typeProblem(good)).toBeUndefined();
  for (const bad of ['', 'order.', '.order', 'a..b', 'order created', 'order.*', 'x'.repeat(129)]) expect(typeProblem(bad), bad).toBeDefined();
});
it('knows patterns', () => {
  for (const good of ['*', 'order.*', 'order.item.*', 'order.created']) expect(patternProblem(good)).toBeUndefined();
  for (const bad of ['', '.*', '**', '*.created', 'order.*.created', 'order*', 'order.']) expect(patternProblem(bad), bad).toBeDefined();
});
it('matches as the server does', () => {
  expect(patternMatches('order.*', 'order.created')).toBe(true);
  expect(patternMatches('order.*', 'order.item.added')).toBe(true);
  expect(patternMatches('order.*', 'order')).toBe(false);
  expect(patternMatches('order.*', 'orders.created')).toBe(false);
  expect(patternMatches('*', 'anything')).toBe(true);
});
it('keeps tenants apart', () => {
  const webhook = { event_types: ['order.*'], tenant: 'acme' };
  expect(takes(webhook, { type: 'order.paid', tenant: 'acme' })).toBe(true);
  expect(takes(webhook, { type: 'order.paid', tenant: null })).toBe(false);
  expect(takes({ ...webhook, tenant: null }, { type: 'order.paid', tenant: 'globex' })).toBe(true);
});
