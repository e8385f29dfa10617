/// A delivery's last attempt in a few words: "answered 503", "no answer in time".
const kErrors: Record<string, string> = {
  redirect: 'answered with a redirect',
  dns: 'its name was not found',
  address_denied: 'its address is not allowed',
  connect: 'could not connect',
  connect_timeout: 'connecting took too long',
  tls: 'no secure connection',
  timeout: 'no answer in time',
  connection_closed: 'the connection was closed',
  protocol: 'the answer was no HTTP',
  invalid_url: 'its URL is not valid',
  interrupted: 'interrupted',
};

export function lastAnswer(delivery: { last_status_code: number | null; last_error: string | null }): string | null {
  if (delivery.last_status_code !== null) return `answered ${delivery.last_status_code}`;
  return delivery.last_error === null ? null : (kErrors[delivery.last_error] ?? delivery.last_error);
}

const kReasons: Record<string, string> = {
  gone: 'its receiver is gone',
  attempts_exhausted: 'all attempts are used up',
  webhook_deleted: 'its webhook was deleted',
  purged: 'purged from the dead letters',
  cancelled_by_user: 'cancelled by somebody',
};

/// Why it is dead or cancelled.
export function endReason(reason: string | null): string | null {
  return reason === null ? null : (kReasons[reason] ?? reason.replaceAll('_', ' '));
}
