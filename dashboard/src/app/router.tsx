/// All pages. Each feature has its own routes, whose pages are loaded when they are opened.
import { createBrowserRouter } from 'react-router';
import { sessionQuery } from '@/api/session';
import { deadLetterRoutes } from '@/features/dead-letters/routes';
import { deliveryRoutes } from '@/features/deliveries/routes';
import { eventRoutes } from '@/features/events/routes';
import { jobRoutes } from '@/features/jobs/routes';
import { overviewRoutes } from '@/features/overview/routes';
import { settingsRoutes } from '@/features/settings/routes';
import { webhookRoutes } from '@/features/webhooks/routes';
import { Layout } from './layout/layout';
import { Broken, NotFound } from './not-found';
import { client } from './query-client';

export const router = createBrowserRouter([
  { path: '/sign-in', lazy: () => import('@/features/auth/sign-in-page'), errorElement: <Broken />, hydrateFallbackElement: <></> },
  { path: '/accept', lazy: () => import('@/features/auth/accept-page'), errorElement: <Broken />, hydrateFallbackElement: <></> },
  {
    path: '/',
    element: <Layout />,
    // Every page needs it: it is asked for while the page's code loads, and nothing is drawn before.
    loader: () => client.prefetchQuery(sessionQuery),
    shouldRevalidate: () => false,
    errorElement: <Broken />,
    hydrateFallbackElement: <></>,
    children: [
      {
        errorElement: <Broken />,
        children: [
          ...overviewRoutes(client),
          ...eventRoutes,
          ...webhookRoutes,
          ...deliveryRoutes,
          ...deadLetterRoutes,
          ...jobRoutes,
          ...settingsRoutes,
          { path: '*', element: <NotFound /> },
        ],
      },
    ],
  },
]);
