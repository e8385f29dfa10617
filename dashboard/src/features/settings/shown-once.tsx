/// A secret that is shown this once: a dialog that is left by a button that says so.
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '@/ui/button';
import { CodeBlock } from '@/ui/code-block';
import { CopyButton } from '@/ui/copy';
import { Dialog } from '@/ui/dialog';
import { Note } from '@/ui/states';

interface ShownOnceProps {
  title: string;
  /// What the secret is: "The key", "The link".
  label: string;
  value: string;
  onClose: () => void;
  children: ReactNode;
}

export function ShownOnce({ title, label, value, onClose, children }: ShownOnceProps) {
  return (
    <Dialog
      open
      // A click beside it would lose the secret.
      locked
      title={title}
      onClose={onClose}
      footer={
        <>
          <CopyButton value={value} label={`Copy ${label.toLowerCase()}`} />
          <Button variant="primary" data-autofocus onClick={onClose}>
            I have it
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-sm">
        <Note tone="warn" icon={TriangleAlert}>
          It is shown this once, and stored nowhere where it could be read again.
        </Note>
        <CodeBlock code={value} label={label} wrap />
        <div className="text-soft">{children}</div>
      </div>
    </Dialog>
  );
}
