/// A secret that is shown this once: a dialog that is left by a button that says so.
import { TriangleAlert } from 'lucide-react';
import { useState, type ReactNode } from 'react';
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
  const [tried, setTried] = useState(false);
  return (
    <Dialog
      open
      title={title}
      // Escape or a click beside it would lose the secret.
      onClose={() => setTried(true)}
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
        {tried && (
          <p role="alert" className="text-bad font-medium">
            Copy it, then press “I have it”. After that it is gone.
          </p>
        )}
      </div>
    </Dialog>
  );
}
