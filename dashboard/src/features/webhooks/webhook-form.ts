/// A webhook's form: texts as they are typed, what is wrong with them by the server's rules, and the bodies that they make.
import type { NewWebhook, Webhook, WebhookPatch } from '@/api/models';
import { patternProblem } from '@/lib/event-types';
import { parseDuration } from '@/lib/time';
import { durationText, isExact, kAttemptsMax, kDefaultRetry, kWaitMaxMs, type Retry } from './retry-schedule';

export interface HeaderRow {
  id: number;
  name: string;
  value: string;
}

export interface WebhookForm {
  url: string;
  patterns: readonly string[];
  /// Being typed; counts as a pattern when the form is sent.
  pattern: string;
  tenant: string;
  description: string;
  headers: readonly HeaderRow[];
  ordered: boolean;
  maxInFlight: string;
  timeout: string;
  retryKind: 'exponential' | 'exact';
  maxAttempts: string;
  initial: string;
  multiplier: string;
  max: string;
  /// Waits, separated by commas.
  schedule: string;
  /// Of new ones only: what comes waits until it is resumed.
  paused: boolean;
  /// Of new ones only; '' lets the server make it.
  secret: string;
}

export type FormField = Exclude<keyof WebhookForm, 'pattern' | 'ordered' | 'retryKind' | 'paused'>;
export type FormProblems = Partial<Record<FormField, string>>;

/// The paths of the fields in the server's errors.
export const kPaths: Record<FormField, string> = {
  url: 'url',
  patterns: 'event_types',
  tenant: 'tenant',
  description: 'description',
  headers: 'headers',
  maxInFlight: 'max_in_flight',
  timeout: 'timeout_ms',
  maxAttempts: 'retry.max_attempts',
  initial: 'retry.initial_ms',
  multiplier: 'retry.multiplier',
  max: 'retry.max_ms',
  schedule: 'retry.schedule_ms',
  secret: 'secret',
};

const kUrlMax = 2_048;
const kPatternsMax = 100;
const kTenantMax = 128;
const kDescriptionMax = 1_024;
const kHeadersMax = 20;
const kHeaderBytesMax = 4_096;
const kInFlightMax = 1_000;
const kTimeoutMinMs = 1_000;
const kTimeoutMaxMs = 30_000;
const kRedacted = '[redacted]';

export const kNewForm: WebhookForm = {
  url: '',
  patterns: [],
  pattern: '',
  tenant: '',
  description: '',
  headers: [],
  ordered: false,
  maxInFlight: '32',
  timeout: '15s',
  ...retryTexts(kDefaultRetry),
  paused: false,
  secret: '',
};

type RetryTexts = Pick<WebhookForm, 'retryKind' | 'maxAttempts' | 'initial' | 'multiplier' | 'max' | 'schedule'>;

function retryTexts(retry: Retry): RetryTexts {
  const policy = isExact(retry) ? kDefaultRetry : retry;
  return {
    retryKind: isExact(retry) ? 'exact' : 'exponential',
    maxAttempts: String(policy.max_attempts),
    initial: durationText(policy.initial_ms),
    multiplier: String(policy.multiplier),
    max: durationText(policy.max_ms),
    schedule: isExact(retry) ? retry.schedule_ms.map(durationText).join(', ') : '5s, 1m, 10m, 1h, 6h',
  };
}

export function formOf(webhook: Webhook): WebhookForm {
  return {
    url: webhook.url,
    patterns: webhook.event_types,
    pattern: '',
    tenant: webhook.tenant ?? '',
    description: webhook.description,
    headers: Object.entries(webhook.headers).map(([name, value], id) => ({ id, name, value })),
    ordered: webhook.ordered,
    maxInFlight: String(webhook.max_in_flight),
    timeout: durationText(webhook.timeout_ms),
    ...retryTexts(webhook.retry),
    paused: false,
    secret: '',
  };
}

/// Those that were added, and the one that is being typed.
export function allPatterns(form: Pick<WebhookForm, 'patterns' | 'pattern'>): string[] {
  return [...new Set([...form.patterns, ...splitPatterns(form.pattern)])];
}

export function splitPatterns(text: string): string[] {
  return text.split(/[\s,;]+/).filter((part) => part !== '');
}

/// `before`: the webhook that is changed.
export function problemsOf(form: WebhookForm, before?: Webhook): FormProblems {
  const problems: FormProblems = {};
  const set = (field: FormField, problem: string | undefined): void => {
    if (problem !== undefined) problems[field] = problem;
  };
  set('url', urlProblem(form.url.trim()));
  set('patterns', patternsProblem(allPatterns(form)));
  if ([...form.tenant.trim()].length > kTenantMax) set('tenant', `At most ${kTenantMax} characters.`);
  if ([...form.description.trim()].length > kDescriptionMax) set('description', `At most ${kDescriptionMax} characters.`);
  set('headers', headersProblem(form.headers, before));
  set('maxInFlight', wholeProblem(form.maxInFlight, 1, kInFlightMax));
  set('timeout', durationProblem(form.timeout, kTimeoutMinMs, kTimeoutMaxMs));
  if (form.retryKind === 'exponential') {
    set('maxAttempts', wholeProblem(form.maxAttempts, 1, kAttemptsMax));
    set('initial', durationProblem(form.initial, 1, kWaitMaxMs));
    set('multiplier', numberProblem(form.multiplier, 1, 10));
    set('max', durationProblem(form.max, 1, kWaitMaxMs));
  } else {
    set('schedule', scheduleProblem(form.schedule));
  }
  if (form.secret.trim()) set('secret', secretProblem(form.secret.trim()));
  return problems;
}

/// What is not wrong yet, only not finished: said when the field is left.
export function unfinished(field: FormField, form: WebhookForm): boolean {
  if (field === 'url') {
    const url = form.url.trim().toLowerCase();
    return 'https://'.startsWith(url) || 'http://'.startsWith(url);
  }
  if (field === 'patterns') return form.pattern.trim() === '' || /[.]$/.test(form.pattern.trim());
  if (field === 'headers') return true;
  return field === 'secret' ? 'whsec_'.startsWith(form.secret.trim()) : false;
}

/// As src/domain/target_url.cc has it, but for which addresses are allowed, which the server alone knows.
export function urlProblem(url: string): string | undefined {
  if (url === '') return 'A URL is needed, for example https://example.com/hooks.';
  if (url.length > kUrlMax) return `At most ${kUrlMax} characters.`;
  if (/[^\x21-\x7e]|\\/.test(url)) return 'No spaces, backslashes or letters beyond ASCII: write them as %20 or punycode.';
  const match = /^https?:\/\/([^/?#]*)/i.exec(url);
  if (!match) return 'It begins with https:// or http://.';
  const authority = match[1] ?? '';
  if (authority.includes('@')) return 'No user name or password in it: use a header.';
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority);
  const host = parts?.[1] ?? '';
  const port = parts?.[2];
  if (!parts) return 'This is no valid host.';
  if (host === '') return 'The host is missing.';
  if (!/^\[.+\]$/.test(host) && !isHostName(host)) return 'This is no valid host name.';
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) return 'The port is a number between 1 and 65535.';
  // The parser of the browser for what remains: addresses.
  return URL.canParse(url) ? undefined : 'This is no valid address.';
}

function isHostName(host: string): boolean {
  if (host.length > 253) return false;
  return host.split('.').every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label));
}

function patternsProblem(patterns: readonly string[]): string | undefined {
  if (patterns.length === 0) return 'At least one type, for example order.created, order.* or * for all.';
  if (patterns.length > kPatternsMax) return `At most ${kPatternsMax} types.`;
  for (const pattern of patterns) {
    const problem = patternProblem(pattern);
    if (problem) return `${pattern}: ${problem}`;
  }
  return undefined;
}

const kForbiddenHeaders = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'expect', 'content-length', 'content-type'];

export function headerProblem(name: string, value: string): string | undefined {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return name === '' ? 'A name is missing.' : `${name}: no valid name of a header.`;
  const lower = name.toLowerCase();
  if (kForbiddenHeaders.includes(lower) || lower.startsWith('proxy-') || lower.startsWith('webhook-')) return `${name} is set by EventRelay itself.`;
  return /[\x00-\x1f\x7f]/.test(value) ? `${name}: no control characters in its value.` : undefined;
}

function filled(headers: readonly HeaderRow[]): HeaderRow[] {
  return headers.map((h) => ({ ...h, name: h.name.trim(), value: h.value.trim() })).filter((h) => h.name !== '' || h.value !== '');
}

function headersProblem(rows: readonly HeaderRow[], before: Webhook | undefined): string | undefined {
  const headers = filled(rows);
  if (headers.length > kHeadersMax) return `At most ${kHeadersMax} headers.`;
  const seen = new Set<string>();
  for (const { name, value } of headers) {
    const problem = headerProblem(name, value);
    if (problem) return problem;
    if (seen.has(name.toLowerCase())) return `${name} is there twice.`;
    seen.add(name.toLowerCase());
  }
  const bytes = headers.reduce((sum, h) => sum + new TextEncoder().encode(h.name + h.value).length, 0);
  if (bytes > kHeaderBytesMax) return 'Names and values have at most 4 KiB in all.';
  // What the server hides would be stored as it is shown.
  const hidden = headers.find((h) => h.value === kRedacted);
  if (hidden && !same(headersOf(rows), before?.headers)) return `The value of ${hidden.name} is hidden: to change the headers, write it anew.`;
  return undefined;
}

function wholeProblem(text: string, min: number, max: number): string | undefined {
  const value = text.trim() === '' ? NaN : Number(text);
  return Number.isInteger(value) && value >= min && value <= max ? undefined : `A whole number between ${min} and ${max.toLocaleString('en-US')}.`;
}

function numberProblem(text: string, min: number, max: number): string | undefined {
  const value = text.trim() === '' ? NaN : Number(text);
  return value >= min && value <= max ? undefined : `A number between ${min} and ${max}.`;
}

function durationProblem(text: string, min: number, max: number): string | undefined {
  const ms = parseDuration(text);
  if (ms === null) return 'A time such as 30s, 5m, 2h or 1d.';
  return ms >= min && ms <= max ? undefined : `Between ${durationText(min)} and ${durationText(max)}.`;
}

function scheduleProblem(text: string): string | undefined {
  const parts = splitSchedule(text);
  if (parts.length === 0) return 'At least one wait, for example 5s, 1m, 1h.';
  if (parts.length >= kAttemptsMax) return `At most ${kAttemptsMax - 1} waits.`;
  for (const part of parts) {
    const ms = parseDuration(part);
    if (ms === null) return `${part} is no time: write 30s, 5m, 2h or 1d.`;
    if (ms > kWaitMaxMs) return `${part}: at most ${durationText(kWaitMaxMs)}.`;
  }
  return undefined;
}

function splitSchedule(text: string): string[] {
  return text.split(/[,;\n]+/).map((part) => part.trim()).filter((part) => part !== '');
}

function secretProblem(secret: string): string | undefined {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret);
  const encoded = match?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return 'whsec_ and base64.';
  const bytes = (encoded.length / 4) * 3 - (encoded.endsWith('==') ? 2 : encoded.endsWith('=') ? 1 : 0);
  return bytes >= 24 && bytes <= 64 ? undefined : `It has ${bytes} bytes; 24 to 64 are allowed.`;
}

/// What the form says now, or null where it is not valid: for drawing it.
export function retryOf(form: WebhookForm): Retry | null {
  if (form.retryKind === 'exact') {
    return scheduleProblem(form.schedule) ? null : { schedule_ms: splitSchedule(form.schedule).map((part) => parseDuration(part) ?? 0) };
  }
  const wrong =
    wholeProblem(form.maxAttempts, 1, kAttemptsMax) ?? durationProblem(form.initial, 1, kWaitMaxMs) ?? numberProblem(form.multiplier, 1, 10) ?? durationProblem(form.max, 1, kWaitMaxMs);
  if (wrong) return null;
  return { max_attempts: Number(form.maxAttempts), initial_ms: parseDuration(form.initial) ?? 0, multiplier: Number(form.multiplier), max_ms: parseDuration(form.max) ?? 0 };
}

function headersOf(rows: readonly HeaderRow[]): Record<string, string> {
  return Object.fromEntries(filled(rows).map((h) => [h.name, h.value]));
}

/// All members, of a form without problems.
function valuesOf(form: WebhookForm) {
  return {
    url: form.url.trim(),
    event_types: allPatterns(form),
    tenant: form.tenant.trim() || null,
    description: form.description.trim(),
    headers: headersOf(form.headers),
    ordered: form.ordered,
    max_in_flight: Number(form.maxInFlight),
    timeout_ms: parseDuration(form.timeout) ?? 0,
    retry: retryOf(form) ?? kDefaultRetry,
  };
}

export function bodyOf(form: WebhookForm): NewWebhook {
  const secret = form.secret.trim();
  return { ...valuesOf(form), ...(form.paused ? { enabled: false } : {}), ...(secret ? { secret } : {}) };
}

/// What differs from the webhook; null for nothing.
export function patchOf(webhook: Webhook, form: WebhookForm): WebhookPatch | null {
  const changed = Object.entries(valuesOf(form)).filter(([name, value]) => !same(value, webhook[name as keyof Webhook]));
  return changed.length ? (Object.fromEntries(changed) as WebhookPatch) : null;
}

/// What takes the patch back.
export function reverseOf(webhook: Webhook, patch: WebhookPatch): WebhookPatch {
  return Object.fromEntries(Object.keys(patch).map((name) => [name, webhook[name as keyof Webhook]])) as WebhookPatch;
}

/// Equal JSON; the order of an object's members does not count.
function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(',')}}`;
}
