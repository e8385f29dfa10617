import type { EventStatus } from '@/api/models';
import type { StreamData } from '@/api/stream';
import { typeProblem } from '@/lib/event-types';

export interface EventFilters {
  q: string;
  type: string;
  tenant: string;
  status: EventStatus | undefined;
  after: string;
  before: string;
}

/// Would the new event stand on the first page? A status is that of its beginning.
export function isOnFirstPage(filters: EventFilters, created: StreamData['event.created']): boolean {
  if (filters.before) return false;
  if (filters.type && filters.type !== created.type) return false;
  if (filters.tenant && filters.tenant !== created.tenant) return false;
  if (filters.status && filters.status !== (created.deliveries > 0 ? 'pending' : 'unmatched')) return false;
  return !filters.q || created.type.startsWith(filters.q) || created.event_id.startsWith(filters.q);
}

/// No event can match: the server would refuse the question.
export function cannotMatch(filters: EventFilters): boolean {
  return filters.type !== '' && typeProblem(filters.type) !== undefined;
}
