import { useEffect, type ReactNode } from 'react';
import { Logo } from '@/ui/logo';
import { ThemeSwitch } from '@/ui/theme-switch';

/// What stands around the pages before somebody is signed in.
export function AuthFrame({ title, note, children, below }: { title: string; note?: ReactNode; children: ReactNode; below?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · EventRelay`;
  }, [title]);
  return (
    <div className="flex min-h-dvh flex-col items-center px-4 py-6 sm:justify-center">
      <main className="flex w-full max-w-sm flex-1 flex-col justify-center sm:flex-none">
        <div className="mb-6 flex justify-center">
          <Logo />
        </div>
        <div className="border-line bg-surface shadow-card rounded-xl border p-6">
          <h1 className="text-ink text-lg font-semibold tracking-tight">{title}</h1>
          {note && <div className="text-muted mt-1 text-sm">{note}</div>}
          <div className="mt-5">{children}</div>
        </div>
        {below && <div className="text-muted mt-4 text-center text-sm">{below}</div>}
      </main>
      <footer className="mt-8">
        <ThemeSwitch />
      </footer>
    </div>
  );
}
