import { useActiveShortcuts, type Shortcut } from '@/lib/shortcuts';
import { Dialog } from '@/ui/dialog';
import { Keys } from '@/ui/keys';

export function ShortcutsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const shortcuts = useActiveShortcuts();
  const groups = new Map<string, Map<string, Shortcut>>();
  for (const shortcut of shortcuts) {
    const name = shortcut.group ?? 'This page';
    const group = groups.get(name) ?? new Map<string, Shortcut>();
    groups.set(name, group.set(shortcut.keys, shortcut));
  }
  const order = (name: string): number => ['This page', 'Lists', 'Go to', 'Everywhere'].indexOf(name);
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts">
      <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
        {[...groups].sort(([a], [b]) => order(a) - order(b)).map(([name, group]) => (
          <section key={name}>
            <h3 className="text-muted mb-1.5 text-xs font-medium">{name}</h3>
            <ul className="flex flex-col gap-1">
              {[...group.values()].map((shortcut) => (
                <li key={shortcut.keys} className="flex min-h-7 items-center justify-between gap-4">
                  <span>{shortcut.label}</span>
                  <Keys keys={shortcut.keys} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
