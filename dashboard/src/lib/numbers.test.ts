import { describe, expect, it } from 'vitest';
import { bytes, compact, int, percent, perSecond, plural } from './numbers';

describe('compact', () => {
  it.each([
    [0, '0'],
    [0.25, '0.3'],
    [999, '999'],
    [1_234, '1.2k'],
    [34_000, '34k'],
    [999_600, '1M'],
    [1_250_000, '1.3M'],
  ])('%d is %s', (value, text) => expect(compact(value)).toBe(text));
});

describe('percent', () => {
  it('never says 100% where something failed, nor 0% where something succeeded', () => {
    expect(percent(0.99999)).toBe('>99.99%');
    expect(percent(0.00001)).toBe('<0.01%');
    expect(percent(0.9999)).toBe('99.99%');
    expect(percent(1)).toBe('100%');
    expect(percent(0)).toBe('0%');
  });
  it('is a dash for nothing', () => expect(percent(null)).toBe('–'));
  it('rounds down', () => expect(percent(0.9666)).toBe('96.6%'));
});

it('counts a second', () => {
  expect([perSecond(0), perSecond(0.004), perSecond(0.126), perSecond(3.42), perSecond(1_200)]).toEqual(['0/s', '<0.01/s', '0.13/s', '3.4/s', '1.2k/s']);
});
it('groups digits', () => expect(int(1_234_567)).toBe('1,234,567'));
it('has binary units', () => expect([bytes(512), bytes(262_144), bytes(1_572_864)]).toEqual(['512 B', '256 KiB', '1.5 MiB']));
it('knows one from many', () => expect([plural(1, 'event'), plural(0, 'delivery', 'deliveries')]).toEqual(['1 event', '0 deliveries']));
