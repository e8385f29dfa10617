/// Dialogs are the browser's <dialog>: it holds the focus, closes on Escape, and makes the rest inert.
///   <Dialog open={open} onClose={() => setOpen(false)} title="Rotate the secret" footer={<Button>…</Button>}>…</Dialog>
/// The focus goes to what has `data-autofocus`, or to the first field (React's autoFocus comes too early for a dialog).
import { X } from 'lucide-react';
import { createContext, useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { Button, IconButton } from './button';
import { ErrorNote } from './states';

/// Where menus and the like put what they open: inside of the dialog that they stand in.
export const PortalContext = createContext<HTMLElement | null>(null);

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  footer?: ReactNode;
  size?: 'sm' | 'md' | 'lg';
  /// Something runs that must not be left in the middle.
  locked?: boolean;
  /// The whole is a form: Enter sends it.
  onSubmit?: () => void;
  children?: ReactNode;
}

const kFields = 'input:not([hidden], :disabled), textarea:not(:disabled), select:not(:disabled)';
const kWidths = { sm: 'max-w-md', md: 'max-w-xl', lg: 'max-w-3xl' };

export function Dialog(props: DialogProps) {
  return props.open ? <OpenDialog {...props} /> : null;
}

function OpenDialog({ onClose, title, description, footer, size = 'md', locked, onSubmit, children }: DialogProps) {
  const [element, setElement] = useState<HTMLDialogElement | null>(null);
  const id = useId();
  const pressed = useRef<EventTarget | null>(null);
  useEffect(() => {
    if (!element) return;
    const before = document.activeElement;
    element.showModal();
    const first = element.querySelector<HTMLElement>('[data-autofocus]') ?? element.querySelector<HTMLElement>(kFields);
    (first ?? element).focus();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [element]);
  const close = (): void => {
    if (!locked) onClose();
  };
  const body = (
    <>
      <header className="flex items-start justify-between gap-4 px-5 pt-4">
        <div className="min-w-0">
          <h2 id={id} className="text-ink text-base font-semibold">
            {title}
          </h2>
          {description && (
            <div id={`${id}-d`} className="text-muted mt-1 text-sm">
              {description}
            </div>
          )}
        </div>
        <IconButton icon={X} label="Close" size="sm" onClick={close} className="-mr-1.5" />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
      {footer && <footer className="border-line flex flex-wrap items-center justify-end gap-2 border-t px-5 py-3">{footer}</footer>}
    </>
  );
  const inner = 'flex max-h-[min(44rem,calc(100dvh-2rem))] flex-col';
  return (
    <dialog
      ref={setElement}
      tabIndex={-1}
      aria-labelledby={id}
      aria-describedby={description ? `${id}-d` : undefined}
      className={cx(
        'animate-enter border-line bg-surface text-ink shadow-pop m-auto outline-none! w-[calc(100%-2rem)] rounded-xl border p-0 dark:bg-raised',
        kWidths[size],
      )}
      onCancel={(event) => {
        if (event.target !== element) return;
        event.preventDefault();
        close();
      }}
      onMouseDown={(event) => {
        pressed.current = event.target;
      }}
      onClick={(event) => {
        // Beside it, and not the end of a selection that began inside.
        if (event.target === element && pressed.current === element) close();
      }}
    >
      <PortalContext value={element}>
        {onSubmit ? (
          <form
            className={inner}
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              event.stopPropagation();
              onSubmit();
            }}
          >
            {body}
          </form>
        ) : (
          <div className={inner}>{body}</div>
        )}
      </PortalContext>
    </dialog>
  );
}

interface ConfirmDialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /// What will happen, in a sentence or two.
  children?: ReactNode;
  /// The verb: "Delete", "Purge 120".
  confirm: string;
  danger?: boolean;
  /// A rejection stays in the dialog as its message; otherwise it closes.
  onConfirm: () => Promise<unknown>;
}

export function ConfirmDialog({ open, ...rest }: ConfirmDialogProps) {
  return open ? <OpenConfirm {...rest} /> : null;
}

function OpenConfirm({ onClose, title, children, confirm, danger, onConfirm }: Omit<ConfirmDialogProps, 'open'>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = (): void => {
    if (busy) return;
    setBusy(true);
    setError(null);
    onConfirm()
      .then(onClose, setError)
      .finally(() => setBusy(false));
  };
  return (
    <Dialog
      open
      size="sm"
      title={title}
      onClose={onClose}
      locked={busy}
      onSubmit={run}
      footer={
        <>
          <Button onClick={onClose} disabled={busy} data-autofocus={danger ? true : undefined}>
            Keep as it is
          </Button>
          <Button type="submit" variant={danger ? 'danger' : 'primary'} busy={busy} data-autofocus={danger ? undefined : true}>
            {confirm}
          </Button>
        </>
      }
    >
      <div className="text-soft flex flex-col gap-3 text-sm">
        {children}
        {error !== null && <ErrorNote error={error} />}
      </div>
    </Dialog>
  );
}
