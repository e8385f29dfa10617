/// One webhook's numbers and charts.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import { kWindows, metricsQuery } from '@/api/metrics';
import type { Metrics, MetricsWindow } from '@/api/models';
import { ChartCard } from '@/components/chart-card';
import { cx } from '@/lib/cx';
import { compact, int, percent } from '@/lib/numbers';
import { kSuccessRateMin } from '@/lib/series';
import { duration } from '@/lib/time';
import { Card } from '@/ui/card';
import { Segmented } from '@/ui/segmented';
import { ErrorState, Skeleton } from '@/ui/states';

export function WebhookHealthSection({ webhookId, window, onWindow }: { webhookId: string; window: MetricsWindow; onWindow: (window: MetricsWindow) => void }) {
  const metrics = useQuery(metricsQuery(window, webhookId));
  const short = window === '15m' || window === '1h';
  useLive([keys.metrics.window(window, webhookId)], kDeliveryKinds, { everyMs: short ? 3_000 : 15_000, matches: (record) => 'webhook_id' in record && record.webhook_id === webhookId });
  const words = kWindows.find((one) => one.value === window)?.words ?? '';
  return (
    <section aria-label="Health" className="flex flex-col gap-4">
      <div className="flex flex-wrap items-end justify-between gap-3">
        <h2 className="text-ink text-sm font-semibold">Health</h2>
        <Segmented size="sm" label="Time shown" value={window} options={kWindows} onChange={onWindow} />
      </div>
      {metrics.isError && !metrics.data ? (
        <Card>
          <ErrorState error={metrics.error} onRetry={() => void metrics.refetch()} />
        </Card>
      ) : (
        <>
          <Tiles metrics={metrics.data} webhookId={webhookId} words={words} />
          <div className="grid gap-4 lg:grid-cols-2">
            <ChartCard of="outcomes" metrics={metrics.data} syncKey="webhook" />
            <ChartCard of="latency" metrics={metrics.data} syncKey="webhook" />
          </div>
        </>
      )}
    </section>
  );
}

function Tiles({ metrics, webhookId, words }: { metrics: Metrics | undefined; webhookId: string; words: string }) {
  const m = metrics;
  const low = m !== undefined && m.success_rate !== null && m.success_rate < kSuccessRateMin;
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      <Tile label="Success rate" value={m && percent(m.success_rate)} bad={low} note={m && (m.totals.attempts ? `${int(m.totals.failed_attempts)} of ${int(m.totals.attempts)} failed` : `no attempts in ${words}`)} />
      <Tile label="Latency p95" value={m && (m.totals.succeeded ? duration(m.latency_ms.p95) : '–')} note={m && (m.totals.succeeded ? `p50 ${duration(m.latency_ms.p50)} · p99 ${duration(m.latency_ms.p99)}` : 'nothing arrived')} />
      <Tile label="In the queue" value={m && compact(m.pending)} note={m && <Link to={`/deliveries?webhook_id=${webhookId}&status=pending`} className="hover:text-ink hover:underline">pending deliveries</Link>} />
      <Tile label="Dead letters" value={m && compact(m.dlq)} bad={(m?.dlq ?? 0) > 0} note={m && <Link to={`/dead-letters?webhook_id=${webhookId}`} className="hover:text-ink hover:underline">{m.dlq ? 'wait for a decision' : 'none: all is well'}</Link>} />
    </dl>
  );
}

function Tile({ label, value, note, bad }: { label: string; value: string | undefined; note: ReactNode; bad?: boolean }) {
  return (
    <div className="border-line bg-surface shadow-card min-w-0 rounded-lg border px-4 py-3">
      <dt className="label-caps">{label}</dt>
      <dd>
        <span className={cx('tnum mt-1 block truncate text-xl leading-7 font-semibold tracking-tight', bad ? 'text-bad' : 'text-ink')}>{value ?? <Skeleton className="h-5 w-16" />}</span>
        <span className="text-muted tnum mt-0.5 block text-xs sm:truncate">{note ?? <Skeleton className="h-3 w-24" />}</span>
      </dd>
    </div>
  );
}
