import { LoaderCircle, type LucideIcon } from 'lucide-react';
import type { ComponentPropsWithRef, ReactNode } from 'react';
import { Link, type LinkProps } from 'react-router';
import { cx } from '@/lib/cx';

type Variant = 'primary' | 'secondary' | 'ghost' | 'danger';
type Size = 'sm' | 'md';

interface Look {
  variant?: Variant;
  size?: Size;
  icon?: LucideIcon;
}

const kVariants: Record<Variant, string> = {
  primary: 'bg-accent text-on-accent shadow-card hover:bg-accent-hover border-transparent',
  secondary: 'bg-surface text-ink border-line shadow-card hover:bg-hover dark:border-line-strong/45 dark:bg-hover/60 dark:hover:bg-hover',
  ghost: 'text-soft hover:bg-hover hover:text-ink border-transparent',
  danger: 'bg-bad-solid text-on-accent shadow-card hover:brightness-90 border-transparent',
};
const kSizes: Record<Size, string> = { sm: 'h-7 px-2 text-xs gap-1.5', md: 'h-8 px-3 text-sm gap-2' };

function classes({ variant = 'secondary', size = 'md' }: Look, more?: string): string {
  return cx(
    'inline-flex shrink-0 items-center justify-center rounded-md border font-medium whitespace-nowrap select-none',
    'transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-50 aria-disabled:cursor-not-allowed aria-disabled:opacity-50',
    kVariants[variant],
    kSizes[size],
    more,
  );
}

function Face({ icon: Icon, busy, size, children }: Look & { busy?: boolean; children?: ReactNode }) {
  const iconSize = size === 'sm' ? 14 : 16;
  return (
    <>
      {busy ? (
        <LoaderCircle size={iconSize} className="animate-spin" aria-hidden />
      ) : (
        Icon && <Icon size={iconSize} aria-hidden className="shrink-0" />
      )}
      {children}
    </>
  );
}

export interface ButtonProps extends Look, ComponentPropsWithRef<'button'> {
  /// Something runs because of it: shows a spinner and takes no second click.
  busy?: boolean;
  /// Why it cannot be used. The button stays reachable, so that the reason can be read.
  disabledReason?: string;
}

export function Button({ variant, size, icon, busy, disabledReason, className, children, onClick, type, ...rest }: ButtonProps) {
  const off = busy || disabledReason !== undefined;
  return (
    <button
      type={type ?? 'button'}
      className={classes({ variant, size }, className)}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      data-tip={disabledReason}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.(event);
      }}
      {...rest}
    >
      <Face icon={icon} busy={busy} size={size}>
        {children}
      </Face>
    </button>
  );
}

/// A link that looks like a button: for what opens a page.
export function ButtonLink({ variant, size, icon, className, children, ...rest }: Look & LinkProps & { children?: ReactNode }) {
  return (
    <Link className={classes({ variant, size }, className)} {...rest}>
      <Face icon={icon} size={size}>
        {children}
      </Face>
    </Link>
  );
}

export interface IconButtonProps extends Omit<ComponentPropsWithRef<'button'>, 'children'> {
  icon: LucideIcon;
  /// Read out, and shown on hover.
  label: string;
  size?: Size;
  variant?: Variant;
  busy?: boolean;
  disabledReason?: string;
}

export function IconButton({ icon: Icon, label, size = 'md', variant = 'ghost', busy, disabledReason, className, onClick, ...rest }: IconButtonProps) {
  const off = busy || disabledReason !== undefined;
  const Shown = busy ? LoaderCircle : Icon;
  return (
    <button
      type="button"
      aria-label={label}
      data-tip={disabledReason ?? label}
      aria-disabled={off || undefined}
      className={cx(classes({ variant, size }), size === 'sm' ? 'w-7 px-0!' : 'w-8 px-0!', className)}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.(event);
      }}
      {...rest}
    >
      <Shown size={size === 'sm' ? 14 : 16} aria-hidden className={cx(busy && 'animate-spin')} />
    </button>
  );
}
