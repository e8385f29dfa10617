/// A labelled control with its hint and its error. The control gets its id and descriptions by context:
///   <Field label="URL" hint="http or https" error={error}><Input value={url} onChange={…} /></Field>
import { CircleAlert } from 'lucide-react';
import { createContext, useContext, useId, type ReactNode } from 'react';
import { cx } from '@/lib/cx';

interface FieldContext {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
  required: boolean;
}

const Context = createContext<FieldContext | null>(null);

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  required?: boolean;
  /// Read out, not shown: in bars of filters.
  hideLabel?: boolean;
  /// At the right end of the label.
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Field({ label, hint, error, required = false, hideLabel, aside, className, children }: FieldProps) {
  const id = useId();
  const describedBy = cx(error && `${id}-error`, hint && `${id}-hint`) || undefined;
  return (
    <div className={cx('flex min-w-0 flex-col gap-1.5', className)}>
      <div className={cx('flex items-baseline justify-between gap-2', hideLabel && 'sr-only')}>
        <label htmlFor={id} className="text-ink text-sm font-medium">
          {label}
        </label>
        {aside}
      </div>
      <Context value={{ id, describedBy, invalid: Boolean(error), required }}>{children}</Context>
      {error && (
        <p id={`${id}-error`} className="text-bad flex items-start gap-1.5 text-xs">
          <CircleAlert size={14} className="mt-px shrink-0" aria-hidden />
          <span className="min-w-0">{error}</span>
        </p>
      )}
      {hint && (
        <div id={`${id}-hint`} className="text-muted text-xs">
          {hint}
        </div>
      )}
    </div>
  );
}

/// For a control in a Field: its attributes. Outside of one: none.
export function useFieldAttributes(): {
  id?: string;
  'aria-describedby'?: string;
  'aria-invalid'?: true;
  'aria-required'?: true;
} {
  const field = useContext(Context);
  if (!field) return {};
  return {
    id: field.id,
    'aria-describedby': field.describedBy,
    'aria-invalid': field.invalid || undefined,
    'aria-required': field.required || undefined,
  };
}
