/// The token of an invitation. It comes in the fragment of /accept, is taken out of the address at once, and stays in the
/// tab while somebody who has an account signs in.
const kKey = 'eventrelay.invitation';
let held: string | null = null;

export function keptToken(): string | null {
  if (held) return held;
  try {
    return sessionStorage.getItem(kKey);
  } catch {
    return null;
  }
}

export function keepToken(token: string | null): void {
  held = token;
  try {
    if (token) sessionStorage.setItem(kKey, token);
    else sessionStorage.removeItem(kKey);
  } catch {
    // It lives as long as this page, then.
  }
}

export function tokenOf(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token');
}
