/// Toasts say what happened, and undo it where it can be undone:
///   toast('Webhook paused', { undo: () => resume() });   toastError(error);
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { ApiError } from '@/api/errors';
import { cx } from '@/lib/cx';

interface Toast {
  id: number;
  tone: 'ok' | 'bad';
  title: string;
  detail?: string;
  action?: { label: string; run: () => void };
}

interface ToastOptions {
  detail?: string;
  undo?: () => void | Promise<unknown>;
  action?: { label: string; run: () => void };
}

const kShownMs = 6_000;
const kShownWithActionMs = 10_000;
const kMost = 4;

let toasts: readonly Toast[] = [];
let nextId = 1;
const watchers = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const watcher of watchers) watcher();
}

function add(toast_: Omit<Toast, 'id'>): void {
  set([...toasts.filter((t) => t.title !== toast_.title), { ...toast_, id: nextId++ }].slice(-kMost));
}

function dismiss(id: number): void {
  set(toasts.filter((t) => t.id !== id));
}

export function toast(title: string, { detail, undo, action }: ToastOptions = {}): void {
  const undoAction = undo && {
    label: 'Undo',
    run: () => void Promise.resolve(undo()).catch((error: unknown) => toastError(error, 'It could not be undone')),
  };
  add({ tone: 'ok', title, detail, action: action ?? undoAction });
}

export function toastError(error: unknown, title?: string): void {
  const said = error instanceof ApiError ? error.title : 'Something went wrong';
  const detail = error instanceof Error ? error.message : String(error);
  add({ tone: 'bad', title: title ?? said, detail });
}

export function Toaster() {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => toasts,
  );
  const box = useRef<HTMLDivElement>(null);
  const newest = shown.at(-1)?.id ?? 0;
  // Shown anew for each, so that it lies over a dialog that was opened since.
  useEffect(() => {
    const element = box.current;
    if (!element?.isConnected) return;
    element.hidePopover();
    if (newest) element.showPopover();
  }, [newest]);
  const last = shown.at(-1);
  return (
    <>
      {/* Always there: a live region that appears together with its text is not read. */}
      <div aria-live="polite" className="sr-only">
        {last && `${last.title}. ${last.detail ?? ''}`}
      </div>
      <div
        ref={box}
        popover="manual"
        className="fixed inset-auto right-4 bottom-4 m-0 w-88 max-w-[calc(100vw-2rem)] overflow-visible border-0 bg-transparent p-0"
      >
        <ol aria-label="Notifications" className="flex flex-col gap-2">
          {shown.map((one) => (
            <Item key={one.id} toast={one} />
          ))}
        </ol>
      </div>
    </>
  );
}

function Item({ toast: { id, tone, title, detail, action } }: { toast: Toast }) {
  const paused = useRef(false);
  useEffect(() => {
    let left = action ? kShownWithActionMs : kShownMs;
    const timer = window.setInterval(() => {
      if (!paused.current) left -= 250;
      if (left <= 0) dismiss(id);
    }, 250);
    return () => window.clearInterval(timer);
  }, [id, action]);
  const Icon = tone === 'ok' ? CircleCheck : CircleAlert;
  return (
    <li
      className="animate-enter border-line bg-raised text-ink shadow-pop flex items-start gap-2.5 rounded-lg border py-2.5 pr-2 pl-3"
      onPointerEnter={() => (paused.current = true)}
      onPointerLeave={() => (paused.current = false)}
      onFocus={() => (paused.current = true)}
      onBlur={() => (paused.current = false)}
    >
      <Icon size={16} aria-hidden className={cx('mt-0.5 shrink-0', tone === 'ok' ? 'text-ok' : 'text-bad')} />
      <div className="min-w-0 flex-1">
        <p className="text-sm font-medium">{title}</p>
        {detail && <p className="text-muted mt-0.5 text-xs">{detail}</p>}
      </div>
      {action && (
        <button
          type="button"
          className="text-accent-ink hover:bg-hover rounded px-2 py-0.5 text-sm font-medium"
          onClick={() => {
            dismiss(id);
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" aria-label="Dismiss" className="text-muted hover:text-ink rounded p-1" onClick={() => dismiss(id)}>
        <X size={14} aria-hidden />
      </button>
    </li>
  );
}
