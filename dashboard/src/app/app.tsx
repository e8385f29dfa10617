import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect } from 'react';
import { RouterProvider } from 'react-router';
import { onSignedOut } from '@/api/client';
import { keys } from '@/api/keys';
import { onOtherTabsSession } from '@/api/session';
import { TipLayer } from '@/ui/tip-layer';
import { Toaster } from '@/ui/toaster';
import { client } from './query-client';
import { router } from './router';

export function App() {
  useEffect(() => {
    const offSignedOut = onSignedOut(() => client.setQueryData(keys.session, null));
    const offTabs = onOtherTabsSession(() => void client.resetQueries());
    return () => {
      offSignedOut();
      offTabs();
    };
  }, []);
  return (
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
      <Toaster />
      <TipLayer />
    </QueryClientProvider>
  );
}
