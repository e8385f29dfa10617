import { useQuery } from '@tanstack/react-query';
import { Keyboard, Search, X } from 'lucide-react';
import { useId } from 'react';
import { NavLink } from 'react-router';
import { metricsQuery } from '@/api/metrics';
import { useStreamState } from '@/api/live';
import { cx } from '@/lib/cx';
import { compact } from '@/lib/numbers';
import { IconButton } from '@/ui/button';
import { useOpenPalette } from '@/ui/command-palette';
import { Keys } from '@/ui/keys';
import { Logo } from '@/ui/logo';
import { kNavigation } from '../navigation';
import { AccountMenu } from './account-menu';
import { OrganizationMenu } from './organization-menu';

/// `onLeave`: it stands in a drawer, which this closes.
export function Sidebar({ onHelp, onLeave }: { onHelp: () => void; onLeave?: () => void }) {
  const openPalette = useOpenPalette();
  const deadId = useId();
  const { data: dead } = useQuery({ ...metricsQuery('1h'), select: (metrics) => metrics.dlq });
  return (
    <div className="flex h-full flex-col gap-3 overflow-y-auto px-3 py-3">
      <div className="flex h-9 items-center justify-between">
        <Logo />
        {onLeave ? <IconButton icon={X} label="Close the menu" onClick={onLeave} /> : <IconButton icon={Keyboard} label="Keyboard shortcuts" size="sm" onClick={onHelp} />}
      </div>
      <OrganizationMenu />
      <button
        type="button"
        onClick={() => {
          onLeave?.();
          openPalette();
        }}
        className="border-line bg-surface text-muted hover:border-line-strong hover:text-ink shadow-card flex h-8 items-center gap-2 rounded-md border px-2.5 text-sm dark:bg-page"
      >
        <Search size={14} aria-hidden />
        <span className="flex-1 text-left">Search</span>
        <Keys keys="mod+k" />
      </button>
      <nav aria-label="Main" className="flex flex-1 flex-col gap-0.5">
        {kNavigation.map(({ to, label, icon: Icon, end }) => (
          <div key={to} className="relative">
            <NavLink
              to={to}
              end={end}
              onClick={onLeave}
              aria-describedby={to === '/dead-letters' && dead ? deadId : undefined}
              className={({ isActive }) =>
                cx(
                  'flex h-8 items-center gap-2.5 rounded-md px-2.5 text-sm font-medium transition-colors',
                  isActive ? 'bg-surface text-ink shadow-card border-line dark:bg-hover ring-line ring-1' : 'text-soft hover:bg-hover hover:text-ink',
                )
              }
            >
              {({ isActive }) => (
                <>
                  <Icon size={16} aria-hidden className={isActive ? 'text-accent-ink' : 'text-muted'} />
                  {label}
                </>
              )}
            </NavLink>
            {/* Beside the link, whose name stays the word alone. */}
            {to === '/dead-letters' && dead !== undefined && dead > 0 && (
              <span id={deadId} className="bg-bad-soft text-bad tnum pointer-events-none absolute top-1.5 right-2.5 rounded-full px-1.5 text-xs leading-5 font-medium">
                {compact(dead)}
                <span className="sr-only"> dead letters wait</span>
              </span>
            )}
          </div>
        ))}
      </nav>
      <LiveState />
      <AccountMenu />
    </div>
  );
}

function LiveState() {
  const state = useStreamState();
  const words = {
    live: ['Live', 'What happens on the server is shown as it happens.'],
    connecting: ['Connecting…', 'Waiting for the server’s stream of events.'],
    offline: ['Not live', 'The stream is interrupted; it is tried again by itself. Pages still load when you open them.'],
  } as const;
  const [label, tip] = words[state];
  return (
    <p role="status" data-tip={tip} tabIndex={0} className="text-muted flex items-center gap-2 self-start rounded px-2.5 text-xs">
      <span
        aria-hidden
        className={cx('size-2 rounded-full', state === 'live' ? 'bg-ok' : state === 'connecting' ? 'bg-warn animate-breathe' : 'border-line-strong border-2')}
      />
      {label}
    </p>
  );
}
