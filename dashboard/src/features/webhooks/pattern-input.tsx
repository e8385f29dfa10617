/// Types as chips: Enter, a comma or a space adds what was typed, Backspace in the empty field takes the last one out.
/// Inside of a <Field>, whose label is that of the text field.
import { X } from 'lucide-react';
import { useRef, type KeyboardEvent } from 'react';
import { patternProblem } from '@/lib/event-types';
import { Input } from '@/ui/inputs';
import { splitPatterns } from './webhook-form';

interface PatternInputProps {
  patterns: readonly string[];
  draft: string;
  onChange: (patch: { patterns?: readonly string[]; pattern?: string }) => void;
  onBlur?: () => void;
}

export function PatternInput({ patterns, draft, onChange, onBlur }: PatternInputProps) {
  const input = useRef<HTMLInputElement>(null);
  /// Adds what is valid of the text, and leaves the rest to be mended.
  const add = (text: string): void => {
    const parts = splitPatterns(text);
    const valid = parts.filter((part) => patternProblem(part) === undefined);
    const rest = parts.filter((part) => patternProblem(part) !== undefined);
    onChange({ patterns: [...new Set([...patterns, ...valid])], pattern: rest.join(' ') });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && draft.trim() !== '') {
      // Adds; the next Enter sends the form.
      event.preventDefault();
      add(draft);
    } else if (event.key === 'Backspace' && draft === '' && patterns.length > 0) {
      event.preventDefault();
      onChange({ patterns: patterns.slice(0, -1), pattern: patterns.at(-1) ?? '' });
    }
  };
  return (
    <div className="flex min-w-0 flex-col gap-2">
      {patterns.length > 0 && (
        <ul aria-label="Chosen types" className="flex flex-wrap gap-1.5">
          {patterns.map((pattern) => (
            <li key={pattern} className="bg-accent-soft text-accent-ink inline-flex h-7 max-w-full items-center rounded-md pl-2 text-xs font-medium">
              <code className="truncate">{pattern}</code>
              <button
                type="button"
                aria-label={`Remove ${pattern}`}
                className="hover:bg-hover ml-0.5 flex size-7 items-center justify-center rounded-md"
                onClick={() => {
                  onChange({ patterns: patterns.filter((one) => one !== pattern) });
                  input.current?.focus();
                }}
              >
                <X size={12} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Input
        ref={input}
        mono
        value={draft}
        spellCheck={false}
        autoCapitalize="off"
        placeholder={patterns.length ? 'Another one' : 'order.created, order.* or *'}
        onChange={(event) => {
          const text = event.target.value;
          if (/[\s,;]/.test(text)) add(text);
          else onChange({ pattern: text });
        }}
        onKeyDown={onKeyDown}
        // What is typed stays there and counts: a chip that appears now would move the button that is being clicked.
        onBlur={onBlur}
      />
    </div>
  );
}
