import { expect, it } from 'vitest';
import { givableRoles, kRoles, roleLabel, untouchable } from './roles';

it('lets only owners make owners', () => {
  expect(givableRoles('owner')).toEqual(['viewer', 'developer', 'admin', 'owner']);
  expect(givableRoles('admin')).toEqual(['viewer', 'developer', 'admin']);
  expect(givableRoles('developer')).toEqual([]);
  expect(givableRoles('publish')).toEqual([]);
});
it('lets only owners touch owners, and only admins anybody', () => {
  expect(untouchable('owner', 'owner')).toBeUndefined();
  expect(untouchable('admin', 'admin')).toBeUndefined();
  expect(untouchable('admin', 'owner')).toContain('owners');
  expect(untouchable('developer', 'viewer')).toContain('admins');
});
it('names all of them', () => expect(kRoles.map((one) => roleLabel(one.value))).toEqual(['Viewer', 'Developer', 'Admin', 'Owner']));
