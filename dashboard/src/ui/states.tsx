/// What a page shows in the place of data: nothing yet, nothing found, something wrong, not here yet.
import { CircleAlert, Inbox, Lock, RotateCw, SearchX, WifiOff, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '@/api/errors';
import { cx } from '@/lib/cx';
import { Button } from './button';

interface EmptyStateProps {
  icon?: LucideIcon;
  title: string;
  /// What would make something appear here.
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ icon: Icon = Inbox, title, children, action }: EmptyStateProps) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <span className="bg-sunken text-muted border-line mb-4 flex size-11 items-center justify-center rounded-xl border dark:bg-raised">
        <Icon size={20} aria-hidden />
      </span>
      <p className="text-ink text-sm font-semibold">{title}</p>
      {children && <div className="text-muted mt-1 max-w-md text-sm text-balance">{children}</div>}
      {action && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/// The filters leave nothing.
export function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState icon={SearchX} title="Nothing matches these filters" action={<Button onClick={onClear}>Clear the filters</Button>} />
  );
}

function explain(error: unknown): { icon: LucideIcon; title: string; detail: string } {
  if (!(error instanceof ApiError)) {
    return { icon: CircleAlert, title: 'Something went wrong', detail: error instanceof Error ? error.message : String(error) };
  }
  if (error.status === 0) return { icon: WifiOff, title: error.title, detail: error.message };
  if (error.status === 403) return { icon: Lock, title: 'Your role does not allow this', detail: error.message };
  if (error.status === 404) {
    return { icon: SearchX, title: 'There is no such thing here', detail: 'It may be of another organization, or its time of retention has passed.' };
  }
  return { icon: CircleAlert, title: error.title, detail: error.message };
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { icon, title, detail } = explain(error);
  return (
    <div role="alert">
      <EmptyState
        icon={icon}
        title={title}
        action={
          onRetry && (
            <Button icon={RotateCw} onClick={onRetry}>
              Try again
            </Button>
          )
        }
      >
        {detail}
      </EmptyState>
    </div>
  );
}

/// In forms and dialogs. `shown`: paths of those fields that show their own message.
export function ErrorNote({ error, shown = [] }: { error: unknown; shown?: readonly string[] }) {
  const { title, detail } = explain(error);
  const others = error instanceof ApiError ? error.fieldsBeside(shown) : [];
  const fields = error instanceof ApiError && error.fields.length > 0;
  return (
    <Note tone="bad" icon={CircleAlert} alert>
      {fields && others.length === 0 ? (
        'Please mend the fields that are marked.'
      ) : (
        <>
          <span className="font-medium">{title}.</span> {others.length ? others.join('; ') : detail}
        </>
      )}
    </Note>
  );
}

const kNoteTones = {
  info: 'bg-info-soft text-info',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  ok: 'bg-ok-soft text-ok',
  neutral: 'bg-sunken text-soft',
};

export function Note({ tone = 'info', icon: Icon, alert, children }: { tone?: keyof typeof kNoteTones; icon?: LucideIcon; alert?: boolean; children: ReactNode }) {
  return (
    <div role={alert ? 'alert' : undefined} className={cx('flex items-start gap-2 rounded-md px-3 py-2 text-sm', kNoteTones[tone])}>
      {Icon && <Icon size={16} aria-hidden className="mt-0.5 shrink-0" />}
      <div className="min-w-0">{children}</div>
    </div>
  );
}

/// A grey shape in the place of text: `className` gives its size.
export function Skeleton({ className = 'h-4 w-24' }: { className?: string }) {
  return <span aria-hidden className={cx('bg-hover animate-breathe inline-block rounded', className)} />;
}

export function SkeletonRows({ rows = 8, columns = 4 }: { rows?: number; columns?: number }) {
  const widths = ['w-40', 'w-24', 'w-32', 'w-16', 'w-28', 'w-20'];
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_row, r) => (
        <div key={r} className="border-line flex h-11 items-center justify-between gap-6 border-b px-4 last:border-b-0">
          {Array.from({ length: columns }, (_column, c) => (
            <Skeleton key={c} className={cx('h-3.5', widths[(r + c) % widths.length], c > 1 && 'max-sm:hidden')} />
          ))}
        </div>
      ))}
    </div>
  );
}

export function SkeletonText({ lines = 3 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-2">
      {Array.from({ length: lines }, (_line, index) => (
        <Skeleton key={index} className={cx('h-3.5', index % 3 === 2 ? 'w-1/2' : 'w-full')} />
      ))}
    </div>
  );
}
