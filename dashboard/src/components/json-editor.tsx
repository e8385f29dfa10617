/// A field for JSON that says, as one types, what is wrong and where. ⌘/Ctrl+Enter sends the form that it stands in.
import { useRef } from 'react';
import { checkJson, prettyJson } from '@/lib/json';
import { Button } from '@/ui/button';
import { Field } from '@/ui/field';
import { Textarea } from '@/ui/inputs';

interface JsonEditorProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error?: string | null;
  hint?: string;
  rows?: number;
  required?: boolean;
}

export function JsonEditor({ label, value, onChange, error, hint, rows = 10, required }: JsonEditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const broken = value.trim() === '' ? null : checkJson(value);
  const goThere = (): void => {
    if (!broken || !area.current) return;
    area.current.focus();
    area.current.setSelectionRange(broken.at, Math.min(value.length, broken.at + 1));
  };
  return (
    <Field
      label={label}
      error={error}
      hint={hint}
      required={required}
      aside={
        <span className="flex gap-1">
          {broken && (
            <Button size="sm" variant="ghost" className="-my-1.5" onClick={goThere}>
              Go to line {broken.line}
            </Button>
          )}
          <Button
            size="sm"
            variant="ghost"
            className="-my-1.5"
            disabledReason={broken ? 'It is no JSON yet.' : undefined}
            onClick={() => {
              if (value.trim()) onChange(prettyJson(value));
            }}
          >
            Format
          </Button>
        </span>
      }
    >
      <Textarea
        ref={area}
        mono
        rows={rows}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        autoCorrect="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          event.currentTarget.form?.requestSubmit();
        }}
      />
    </Field>
  );
}
