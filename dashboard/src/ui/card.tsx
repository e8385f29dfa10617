import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';

interface CardProps {
  title?: ReactNode;
  /// Beside the title: what it counts, what it means.
  note?: ReactNode;
  actions?: ReactNode;
  /// For tables and lists, which bring their own edges.
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

export function Card({ title, note, actions, flush, className, children }: CardProps) {
  return (
    <section className={cx('border-line bg-surface shadow-card min-w-0 rounded-lg border', className)}>
      {(title || actions) && (
        <header className={cx('flex flex-wrap items-center justify-between gap-x-3 gap-y-2 px-4', flush ? 'border-line border-b py-2.5' : 'pt-3.5')}>
          <div className="flex min-w-0 flex-wrap items-baseline gap-x-2">
            {title && <h2 className="text-ink text-sm font-semibold">{title}</h2>}
            {note && <span className="text-muted text-xs">{note}</span>}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </header>
      )}
      <div className={flush ? 'overflow-clip rounded-[inherit]' : 'p-4'}>{children}</div>
    </section>
  );
}
