/// Times as people read them. All take an RFC 3339 text, a Date or milliseconds.

export type TimeLike = string | number | Date;

export const kSecond = 1_000;
export const kMinute = 60_000;
export const kHour = 3_600_000;
export const kDay = 86_400_000;

export function toMs(time: TimeLike): number {
  return typeof time === 'number' ? time : time instanceof Date ? time.getTime() : Date.parse(time);
}

/// "12s ago", "in 3m", "just now"; from a month on the date.
export function relative(time: TimeLike, now: number = Date.now()): string {
  const ms = toMs(time);
  if (Number.isNaN(ms)) return '–';
  const gap = ms - now;
  const size = Math.abs(gap);
  if (size < 2 * kSecond) return 'just now';
  if (size >= 30 * kDay) return dateOnly(ms, now);
  const text = coarse(size);
  return gap < 0 ? `${text} ago` : `in ${text}`;
}

/// The largest unit alone, rounded down: 119 s are "1m".
function coarse(ms: number): string {
  if (ms < kMinute) return `${Math.floor(ms / kSecond)}s`;
  if (ms < kHour) return `${Math.floor(ms / kMinute)}m`;
  if (ms < kDay) return `${Math.floor(ms / kHour)}h`;
  return `${Math.floor(ms / kDay)}d`;
}

function dateOnly(ms: number, now: number): string {
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(undefined, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(ms);
}

const exactFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
  timeZoneName: 'short',
});

/// To the millisecond, in the reader's zone.
export function exact(time: TimeLike): string {
  const ms = toMs(time);
  return Number.isNaN(ms) ? '–' : exactFormat.format(ms);
}

const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/// "14:03:07"
export function clock(time: TimeLike): string {
  return clockFormat.format(toMs(time));
}

/// A duration with at most two units: "0.8 ms", "240 ms", "1.24 s", "3m 20s", "2h 5m", "4d 3h".
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const size = Math.abs(ms);
  if (size === 0) return '0 ms';
  if (size < 0.1) return '<0.1 ms';
  if (size < 10) return `${trim(size, 1)} ms`;
  if (size < kSecond) return `${Math.round(size)} ms`;
  if (size < 10 * kSecond) return `${trim(size / kSecond, 2)} s`;
  if (size < kMinute) return `${trim(size / kSecond, 1)} s`;
  const two = (big: number, bigUnit: string, small: number, smallUnit: string): string => {
    const whole = Math.floor(size / big);
    const rest = Math.floor((size - whole * big) / small);
    return rest ? `${whole}${bigUnit} ${rest}${smallUnit}` : `${whole}${bigUnit}`;
  };
  if (size < kHour) return two(kMinute, 'm', kSecond, 's');
  if (size < kDay) return two(kHour, 'h', kMinute, 'm');
  return two(kDay, 'd', kHour, 'h');
}

/// What is left until `time`: "now" once it has come.
export function countdown(time: TimeLike, now: number = Date.now()): string {
  const left = toMs(time) - now;
  if (left <= 0) return 'now';
  return duration(Math.ceil(left / kSecond) * kSecond).replace('.0', '');
}

/// "5m", "2h 30m", "1d", "250ms" or plain seconds, as people type them, in milliseconds; null if it is none of that.
export function parseDuration(text: string): number | null {
  const units: Record<string, number> = { ms: 1, s: kSecond, m: kMinute, h: kHour, d: kDay };
  const trimmed = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * kSecond);
  if (!/^(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$/.test(trimmed)) return null;
  let total = 0;
  for (const [, number, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/g)) {
    total += Number(number) * (units[unit ?? ''] ?? 0);
  }
  return Math.round(total);
}

/// For <input type="datetime-local">, which has no zone: the reader's.
export function toLocalInput(time: TimeLike): string {
  const d = new Date(toMs(time));
  if (Number.isNaN(d.getTime())) return '';
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
