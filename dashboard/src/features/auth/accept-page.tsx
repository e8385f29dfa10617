import { useMutation, useQuery } from '@tanstack/react-query';
import { Link2Off } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';
import { post } from '@/api/client';
import { ApiError } from '@/api/errors';
import { sessionQuery, useReplaceSession } from '@/api/session';
import { kPasswordHint, passwordProblem } from '@/lib/password';
import { Button, ButtonLink } from '@/ui/button';
import { Field } from '@/ui/field';
import { Input, PasswordInput } from '@/ui/inputs';
import { ErrorNote, Note } from '@/ui/states';
import { toast } from '@/ui/toaster';
import { AuthFrame } from './auth-frame';
import { keepToken, keptToken, tokenOf } from './kept-token';

export function Component() {
  const location = useLocation();
  const navigate = useNavigate();
  const [token, setToken] = useState(keptToken);
  const opened = tokenOf(location.hash);
  if (opened && opened !== token) setToken(opened);
  useEffect(() => {
    if (!opened) return;
    keepToken(opened);
    // Out of the address and the history.
    void navigate('/accept', { replace: true });
  }, [opened, navigate]);
  // Another link in the same tab begins anew.
  return <Accept key={token} token={token} />;
}

function Accept({ token }: { token: string | null }) {
  const navigate = useNavigate();
  const session = useQuery(sessionQuery);
  const replace = useReplaceSession();

  const accept = useMutation({
    meta: { shown: true },
    mutationFn: (who: { name?: string; password?: string; email?: string }) => post('/api/auth/accept', { token: token ?? '', ...who }),
    onSuccess: (next) => {
      keepToken(null);
      replace(next);
      void navigate('/');
      toast(`Welcome to ${next.organization.name}`);
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 410) keepToken(null);
    },
  });
  const error = accept.error instanceof ApiError ? accept.error : null;

  if (!token || error?.status === 410) {
    return (
      <AuthFrame title="This link does not work" note={error?.message ?? 'It has no token in it: was it copied whole?'}>
        <div className="flex flex-col gap-4">
          <Note tone="neutral" icon={Link2Off}>
            A link works once, for seven days. Ask who sent it for a new one.
          </Note>
          <ButtonLink to="/sign-in">Sign in</ButtonLink>
        </div>
      </AuthFrame>
    );
  }
  if (session.isPending) return null;
  if (session.data?.user) {
    const { user } = session.data;
    return (
      <AuthFrame title="Join the organization" note={<>You are signed in as {user.email}.</>}>
        <div className="flex flex-col gap-4">
          {accept.isError && <ErrorNote error={accept.error} />}
          <Button variant="primary" busy={accept.isPending} onClick={() => accept.mutate({})}>
            Join as {user.name}
          </Button>
          <ButtonLink to="/" variant="ghost" onClick={() => keepToken(null)}>
            Not now
          </ButtonLink>
        </div>
      </AuthFrame>
    );
  }
  return <NewAccount accept={accept.mutate} busy={accept.isPending} error={accept.error} />;
}

interface NewAccountProps {
  accept: (who: { name: string; password: string; email?: string }) => void;
  busy: boolean;
  error: unknown;
}

function NewAccount({ accept, busy, error }: NewAccountProps) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const said = error instanceof ApiError ? error : null;
  const ready = name.trim() !== '' && password !== '' && !passwordProblem(password);
  const taken = said?.status === 409;
  return (
    <AuthFrame
      title="Create your account"
      below={
        <>
          You have an account?{' '}
          <Link to="/sign-in" className="text-accent-ink font-medium hover:underline">
            Sign in to accept
          </Link>
        </>
      }
    >
      <form
        className="flex flex-col gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) accept({ name: name.trim(), password, email: email.trim() || undefined });
        }}
      >
        <Field label="Name" error={said?.field('name')}>
          <Input name="name" autoComplete="name" autoFocus maxLength={128} value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label="E-mail" error={said?.field('email')} hint="Leave it empty if you were invited: the invitation knows it.">
          <Input name="email" type="email" autoComplete="username" autoCapitalize="none" spellCheck={false} value={email} onChange={(event) => setEmail(event.target.value)} />
        </Field>
        <Field label="Password" hint={kPasswordHint} error={said?.field('password') ?? passwordProblem(password)}>
          <PasswordInput name="password" autoComplete="new-password" value={password} onChange={(event) => setPassword(event.target.value)} />
        </Field>
        {error !== null && (
          <>
            <ErrorNote error={error} shown={['name', 'email', 'password']} />
            {taken && <ButtonLink to="/sign-in">Sign in to accept</ButtonLink>}
          </>
        )}
        <Button type="submit" variant="primary" busy={busy} disabled={!ready} className="w-full">
          Create account
        </Button>
      </form>
    </AuthFrame>
  );
}
