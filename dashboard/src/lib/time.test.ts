import { describe, expect, it } from 'vitest';
import { countdown, duration, kDay, kHour, kMinute, kSecond, parseDuration, relative } from './time';

const now = Date.UTC(2026, 4, 10, 12, 0, 0);

describe('relative', () => {
  it('names the largest unit alone', () => {
    expect(relative(now - 500, now)).toBe('just now');
    expect(relative(now - 45 * kSecond, now)).toBe('45s ago');
    expect(relative(now - 119 * kSecond, now)).toBe('1m ago');
    expect(relative(now - 23 * kHour, now)).toBe('23h ago');
    expect(relative(now - 3 * kDay, now)).toBe('3d ago');
  });
  it('looks ahead', () => expect(relative(now + 3 * kMinute + 5_000, now)).toBe('in 3m'));
  it('is a date from a month on, with the year only where it is another', () => {
    expect(relative(now - 60 * kDay, now)).not.toContain('2026');
    expect(relative(now - 400 * kDay, now)).toContain('2025');
  });
  it('does not break on what is no time', () => expect(relative('soon', now)).toBe('–'));
});

describe('duration', () => {
  it.each([
    [0, '0 ms'],
    [0.84, '0.8 ms'],
    [240.4, '240 ms'],
    [1_240, '1.24 s'],
    [12_340, '12.3 s'],
    [200_000, '3m 20s'],
    [3_600_000, '1h'],
    [2 * kHour + 5 * kMinute, '2h 5m'],
    [4 * kDay + 3 * kHour, '4d 3h'],
    [NaN, '–'],
  ])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('countdown', () => {
  it('rounds up, so that it never says 0', () => expect(countdown(now + 100, now)).toBe('1 s'));
  it('is now once it has come', () => expect(countdown(now, now)).toBe('now'));
});

describe('parseDuration', () => {
  it.each([
    ['5m', 300_000],
    ['2h 30m', 9_000_000],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['90', 90_000],
    ['1d', kDay],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));
  it.each(['', 'soon', '5 x', '-3s'])('refuses "%s"', (text) => expect(parseDuration(text)).toBeNull());
});
