/// Those that a receiver checks first.
const kFirst = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

/// A request's or answer's headers in the order in which people read them: what signs it, then by name.
export function inReadingOrder(headers: Record<string, string>): [name: string, value: string][] {
  const place = (name: string): number => (kFirst.includes(name.toLowerCase()) ? kFirst.indexOf(name.toLowerCase()) : kFirst.length);
  return Object.entries(headers).sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b));
}
