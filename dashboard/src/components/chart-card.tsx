/// The charts of metrics in their cards. Their code, with uPlot, comes when a page that has some opens.
///   <ChartCard of="latency" metrics={metrics.data} syncKey="webhook" />
import { Suspense } from 'react';
import type { Metrics } from '@/api/models';
import { early } from '@/lib/early';
import { Card } from '@/ui/card';
import { Skeleton } from '@/ui/states';

const code = () => import('./metrics-charts');
const kCharts = {
  throughput: { title: 'Throughput', note: 'a second', Chart: early(async () => (await code()).ThroughputChart) },
  outcomes: { title: 'Attempts', note: 'by outcome', Chart: early(async () => (await code()).OutcomesChart) },
  latency: { title: 'Latency', note: 'from due to delivered', Chart: early(async () => (await code()).LatencyChart) },
};

/// Asks for their code before they are drawn.
export const askForCharts = () => Promise.all(Object.values(kCharts).map(({ Chart }) => Chart.ask()));

interface ChartCardProps {
  of: keyof typeof kCharts;
  /// Undefined: they are not here yet.
  metrics: Metrics | undefined;
  /// Charts with the same one move their cursors together.
  syncKey: string;
}

export function ChartCard({ of, metrics, syncKey }: ChartCardProps) {
  const { title, note, Chart } = kCharts[of];
  return (
    <Card title={title} note={note}>
      <Suspense fallback={<ChartSkeleton />}>{metrics ? <Chart metrics={metrics} syncKey={syncKey} /> : <ChartSkeleton />}</Suspense>
    </Card>
  );
}

function ChartSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="flex h-49 flex-col gap-3">
      <Skeleton className="h-4 w-48" />
      <Skeleton className="w-full flex-1" />
    </div>
  );
}
