import { useState } from 'react';
import { ApiError } from '@/api/errors';
import { useCan, useSession } from '@/api/session';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyText } from '@/ui/copy';
import { DefinitionList } from '@/ui/definition-list';
import { Field } from '@/ui/field';
import { Input } from '@/ui/inputs';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toaster';
import { useRename } from './api';
import { roleLabel } from './roles';

const kNameMax = 128;

export function OrganizationCard() {
  const { organization, role } = useSession();
  const { can, reason } = useCan('owner');
  const [name, setName] = useState(organization.name);
  const rename = useRename();
  const run = async (next: string): Promise<void> => {
    await rename.mutateAsync(next);
    setName(next);
  };
  const error = rename.error instanceof ApiError ? rename.error : null;
  const trimmed = name.trim();
  const ready = can && trimmed !== '' && trimmed !== organization.name;
  return (
    <Card title="Organization">
      <form
        noValidate
        className="flex max-w-xl flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!ready || rename.isPending) return;
          const before = organization.name;
          run(trimmed).then(
            () => toast('Organization renamed', { undo: () => run(before) }),
            // The form shows what went wrong.
            () => undefined,
          );
        }}
      >
        <div className="flex flex-wrap items-end gap-2">
          <Field label="Name" error={error?.field('name')} hint={can ? undefined : reason} className="flex-1 basis-52">
            <Input value={name} maxLength={kNameMax} readOnly={!can} onChange={(event) => setName(event.target.value)} />
          </Field>
          {can && (
            <Button type="submit" busy={rename.isPending} disabled={!ready}>
              Rename
            </Button>
          )}
        </div>
        {rename.isError && !error?.field('name') && <ErrorNote error={rename.error} />}
      </form>
      <DefinitionList
        className="mt-4"
        items={[
          ['Id', <CopyText key="id" value={organization.id} />],
          ['Your role', roleLabel(role)],
        ]}
      />
    </Card>
  );
}
