import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from '@/lib/clipboard';
import { cx } from '@/lib/cx';
import { Button, IconButton } from './button';
import { toastError } from './toaster';

function useCopy(value: string | (() => string)): [boolean, () => void] {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = window.setTimeout(() => setDone(false), 1_500);
    return () => window.clearTimeout(timer);
  }, [done]);
  const run = (): void => {
    void copyText(typeof value === 'function' ? value() : value).then((copied) => {
      if (copied) setDone(true);
      else toastError(new Error('The browser did not let it onto the clipboard.'), 'Not copied');
    });
  };
  return [done, run];
}

interface CopyProps {
  value: string | (() => string);
  /// What is copied: "Copy the id".
  label?: string;
  size?: 'sm' | 'md';
  className?: string;
}

export function CopyIcon({ value, label = 'Copy', size = 'sm', className }: CopyProps) {
  const [done, run] = useCopy(value);
  return (
    <IconButton icon={done ? Check : Copy} label={done ? 'Copied' : label} size={size} onClick={run} className={cx(done && 'text-ok!', className)} />
  );
}

export function CopyButton({ value, label = 'Copy', size }: CopyProps) {
  const [done, run] = useCopy(value);
  return (
    <Button icon={done ? Check : Copy} size={size} onClick={run}>
      {done ? 'Copied' : label}
    </Button>
  );
}

/// An id or address in a monospaced font with a button that copies it. `shown` where the whole is too long.
export function CopyText({ value, shown, className }: { value: string; shown?: string; className?: string }) {
  return (
    <span className={cx('group/copy inline-flex max-w-full min-w-0 items-center gap-1', className)}>
      <code className="truncate" data-tip={shown ? value : undefined}>
        {shown ?? value}
      </code>
      <CopyIcon value={value} label="Copy" className="h-6! w-6! opacity-60 group-hover/copy:opacity-100 focus-visible:opacity-100" />
    </span>
  );
}
