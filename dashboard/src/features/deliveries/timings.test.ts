import { describe, expect, it } from 'vitest';
import { reusedConnection, segmentsOf } from './timings';

const none = { dns_ms: null, connect_ms: null, tls_ms: null, first_byte_ms: null };
const ok = { duration_ms: 100, status_code: 200, error: null, remote_address: '203.0.113.7:443', timings: { dns_ms: 10, connect_ms: 20, tls_ms: 30, first_byte_ms: 35 } };
const short = (...of: Parameters<typeof segmentsOf>) => segmentsOf(...of).map((s) => `${s.step} ${s.ms}${s.failed ? '!' : ''}`);

describe('segmentsOf', () => {
  it('gives what is left to the body', () => expect(short(ok, true)).toEqual(['dns 10', 'connect 20', 'tls 30', 'first_byte 35', 'rest 5']));
  it('leaves steps out that did not take place', () => {
    expect(short({ ...ok, duration_ms: 40, timings: { ...none, first_byte_ms: 39.8 } }, true)).toEqual(['first_byte 39.8']);
  });
  it('takes an answer outside of 2xx as one that came', () => {
    expect(short({ ...ok, status_code: 500, error: { code: 'status' } }, true).at(-1)).toBe('rest 5');
  });
  it('names the step in which it failed', () => {
    const failed = (code: string, more: Partial<typeof ok> = {}, timings: Partial<Record<keyof typeof none, number>> = {}) =>
      short({ ...ok, status_code: null as unknown as number, error: { code } as never, remote_address: null as unknown as string, ...more, timings: { ...none, ...timings } as never }, true);
    expect(failed('dns', { duration_ms: 12 }, { dns_ms: 12 })).toEqual(['dns 12!']);
    expect(failed('connect', { duration_ms: 7 }, { dns_ms: 2 })).toEqual(['dns 2', 'connect 5!']);
    expect(failed('connect_timeout', { duration_ms: 5_000 }, { dns_ms: 2 })).toEqual(['dns 2', 'connect 4998!']);
    expect(failed('timeout', { duration_ms: 15_000 })).toEqual(['dns 15000!']);
    expect(failed('tls', { duration_ms: 30, remote_address: 'x' }, { dns_ms: 1, connect_ms: 9 })).toEqual(['dns 1', 'connect 9', 'tls 20!']);
    expect(failed('connect_timeout', { duration_ms: 30, remote_address: 'x' }, { connect_ms: 10 })).toEqual(['connect 10', 'tls 20!']);
    expect(failed('timeout', { duration_ms: 30, remote_address: 'x' })).toEqual(['first_byte 30!']);
    expect(failed('connection_closed', { duration_ms: 30, remote_address: 'x' }, { first_byte_ms: 10 })).toEqual(['first_byte 10', 'rest 20!']);
  });
  it('has one segment at least', () => {
    expect(short({ ...ok, duration_ms: 0, timings: none }, false)).toEqual(['rest 0']);
  });
});

it('knows a kept connection', () => {
  expect(reusedConnection({ ...ok, timings: { ...none, first_byte_ms: 3 } })).toBe(true);
  expect(reusedConnection(ok)).toBe(false);
  expect(reusedConnection({ ...ok, remote_address: null, timings: none })).toBe(false);
});
