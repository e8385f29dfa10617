/// The row of filters over a list. Its controls are bound to useUrlState:
///   <FilterBar active={active} onClear={() => clear()}>
///     <SearchInput …/> <FilterSelect label="Status" value={filters.status} options={kStatuses} onChange={…} />
///     <FilterText label="Type" …/> <FilterTime after={filters.after} before={filters.before} onChange={setFilters} />
///   </FilterBar>
import { CalendarClock, X } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { exact, toLocalInput } from '@/lib/time';
import { resolveTime } from '@/lib/url-state';
import { cx } from '@/lib/cx';
import { Button } from './button';
import { Field } from './field';
import { Input, SearchInput, Select } from './inputs';
import { Popover } from './popover';

interface FilterBarProps {
  /// How many filters are set.
  active: number;
  onClear: () => void;
  children: ReactNode;
  /// At the right end: live switch, count.
  aside?: ReactNode;
}

export function FilterBar({ active, onClear, children, aside }: FilterBarProps) {
  return (
    <div role="search" aria-label="Filters" className="mb-3 flex flex-wrap items-center gap-2">
      {children}
      {active > 0 && (
        <Button variant="ghost" icon={X} onClick={onClear}>
          Clear
        </Button>
      )}
      {aside && <div className="ml-auto flex items-center gap-2">{aside}</div>}
    </div>
  );
}

interface FilterSelectProps<V extends string> {
  label: string;
  value: V | undefined;
  options: readonly { value: V; label: string }[];
  onChange: (value: V | undefined) => void;
  className?: string;
}

export function FilterSelect<V extends string>({ label, value, options, onChange, className }: FilterSelectProps<V>) {
  return (
    <Select<V | ''>
      aria-label={label}
      value={value ?? ''}
      options={[{ value: '', label: `${label}: any` }, ...options]}
      onChange={(next) => onChange(next === '' ? undefined : next)}
      className={cx('max-sm:flex-1 max-sm:basis-32 sm:max-w-50', className)}
    />
  );
}

export function FilterText({ label, value, onChange, className }: { label: string; value: string; onChange: (value: string) => void; className?: string }) {
  return <SearchInput label={label} placeholder={label} value={value} onSearch={onChange} className={cx('max-sm:w-full sm:w-36', className)} />;
}

const kSpans = [
  { value: '15m', label: 'Last 15 minutes' },
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
];

interface FilterTimeProps {
  after: string;
  before: string;
  onChange: (patch: { after: string; before: string }) => void;
}

/// A span before now, or exact bounds.
export function FilterTime({ after, before, onChange }: FilterTimeProps) {
  const [open, setOpen] = useState(false);
  const span = kSpans.find((one) => one.value === after && !before);
  const label = span?.label ?? (after || before ? `${after ? `from ${short(after)}` : ''}${before ? ` until ${short(before)}` : ''}`.trim() : 'Any time');
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      label="Time"
      trigger={
        <Button icon={CalendarClock} className="max-w-full max-sm:flex-1 max-sm:basis-32" aria-label={`Time: ${label}`}>
          <span className="truncate">{label}</span>
        </Button>
      }
    >
      <div className="flex flex-col gap-0.5">
        {[{ value: '', label: 'Any time' }, ...kSpans].map((one) => (
          <button
            key={one.value}
            type="button"
            aria-pressed={after === one.value && !before}
            className="hover:bg-hover aria-pressed:bg-accent-soft aria-pressed:text-accent-ink rounded-md px-2 py-1 text-left text-sm"
            onClick={() => {
              onChange({ after: one.value, before: '' });
              setOpen(false);
            }}
          >
            {one.label}
          </button>
        ))}
      </div>
      <Exact key={`${after} ${before}`} after={after} before={before} onChange={onChange} onDone={() => setOpen(false)} />
    </Popover>
  );
}

function Exact({ after, before, onChange, onDone }: FilterTimeProps & { onDone: () => void }) {
  const [from, setFrom] = useState(toLocalInput(resolveTime(after) ?? ''));
  const [until, setUntil] = useState(toLocalInput(resolveTime(before) ?? ''));
  const wrong = from && until && from >= until ? 'The end must be after the beginning.' : undefined;
  const iso = (local: string): string => (local ? new Date(local).toISOString() : '');
  return (
    <form
      className="border-line mt-2 flex flex-col gap-2 border-t pt-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong) return;
        onChange({ after: iso(from), before: iso(until) });
        onDone();
      }}
    >
      <Field label="From">
        <Input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
      </Field>
      <Field label="Until" error={wrong}>
        <Input type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
      </Field>
      <Button type="submit" size="sm" disabledReason={wrong}>
        Use these times
      </Button>
    </form>
  );
}

function short(time: string): string {
  const resolved = resolveTime(time);
  return resolved ? exact(resolved).replace(/^\w+,? /, '').replace(/:\d\d[.,]\d{3}.*/, '') : '';
}
