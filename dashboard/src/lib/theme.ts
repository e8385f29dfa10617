/// Light, dark, or as the system has it. app/boot.js sets it before the first paint.
import { useSyncExternalStore } from 'react';

export type ThemeChoice = 'light' | 'dark' | 'system';
export type Theme = 'light' | 'dark';

const kKey = 'eventrelay.theme';
const watchers = new Set<() => void>();
const system = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-color-scheme: dark)');

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(kKey);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

let choice: ThemeChoice = readChoice();

function resolve(): Theme {
  return choice === 'system' ? (system?.matches ? 'dark' : 'light') : choice;
}

function apply(): void {
  document.documentElement.dataset['theme'] = resolve();
  for (const watcher of watchers) watcher();
}

system?.addEventListener('change', apply);
if (typeof window !== 'undefined') {
  window.addEventListener('storage', (event) => {
    if (event.key !== kKey) return;
    choice = readChoice();
    apply();
  });
}

export function setTheme(next: ThemeChoice): void {
  choice = next;
  try {
    if (next === 'system') localStorage.removeItem(kKey);
    else localStorage.setItem(kKey, next);
  } catch {
    // It holds for this page alone, then.
  }
  apply();
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, () => choice);
}

/// What is shown: for canvases, which do not see CSS variables.
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, resolve);
}
