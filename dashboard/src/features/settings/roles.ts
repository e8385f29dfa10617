/// Who may do what with whom.
import type { Role } from '@/api/models';

export const kRoles: readonly { value: Role; label: string; may: string }[] = [
  { value: 'viewer', label: 'Viewer', may: 'Sees everything but keys, secrets and these settings; changes nothing.' },
  { value: 'developer', label: 'Developer', may: 'Also changes events, webhooks with their secrets, deliveries, dead letters and jobs.' },
  { value: 'admin', label: 'Admin', may: 'Also manages keys, people and settings, and reads the audit log.' },
  { value: 'owner', label: 'Owner', may: 'Also makes owners and renames the organization.' },
];

export function roleLabel(role: string): string {
  return kRoles.find((one) => one.value === role)?.label ?? role;
}

export function roleMay(role: string): string {
  return kRoles.find((one) => one.value === role)?.may ?? '';
}

/// Roles that somebody with the role `mine` may give. Only owners make owners.
export function givableRoles(mine: string): readonly Role[] {
  const all = kRoles.map((one) => one.value);
  if (mine === 'owner') return all;
  return mine === 'admin' ? all.filter((role) => role !== 'owner') : [];
}

/// Why the role of `theirs` may not be changed by `mine`, nor they removed; undefined if it may.
export function untouchable(mine: string, theirs: string): string | undefined {
  if (mine !== 'owner' && mine !== 'admin') return 'Only admins and owners manage people.';
  return theirs === 'owner' && mine !== 'owner' ? 'Only owners change or remove owners.' : undefined;
}
