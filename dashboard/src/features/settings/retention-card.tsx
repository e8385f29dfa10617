import { useState } from 'react';
import { ApiError } from '@/api/errors';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { ConfirmDialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Checkbox, Input } from '@/ui/inputs';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toaster';
import { useSetRetention } from './api';
import { deletesMore, parseRetention, retentionText } from './retention';

/// Begins anew when somebody else has changed it.
export function RetentionCard({ days }: { days: number }) {
  return <Form key={days} days={days} />;
}

const kSuggested = '30';

function Form({ days }: { days: number }) {
  const [forever, setForever] = useState(days === 0);
  const [text, setText] = useState(days === 0 ? kSuggested : String(days));
  const [asking, setAsking] = useState<number | null>(null);
  const save = useSetRetention();
  const run = async (next: number): Promise<void> => {
    await save.mutateAsync(next);
    toast(`Kept ${retentionText(next)} now`, {
      detail: 'It holds on all processes within a minute.',
      // What a shorter one deleted does not come back.
      undo: deletesMore(days, next) ? undefined : () => save.mutateAsync(days),
    });
  };
  const parsed = parseRetention(text, forever);
  const error = save.error instanceof ApiError ? save.error : null;
  const ready = parsed.days !== undefined && parsed.days !== days;
  const submit = (): void => {
    if (!ready || parsed.days === undefined || save.isPending) return;
    if (deletesMore(days, parsed.days)) setAsking(parsed.days);
    // The form shows what goes wrong.
    else run(parsed.days).catch(() => undefined);
  };
  return (
    <Card title="Retention" note={`events and what became of them are kept ${retentionText(days)}`}>
      <form
        noValidate
        className="flex max-w-xl flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Checkbox label="Keep everything for ever" hint="The store grows with every event." checked={forever} onChange={setForever} />
        <div className="flex flex-wrap items-end gap-2">
          <Field label="Days" error={parsed.problem ?? error?.field('retention_days')} className="w-32">
            <Input inputMode="numeric" maxLength={4} value={text} disabled={forever} onChange={(event) => setText(event.target.value)} />
          </Field>
          <Button type="submit" busy={save.isPending} disabled={!ready}>
            Save
          </Button>
        </div>
        <p className="text-muted text-xs">What is pending stays, however old.</p>
        {save.isError && asking === null && !error?.field('retention_days') && <ErrorNote error={save.error} />}
      </form>
      <ConfirmDialog
        open={asking !== null}
        onClose={() => setAsking(null)}
        title="Keep less?"
        confirm={`Keep ${retentionText(asking ?? 0)}`}
        danger
        onConfirm={() => (asking === null ? Promise.resolve() : run(asking))}
      >
        Within some minutes, events, their deliveries and dead letters that are older than {retentionText(asking ?? 0)} are deleted in all organizations of this installation. That cannot be undone.
      </ConfirmDialog>
    </Card>
  );
}
