import { useMutation, useQuery } from '@tanstack/react-query';
import { CircleAlert, Hourglass } from 'lucide-react';
import { useState } from 'react';
import { Navigate, useSearchParams } from 'react-router';
import { post } from '@/api/client';
import { ApiError } from '@/api/errors';
import { sessionQuery, useReplaceSession } from '@/api/session';
import { duration } from '@/lib/time';
import { useNow } from '@/lib/use-now';
import { Button } from '@/ui/button';
import { Field } from '@/ui/field';
import { Input, PasswordInput } from '@/ui/inputs';
import { ErrorNote, Note } from '@/ui/states';
import { AuthFrame } from './auth-frame';
import { keptToken } from './kept-token';
import { localPath } from './local-path';

export function Component() {
  const [search] = useSearchParams();
  const session = useQuery(sessionQuery);
  const replace = useReplaceSession();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [waitUntil, setWaitUntil] = useState(0);
  const signIn = useMutation({
    meta: { shown: true },
    mutationFn: () => post('/api/auth/login', { email: email.trim(), password }),
    onSuccess: (next) => replace(next),
    onError: (error) => {
      if (error instanceof ApiError && error.status === 429) setWaitUntil(Date.now() + (error.retryAfterSeconds ?? 5) * 1_000);
    },
  });
  if (session.data?.user) return <Navigate to={keptToken() ? '/accept' : localPath(search.get('next'))} replace />;
  return (
    <AuthFrame
      title="Sign in"
      note={keptToken() ? 'Sign in to accept the invitation.' : undefined}
      below="No account? Ask an administrator for a link. The first one is printed when EventRelay starts for the first time."
    >
      <form
        className="flex flex-col gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (email.trim() && password && !signIn.isPending) signIn.mutate();
        }}
      >
        <Field label="E-mail">
          <Input
            type="email"
            name="email"
            autoComplete="username"
            autoFocus
            spellCheck={false}
            autoCapitalize="none"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </Field>
        <Field label="Password">
          <PasswordInput name="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
        </Field>
        <Problem error={signIn.error} waitUntil={waitUntil} />
        <Button type="submit" variant="primary" busy={signIn.isPending} disabled={!email.trim() || !password} className="w-full">
          Sign in
        </Button>
      </form>
    </AuthFrame>
  );
}

function Problem({ error, waitUntil }: { error: unknown; waitUntil: number }) {
  const now = useNow();
  if (!error) return null;
  if (error instanceof ApiError && error.status === 401) {
    return (
      <Note tone="bad" icon={CircleAlert} alert>
        E-mail and password do not belong together.
      </Note>
    );
  }
  if (error instanceof ApiError && error.status === 429) {
    const leftMs = waitUntil - now;
    return (
      <Note tone="warn" icon={Hourglass} alert>
        {leftMs > 0 ? `Too many attempts. Please wait ${duration(Math.ceil(leftMs / 1_000) * 1_000)}.` : 'You can try again now.'}
      </Note>
    );
  }
  if (error instanceof ApiError && error.status === 403) {
    return (
      <Note tone="warn" icon={CircleAlert} alert>
        {error.message}
      </Note>
    );
  }
  return <ErrorNote error={error} />;
}
