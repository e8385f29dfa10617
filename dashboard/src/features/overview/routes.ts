import type { QueryClient } from '@tanstack/react-query';
import type { RouteObject } from 'react-router';
import { metricsQuery, webhookHealthQuery } from '@/api/metrics';
import { sessionQuery } from '@/api/session';
import { allWebhooksQuery } from '@/api/webhooks';
import { askForCharts } from '@/components/chart-card';
import { parseParams } from '@/lib/url-state';
import { emptyQuery, latestDeliveriesQuery } from './api';
import { FirstSteps, LatestDeliveries } from './parts';
import { healthWindow, kParams } from './window';

/// What has come until then is drawn at once; the rest when it comes.
const kWaitMs = 300;

async function askForParts(client: QueryClient): Promise<void> {
  if (await client.ensureQueryData(emptyQuery)) await FirstSteps.ask();
  else await Promise.all([askForCharts(), LatestDeliveries.ask()]);
}

/// Asks for all that the page shows while its own code loads. What fails is told by the page.
async function askForAll(client: QueryClient, url: string): Promise<void> {
  const session = await client.ensureQueryData(sessionQuery).catch(() => null);
  if (!session) return;
  const { window } = parseParams(kParams, new URL(url).searchParams);
  await Promise.allSettled([
    askForParts(client),
    client.ensureQueryData(metricsQuery(window)),
    client.ensureQueryData(allWebhooksQuery),
    client.ensureQueryData(webhookHealthQuery(healthWindow(window))),
    client.ensureQueryData(latestDeliveriesQuery),
  ]);
}

/// Where nothing is drawn yet the page waits a moment, to be drawn once: else it is drawn without numbers, then without
/// charts, then whole. A page that is there already gives way at once.
function begin(client: QueryClient, url: string): Promise<unknown> | null {
  const asked = askForAll(client, url);
  if (document.getElementById('root')?.hasChildNodes()) return null;
  return Promise.race([asked, new Promise((done) => setTimeout(done, kWaitMs))]).then(() => null);
}

export const overviewRoutes = (client: QueryClient): RouteObject[] => [
  { index: true, lazy: () => import('./overview-page'), loader: ({ request }) => begin(client, request.url), shouldRevalidate: () => false },
];
