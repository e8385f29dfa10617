import { lazy, Suspense } from 'react';
import type { Metrics } from '@/api/models';
import { Card } from '@/ui/card';
import { Skeleton } from '@/ui/states';

// Asked for at once, but the numbers do not wait for it.
const code = import('@/components/metrics-charts');
const ThroughputChart = lazy(async () => ({ default: (await code).ThroughputChart }));
const OutcomesChart = lazy(async () => ({ default: (await code).OutcomesChart }));
const LatencyChart = lazy(async () => ({ default: (await code).LatencyChart }));

const kSync = 'overview';

/// Three cards; without metrics their skeletons.
export function Charts({ metrics }: { metrics: Metrics | undefined }) {
  return (
    <>
      <Card title="Throughput" note="a second">
        <Suspense fallback={<ChartSkeleton />}>{metrics ? <ThroughputChart metrics={metrics} syncKey={kSync} /> : <ChartSkeleton />}</Suspense>
      </Card>
      <Card title="Attempts" note="by outcome">
        <Suspense fallback={<ChartSkeleton />}>{metrics ? <OutcomesChart metrics={metrics} syncKey={kSync} /> : <ChartSkeleton />}</Suspense>
      </Card>
      <Card title="Latency" note="from due to delivered">
        <Suspense fallback={<ChartSkeleton />}>{metrics ? <LatencyChart metrics={metrics} syncKey={kSync} /> : <ChartSkeleton />}</Suspense>
      </Card>
    </>
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
