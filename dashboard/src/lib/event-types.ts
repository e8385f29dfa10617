/// Types of events and the patterns of webhooks, by the server's rules (src/domain/event_type.cc).

const kCharsMax = 128;

function wordsProblem(words: string): string | undefined {
  if (/[^A-Za-z0-9_.-]/.test(words)) return 'Words of letters, digits, _ and -, joined by dots.';
  if (words.startsWith('.') || words.includes('..')) return 'A word is missing before a dot.';
  return words.endsWith('.') ? 'A word is missing after the last dot.' : undefined;
}

/// What is wrong with it, or nothing.
export function typeProblem(type: string): string | undefined {
  if (type === '') return 'A type is needed, for example order.created.';
  if (type.length > kCharsMax) return `At most ${kCharsMax} characters.`;
  return wordsProblem(type);
}

/// An exact type, `order.*`, or `*`.
export function patternProblem(pattern: string): string | undefined {
  if (pattern === '*') return undefined;
  if (pattern === '') return 'A type is needed, for example order.created, order.* or *.';
  if (pattern.length > kCharsMax) return `At most ${kCharsMax} characters.`;
  const words = pattern.endsWith('.*') ? pattern.slice(0, -2) : pattern;
  if (words === '') return 'A word is missing before .*';
  if (words.includes('*')) return '* stands alone or as the last word: order.*';
  return wordsProblem(words);
}

export function patternMatches(pattern: string, type: string): boolean {
  if (pattern === '*') return true;
  // With its dot: `order.*` takes neither `order` nor `orders.x`.
  return pattern.endsWith('.*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}

interface Taker {
  event_types: readonly string[];
  tenant: string | null;
}

/// Does the webhook get the event? A paused one does: its deliveries wait.
export function takes(webhook: Taker, event: { type: string; tenant: string | null }): boolean {
  if (webhook.tenant && webhook.tenant !== event.tenant) return false;
  return webhook.event_types.some((pattern) => patternMatches(pattern, event.type));
}
