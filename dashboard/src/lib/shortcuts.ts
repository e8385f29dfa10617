/// Keyboard shortcuts: one listener, a registry that the help dialog (`?`) shows, and what a component registers lives as
/// long as the component.
///   useShortcuts([{ keys: 'r', label: 'Replay', run: () => setOpen(true) }]);
/// Keys: `mod+k` (⌘ on a Mac, Ctrl elsewhere), `?`, `g e` (one after the other), `Escape`. None fires while a person
/// types, except those with `mod`; none fires under an open dialog, except those that come from within it.
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

export interface Shortcut {
  keys: string;
  label: string;
  group?: string;
  run: (event: KeyboardEvent) => void;
  /// In the help, but not from here: something else acts on it.
  passive?: boolean;
}

const active = new Set<readonly Shortcut[]>();
const watchers = new Set<() => void>();
let snapshot: readonly Shortcut[] = [];
let pending: { key: string; at: number } | null = null;
const kSequenceMs = 1_200;

export const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

function changed(): void {
  snapshot = [...active].flat();
  for (const watcher of watchers) watcher();
}

/// Which of `shortcuts` the event means, given the key pressed just before. Later ones win: a dialog's over the page's.
export function match(
  shortcuts: readonly Shortcut[],
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
  before: string | null,
  mac = isMac,
): Shortcut | undefined {
  const mod = mac ? event.metaKey : event.ctrlKey;
  const otherMod = (mac ? event.ctrlKey : event.metaKey) || event.altKey;
  if (otherMod) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const fits = (s: Shortcut): boolean => {
    const steps = s.keys.split(' ');
    const last = steps.at(-1) ?? '';
    const wantsMod = last.startsWith('mod+');
    const name = wantsMod ? last.slice(4) : last;
    if (wantsMod !== mod || s.passive) return false;
    if (name.startsWith('shift+') ? !(event.shiftKey && name.slice(6) === key) : name !== key) return false;
    // A capital is another key than the small letter, except where the key itself needs Shift (`?`).
    if (/^[a-z]$/.test(name) && event.shiftKey && !wantsMod) return false;
    return steps.length === 1 ? true : steps[0] === before;
  };
  const found = shortcuts.filter(fits);
  return found.findLast((s) => s.keys.includes(' ')) ?? found.at(-1);
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const withMod = event.ctrlKey || event.metaKey;
  if (isTyping(event.target) && !withMod) return;
  const dialog = document.querySelector('dialog:modal, [role="menu"]');
  if (dialog && !withMod) return;
  const before = pending && Date.now() - pending.at < kSequenceMs ? pending.key : null;
  const found = match(snapshot, event, before);
  pending = null;
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (event.key.length === 1 && !withMod && !event.altKey) {
    pending = { key: event.key.toLowerCase(), at: Date.now() };
  }
}

export function useShortcuts(shortcuts: readonly Shortcut[], enabled = true): void {
  const fresh = useEffectEvent((index: number, event: KeyboardEvent) => shortcuts[index]?.run(event));
  const signature = shortcuts.map((s) => `${s.keys}\t${s.label}\t${s.group ?? ''}\t${s.passive ?? ''}`).join('\n');
  useEffect(() => {
    if (!enabled || !signature) return;
    const entries = signature.split('\n').map((line, index): Shortcut => {
      const [keys = '', label = '', group = '', passive = ''] = line.split('\t');
      return { keys, label, group: group || undefined, passive: passive === 'true', run: (e) => fresh(index, e) };
    });
    if (active.size === 0) document.addEventListener('keydown', onKeyDown);
    active.add(entries);
    changed();
    return () => {
      active.delete(entries);
      changed();
      if (active.size === 0) document.removeEventListener('keydown', onKeyDown);
    };
  }, [signature, enabled]);
}

/// What is registered now.
export function useActiveShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => snapshot,
  );
}

/// For <Keys>: ["⌘", "K"], ["G", "then", "E"]
export function keyNames(keys: string, mac = isMac): string[] {
  return keys.split(' ').flatMap((step, index) => {
    const names = step.split('+').map((part) => {
      if (part === 'mod') return mac ? '⌘' : 'Ctrl';
      const special: Record<string, string> = { shift: '⇧', ArrowDown: '↓', ArrowUp: '↑', Enter: '↵', Escape: 'Esc' };
      return special[part] ?? part.toUpperCase();
    });
    return index ? ['then', ...names] : names;
  });
}
