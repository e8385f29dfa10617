/// The audit log's actions as sentences: "created the webhook".
const kActions: Record<string, string> = {
  'webhook.create': 'created the webhook',
  'webhook.update': 'changed the webhook',
  'webhook.delete': 'deleted the webhook',
  'webhook.rotate_secret': 'rotated the secret of the webhook',
  'webhook.reveal_secret': 'looked at the secret of the webhook',
  'webhook.test': 'sent a test event to the webhook',
  'delivery.retry': 'retried the delivery',
  'delivery.cancel': 'cancelled the delivery',
  'delivery.replay': 'replayed the delivery',
  'delivery.purge': 'purged the delivery',
  'event.replay': 'replayed the event',
  'dlq.replay': 'replayed dead letters by the job',
  'dlq.purge': 'purged dead letters by the job',
  'job.cancel': 'stopped the job',
  'key.create': 'created the API key',
  'key.delete': 'deleted the API key',
  'user.sign_in': 'signed in',
  'user.sign_out': 'signed out',
  'user.password': 'changed the password',
  'user.role': 'changed the role of',
  'user.remove': 'removed',
  'user.join': 'joined',
  'invitation.create': 'invited',
  'invitation.delete': 'withdrew the invitation of',
  'organization.create': 'created the organization',
  'organization.update': 'renamed the organization',
  'settings.update': 'changed the settings',
};

/// Where who did it is whom it was done to.
const kOnSelf: Record<string, string> = {
  'user.role': 'changed their own role',
  'user.remove': 'left the organization',
};

/// What the server does not tell yet is shown as it is: "thing.happen" → "thing happen".
export function actionWords(action: string, onSelf = false): string {
  if (onSelf && kOnSelf[action]) return kOnSelf[action];
  return kActions[action] ?? action.replaceAll(/[._]/g, ' ');
}

/// What it changed or took away, for the icon; the rest only looked or came.
export function actionWeight(action: string): 'gone' | 'changed' | 'seen' {
  if (/\.(delete|purge|remove|cancel)$/.test(action)) return 'gone';
  return /\.(sign_in|sign_out|reveal_secret|test|join)$/.test(action) ? 'seen' : 'changed';
}

/// Rows by the day on which they were, in the reader's zone, in their order.
export function byDay<T extends { created_at: string }>(rows: readonly T[], dayOf: (time: string) => string): { day: string; rows: T[] }[] {
  const days: { day: string; rows: T[] }[] = [];
  for (const row of rows) {
    const day = dayOf(row.created_at);
    const last = days.at(-1);
    if (last?.day === day) last.rows.push(row);
    else days.push({ day, rows: [row] });
  }
  return days;
}
