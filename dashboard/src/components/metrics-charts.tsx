/// The charts of metrics, of all webhooks and of one: chart-card.tsx loads them, for uPlot comes with them.
import { useMemo } from 'react';
import type { Metrics } from '@/api/models';
import { compact, int, percent, perSecond } from '@/lib/numbers';
import { meanRate, ratesOf, timesOf } from '@/lib/series';
import { duration } from '@/lib/time';
import { Chart } from '@/ui/chart';

interface MetricsChartProps {
  metrics: Metrics;
  syncKey?: string;
}

/// Events and deliveries a second.
export function ThroughputChart({ metrics, ...rest }: MetricsChartProps) {
  const { series, totals } = metrics;
  const times = useMemo(() => timesOf(series), [series]);
  const lines = useMemo(
    () => [
      { label: 'Events', tone: 'accent' as const, values: ratesOf(series, (p) => p.events), total: int(totals.events) },
      { label: 'Deliveries', tone: 'info' as const, values: ratesOf(series, (p) => p.deliveries), total: int(totals.deliveries) },
    ],
    [series, totals],
  );
  const summary = `${int(totals.events)} events and ${int(totals.deliveries)} deliveries, ${perSecond(meanRate(totals.deliveries, series))} deliveries on average.`;
  return <Chart label="Throughput" kind="area" times={times} series={lines} format={perSecond} summary={summary} {...rest} />;
}

/// What became of the attempts.
export function OutcomesChart({ metrics, ...rest }: MetricsChartProps) {
  const { series, totals } = metrics;
  const times = useMemo(() => timesOf(series), [series]);
  const bars = useMemo(
    () => [
      { label: 'Succeeded', tone: 'ok' as const, values: series.map((p) => p.succeeded), total: int(totals.succeeded) },
      { label: 'Failed', tone: 'warn' as const, values: series.map((p) => Math.max(0, p.failed_attempts - p.dead)), total: int(Math.max(0, totals.failed_attempts - totals.dead)) },
      { label: 'Given up', tone: 'bad' as const, values: series.map((p) => p.dead), total: int(totals.dead) },
    ],
    [series, totals],
  );
  const summary = `${percent(metrics.success_rate)} of ${int(totals.attempts)} attempts succeeded; ${int(totals.failed_attempts)} failed, ${int(totals.dead)} deliveries were given up.`;
  return <Chart label="Attempts" kind="bars" stacked times={times} series={bars} format={compact} summary={summary} {...rest} />;
}

export function LatencyChart({ metrics, ...rest }: MetricsChartProps) {
  const { series, latency_ms: all } = metrics;
  const times = useMemo(() => timesOf(series), [series]);
  const lines = useMemo(() => {
    // 0 stands for a step without a success.
    const of = (name: 'p50' | 'p95' | 'p99') => series.map((p) => p.latency_ms[name] || null);
    return [
      { label: 'p50', tone: 'ok' as const, values: of('p50'), total: duration(all.p50) },
      { label: 'p95', tone: 'info' as const, values: of('p95'), total: duration(all.p95) },
      { label: 'p99', tone: 'accent' as const, values: of('p99'), total: duration(all.p99) },
    ];
  }, [series, all]);
  const summary = `Half of the deliveries arrived within ${duration(all.p50)}, 95% within ${duration(all.p95)}, 99% within ${duration(all.p99)}.`;
  return <Chart label="Latency" times={times} series={lines} format={duration} summary={summary} {...rest} />;
}
