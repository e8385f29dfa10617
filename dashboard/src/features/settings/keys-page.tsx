import { KeyRound, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { get } from '@/api/client';
import { ApiError } from '@/api/errors';
import { keys } from '@/api/keys';
import type { ApiKey, Scope } from '@/api/models';
import { useCan } from '@/api/session';
import { ListError } from '@/components/list-error';
import { useShortcuts } from '@/lib/shortcuts';
import { Badge, type Tone } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyText } from '@/ui/copy';
import { CursorPager, useCursorPage } from '@/ui/cursor-pager';
import { ConfirmDialog, Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Input, Select } from '@/ui/inputs';
import { EmptyState, ErrorNote, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { toast } from '@/ui/toaster';
import { useCreateKey, useDeleteKey } from './api';
import { AdminsOnly, SettingsFrame } from './settings-frame';
import { ShownOnce } from './shown-once';

const kScopes: Record<Scope, { label: string; may: string; tone: Tone }> = {
  publish: { label: 'Publish', may: 'Posts events, and nothing else: for the applications that make them.', tone: 'info' },
  read: { label: 'Read', may: 'Reads everything but secrets, as a viewer does.', tone: 'neutral' },
  admin: { label: 'Admin', may: 'Does everything that an admin may: for tools that set webhooks up.', tone: 'warn' },
};

export function Component() {
  const { can, reason } = useCan('admin');
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  useShortcuts([{ keys: 'n', label: 'New API key', group: 'API keys', run: () => setMaking(true) }], can);
  return (
    <SettingsFrame
      title="API keys"
      actions={
        <Button variant="primary" icon={Plus} disabledReason={reason} onClick={() => setMaking(true)}>
          New API key
        </Button>
      }
    >
      <AdminsOnly what="the API keys">
        <List onNew={() => setMaking(true)} />
      </AdminsOnly>
      {making && (
        <NewKey
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setMade(key);
          }}
        />
      )}
      {made && (
        <ShownOnce title={made.name ? `The key “${made.name}”` : 'The new key'} label="The key" value={made.key} onClose={() => setMade(null)}>
          Send it as <code>Authorization: Bearer …</code> or <code>X-API-Key</code>.
        </ShownOnce>
      )}
    </SettingsFrame>
  );
}

function List({ onNew }: { onNew: () => void }) {
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState<ApiKey | null>(null);
  const page = useCursorPage<ApiKey>({
    queryKey: keys.apiKeys.list(),
    fetchPage: (cursor, signal) => get('/api/keys', { query: { cursor, limit: 50 }, signal }),
  });
  const del = useDeleteKey();
  return (
    <Card flush title="API keys" note="for programs; each belongs to this organization">
      {page.pending ? (
        <SkeletonRows rows={4} columns={4} />
      ) : page.error ? (
        <ListError error={page.error} onRetry={page.retry} onClear={() => void navigate('/settings/keys')} />
      ) : page.rows.length === 0 ? (
        <EmptyState
          icon={KeyRound}
          title="No API keys"
          action={
            <Button icon={Plus} onClick={onNew}>
              New API key
            </Button>
          }
        >
          A program needs one to post events. People sign in instead.
        </EmptyState>
      ) : (
        <ul aria-label="API keys" className="divide-line divide-y">
          {page.rows.map((key) => (
            <li key={key.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
              <div className="min-w-0 flex-1 max-sm:basis-full">
                <p className="text-ink truncate text-sm font-medium">{key.name || <span className="text-muted">without a name</span>}</p>
                <p className="text-muted flex flex-wrap items-center gap-x-2 text-xs">
                  <CopyText value={key.id} />
                  <span>
                    ends in <code>{key.hint}</code>
                  </span>
                </p>
              </div>
              <Badge tone={kScopes[key.scope].tone} tip={kScopes[key.scope].may}>
                {kScopes[key.scope].label}
              </Badge>
              <span className="text-muted text-xs sm:w-28 sm:text-right">
                made <TimeAgo at={key.created_at} />
              </span>
              <IconButton icon={Trash2} size="sm" className="max-sm:ml-auto" label={`Delete ${key.name || key.id}`} onClick={() => setDeleting(key)} />
            </li>
          ))}
        </ul>
      )}
      {!page.error && <CursorPager page={page} of="keys" />}
      <ConfirmDialog
        open={deleting !== null}
        onClose={() => setDeleting(null)}
        title={`Delete ${deleting?.name ? `“${deleting.name}”` : 'this key'}?`}
        confirm="Delete"
        danger
        onConfirm={async () => {
          if (!deleting) return;
          await del.mutateAsync(deleting);
          toast('API key deleted', { detail: `${deleting.name || deleting.id} works no more.` });
        }}
      >
        The key that ends in <code>{deleting?.hint}</code> is refused from this moment on, and whoever uses it fails. It cannot be brought back.
      </ConfirmDialog>
    </Card>
  );
}

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (made: { name: string; key: string }) => void }) {
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>('publish');
  const make = useCreateKey();
  const error = make.error instanceof ApiError ? make.error : null;
  return (
    <Dialog
      open
      size="sm"
      title="New API key"
      onClose={onClose}
      locked={make.isPending}
      onSubmit={() => {
        if (!make.isPending) make.mutate({ name: name.trim(), scope }, { onSuccess: onMade });
      }}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={make.isPending}>
            Create
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Field label="Name" hint="What uses it: it helps to know which key to delete one day." error={error?.field('name')}>
          <Input value={name} maxLength={128} placeholder="shop backend" onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label="Scope" hint={kScopes[scope].may} error={error?.field('scope')}>
          <Select<Scope> value={scope} onChange={setScope} options={(Object.keys(kScopes) as Scope[]).map((value) => ({ value, label: kScopes[value].label }))} />
        </Field>
        {make.isError && <ErrorNote error={make.error} shown={['name', 'scope']} />}
      </div>
    </Dialog>
  );
}
