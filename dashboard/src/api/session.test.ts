import { expect, it } from 'vitest';
import { allows } from './session';

it('each role may what those below it may', () => {
  const roles = ['publish', 'viewer', 'developer', 'admin', 'owner'] as const;
  for (const needed of ['viewer', 'developer', 'admin', 'owner'] as const) {
    expect(roles.filter((role) => allows(role, needed))).toEqual(roles.slice(roles.indexOf(needed)));
  }
});
