/// ⌘K / Ctrl K: pages, what can be done here, webhooks, and any id. Pages add what can be done with
///   useCommands([{ id: 'replay', label: 'Replay this event', run }]);
import type { LucideIcon } from 'lucide-react';
import { createContext, lazy, Suspense, useContext, useEffect, useEffectEvent, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useShortcuts } from '@/lib/shortcuts';

export interface Command {
  id: string;
  label: string;
  /// Found by these words too.
  words?: string;
  group?: string;
  icon?: LucideIcon;
  keys?: string;
  note?: string;
  run?: () => void;
  to?: string;
}

const registered = new Set<readonly Command[]>();
const watchers = new Set<() => void>();
let snapshot: readonly Command[] = [];

function changed(): void {
  snapshot = [...registered].flat();
  for (const watcher of watchers) watcher();
}

/// While the component is mounted.
export function useCommands(commands: readonly Command[]): void {
  const run = useEffectEvent((index: number) => commands[index]?.run?.());
  const signature = JSON.stringify(commands.map(({ id, label, words, group, keys, note, to }) => ({ id, label, words, group, keys, note, to })));
  const icons = useRef(commands.map((c) => c.icon));
  useEffect(() => {
    const parsed = (JSON.parse(signature) as Command[]).map((c, index) => ({ ...c, icon: icons.current[index], run: () => run(index) }));
    registered.add(parsed);
    changed();
    return () => {
      registered.delete(parsed);
      changed();
    };
  }, [signature]);
}

export function useRegisteredCommands(): readonly Command[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => snapshot,
  );
}

const load = () => import('./command-palette-open');
const Palette = lazy(load);
/// Before anybody asks for it: what is typed while its code loads would be lost.
const kLoadAfterMs = 1_500;
const OpenContext = createContext<() => void>(() => undefined);
export const useOpenPalette = (): (() => void) => useContext(OpenContext);

export function CommandPaletteProvider({ children, useMore }: { children: ReactNode; useMore: () => readonly Command[] }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => void load().catch(() => undefined), kLoadAfterMs);
    return () => window.clearTimeout(timer);
  }, []);
  useShortcuts([{ keys: 'mod+k', label: 'Search and commands', group: 'Everywhere', run: () => setOpen((now) => !now) }]);
  return (
    <OpenContext value={() => setOpen(true)}>
      {children}
      {open && (
        <Suspense>
          <Palette onClose={() => setOpen(false)} useMore={useMore} />
        </Suspense>
      )}
    </OpenContext>
  );
}
