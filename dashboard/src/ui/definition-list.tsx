import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';

/// Names and values. Entries that are false or null are left out.
export function DefinitionList({ items, className }: { items: readonly (readonly [name: string, value: ReactNode] | false | null)[]; className?: string }) {
  return (
    <dl className={cx('grid grid-cols-[minmax(6rem,max-content)_minmax(0,1fr)] gap-x-6 gap-y-2 text-sm', className)}>
      {items.map(
        (item) =>
          item && (
            <div key={item[0]} className="contents">
              <dt className="text-muted">{item[0]}</dt>
              <dd className="text-ink min-w-0 break-words">{item[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
