/// The metrics that several pages show.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { get } from './client';
import { keys } from './keys';
import type { MetricsWindow } from './models';

export const kWindows: readonly { value: MetricsWindow; label: string; words: string }[] = [
  { value: '15m', label: '15m', words: 'the last 15 minutes' },
  { value: '1h', label: '1h', words: 'the last hour' },
  { value: '6h', label: '6h', words: 'the last 6 hours' },
  { value: '24h', label: '24h', words: 'the last 24 hours' },
  { value: '7d', label: '7d', words: 'the last 7 days' },
  { value: '30d', label: '30d', words: 'the last 30 days' },
];

/// Of all webhooks, or of one.
export function metricsQuery(window: MetricsWindow, webhookId?: string) {
  return queryOptions({
    queryKey: keys.metrics.window(window, webhookId),
    queryFn: ({ signal }) => get('/api/metrics', { query: { window, webhook_id: webhookId }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    // The newest point moves though nothing happens.
    refetchInterval: 30_000,
  });
}

/// What is kept of all webhooks side by side.
export type HealthWindow = '1h' | '24h';

/// Those webhooks that had attempts, those with most failures first.
export function webhookHealthQuery(window: HealthWindow) {
  return queryOptions({
    queryKey: keys.metrics.webhooks(window),
    queryFn: ({ signal }) => get('/api/metrics/webhooks', { query: { window }, signal }),
    select: (answer) => answer.data,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    refetchInterval: 60_000,
  });
}
