import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useState } from 'react';
import { ApiError } from '@/api/errors';
import type { Invitation, Role } from '@/api/models';
import { useSession } from '@/api/session';
import { plural } from '@/lib/numbers';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { ConfirmDialog, Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Input, Select } from '@/ui/inputs';
import { ErrorNote, ErrorState, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { toast } from '@/ui/toaster';
import { invitationsQuery, useInvite, useWithdraw } from './api';
import { givableRoles, roleLabel, roleMay } from './roles';

/// Those that nobody has accepted yet.
export function Invitations() {
  const [withdrawing, setWithdrawing] = useState<Invitation | null>(null);
  const invitations = useQuery(invitationsQuery);
  const withdraw = useWithdraw();
  const open = invitations.data ?? [];
  return (
    <Card flush title="Invitations" note={open.length ? plural(open.length, 'open one') : undefined}>
      {invitations.isPending ? (
        <SkeletonRows rows={1} columns={3} />
      ) : invitations.isError && !invitations.data ? (
        <ErrorState error={invitations.error} onRetry={() => void invitations.refetch()} />
      ) : open.length === 0 ? (
        <p className="text-muted px-4 py-4 text-sm">No invitation is open.</p>
      ) : (
        <ul aria-label="Invitations" className="divide-line divide-y">
          {open.map((invitation) => (
            <li key={invitation.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
              <div className="min-w-0 flex-1 basis-52">
                <p className="text-ink truncate text-sm font-medium">{invitation.email}</p>
                <p className="text-muted text-xs">
                  invited <TimeAgo at={invitation.created_at} />, ends <TimeAgo at={invitation.expires_at} />
                </p>
              </div>
              <Badge tip={roleMay(invitation.role)}>{roleLabel(invitation.role)}</Badge>
              <Button size="sm" icon={X} aria-label={`Withdraw the invitation of ${invitation.email}`} onClick={() => setWithdrawing(invitation)}>
                Withdraw
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={withdrawing !== null}
        onClose={() => setWithdrawing(null)}
        title={`Withdraw the invitation of ${withdrawing?.email ?? ''}?`}
        confirm="Withdraw"
        danger
        onConfirm={async () => {
          if (!withdrawing) return;
          await withdraw.mutateAsync(withdrawing);
          toast('Invitation withdrawn', { detail: `The link for ${withdrawing.email} works no more.` });
        }}
      >
        Its link works no more from this moment on. You can invite them anew.
      </ConfirmDialog>
    </Card>
  );
}

export function NewInvitation({ onClose, onMade }: { onClose: () => void; onMade: (made: { email: string; url: string }) => void }) {
  const { role: mine } = useSession();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const make = useInvite();
  const error = make.error instanceof ApiError ? make.error : null;
  const ready = /^\S+@\S+$/.test(email.trim());
  return (
    <Dialog
      open
      size="sm"
      title="Invite somebody"
      description="They get a link from you, and choose a password of their own."
      onClose={onClose}
      locked={make.isPending}
      onSubmit={() => {
        const whom = { email: email.trim(), role };
        if (ready && !make.isPending) make.mutate(whom, { onSuccess: ({ url }) => onMade({ email: whom.email, url }) });
      }}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={make.isPending} disabled={!ready}>
            Make the link
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Field label="E-mail" error={error?.field('email')} required>
          <Input type="email" autoCapitalize="none" spellCheck={false} maxLength={254} value={email} onChange={(event) => setEmail(event.target.value)} />
        </Field>
        <Field label="Role" hint={roleMay(role)} error={error?.field('role')}>
          <Select<Role> value={role} onChange={setRole} options={givableRoles(mine).map((value) => ({ value, label: roleLabel(value) }))} />
        </Field>
        {make.isError && <ErrorNote error={make.error} shown={['email', 'role']} />}
      </div>
    </Dialog>
  );
}
