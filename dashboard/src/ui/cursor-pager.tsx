/// Pages of a list that has cursors. The cursor is in the URL, so that a page can be sent to somebody and the browser's
/// Back goes to the page before.
///   const page = useCursorPage({ queryKey: keys.events.list(filters), fetchPage: (cursor, signal) => get('/api/events', …) });
///   … page.rows … <CursorPager page={page} />
import { keepPreviousData, useQuery, type QueryKey } from '@tanstack/react-query';
import { ChevronLeft, ChevronRight, ChevronsLeft } from 'lucide-react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import type { Page } from '@/api/models';
import { useShortcuts } from '@/lib/shortcuts';
import { Button } from './button';

export const kPageRows = 50;

interface CursorPageOptions<T> {
  queryKey: QueryKey;
  fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;
  /// Loads again by itself, for what no stream record tells.
  refetchMs?: number;
  enabled?: boolean;
}

export interface CursorPage<T> {
  rows: readonly T[];
  nextCursor: string | null;
  /// Nothing to show yet.
  pending: boolean;
  /// The rows are those of another page or filter while this one comes.
  stale: boolean;
  error: unknown;
  retry: () => void;
  /// Newest rows first: the first page.
  first: boolean;
}

/// The server may answer a short or empty page though there is more: then the next one is asked for too.
export async function filledPage<T>(
  fetchPage: (cursor: string | undefined) => Promise<Page<T>>,
  cursor: string | undefined,
  wanted = kPageRows / 2,
  requestsMax = 8,
): Promise<Page<T>> {
  const page = await fetchPage(cursor);
  for (let requests = 1; requests < requestsMax && page.data.length < wanted && page.next_cursor !== null; requests++) {
    const more = await fetchPage(page.next_cursor);
    page.data = [...page.data, ...more.data];
    page.next_cursor = more.next_cursor;
  }
  return page;
}

export function useCursorPage<T>({ queryKey, fetchPage, refetchMs, enabled = true }: CursorPageOptions<T>): CursorPage<T> {
  const [search] = useSearchParams();
  const cursor = search.get('cursor') ?? undefined;
  const query = useQuery({
    queryKey: [...queryKey, cursor ?? ''],
    queryFn: ({ signal }) => filledPage((c) => fetchPage(c, signal), cursor),
    placeholderData: keepPreviousData,
    refetchInterval: refetchMs,
    enabled,
  });
  return {
    rows: query.data?.data ?? [],
    nextCursor: query.data?.next_cursor ?? null,
    pending: query.isPending,
    stale: query.isPlaceholderData,
    error: query.data === undefined ? query.error : null,
    retry: () => void query.refetch(),
    first: cursor === undefined,
  };
}

/// `of`: what the rows are, in the plural, for the line at the left.
export function CursorPager<T>({ page, of = 'rows' }: { page: CursorPage<T>; of?: string }) {
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const location = useLocation();
  const depth = (location.state as { depth?: number } | null)?.depth ?? 0;
  const go = (cursor: string | null, nextDepth: number): void => {
    const next = new URLSearchParams(search);
    if (cursor === null) next.delete('cursor');
    else next.set('cursor', cursor);
    void navigate({ search: next.toString() }, { state: { depth: nextDepth } });
    window.scrollTo({ top: 0 });
  };
  const forward = page.nextCursor !== null && !page.stale ? () => go(page.nextCursor, depth + 1) : null;
  const back = page.first ? null : depth > 0 ? () => void navigate(-1) : () => go(null, 0);
  useShortcuts([
    { keys: ']', label: 'Next page', group: 'Lists', run: () => forward?.() },
    { keys: '[', label: 'Previous page', group: 'Lists', run: () => back?.() },
  ]);
  if (page.first && page.nextCursor === null && page.rows.length < kPageRows) return null;
  return (
    <nav aria-label="Pages" className="border-line flex items-center justify-between gap-3 border-t px-4 py-2">
      <span className="text-muted text-xs">
        {page.first ? `The newest ${page.rows.length} ${of}` : depth > 0 ? `Page ${depth + 1}` : `Older ${of}`}
      </span>
      <div className="flex gap-2">
        {!page.first && (
          <Button size="sm" variant="ghost" icon={ChevronsLeft} onClick={() => go(null, 0)}>
            Newest
          </Button>
        )}
        <Button size="sm" icon={ChevronLeft} disabled={!back} onClick={() => back?.()}>
          Previous
        </Button>
        <Button size="sm" disabled={!forward} onClick={() => forward?.()}>
          Next
          <ChevronRight size={14} aria-hidden />
        </Button>
      </div>
    </nav>
  );
}
