import { Compass, RotateCw } from 'lucide-react';
import { isRouteErrorResponse, useRouteError } from 'react-router';
import { Button, ButtonLink } from '@/ui/button';
import { PageHeader } from '@/ui/page-header';
import { EmptyState } from '@/ui/states';

export function NotFound() {
  return (
    <>
      <PageHeader title="Not found" />
      <EmptyState icon={Compass} title="There is no page at this address" action={<ButtonLink to="/">Go to the overview</ButtonLink>} />
    </>
  );
}

/// A page that could not be drawn or loaded: after an upgrade of the server the old one's files are gone.
export function Broken() {
  const error = useRouteError();
  const detail = error instanceof Error ? error.message : isRouteErrorResponse(error) ? error.statusText : String(error);
  const outdated = /dynamically imported module|preload/i.test(detail);
  return (
    <main role="alert" className="p-6">
      <EmptyState
        title={outdated ? 'EventRelay was upgraded' : 'This page broke'}
        action={
          <Button icon={RotateCw} variant="primary" onClick={() => location.reload()}>
            Load it again
          </Button>
        }
      >
        {outdated ? 'This tab still shows the version before.' : detail}
      </EmptyState>
    </main>
  );
}
