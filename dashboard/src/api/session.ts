/// Who is signed in, and what they may do.
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { get } from './client';
import { ApiError } from './errors';
import { keys } from './keys';
import type { Role, Session } from './models';

/// Null: nobody is signed in.
export const sessionQuery = queryOptions({
  queryKey: keys.session,
  staleTime: 60_000,
  // Who waited for it before the page was there has tried again already.
  retryOnMount: false,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await get('/api/auth/me', { signal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
});

/// Inside the layout, where somebody is signed in.
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error('useSession outside of the signed-in part');
  return data;
}

const kRank: Record<Session['role'], number> = { publish: 0, viewer: 1, developer: 2, admin: 3, owner: 4 };

export function allows(role: Session['role'], needed: Role): boolean {
  return kRank[role] >= kRank[needed];
}

/// May the person do what `needed` may? developer: change events, webhooks, deliveries, DLQ, jobs; admin: keys, people,
/// settings, audit. For buttons use `reason` as `disabledReason`: it says who may.
export function useCan(needed: Role): { can: boolean; reason: string | undefined } {
  const { data } = useQuery(sessionQuery);
  const can = data ? allows(data.role, needed) : false;
  return { can, reason: can ? undefined : `Your role here is ${data?.role ?? 'none'}: this needs ${needed} or more.` };
}

// One object for both: a channel does not hear what it says itself.
const tabs = typeof window === 'undefined' || typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('eventrelay.session');

/// Replaces the session after signing in or out or changing the organization. Nothing of the one before stays, in other
/// tabs too.
export function useReplaceSession(): (session: Session | null) => void {
  const client = useQueryClient();
  return (session) => {
    client.setQueryData(keys.session, session);
    // Not clear(): it would cut the mounted observers off the session.
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
    client.getMutationCache().clear();
    tabs?.postMessage('changed');
  };
}

/// Calls back when another tab signed in or out or changed the organization.
export function onOtherTabsSession(changed: () => void): () => void {
  tabs?.addEventListener('message', changed);
  return () => tabs?.removeEventListener('message', changed);
}
