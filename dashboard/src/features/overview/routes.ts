import type { QueryClient } from '@tanstack/react-query';
import type { RouteObject } from 'react-router';
import { metricsQuery, webhookHealthQuery } from '@/api/metrics';
import { sessionQuery } from '@/api/session';
import { allWebhooksQuery } from '@/api/webhooks';
import { parseParams } from '@/lib/url-state';
import { emptyQuery, latestDeliveriesQuery } from './api';
import { healthWindow, kParams } from './window';

/// What has come until then is drawn at once; the rest when it comes.
const kWaitMs = 300;

/// Asks for all that the page shows while its own code loads: so it is drawn once, where it would be drawn first without
/// numbers, then without charts. What fails is told by the page.
async function begin(client: QueryClient, url: string): Promise<null> {
  const session = await client.ensureQueryData(sessionQuery).catch(() => null);
  if (!session) return null;
  const { window } = parseParams(kParams, new URL(url).searchParams);
  const all = Promise.allSettled([
    client.ensureQueryData(emptyQuery),
    client.ensureQueryData(metricsQuery(window)),
    client.ensureQueryData(allWebhooksQuery),
    client.ensureQueryData(webhookHealthQuery(healthWindow(window))),
    client.ensureQueryData(latestDeliveriesQuery),
    import('@/components/metrics-charts'),
    import('./latest-deliveries'),
  ]);
  await Promise.race([all, new Promise((done) => setTimeout(done, kWaitMs))]);
  return null;
}

export const overviewRoutes = (client: QueryClient): RouteObject[] => [
  { index: true, lazy: () => import('./overview-page'), loader: ({ request }) => begin(client, request.url), shouldRevalidate: () => false },
];
