/// Filters that live in the URL. A page declares its parameters once, outside of the component:
///   const kParams = { status: choice(['pending', 'dead']), type: text(), after: time() };
///   const [filters, setFilters, { active, clear }] = useUrlState(kParams);
/// What the URL holds that no parameter understands is as if it were not there. Defaults are not written.
import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';

export interface Param<T> {
  /// Of null for an absent one: the default.
  parse(raw: string | null): T;
  /// Null: leave it out.
  format(value: T): string | null;
}
export type Params = Record<string, Param<never> | Param<unknown>>;
/// The value type of each parameter.
export type Values<P> = { [K in keyof P]: P[K] extends Param<infer T> ? T : never };

/// '' for none.
export function text(): Param<string> {
  return { parse: (raw) => raw?.trim() ?? '', format: (value) => value.trim() || null };
}

/// One of `values`; undefined for none.
export function choice<const V extends readonly string[]>(values: V): Param<V[number] | undefined>;
export function choice<const V extends readonly string[]>(values: V, fallback: V[number]): Param<V[number]>;
export function choice(values: readonly string[], fallback?: string): Param<string | undefined> {
  return {
    parse: (raw) => (raw !== null && values.includes(raw) ? raw : fallback),
    format: (value) => (value === undefined || value === fallback ? null : value),
  };
}

export function flag(): Param<boolean> {
  return { parse: (raw) => raw === '1' || raw === 'true', format: (value) => (value ? '1' : null) };
}

export function integer(fallback: number, min: number, max: number): Param<number> {
  return {
    parse: (raw) => {
      const value = raw === null || raw === '' ? NaN : Number(raw);
      return Number.isInteger(value) && value >= min && value <= max ? value : fallback;
    },
    format: (value) => (value === fallback ? null : String(value)),
  };
}

/// An RFC 3339 time, or a span before now (`1h`, `24h`, `7d`), which moves with the clock; '' for none.
/// For the API: `resolveTime`.
export function time(): Param<string> {
  return {
    parse: (raw) => (raw !== null && (kSpan.test(raw) || !Number.isNaN(Date.parse(raw))) ? raw : ''),
    format: (value) => value || null,
  };
}

const kSpan = /^(\d{1,4})([mhd])$/;

/// What the API wants: RFC 3339, rounded down to the minute for spans, so that a list's key does not change with every
/// render; undefined for none.
export function resolveTime(value: string, now = Date.now()): string | undefined {
  const span = kSpan.exec(value);
  if (!span) return value ? new Date(value).toISOString() : undefined;
  const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[span[2] as 'm' | 'h' | 'd'];
  return new Date(Math.floor(now / 60_000) * 60_000 - Number(span[1]) * unit).toISOString();
}

export function parseParams<P extends Params>(params: P, search: URLSearchParams): Values<P> {
  const values: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(params)) values[name] = param.parse(search.get(name));
  return values as Values<P>;
}

/// The search with `patch` written into it. A changed filter starts the list again: the cursor goes.
export function applyParams<P extends Params>(params: P, search: URLSearchParams, patch: Partial<Values<P>>): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(patch)) {
    const param = params[name] as Param<unknown> | undefined;
    if (!param) continue;
    const raw = value === undefined ? null : param.format(value);
    if (raw === null) next.delete(name);
    else next.set(name, raw);
  }
  if (!('cursor' in patch)) next.delete('cursor');
  return next;
}

interface UrlStateTools<P> {
  /// How many parameters differ from their default.
  active: number;
  /// Takes all of them out, or those named.
  clear: (...names: (keyof P)[]) => void;
}

export function useUrlState<P extends Params>(
  params: P,
): [Values<P>, (patch: Partial<Values<P>>, how?: { push?: boolean }) => void, UrlStateTools<P>] {
  const [search, setSearch] = useSearchParams();
  const values = useMemo(() => parseParams(params, search), [params, search]);
  const set = useCallback(
    (patch: Partial<Values<P>>, how: { push?: boolean } = {}) =>
      setSearch((now) => applyParams(params, now, patch), { replace: !how.push, preventScrollReset: true }),
    [params, setSearch],
  );
  const clear = useCallback(
    (...names: (keyof P)[]) =>
      setSearch((now) => {
        const next = new URLSearchParams(now);
        for (const name of names.length ? names : Object.keys(params)) next.delete(String(name));
        next.delete('cursor');
        return next;
      }, { replace: true }),
    [params, setSearch],
  );
  const active = Object.entries(params).filter(
    ([name, param]) => (param as Param<unknown>).format(values[name as keyof P]) !== null,
  ).length;
  return [values, set, { active, clear }];
}
