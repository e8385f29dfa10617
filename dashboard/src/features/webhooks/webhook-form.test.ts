import { describe, expect, it } from 'vitest';
import type { Webhook } from '@/api/models';
import { allPatterns, bodyOf, formOf, kNewForm, patchOf, problemsOf, retryOf, reverseOf, unfinished, urlProblem, type WebhookForm } from './webhook-form';

const good: WebhookForm = { ...kNewForm, url: 'https://example.com/hooks', patterns: ['order.*'] };
const webhook: Webhook = {
  id: 'whk_0000000000001', url: 'https://example.com/hooks', event_types: ['order.*'], tenant: null, description: 'Orders', headers: { 'x-b': '2', authorization: 'Bearer 1' }, ordered: false,
  max_in_flight: 32, timeout_ms: 15_000, retry: { max_attempts: 12, initial_ms: 5_000, multiplier: 3, max_ms: 21_600_000 }, enabled: true, disabled_reason: null, failing_since: null,
  created_at: '2026-05-01T12:00:00.000Z', updated_at: '2026-05-01T12:00:00.000Z',
};

describe('URL', () => {
  it('takes what the server takes', () => {
    for (const url of ['https://example.com', 'http://localhost:8080/a?b=c', 'https://[::1]:9000/x', 'http://receiver.eventrelay.internal/try-1', 'HTTPS://a_b.example/']) expect(urlProblem(url), url).toBeUndefined();
  });
  it('refuses what the server refuses', () => {
    for (const url of ['', 'example.com', 'ftp://example.com', 'https://', 'https://u:p@example.com', 'https://exa mple.com', 'https://bücher.example', 'https://a.example:0', 'https://a.example:70000', 'https://a..example', 'https://a.example\\x', 'https://[::1', 'https://256.1.1.1/', `https://a.example/${'x'.repeat(2_048)}`]) expect(urlProblem(url), url).toBeDefined();
  });
  it('does not complain about a beginning', () => {
    expect(unfinished('url', { ...good, url: 'htt' })).toBe(true);
    expect(unfinished('url', { ...good, url: 'https://' })).toBe(true);
    expect(unfinished('url', { ...good, url: 'ftp:' })).toBe(false);
  });
});

describe('new', () => {
  it('needs a URL and types, nothing else', () => {
    expect(Object.keys(problemsOf(kNewForm))).toEqual(['url', 'patterns']);
    expect(problemsOf(good)).toEqual({});
  });
  it('counts what is being typed as a type', () => {
    const form = { ...good, patterns: [], pattern: 'order.created, invoice.* order.created' };
    expect(allPatterns(form)).toEqual(['order.created', 'invoice.*']);
    expect(problemsOf(form)).toEqual({});
    expect(problemsOf({ ...form, pattern: 'order.*.x' }).patterns).toContain('order.*.x');
  });
  it('makes the body', () => {
    expect(bodyOf({ ...good, tenant: ' ', headers: [{ id: 1, name: ' x-a ', value: ' 1 ' }, { id: 2, name: '', value: '' }] })).toEqual({
      url: 'https://example.com/hooks', event_types: ['order.*'], tenant: null, description: '', headers: { 'x-a': '1' }, ordered: false, max_in_flight: 32, timeout_ms: 15_000,
      retry: { max_attempts: 12, initial_ms: 5_000, multiplier: 3, max_ms: 21_600_000 },
    });
    expect(bodyOf({ ...good, paused: true }).enabled).toBe(false);
    expect(bodyOf({ ...good, retryKind: 'exact', schedule: '5s, 1m' }).retry).toEqual({ schedule_ms: [5_000, 60_000] });
  });
  it('checks numbers and times', () => {
    const problems = problemsOf({ ...good, maxInFlight: '0', timeout: '31s', maxAttempts: '101', initial: 'soon', multiplier: '0.5', max: '31d' });
    expect(Object.keys(problems).sort()).toEqual(['initial', 'max', 'maxAttempts', 'maxInFlight', 'multiplier', 'timeout']);
    expect(problemsOf({ ...good, retryKind: 'exact', schedule: '5s, never', maxAttempts: '' })).toEqual({ schedule: 'never is no time: write 30s, 5m, 2h or 1d.' });
    expect(retryOf({ ...good, multiplier: 'x' })).toBeNull();
  });
  it('checks headers', () => {
    const rows = (...names: string[]) => names.map((name, id) => ({ id, name, value: 'v' }));
    expect(problemsOf({ ...good, headers: rows('X-A', 'x-a') }).headers).toContain('twice');
    for (const name of ['Host', 'webhook-id', 'content-type', 'a b', 'proxy-x']) expect(problemsOf({ ...good, headers: rows(name) }).headers, name).toBeDefined();
  });
  it('checks a secret that was brought along', () => {
    expect(problemsOf({ ...good, secret: `whsec_${btoa('x'.repeat(24))}` })).toEqual({});
    for (const secret of ['abc', 'whsec_abc', `whsec_${btoa('x'.repeat(23))}`, `whsec_${btoa('x'.repeat(65))}`]) expect(problemsOf({ ...good, secret }).secret, secret).toBeDefined();
  });
});

describe('change', () => {
  it('is nothing when nothing changed', () => {
    expect(problemsOf(formOf(webhook), webhook)).toEqual({});
    expect(patchOf(webhook, formOf(webhook))).toBeNull();
    const exact = { ...webhook, retry: { schedule_ms: [0, 1_500, 60_000] } };
    expect(patchOf(exact, formOf(exact))).toBeNull();
  });
  it('names only what changed, and can be taken back', () => {
    const patch = patchOf(webhook, { ...formOf(webhook), tenant: 'acme', timeout: '20s' });
    expect(patch).toEqual({ tenant: 'acme', timeout_ms: 20_000 });
    expect(reverseOf(webhook, patch ?? {})).toEqual({ tenant: null, timeout_ms: 15_000 });
  });
  it('does not store a value that is hidden', () => {
    const hidden = { ...webhook, headers: { authorization: '[redacted]' } };
    const form = formOf(hidden);
    expect(problemsOf(form, hidden)).toEqual({});
    expect(problemsOf({ ...form, headers: [...form.headers, { id: 9, name: 'x-a', value: '1' }] }, hidden).headers).toContain('hidden');
  });
});
