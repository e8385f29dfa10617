import { Plus, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button, IconButton } from '@/ui/button';
import { Input } from '@/ui/inputs';
import type { HeaderRow } from './webhook-form';

interface HeaderRowsProps {
  rows: readonly HeaderRow[];
  error: string | undefined;
  onChange: (rows: readonly HeaderRow[]) => void;
  onBlur: () => void;
}

export function HeaderRows({ rows, error, onChange, onBlur }: HeaderRowsProps) {
  const list = useRef<HTMLUListElement>(null);
  const [added, setAdded] = useState(0);
  useEffect(() => {
    if (added > 0) list.current?.querySelector<HTMLElement>('li:last-child input')?.focus();
  }, [added]);
  const change = (id: number, patch: Partial<HeaderRow>): void => onChange(rows.map((row) => (row.id === id ? { ...row, ...patch } : row)));
  return (
    <div className="flex flex-col gap-3">
      {rows.length === 0 && <p className="text-muted text-sm">None. A receiver that wants an authorization gets it by one.</p>}
      {rows.length > 0 && (
        <ul ref={list} className="flex flex-col gap-2" onBlur={onBlur}>
          {rows.map((row, index) => (
            <li key={row.id} className="flex flex-wrap items-center gap-2">
              <Input
                mono
                aria-label={`Name of header ${index + 1}`}
                aria-invalid={error ? true : undefined}
                placeholder="authorization"
                spellCheck={false}
                value={row.name}
                className="min-w-0 flex-1 basis-36"
                onChange={(event) => change(row.id, { name: event.target.value })}
              />
              <Input
                mono
                aria-label={`Value of header ${index + 1}`}
                placeholder="Bearer …"
                spellCheck={false}
                value={row.value}
                className="min-w-0 flex-2 basis-44"
                onChange={(event) => change(row.id, { value: event.target.value })}
              />
              <IconButton icon={Trash2} label={`Take out header ${index + 1}`} onClick={() => onChange(rows.filter((one) => one.id !== row.id))} />
            </li>
          ))}
        </ul>
      )}
      {error && (
        <p role="alert" className="text-bad text-xs">
          {error}
        </p>
      )}
      <div>
        <Button
          size="sm"
          icon={Plus}
          onClick={() => {
            onChange([...rows, { id: Math.max(-1, ...rows.map((row) => row.id)) + 1, name: '', value: '' }]);
            setAdded((n) => n + 1);
          }}
        >
          Add a header
        </Button>
      </div>
    </div>
  );
}
