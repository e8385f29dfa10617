/// Dead letters by webhook and reason.
import type { Delivery } from '@/api/models';
import { explainFailure, reasonText, statusName } from '@/lib/attempt-errors';

type Dead = Pick<Delivery, 'id' | 'webhook_id' | 'webhook_url' | 'reason' | 'last_error' | 'last_status_code' | 'created_at' | 'ended_at'>;

export interface DeadGroup {
  webhook_id: string;
  webhook_url: string | null;
  why: string;
  count: number;
  /// When the last of them died.
  newest: string;
}

/// Why it died, as it stands in the URL: the number of the last answer, or the last error's code.
export function whyOf({ last_error, last_status_code, reason }: Pick<Dead, 'last_error' | 'last_status_code' | 'reason'>): string {
  if (last_error && last_error !== 'status' && last_error !== 'redirect') return last_error;
  if (last_status_code) return String(last_status_code);
  return last_error ?? reason ?? 'unknown';
}

export function whyTitle(why: string): string {
  if (/^\d+$/.test(why)) return statusName(Number(why));
  const reason = reasonText(why);
  if (reason !== why) return reason.replace(/\.$/, '');
  return why === 'unknown' ? 'No reason known' : (explainFailure(why, null)?.title ?? why);
}

/// What to do about all of them.
export function whyTodo(why: string): string | null {
  return (/^\d+$/.test(why) ? explainFailure(null, Number(why)) : why === 'unknown' ? null : explainFailure(why, null))?.todo ?? null;
}

/// The largest first; among equals the one where something died last.
export function groupDead(rows: readonly Dead[]): DeadGroup[] {
  const groups = new Map<string, DeadGroup>();
  for (const row of rows) {
    const why = whyOf(row);
    const key = `${row.webhook_id} ${why}`;
    const at = row.ended_at ?? row.created_at;
    const group = groups.get(key);
    if (!group) groups.set(key, { webhook_id: row.webhook_id, webhook_url: row.webhook_url, why, count: 1, newest: at });
    else {
      group.count++;
      if (at > group.newest) group.newest = at;
    }
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.newest.localeCompare(a.newest));
}

/// How many go to each webhook, those with most first.
export function countByWebhook(rows: readonly Pick<Dead, 'webhook_id' | 'webhook_url'>[]): { webhook_id: string; webhook_url: string | null; count: number }[] {
  const counts = new Map<string, { webhook_id: string; webhook_url: string | null; count: number }>();
  for (const { webhook_id, webhook_url } of rows) {
    const one = counts.get(webhook_id);
    if (one) one.count++;
    else counts.set(webhook_id, { webhook_id, webhook_url, count: 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
