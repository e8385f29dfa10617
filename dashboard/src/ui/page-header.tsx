import { ChevronRight } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';

interface PageHeaderProps {
  /// The heading, and the title of the tab.
  title: string;
  /// Where the heading is more than text: an id with its badge.
  heading?: ReactNode;
  /// The list that this is a part of.
  parent?: { label: string; to: string };
  /// One line under the heading.
  note?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, heading, parent, note, actions }: PageHeaderProps) {
  const h1 = useRef<HTMLHeadingElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = `${title} · EventRelay`;
  }, [title]);
  // A new page is read out from its heading on; the first one is by itself.
  const before = useRef(lastPath);
  useEffect(() => {
    if (before.current !== null && before.current !== pathname) h1.current?.focus({ preventScroll: true });
    lastPath = pathname;
    before.current = pathname;
  }, [pathname]);
  return (
    <header className="mb-5 flex flex-wrap items-end justify-between gap-x-4 gap-y-3">
      <div className="min-w-0">
        {parent && (
          <nav aria-label="Breadcrumb" className="text-muted mb-1 flex items-center gap-1 text-xs">
            <Link to={parent.to} className="hover:text-ink hover:underline">
              {parent.label}
            </Link>
            <ChevronRight size={12} aria-hidden />
          </nav>
        )}
        <h1 ref={h1} tabIndex={-1} className="text-ink flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 text-xl font-semibold tracking-tight">
          {heading ?? title}
        </h1>
        {note && <div className="text-muted mt-1 text-sm">{note}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}

let lastPath: string | null = null;
