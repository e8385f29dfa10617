import { useQuery } from '@tanstack/react-query';
import { Suspense, useState } from 'react';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import { kWindows, metricsQuery } from '@/api/metrics';
import { ChartCard } from '@/components/chart-card';
import { useUrlState } from '@/lib/url-state';
import { PageHeader } from '@/ui/page-header';
import { Segmented } from '@/ui/segmented';
import { ErrorState, SkeletonText } from '@/ui/states';
import { emptyQuery } from './api';
import { Attention } from './attention';
import { firstStepsOpen } from './first-steps-state';
import { FirstSteps, LatestDeliveries } from './parts';
import { Tiles, TilesSkeleton } from './tiles';
import { kParams } from './window';

const kCharts = ['throughput', 'outcomes', 'latency'] as const;

export function Component() {
  const empty = useQuery(emptyQuery);
  const [stepsOpen, setStepsOpen] = useState(firstStepsOpen);
  // What is there is not forgotten while the steps are on: they make it.
  if (stepsOpen || empty.data === true) {
    return (
      <Suspense>
        <FirstSteps onBegin={() => setStepsOpen(true)} onDone={() => setStepsOpen(false)} />
      </Suspense>
    );
  }
  return <Overview known={!empty.isPending} />;
}

function Overview({ known }: { known: boolean }) {
  const [{ window }, set] = useUrlState(kParams);
  const metrics = useQuery(metricsQuery(window));
  const short = window === '15m' || window === '1h';
  useLive([keys.metrics.all], ['event.created', ...kDeliveryKinds], { everyMs: short ? 3_000 : 15_000 });
  useLive([keys.webhooks.all, keys.metrics.all], ['webhook.created', 'webhook.updated', 'webhook.deleted', 'webhook.disabled']);
  const words = kWindows.find((one) => one.value === window)?.words ?? '';
  return (
    <>
      <PageHeader
        title="Overview"
        actions={
          <Segmented label="Time shown" value={window} options={kWindows} onChange={(next) => set({ window: next })} />
        }
      />
      {metrics.isError && !metrics.data ? (
        <ErrorState error={metrics.error} onRetry={() => void metrics.refetch()} />
      ) : (
        <div className="flex flex-col gap-4">
          {metrics.data && known ? <Tiles metrics={metrics.data} words={words} /> : <TilesSkeleton />}
          <div className="grid gap-4 xl:grid-cols-2">
            {kCharts.map((of) => (
              <ChartCard key={of} of={of} metrics={known ? metrics.data : undefined} syncKey="overview" />
            ))}
            <Attention window={window} />
          </div>
          <Suspense fallback={<SkeletonText lines={8} />}>
            <LatestDeliveries />
          </Suspense>
        </div>
      )}
    </>
  );
}
