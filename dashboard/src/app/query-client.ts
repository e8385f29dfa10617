import { MutationCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from '@/api/errors';
import { toastError } from '@/ui/toaster';

export const client = new QueryClient({
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
