import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { get, patch, post, remove } from '@/api/client';
import { keys } from '@/api/keys';
import type { ApiKey, Invitation, Member, Role, Scope } from '@/api/models';
import { useSession } from '@/api/session';

// All errors but that of a role are shown by the dialog or form that asks.
const kShown = { shown: true };

export const settingsQuery = queryOptions({
  queryKey: keys.settings,
  queryFn: ({ signal }) => get('/api/settings', { signal }),
  // Workers come and go.
  refetchInterval: 15_000,
});

export function useSetRetention() {
  const client = useQueryClient();
  return useMutation({
    meta: kShown,
    mutationFn: (days: number) => patch('/api/settings', { retention_days: days }),
    onSuccess: (settings) => client.setQueryData(settingsQuery.queryKey, settings),
  });
}

export function useRename() {
  const client = useQueryClient();
  const { organization } = useSession();
  return useMutation({
    meta: kShown,
    mutationFn: (name: string) => patch('/api/organizations/{id}', { name }, { path: { id: organization.id } }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.session }),
  });
}

export function useCreateKey() {
  const client = useQueryClient();
  return useMutation({
    meta: kShown,
    mutationFn: (key: { name: string; scope: Scope }) => post('/api/keys', key),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.apiKeys.all }),
  });
}

export function useDeleteKey() {
  const client = useQueryClient();
  return useMutation({
    meta: kShown,
    mutationFn: ({ id }: Pick<ApiKey, 'id'>) => remove('/api/keys/{id}', { path: { id } }),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.apiKeys.all }),
  });
}

/// Loads the members again, and the session where it was oneself.
function useMemberChanged(): (id: string) => void {
  const client = useQueryClient();
  const { user } = useSession();
  return (id) => {
    void client.invalidateQueries({ queryKey: keys.members.all });
    if (id === user?.id) void client.invalidateQueries({ queryKey: keys.session });
  };
}

export function useSetRole() {
  const changed = useMemberChanged();
  return useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) => patch('/api/users/{id}', { role }, { path: { id } }),
    onSuccess: (_answer, { id }) => changed(id),
  });
}

export function useRemoveMember() {
  const changed = useMemberChanged();
  return useMutation({
    meta: kShown,
    mutationFn: ({ id }: Pick<Member, 'id'>) => remove('/api/users/{id}', { path: { id } }),
    onSuccess: (_answer, { id }) => changed(id),
  });
}

const kInvitationsMax = 250;
/// Whoever is beyond it is named by their id.
const kNamesMax = 250;

/// The open ones. They stand beside the list of members, whose page is in the URL: so all at once.
export const invitationsQuery = queryOptions({
  queryKey: keys.invitations.list(),
  queryFn: async ({ signal }) => (await get('/api/invitations', { query: { limit: kInvitationsMax }, signal })).data,
});

/// E-mail addresses of members and open invitations, by their ids.
export const namesQuery = queryOptions({
  queryKey: keys.members.list({ names: true }),
  queryFn: async ({ signal }): Promise<Map<string, string>> => {
    const [members, invited] = await Promise.all([get('/api/users', { query: { limit: kNamesMax }, signal }), get('/api/invitations', { query: { limit: kNamesMax }, signal })]);
    return new Map([...members.data, ...invited.data].map(({ id, email }) => [id, email]));
  },
});

export function useInvite() {
  const client = useQueryClient();
  return useMutation({
    meta: kShown,
    mutationFn: (whom: { email: string; role: Role }) => post('/api/invitations', whom),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.invitations.all }),
  });
}

export function useWithdraw() {
  const client = useQueryClient();
  return useMutation({
    meta: kShown,
    mutationFn: ({ id }: Pick<Invitation, 'id'>) => remove('/api/invitations/{id}', { path: { id } }),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.invitations.all }),
  });
}
