import { expect, it } from 'vitest';
import type { Webhook, WebhookHealth } from '@/api/models';
import { listed } from './list';

const webhook = (id: string, description: string, more: Partial<Webhook> = {}) =>
  ({ id, description, url: `https://${id}.example`, event_types: ['*'], tenant: null, enabled: true, disabled_reason: null, failing_since: null, ...more }) as Webhook;
const all = [webhook('c', 'Warehouse', { tenant: 'acme' }), webhook('b', 'Billing', { failing_since: '2026-05-01T00:00:00.000Z' }), webhook('a', 'Archive', { enabled: false, disabled_reason: 'by_user' })];
const health = (id: string): WebhookHealth | undefined => (id === 'a' ? ({ failed_attempts: 7 } as WebhookHealth) : undefined);
const ids = (filters: Partial<Parameters<typeof listed>[1]>): string[] => listed(all, { q: '', status: undefined, sort: 'newest', ...filters }, health).map((w) => w.id);

it('keeps the order of the API, or sorts', () => {
  expect(ids({})).toEqual(['c', 'b', 'a']);
  expect(ids({ sort: 'name' })).toEqual(['a', 'b', 'c']);
  expect(ids({ sort: 'failures' })).toEqual(['a', 'c', 'b']);
});
it('finds by name, URL and tenant, and by state', () => {
  expect(ids({ q: 'bill' })).toEqual(['b']);
  expect(ids({ q: 'a.example' })).toContain('a');
  expect(ids({ q: 'acme' })).toEqual(['c']);
  expect(ids({ status: 'paused' })).toEqual(['a']);
  expect(ids({ status: 'failing' })).toEqual(['b']);
  expect(ids({ status: 'disabled' })).toEqual([]);
});
