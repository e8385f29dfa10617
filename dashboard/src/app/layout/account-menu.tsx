import { useMutation } from '@tanstack/react-query';
import { ChevronsUpDown, KeyRound, LogOut, UserRound } from 'lucide-react';
import { useState } from 'react';
import { post } from '@/api/client';
import { useReplaceSession, useSession } from '@/api/session';
import { ConfirmDialog } from '@/ui/dialog';
import { Menu } from '@/ui/menu';
import { ThemeSwitch } from '@/ui/theme-switch';
import { PasswordDialog } from './password-dialog';

export function AccountMenu() {
  const { user } = useSession();
  const replace = useReplaceSession();
  const [dialog, setDialog] = useState<'password' | 'everywhere' | null>(null);
  const signOut = useMutation({
    mutationFn: (everywhere: boolean) => post('/api/auth/logout', { everywhere }),
    onSuccess: () => replace(null),
  });
  return (
    <div className="border-line flex flex-col gap-2 border-t pt-3">
      <ThemeSwitch />
      <Menu
        side="top"
        align="start"
        className="w-54"
        trigger={
          <button type="button" className="hover:bg-hover flex h-10 w-full items-center gap-2.5 rounded-md px-2 text-left">
            <span className="bg-hover text-soft flex size-7 shrink-0 items-center justify-center rounded-full">
              <UserRound size={14} aria-hidden />
            </span>
            <span className="min-w-0 flex-1">
              <span className="sr-only">Account: </span>
              <span className="text-ink block truncate text-sm leading-4 font-medium">{user?.name ?? 'API key'}</span>
              <span className="text-muted block truncate text-xs leading-4">{user?.email ?? 'not a person'}</span>
            </span>
            <ChevronsUpDown size={14} aria-hidden className="text-muted shrink-0" />
          </button>
        }
        items={[
          user && { label: 'Change password', icon: KeyRound, run: () => setDialog('password') },
          user && { separator: true },
          { label: 'Sign out', icon: LogOut, run: () => signOut.mutate(false) },
          user && { label: 'Sign out everywhere', icon: LogOut, note: 'All browsers that you are signed in with', run: () => setDialog('everywhere') },
        ]}
      />
      <PasswordDialog open={dialog === 'password'} onClose={() => setDialog(null)} />
      <ConfirmDialog
        open={dialog === 'everywhere'}
        onClose={() => setDialog(null)}
        title="Sign out everywhere?"
        confirm="Sign out everywhere"
        onConfirm={() => signOut.mutateAsync(true)}
      >
        Every session of yours ends, this one too. API keys keep working.
      </ConfirmDialog>
    </div>
  );
}
