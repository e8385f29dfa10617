import { expect, it } from 'vitest';
import { tokenOf } from './kept-token';
import { localPath } from './local-path';

it('goes only where this page is', () => {
  expect(localPath('/events?status=dead')).toBe('/events?status=dead');
  for (const bad of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '', null]) expect(localPath(bad)).toBe('/');
});
it('reads the token of the fragment', () => {
  expect(tokenOf('#token=abc-_1')).toBe('abc-_1');
  expect(tokenOf('')).toBeNull();
});
