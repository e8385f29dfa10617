import { Check, ChevronDown, Eye, EyeOff, Minus, Search, X, type LucideIcon } from 'lucide-react';
import { useEffect, useRef, useState, type ComponentPropsWithRef, type ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { useFieldAttributes } from './field';

const kBox = cx(
  'border-line-strong/70 bg-surface text-ink w-full rounded-md border shadow-card transition-colors dark:bg-sunken',
  'hover:border-line-strong focus:border-accent-ink focus:outline-accent-ink/35 focus:outline-2 focus:outline-offset-0',
  'aria-invalid:border-bad disabled:cursor-not-allowed disabled:opacity-60',
);

export interface InputProps extends Omit<ComponentPropsWithRef<'input'>, 'size'> {
  icon?: LucideIcon;
  mono?: boolean;
  inputClassName?: string;
  /// Behind the text: a unit, a button.
  after?: ReactNode;
}

export function Input({ icon: Icon, mono, after, className, inputClassName, ...rest }: InputProps) {
  return (
    <div className={cx('relative min-w-0', className)}>
      {Icon && <Icon size={16} aria-hidden className="text-muted pointer-events-none absolute top-2 left-2.5" />}
      <input
        type="text"
        autoComplete="off"
        className={cx(kBox, 'h-8 px-2.5 text-sm max-sm:text-base', mono && 'font-mono', Icon && 'pl-8', after && 'pr-10', inputClassName)}
        {...useFieldAttributes()}
        {...rest}
      />
      {after && <div className="text-muted absolute inset-y-0 right-1 flex items-center gap-1 text-xs">{after}</div>}
    </div>
  );
}

/// With an eye that shows what was typed.
export function PasswordInput(props: Omit<InputProps, 'type' | 'after'>) {
  const [shown, setShown] = useState(false);
  return (
    <Input
      {...props}
      type={shown ? 'text' : 'password'}
      spellCheck={false}
      after={
        <button
          type="button"
          aria-label={shown ? 'Hide the password' : 'Show the password'}
          aria-pressed={shown}
          className="text-muted hover:text-ink rounded p-1"
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
        </button>
      }
    />
  );
}

export function Textarea({ mono, className, ...rest }: ComponentPropsWithRef<'textarea'> & { mono?: boolean }) {
  return (
    <textarea
      rows={4}
      className={cx(kBox, 'block min-h-16 px-2.5 py-1.5 text-sm max-sm:text-base', mono && 'font-mono leading-5', className)}
      {...useFieldAttributes()}
      {...rest}
    />
  );
}

export interface SelectOption<V extends string> {
  value: V;
  label: string;
}

export interface SelectProps<V extends string> extends Omit<ComponentPropsWithRef<'select'>, 'value' | 'onChange' | 'size'> {
  value: V;
  options: readonly SelectOption<V>[];
  onChange: (value: V) => void;
}

/// The browser's own: nothing works better on a telephone or with a screen reader.
export function Select<V extends string>({ value, options, onChange, className, ...rest }: SelectProps<V>) {
  return (
    <div className={cx('relative min-w-0', className)}>
      <select
        value={value}
        onChange={(event) => onChange(event.target.value as V)}
        className={cx(kBox, 'h-8 cursor-pointer appearance-none truncate pr-8 pl-2.5 text-sm max-sm:text-base')}
        {...useFieldAttributes()}
        {...rest}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown size={16} aria-hidden className="text-muted pointer-events-none absolute top-2 right-2" />
    </div>
  );
}

export interface SearchInputProps extends Omit<InputProps, 'value' | 'onChange' | 'icon' | 'after'> {
  value: string;
  /// Called when the typing rests, on Enter, and at once when it is cleared.
  onSearch: (value: string) => void;
  label: string;
}

export function SearchInput({ value, onSearch, label, ...rest }: SearchInputProps) {
  const [draft, setDraft] = useState(value);
  const [seen, setSeen] = useState(value);
  const timer = useRef(0);
  if (value !== seen) {
    setSeen(value);
    setDraft(value);
  }
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const tell = (next: string, waitMs: number): void => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      setSeen(next.trim());
      onSearch(next.trim());
    }, waitMs);
  };
  return (
    <Input
      icon={Search}
      aria-label={label}
      type="search"
      inputClassName="[&::-webkit-search-cancel-button]:hidden"
      value={draft}
      spellCheck={false}
      onChange={(event) => {
        setDraft(event.target.value);
        tell(event.target.value, 300);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') tell(draft, 0);
        if (event.key === 'Escape' && draft) {
          event.stopPropagation();
          setDraft('');
          tell('', 0);
        }
      }}
      after={
        draft && (
          <button
            type="button"
            aria-label="Clear"
            className="text-muted hover:text-ink rounded p-1"
            onClick={() => {
              setDraft('');
              tell('', 0);
            }}
          >
            <X size={14} aria-hidden />
          </button>
        )
      }
      {...rest}
    />
  );
}

interface CheckboxProps extends Omit<ComponentPropsWithRef<'input'>, 'type' | 'onChange' | 'checked'> {
  checked: boolean;
  indeterminate?: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  /// Read out, not shown: in tables.
  hideLabel?: boolean;
  hint?: ReactNode;
}

export function Checkbox({ checked, indeterminate = false, onChange, label, hideLabel, hint, className, ...rest }: CheckboxProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current) input.current.indeterminate = indeterminate;
  }, [indeterminate]);
  return (
    <label className={cx('inline-flex items-start gap-2', rest.disabled && 'opacity-60', className)}>
      <span className="relative mt-0.5 flex size-4 shrink-0">
        <input
          ref={input}
          type="checkbox"
          checked={checked}
          onChange={(event) => onChange(event.target.checked)}
          className="peer border-line-strong bg-surface checked:border-accent checked:bg-accent indeterminate:border-accent indeterminate:bg-accent dark:bg-sunken size-4 appearance-none rounded border"
          {...rest}
        />
        {indeterminate ? (
          <Minus size={12} strokeWidth={3} aria-hidden className="text-on-accent pointer-events-none absolute top-0.5 left-0.5" />
        ) : (
          <Check
            size={12}
            strokeWidth={3}
            aria-hidden
            className="text-on-accent pointer-events-none absolute top-0.5 left-0.5 opacity-0 peer-checked:opacity-100"
          />
        )}
      </span>
      <span className={cx('min-w-0', hideLabel && 'sr-only')}>
        {label}
        {hint && <span className="text-muted block text-xs">{hint}</span>}
      </span>
    </label>
  );
}

export function Switch({ checked, onChange, label, hint, hideLabel, ...rest }: Omit<CheckboxProps, 'indeterminate'>) {
  return (
    <label className={cx('inline-flex items-start gap-3', rest.disabled && 'opacity-60')}>
      <span className="relative inline-flex h-5 w-9 shrink-0">
        <input
          type="checkbox"
          role="switch"
          checked={checked}
          onChange={(event) => onChange(event.target.checked)}
          className="peer border-line-strong bg-sunken checked:border-accent checked:bg-accent h-5 w-9 appearance-none rounded-full border transition-colors"
          {...rest}
        />
        <span
          aria-hidden
          className="bg-line-strong peer-checked:bg-on-accent pointer-events-none absolute top-1 left-1 size-3 rounded-full transition-transform peer-checked:translate-x-4"
        />
      </span>
      <span className={cx('min-w-0', hideLabel && 'sr-only')}>
        {label}
        {hint && <span className="text-muted block text-xs">{hint}</span>}
      </span>
    </label>
  );
}
