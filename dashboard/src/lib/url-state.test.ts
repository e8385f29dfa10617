import { describe, expect, it } from 'vitest';
import { applyParams, choice, flag, integer, parseParams, resolveTime, text, time } from './url-state';

const params = { status: choice(['pending', 'dead']), window: choice(['15m', '1h'], '1h'), type: text(), after: time(), live: flag(), rate: integer(50, 1, 100) };
const parse = (search: string) => parseParams(params, new URLSearchParams(search));

describe('parseParams', () => {
  it('has defaults for what is absent', () => {
    expect(parse('')).toEqual({ status: undefined, window: '1h', type: '', after: '', live: false, rate: 50 });
  });
  it('reads what is there', () => {
    expect(parse('status=dead&window=15m&type=order.paid&after=24h&live=1&rate=7')).toEqual({ status: 'dead', window: '15m', type: 'order.paid', after: '24h', live: true, rate: 7 });
  });
  it('takes what it does not understand as absent', () => {
    expect(parse('status=alive&window=2h&after=soon&rate=1000&rate=x')).toEqual(parse(''));
  });
});

describe('applyParams', () => {
  const apply = (search: string, patch: Parameters<typeof applyParams<typeof params>>[2]) => applyParams(params, new URLSearchParams(search), patch).toString();
  it('writes no defaults', () => expect(apply('window=15m&rate=7', { window: '1h', rate: 50 })).toBe(''));
  it('keeps what others wrote', () => expect(apply('tab=raw', { type: ' a.b ' })).toBe('tab=raw&type=a.b'));
  it('takes a parameter out by undefined', () => expect(apply('status=dead', { status: undefined })).toBe(''));
  it('begins a list again when a filter changes', () => expect(apply('cursor=abc', { status: 'dead' })).toBe('status=dead'));
});

describe('resolveTime', () => {
  const now = Date.UTC(2026, 4, 10, 12, 0, 42);
  it('turns a span into a time that is stable within a minute', () => {
    expect(resolveTime('1h', now)).toBe('2026-05-10T11:00:00.000Z');
    expect(resolveTime('1h', now + 10_000)).toBe('2026-05-10T11:00:00.000Z');
  });
  it('leaves a time as it is, and nothing nothing', () => {
    expect(resolveTime('2026-05-01T00:00:00Z')).toBe('2026-05-01T00:00:00.000Z');
    expect(resolveTime('')).toBeUndefined();
  });
});
