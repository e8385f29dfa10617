import { CornerDownLeft, Hash, Search } from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router';
import { cx } from '@/lib/cx';
import { pageOfId } from '@/lib/ids';
import { rankMatches } from '@/lib/rank';
import { useRegisteredCommands, type Command } from './command-palette';
import { Keys } from './keys';

export default function Palette({ onClose, useMore }: { onClose: () => void; useMore: () => readonly Command[] }) {
  const [element, setElement] = useState<HTMLDialogElement | null>(null);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const more = useMore();
  const commands = useRegisteredCommands();
  useEffect(() => {
    if (!element) return;
    const before = document.activeElement;
    element.showModal();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [element]);

  const found = useMemo(() => {
    const page = pageOfId(query);
    const byId: Command[] = page ? [{ id: 'id', label: `Open ${page.name.toLowerCase()} ${query.trim()}`, icon: Hash, to: page.path, group: 'Id' }] : [];
    return [...byId, ...rankMatches([...commands, ...more], query, (c) => `${c.label} ${c.words ?? ''}`)].slice(0, 60);
  }, [commands, more, query]);
  const chosen = Math.min(at, found.length - 1);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  const run = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    if (command.to) void navigate(command.to);
    // After the dialog gave the focus back.
    else window.setTimeout(() => command.run?.());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((chosen + step + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[chosen]);
    }
  };
  let group: string | undefined;
  return (
    <dialog
      ref={setElement}
      aria-label="Search and commands"
      className="animate-enter border-line bg-surface text-ink shadow-pop mx-auto mt-[12vh] w-[calc(100%-2rem)] max-w-xl overflow-hidden rounded-xl border p-0 dark:bg-raised"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element) onClose();
      }}
    >
      <div className="border-line flex items-center gap-2 border-b px-4">
        <Search size={16} aria-hidden className="text-muted shrink-0" />
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={found[chosen] ? `${id}-${chosen}` : undefined}
          aria-label="Search pages, webhooks, ids and commands"
          placeholder="Search, or paste an id…"
          value={query}
          spellCheck={false}
          autoComplete="off"
          className="h-12 w-full bg-transparent text-base outline-none!"
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Keys keys="Escape" />
      </div>
      <ul ref={list} id={id} role="listbox" aria-label="Results" className="max-h-[min(24rem,60vh)] overflow-y-auto p-1.5">
        {found.map((command, index) => {
          const { icon: Icon, label, note, keys: shortcut } = command;
          const heading = !query && command.group !== group ? command.group : undefined;
          group = command.group;
          return (
            <li key={`${command.group ?? ''}${command.id}`} role="presentation">
              {heading && (
                <p role="presentation" className="text-muted px-2.5 pt-2 pb-1 text-xs font-medium">
                  {heading}
                </p>
              )}
              <div
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === chosen}
                onPointerMove={() => setAt(index)}
                onClick={() => run(command)}
                className={cx('flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-1', index === chosen && 'bg-hover dark:bg-accent-soft')}
              >
                {Icon && <Icon size={16} aria-hidden className="text-muted shrink-0" />}
                <span className="min-w-0 flex-1 truncate">{label}</span>
                {note && <span className="text-muted max-w-[45%] truncate text-xs">{note}</span>}
                {shortcut && <Keys keys={shortcut} />}
                {index === chosen && !shortcut && <CornerDownLeft size={14} aria-hidden className="text-muted" />}
              </div>
            </li>
          );
        })}
      </ul>
      {found.length === 0 && (
        <p role="status" className="text-muted px-4 pt-2 pb-8 text-center text-sm">
          Nothing found for “{query}”.
        </p>
      )}
    </dialog>
  );
}
