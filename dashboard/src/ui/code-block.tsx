import { useState, type ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { CopyIcon } from './copy';
import { Segmented } from './segmented';

interface CodeBlockProps {
  code: string;
  /// Read out: what this is.
  label: string;
  /// In the bar at the top; without it and without `bar` there is only the button that copies.
  title?: ReactNode;
  bar?: ReactNode;
  /// Copied instead of what is shown, for example with the key in it.
  copy?: string;
  wrap?: boolean;
  className?: string;
}

export function CodeBlock({ code, label, title, bar, copy, wrap, className }: CodeBlockProps) {
  const button = <CopyIcon value={copy ?? code} label={`Copy: ${label}`} />;
  return (
    <figure aria-label={label} className={cx('border-line bg-sunken relative min-w-0 overflow-hidden rounded-lg border dark:bg-page', className)}>
      {(title || bar) && (
        <figcaption className="border-line flex min-h-9 items-center justify-between gap-2 border-b py-1 pr-1 pl-3">
          <span className="text-muted min-w-0 truncate text-xs font-medium">{title}</span>
          <span className="flex min-w-0 items-center gap-1">
            {bar}
            {button}
          </span>
        </figcaption>
      )}
      {!(title || bar) && <span className="bg-sunken dark:bg-page absolute top-1 right-1 rounded-md">{button}</span>}
      <pre
        // Scrolls, so the keyboard must reach it.
        tabIndex={0}
        className={cx('max-h-112 overflow-auto p-3 text-xs leading-5', wrap && 'break-all whitespace-pre-wrap', !(title || bar) && 'pr-10')}
      >
        <code>{code}</code>
      </pre>
    </figure>
  );
}

const kRemembered = 'eventrelay.language';

/// The same in several languages; the choice is remembered.
export function CodeTabs<L extends string>({ snippets, label, copy }: { snippets: Record<L, string>; label: string; copy?: (code: string) => string }) {
  const languages = Object.keys(snippets) as L[];
  const [chosen, setChosen] = useState<string>(() => {
    try {
      return localStorage.getItem(kRemembered) ?? '';
    } catch {
      return '';
    }
  });
  const language = languages.find((one) => one === chosen) ?? languages[0];
  if (!language) return null;
  return (
    <CodeBlock
      code={snippets[language]}
      copy={copy?.(snippets[language])}
      label={`${label}, ${language}`}
      bar={
        <Segmented
          size="sm"
          label="Language"
          value={language}
          options={languages.map((one) => ({ value: one, label: one }))}
          onChange={(next) => {
            setChosen(next);
            try {
              localStorage.setItem(kRemembered, next);
            } catch {
              // Not remembered, then.
            }
          }}
        />
      }
    />
  );
}
