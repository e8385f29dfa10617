/// When a secret was rotated here: the API does not tell how long the old one still signs, and a person wants to know.
/// Only the time is kept, in this browser, for as long as it matters.
import { kHour } from '@/lib/time';

export const kOverlapMs = 24 * kHour;
const kKey = 'eventrelay.rotations';

type Rotations = Record<string, number>;

/// Those that still matter, out of what is stored, which may be anything.
export function parseRotations(stored: string | null, now: number): Rotations {
  try {
    const parsed: unknown = JSON.parse(stored ?? '{}');
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] <= now && now < entry[1] + kOverlapMs));
  } catch {
    return {};
  }
}

function read(now: number): Rotations {
  try {
    return parseRotations(localStorage.getItem(kKey), now);
  } catch {
    return {};
  }
}

/// Null: none in the last 24 hours that this browser knows of.
export function rotatedAt(webhookId: string, now = Date.now()): number | null {
  return read(now)[webhookId] ?? null;
}

export function noteRotation(webhookId: string, now = Date.now()): void {
  try {
    localStorage.setItem(kKey, JSON.stringify({ ...read(now), [webhookId]: now }));
  } catch {
    // Not shown after a reload, then.
  }
}
