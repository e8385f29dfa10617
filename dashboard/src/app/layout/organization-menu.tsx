import { useMutation } from '@tanstack/react-query';
import { ChevronsUpDown, Plus } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { post } from '@/api/client';
import { ApiError } from '@/api/errors';
import { useReplaceSession, useSession } from '@/api/session';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Input } from '@/ui/inputs';
import { Menu } from '@/ui/menu';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toaster';

export function OrganizationMenu() {
  const session = useSession();
  const replace = useReplaceSession();
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  const change = useMutation({
    mutationFn: (id: string) => post('/api/auth/organization', { organization_id: id }),
    onSuccess: (next) => {
      void navigate('/');
      replace(next);
      toast(`You are in ${next.organization.name} now`);
    },
  });
  return (
    <>
      <Menu
        align="start"
        className="w-54"
        trigger={
          <button
            type="button"
            className="hover:bg-hover flex h-10 w-full items-center gap-2.5 rounded-md px-2 text-left"
          >
            <Initial name={session.organization.name} />
            <span className="min-w-0 flex-1">
              <span className="sr-only">Organization: </span>
              <span className="text-ink block truncate text-sm leading-4 font-medium">{session.organization.name}</span>
              <span className="text-muted block text-xs leading-4 capitalize">{session.role}</span>
            </span>
            <ChevronsUpDown size={14} aria-hidden className="text-muted shrink-0" />
          </button>
        }
        items={[
          { heading: 'Organizations' },
          ...session.organizations.map((one) => ({
            label: one.name,
            note: one.role,
            checked: one.id === session.organization.id,
            run: () => {
              if (one.id !== session.organization.id) change.mutate(one.id);
            },
          })),
          { separator: true },
          { label: 'New organization', icon: Plus, run: () => setMaking(true) },
        ]}
      />
      <NewOrganization open={making} onClose={() => setMaking(false)} onMade={(id) => change.mutateAsync(id)} />
    </>
  );
}

function Initial({ name }: { name: string }) {
  return (
    <span aria-hidden className="bg-accent-soft text-accent-ink flex size-7 shrink-0 items-center justify-center rounded-md text-xs font-semibold uppercase">
      {name.trim().slice(0, 2)}
    </span>
  );
}

function NewOrganization({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (id: string) => Promise<unknown> }) {
  const [name, setName] = useState('');
  const make = useMutation({
    meta: { shown: true },
    mutationFn: async () => onMade((await post('/api/organizations', { name: name.trim() })).id),
    onSuccess: () => {
      setName('');
      onClose();
    },
  });
  const error = make.error instanceof ApiError ? make.error : null;
  return (
    <Dialog
      open={open}
      onClose={onClose}
      size="sm"
      title="New organization"
      description="It has its own webhooks, events, keys and people. You will own it."
      onSubmit={() => {
        if (name.trim()) make.mutate();
      }}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={make.isPending} disabled={!name.trim()}>
            Create
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <Field label="Name" error={error?.field('name')} required>
          <Input value={name} maxLength={128} onChange={(event) => setName(event.target.value)} />
        </Field>
        {make.isError && !error?.field('name') && <ErrorNote error={make.error} />}
      </div>
    </Dialog>
  );
}
