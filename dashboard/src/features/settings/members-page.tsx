import { LogOut, Plus, UserMinus, Users } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { get } from '@/api/client';
import { keys } from '@/api/keys';
import type { Member, Role } from '@/api/models';
import { useCan, useSession } from '@/api/session';
import { ListError } from '@/components/list-error';
import { useShortcuts } from '@/lib/shortcuts';
import { Badge } from '@/ui/badge';
import { Button, IconButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { CursorPager, useCursorPage } from '@/ui/cursor-pager';
import { ConfirmDialog } from '@/ui/dialog';
import { Select } from '@/ui/inputs';
import { EmptyState, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { toast } from '@/ui/toaster';
import { useRemoveMember, useSetRole } from './api';
import { Invitations, NewInvitation } from './invitations';
import { givableRoles, kRoles, roleLabel, roleMay, untouchable } from './roles';
import { SettingsFrame } from './settings-frame';
import { ShownOnce } from './shown-once';

export function Component() {
  const { can, reason } = useCan('admin');
  const [inviting, setInviting] = useState(false);
  const [made, setMade] = useState<{ email: string; url: string } | null>(null);
  useShortcuts([{ keys: 'n', label: 'Invite somebody', group: 'Members', run: () => setInviting(true) }], can);
  return (
    <SettingsFrame
      title="Members"
      actions={
        <Button variant="primary" icon={Plus} disabledReason={reason} onClick={() => setInviting(true)}>
          Invite
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <Members />
        {can && <Invitations />}
        <RolesCard />
      </div>
      {inviting && (
        <NewInvitation
          onClose={() => setInviting(false)}
          onMade={(invitation) => {
            setInviting(false);
            setMade(invitation);
          }}
        />
      )}
      {made && (
        <ShownOnce title={`The invitation of ${made.email}`} label="The link" value={made.url} onClose={() => setMade(null)}>
          EventRelay sends no mail: give the link to {made.email} yourself. It works once, for seven days. Whoever has it can accept it.
        </ShownOnce>
      )}
    </SettingsFrame>
  );
}

function Members() {
  const navigate = useNavigate();
  const { user, role: mine } = useSession();
  const [removing, setRemoving] = useState<Member | null>(null);
  const [lowering, setLowering] = useState<Role | null>(null);
  const page = useCursorPage<Member>({
    queryKey: keys.members.list(),
    fetchPage: (cursor, signal) => get('/api/users', { query: { cursor, limit: 50 }, signal }),
  });
  const setRole = useSetRole();
  const removeMember = useRemoveMember();
  const self = page.rows.find((member) => member.id === user?.id);
  const leaving = removing !== null && removing.id === user?.id;
  const choose = (member: Member, role: Role): void => {
    // Whoever lowers themself cannot raise themself again.
    if (member.id === user?.id) return setLowering(role);
    const undo = (): Promise<unknown> => setRole.mutateAsync({ id: member.id, role: member.role });
    setRole.mutate({ id: member.id, role }, { onSuccess: () => toast(`${member.name || member.email} is ${roleLabel(role).toLowerCase()} now`, { undo }) });
  };
  return (
    <Card flush title="Members">
      {page.pending ? (
        <SkeletonRows rows={4} columns={4} />
      ) : page.error ? (
        <ListError error={page.error} onRetry={page.retry} onClear={() => void navigate('/settings/members')} />
      ) : page.rows.length === 0 ? (
        <EmptyState icon={Users} title="No members">
          Nobody signs in to this organization: it is used by API keys alone.
        </EmptyState>
      ) : (
        <ul aria-label="Members" className="divide-line divide-y">
          {page.rows.map((member) => {
            const isSelf = member.id === user?.id;
            const fixed = untouchable(mine, member.role);
            const busy = setRole.isPending && setRole.variables.id === member.id;
            return (
              <li key={member.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
                <div className="min-w-0 flex-1 basis-52">
                  <p className="text-ink flex items-center gap-2 text-sm font-medium">
                    <span className="truncate">{member.name || member.email}</span>
                    {isSelf && <Badge tone="accent">You</Badge>}
                  </p>
                  <p className="text-muted truncate text-xs">{member.email}</p>
                </div>
                <span className="text-muted text-xs max-sm:hidden">
                  joined <TimeAgo at={member.created_at} />
                </span>
                {fixed ? (
                  <span className="w-36">
                    <Badge tip={fixed}>{roleLabel(member.role)}</Badge>
                  </span>
                ) : (
                  <Select<Role>
                    aria-label={`Role of ${member.name || member.email}`}
                    data-tip={roleMay(member.role)}
                    value={member.role}
                    disabled={busy}
                    options={givableRoles(mine).map((value) => ({ value, label: roleLabel(value) }))}
                    onChange={(role) => choose(member, role)}
                    className="w-36"
                  />
                )}
                <IconButton
                  size="sm"
                  icon={isSelf ? LogOut : UserMinus}
                  label={isSelf ? 'Leave the organization' : `Remove ${member.name || member.email}`}
                  disabledReason={isSelf ? undefined : fixed}
                  onClick={() => setRemoving(member)}
                />
              </li>
            );
          })}
        </ul>
      )}
      {!page.error && <CursorPager page={page} of="members" />}
      <ConfirmDialog
        open={lowering !== null && self !== undefined}
        onClose={() => setLowering(null)}
        title="Change your own role?"
        confirm={`Become ${roleLabel(lowering ?? '').toLowerCase()}`}
        danger
        onConfirm={async () => {
          if (!self || !lowering) return;
          await setRole.mutateAsync({ id: self.id, role: lowering });
          toast(`You are ${roleLabel(lowering).toLowerCase()} now`);
        }}
      >
        {roleMay(lowering ?? '')} You may not be able to take that back yourself.
      </ConfirmDialog>
      <ConfirmDialog
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title={leaving ? 'Leave the organization?' : `Remove ${removing?.name || removing?.email || ''}?`}
        confirm={leaving ? 'Leave' : 'Remove'}
        danger
        onConfirm={async () => {
          if (!removing) return;
          await removeMember.mutateAsync(removing);
          toast(leaving ? 'You left the organization' : `${removing.name || removing.email} was removed`);
        }}
      >
        {leaving
          ? 'You see nothing of it from this moment on. Somebody else must invite you to return.'
          : `${removing?.email ?? ''} sees nothing of this organization from this moment on. What they did stays, and so do the API keys that they made.`}
      </ConfirmDialog>
    </Card>
  );
}

function RolesCard() {
  return (
    <Card title="What the roles may">
      <dl className="flex flex-col gap-2 text-sm">
        {kRoles.map((role) => (
          <div key={role.value} className="grid gap-x-4 sm:grid-cols-[6rem_minmax(0,1fr)]">
            <dt className="text-ink font-medium">{role.label}</dt>
            <dd className="text-muted">{role.may}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
