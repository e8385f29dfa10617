/// Ids say what they are of: `evt_…`, `whk_…`, `dlv_…`, `job_…`.
const kPages: Record<string, { name: string; path: string }> = {
  evt: { name: 'Event', path: '/events' },
  whk: { name: 'Webhook', path: '/webhooks' },
  dlv: { name: 'Delivery', path: '/deliveries' },
  job: { name: 'Job', path: '/jobs' },
};

/// The page of what the id names, or null if it is none.
export function pageOfId(text: string): { name: string; path: string } | null {
  const match = /^(evt|whk|dlv|job)_[0-9a-z]{13}$/.exec(text.trim());
  const page = match && kPages[match[1] ?? ''];
  return page ? { name: page.name, path: `${page.path}/${match[0]}` } : null;
}

/// Lower-case letters and digits, from the browser's source of chance.
export function randomId(length: number): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => alphabet[byte & 31]).join('');
}
