import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '@/api/client';
import { ApiError } from '@/api/errors';
import { useSession } from '@/api/session';
import { kPasswordHint, passwordProblem } from '@/lib/password';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { PasswordInput } from '@/ui/inputs';
import { ErrorNote } from '@/ui/states';
import { toast } from '@/ui/toaster';

export function PasswordDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return open ? <OpenPasswordDialog onClose={onClose} /> : null;
}

function OpenPasswordDialog({ onClose }: { onClose: () => void }) {
  const { user } = useSession();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    meta: { shown: true },
    mutationFn: () => post('/api/auth/password', { current_password: current, new_password: next }),
    onSuccess: () => {
      toast('Password changed', { detail: 'All other sessions of yours have ended.' });
      onClose();
    },
  });
  const error = change.error instanceof ApiError ? change.error : null;
  const currentError = error?.field('current_password') ?? (error?.status === 401 ? 'This is not your password.' : undefined);
  const nextError = error?.field('new_password') ?? passwordProblem(next);
  const ready = current !== '' && next !== '' && !passwordProblem(next);
  return (
    <Dialog
      open
      onClose={onClose}
      size="sm"
      title="Change password"
      description="Everywhere else you will be signed out."
      onSubmit={() => {
        if (ready) change.mutate();
      }}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={change.isPending} disabled={!ready}>
            Change password
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <input type="text" autoComplete="username" value={user?.email ?? ''} readOnly hidden />
        <Field label="Current password" error={currentError}>
          <PasswordInput autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.target.value)} />
        </Field>
        <Field label="New password" hint={kPasswordHint} error={nextError}>
          <PasswordInput autoComplete="new-password" value={next} onChange={(event) => setNext(event.target.value)} />
        </Field>
        {change.isError && !currentError && !error?.field('new_password') && <ErrorNote error={change.error} />}
      </div>
    </Dialog>
  );
}
