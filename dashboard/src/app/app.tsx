import { MutationCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect } from 'react';
import { RouterProvider } from 'react-router';
import { onSignedOut } from '@/api/client';
import { ApiError } from '@/api/errors';
import { keys } from '@/api/keys';
import { onOtherTabsSession, sessionQuery } from '@/api/session';
import { TipLayer } from '@/ui/tip-layer';
import { toastError, Toaster } from '@/ui/toaster';
import { router } from './router';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      // A page says at once that there is no server, instead of waiting for a network that is there.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
  // What a form or dialog does not show itself (`meta: { shown: true }`) becomes a toast.
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (!mutation.meta?.['shown']) toastError(error);
    },
  }),
});

// Every page needs it: it is asked for while the page's own code loads.
void client.prefetchQuery(sessionQuery);

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
