/// A choice of few, shown side by side.
import type { LucideIcon } from 'lucide-react';
import { useId } from 'react';
import { cx } from '@/lib/cx';

interface SegmentedProps<V extends string> {
  value: V;
  options: readonly { value: V; label: string; icon?: LucideIcon; iconOnly?: boolean }[];
  onChange: (value: V) => void;
  label: string;
  size?: 'sm' | 'md';
}

/// Radio buttons in one row: arrow keys move within it.
export function Segmented<V extends string>({ value, options, onChange, label, size = 'md' }: SegmentedProps<V>) {
  const name = useId();
  return (
    <div role="radiogroup" aria-label={label} className="border-line bg-sunken inline-flex max-w-full overflow-x-auto rounded-md border p-0.5 dark:bg-page">
      {options.map(({ value: one, label: text, icon: Icon, iconOnly }) => (
        <label
          key={one}
          data-tip={iconOnly ? text : undefined}
          className={cx(
            'text-muted hover:text-ink has-checked:bg-surface has-checked:text-ink has-checked:shadow-card dark:has-checked:bg-hover relative inline-flex cursor-pointer items-center gap-1.5 rounded-sm font-medium whitespace-nowrap',
            'has-focus-visible:outline-accent-ink has-focus-visible:outline-2',
            size === 'sm' ? 'h-6 px-2 text-xs' : 'h-6.5 px-2.5 text-sm',
          )}
        >
          <input
            type="radio"
            name={name}
            value={one}
            checked={one === value}
            onChange={() => onChange(one)}
            aria-label={iconOnly ? text : undefined}
            className="absolute inset-0 cursor-pointer appearance-none rounded-sm outline-none"
          />
          {Icon && <Icon size={14} aria-hidden />}
          {!iconOnly && text}
        </label>
      ))}
    </div>
  );
}
