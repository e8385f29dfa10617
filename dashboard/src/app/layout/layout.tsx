import { useQuery } from '@tanstack/react-query';
import { Menu as MenuIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Navigate, Outlet, useLocation, useNavigate, useNavigation } from 'react-router';
import { useStreamConnection } from '@/api/live';
import { sessionQuery } from '@/api/session';
import { useShortcuts } from '@/lib/shortcuts';
import { IconButton } from '@/ui/button';
import { CommandPaletteProvider } from '@/ui/command-palette';
import { Logo } from '@/ui/logo';
import { ErrorState } from '@/ui/states';
import { kNavigation } from '../navigation';
import { usePaletteCommands } from './palette-commands';
import { ShortcutsDialog } from './shortcuts-dialog';
import { Sidebar } from './sidebar';

/// What stands around every page of somebody who is signed in.
export function Layout() {
  const session = useQuery(sessionQuery);
  const { pathname, search } = useLocation();
  useStreamConnection(Boolean(session.data));
  if (session.isPending) return null;
  if (session.isError) {
    return (
      <main className="flex min-h-dvh items-center justify-center">
        <ErrorState error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  }
  if (!session.data) {
    const next = pathname === '/' ? '' : `?next=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/sign-in${next}`} replace />;
  }
  // Another organization is another world: nothing that is mounted survives the change.
  return <Frame key={session.data.organization.id} />;
}

function Frame() {
  const navigate = useNavigate();
  const navigation = useNavigation();
  const { pathname } = useLocation();
  const [menu, setMenu] = useState<HTMLDialogElement | null>(null);
  const [help, setHelp] = useState(false);
  useShortcuts([
    ...kNavigation.map((item) => ({ keys: item.keys, label: item.label, group: 'Go to', run: () => void navigate(item.to) })),
    { keys: '?', label: 'Keyboard shortcuts', group: 'Everywhere', run: () => setHelp(true) },
  ]);
  useEffect(() => menu?.close(), [menu, pathname]);
  return (
    <CommandPaletteProvider useMore={usePaletteCommands}>
      <a href="#main" className="bg-accent text-on-accent sr-only z-50 rounded-md px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        To the content
      </a>
      {navigation.state === 'loading' && (
        <div role="progressbar" aria-label="Loading the page" className="bg-accent animate-breathe fixed inset-x-0 top-0 z-50 h-0.5" />
      )}
      <div className="lg:grid lg:min-h-dvh lg:grid-cols-[15rem_minmax(0,1fr)]">
        <aside className="border-line bg-sunken hidden border-r lg:block">
          <div className="sticky top-0 h-dvh">
            <Sidebar onHelp={() => setHelp(true)} />
          </div>
        </aside>
        <header className="border-line bg-page/95 sticky top-0 z-20 flex h-12 items-center gap-2 border-b px-3 backdrop-blur lg:hidden">
          <IconButton icon={MenuIcon} label="Open the menu" onClick={() => menu?.showModal()} />
          <Logo />
        </header>
        <dialog
          ref={setMenu}
          aria-label="Menu"
          className="border-line bg-sunken text-ink m-0 h-dvh max-h-none w-72 max-w-[85vw] animate-[slide-in_160ms_ease-out] border-r p-0 lg:hidden"
          onClick={(event) => {
            if (event.target === menu) menu.close();
          }}
        >
          <Sidebar
            onHelp={() => {
              menu?.close();
              setHelp(true);
            }}
            onLeave={() => menu?.close()}
          />
        </dialog>
        <main id="main" tabIndex={-1} className="mx-auto w-full max-w-360 min-w-0 px-4 py-5 outline-none! sm:px-6 lg:px-8 lg:py-7">
          <Outlet />
        </main>
      </div>
      <ShortcutsDialog open={help} onClose={() => setHelp(false)} />
    </CommandPaletteProvider>
  );
}
