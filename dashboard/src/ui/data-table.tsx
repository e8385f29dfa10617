/// The table of every list: sticky head, keyboard moves (j/k or arrows, Enter opens, x selects), selection, and cards
/// where its box is narrower than 40 rem.
///   const kColumns: Column<Event>[] = [
///     { id: 'type', header: 'Type', card: 'title', cell: (event) => <RowLink to={`/events/${event.id}`}>{event.type}</RowLink> },
///     { id: 'status', header: 'Status', card: 'corner', cell: (event) => <StatusBadge status={event.status} /> },
///   ];
///   <DataTable label="Events" columns={kColumns} rows={page.rows} rowId={(event) => event.id} />
import { rowSelectionFeature, tableFeatures, useTable, type ColumnDef, type RowSelectionState } from '@tanstack/react-table';
import { useMemo, useRef, type ComponentProps, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react';
import { Link } from 'react-router';
import { cx } from '@/lib/cx';
import { useShortcuts } from '@/lib/shortcuts';
import { Checkbox } from './inputs';

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  align?: 'right';
  /// The header is read out but not shown: a column of buttons.
  quiet?: boolean;
  /// Where it goes on a card: the first line, the upper right corner, or nowhere. Otherwise a line with its header.
  card?: 'title' | 'corner' | 'hidden';
  /// For widths: `w-32`, `w-full`, `max-w-0` with truncation.
  className?: string;
}

interface DataTableProps<T> {
  /// Read out: what the rows are.
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowId: (row: T) => string;
  /// With both: a column of checkboxes, whose head is `Select all`.
  selected?: ReadonlySet<string>;
  onSelect?: (ids: ReadonlySet<string>) => void;
  /// Light up once: rows that came while the page was open.
  isNew?: (row: T) => boolean;
  /// The rows are those of the page before, the new ones are on their way.
  stale?: boolean;
  /// Bounds its height (`h-96`): it scrolls inside of its box. Without, the head stays at the top of the window.
  className?: string;
}

const kFeatures = tableFeatures({ rowSelectionFeature });

export function DataTable<T extends object>({ label, columns, rows, rowId, selected, onSelect, isNew, stale, className }: DataTableProps<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const defs = useMemo(
    () => columns.map((c): ColumnDef<typeof kFeatures, T> => ({ id: c.id, header: c.header, cell: (info) => c.cell(info.row.original) })),
    [columns],
  );
  const rowSelection = useMemo(
    (): RowSelectionState => Object.fromEntries([...(selected ?? [])].map((id) => [id, true as const])),
    [selected],
  );
  const selectable = selected !== undefined && onSelect !== undefined;
  const table = useTable<typeof kFeatures, T>({
    features: kFeatures,
    data: rows as T[],
    columns: defs,
    getRowId: rowId,
    state: { rowSelection },
    enableRowSelection: selectable,
    onRowSelectionChange: (update) => {
      const next: RowSelectionState = typeof update === 'function' ? update(rowSelection) : update;
      onSelect?.(new Set(Object.keys(next).filter((id) => next[id])));
    },
  });

  const move = (step: number): void => {
    const links = [...(body.current?.querySelectorAll<HTMLElement>('[data-row-link]') ?? [])];
    const row = document.activeElement?.closest('tr');
    const at = links.findIndex((link) => row !== null && row !== undefined && row.contains(link));
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step))];
    next?.focus();
    next?.closest('tr')?.scrollIntoView({ block: 'nearest' });
  };
  const toggleFocused = (): void => {
    const id = document.activeElement?.closest('tr')?.dataset['id'];
    if (id && selectable) table.getRow(id)?.toggleSelected();
  };
  useShortcuts([
    { keys: 'j', label: 'Next row', group: 'Lists', run: () => move(1) },
    { keys: 'k', label: 'Previous row', group: 'Lists', run: () => move(-1) },
    { keys: 'Enter', label: 'Open the row', group: 'Lists', run: () => undefined, passive: true },
    ...(selectable ? [{ keys: 'x', label: 'Select the row', group: 'Lists', run: toggleFocused }] : []),
  ]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLElement) || !event.target.matches('[data-row-link]')) return;
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(step);
  };
  // A click anywhere in the row is one on its link; not where something else takes it, nor at the end of a selection.
  const onRowClick = (event: MouseEvent<HTMLTableRowElement>): void => {
    if (!(event.target instanceof Element) || event.target.closest('a, button, input, label, select, textarea, [role="menu"], summary')) return;
    if (getSelection()?.toString()) return;
    const link = event.currentTarget.querySelector<HTMLElement>('[data-row-link]');
    if (!link) return;
    link.dispatchEvent(
      new window.MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey, shiftKey: event.shiftKey }),
    );
  };

  const byId = new Map(columns.map((c) => [c.id, c]));
  return (
    <div className={cx('@container/rows min-w-0', className)}>
      <div data-bounded={className ? true : undefined} className={cx('rows-box', stale && 'opacity-60 transition-opacity')}>
        <table role="table" aria-label={label} aria-busy={stale || undefined} data-selectable={selectable || undefined} className="rows">
          <thead role="rowgroup">
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} role="row">
                {selectable && (
                  <th role="columnheader" scope="col" className="w-8">
                    <Checkbox
                      label="Select all"
                      hideLabel
                      checked={rows.length > 0 && table.getIsAllRowsSelected()}
                      indeterminate={table.getIsSomeRowsSelected()}
                      onChange={(on) => table.toggleAllRowsSelected(on)}
                    />
                    <span aria-hidden className="rows-card-label">
                      Select all
                    </span>
                  </th>
                )}
                {group.headers.map((header) => (
                  <th key={header.id} role="columnheader" scope="col" className={cx(byId.get(header.column.id)?.align === 'right' && 'text-right!')}>
                    {byId.get(header.column.id)?.quiet ? <span className="sr-only">{header.column.columnDef.header as string}</span> : <table.FlexRender header={header} />}
                  </th>
                ))}
              </tr>
            ))}
          </thead>
          <tbody role="rowgroup" ref={body} onKeyDown={onKeyDown}>
            {table.getRowModel().rows.map((row) => (
              <tr
                key={row.id}
                role="row"
                data-id={row.id}
                data-link
                aria-selected={selectable ? row.getIsSelected() : undefined}
                className={cx(isNew?.(row.original) && 'animate-arrive')}
                onClick={onRowClick}
              >
                {selectable && (
                  <td role="cell" data-card="corner" className="w-8">
                    <Checkbox label={`Select ${row.id}`} hideLabel checked={row.getIsSelected()} onChange={(on) => row.toggleSelected(on)} />
                  </td>
                )}
                {row.getAllCells().map((cell) => {
                  const column = byId.get(cell.column.id);
                  return (
                    <td
                      key={cell.id}
                      role="cell"
                      data-label={column?.header}
                      data-card={selectable && column?.card === 'corner' ? undefined : column?.card}
                      className={cx(column?.align === 'right' && 'text-right', column?.className)}
                    >
                      <table.FlexRender cell={cell} />
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/// The link of a row: what Enter and a click on the row open.
export function RowLink({ className, ...rest }: ComponentProps<typeof Link>) {
  return <Link data-row-link className={cx('text-ink font-medium hover:underline', className)} {...rest} />;
}
