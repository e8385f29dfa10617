import { expect, it } from 'vitest';
import { parseRate } from './rate';

it('is none for nothing', () => expect(parseRate('  ')).toEqual({ rate: null }));
it('takes whole numbers within the bounds', () => expect([parseRate('1'), parseRate(' 50 '), parseRate('10000')]).toEqual([{ rate: 1 }, { rate: 50 }, { rate: 10_000 }]));
it.each(['0', '10001', '1.5', '-3', '1e3', 'fast'])('refuses %s', (text) => expect(parseRate(text).problem).toBeDefined());
