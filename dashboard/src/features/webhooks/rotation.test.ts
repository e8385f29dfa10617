import { expect, it } from 'vitest';
import { kOverlapMs, parseRotations } from './rotation';

it('forgets what is over, and what is no rotation', () => {
  const now = 1_800_000_000_000;
  const stored = JSON.stringify({ new: now - 1_000, old: now - kOverlapMs, future: now + 1_000, odd: 'x' });
  expect(parseRotations(stored, now)).toEqual({ new: now - 1_000 });
  for (const broken of [null, '', '[', '"x"', 'null', '3']) expect(parseRotations(broken, now)).toEqual({});
});
