import { expect, it } from 'vitest';
import { draftProblems, eventBody, kExampleDraft, testBody } from './event-draft';

it('has an example that can be sent as it is', () => {
  expect(draftProblems(kExampleDraft)).toEqual({});
  expect(JSON.parse(eventBody(kExampleDraft))).toEqual({ type: 'order.created', payload: { order: 42, amount: 19.9, currency: 'EUR' } });
});
it('keeps the spelling of numbers', () => {
  const body = eventBody({ ...kExampleDraft, payload: ' {"n": 12345678901234567890, "m": 1.10} ' });
  expect(body).toBe('{"type": "order.created", "payload": {"n": 12345678901234567890, "m": 1.10}}');
});
it('leaves the payload of a test to the server, or sends it as it was typed', () => {
  expect(testBody(' ')).toBe('{}');
  expect(testBody(' {"m": 1.10}\n')).toBe('{"payload": {"m": 1.10}}');
});
it('says where the JSON is wrong', () => {
  expect(draftProblems({ ...kExampleDraft, payload: '{\n  "a": 1,\n}' }).payload).toBe('Line 3, column 1: A comma too much.');
  expect(draftProblems({ ...kExampleDraft, payload: '  ' }).payload).toBeDefined();
});
it('wants metadata to be an object, and not too long', () => {
  expect(draftProblems({ ...kExampleDraft, metadata: '[1]' }).metadata).toBeDefined();
  expect(draftProblems({ ...kExampleDraft, metadata: `{"a": "${'x'.repeat(5_000)}"}` }).metadata).toBe('At most 4 KiB.');
  expect(eventBody({ ...kExampleDraft, tenant: ' acme ', metadata: '{"a": 1}' })).toContain('"tenant": "acme", "metadata": {"a": 1}, ');
});
it('delivers within 30 days', () => {
  const now = new Date('2026-05-01T12:00').getTime();
  expect(draftProblems({ ...kExampleDraft, deliverAt: '2026-05-30T12:00' }, now)).toEqual({});
  expect(draftProblems({ ...kExampleDraft, deliverAt: '2026-06-30T12:00' }, now).deliverAt).toBe('At most 30 days ahead.');
});
