import { useQuery } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, Database, ShieldCheck } from 'lucide-react';
import type { Settings } from '@/api/models';
import { useCan } from '@/api/session';
import { bytes, int, plural } from '@/lib/numbers';
import { duration } from '@/lib/time';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { CopyText } from '@/ui/copy';
import { DefinitionList } from '@/ui/definition-list';
import { ErrorState, SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { settingsQuery } from './api';
import { OrganizationCard } from './organization-card';
import { RetentionCard } from './retention-card';
import { AdminsOnly, SettingsFrame } from './settings-frame';

export function Component() {
  const { can } = useCan('admin');
  const settings = useQuery({ ...settingsQuery, enabled: can });
  return (
    <SettingsFrame title="General">
      <div className="flex flex-col gap-4">
        <OrganizationCard />
        <AdminsOnly what="the settings of the server">
          {settings.data ? (
            <>
              <RetentionCard days={settings.data.retention_days} />
              <div className="grid items-start gap-4 lg:grid-cols-2">
                <LimitsCard limits={settings.data.limits} />
                <EgressCard egress={settings.data.egress} />
              </div>
              <SystemCard system={settings.data.system} />
            </>
          ) : settings.isError ? (
            <Card>
              <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />
            </Card>
          ) : (
            <Card>
              <SkeletonText lines={8} />
            </Card>
          )}
        </AdminsOnly>
      </div>
    </SettingsFrame>
  );
}

function LimitsCard({ limits }: { limits: Settings['limits'] }) {
  return (
    <Card title="Limits" note="of this server">
      <DefinitionList
        items={[
          ['An event', <span key="event" className="tnum">{bytes(limits.event_bytes_max)}</span>],
          ['A batch', <span key="batch" className="tnum">{`${plural(limits.batch_events_max, 'event')}, ${bytes(limits.batch_bytes_max)}`}</span>],
          ['A webhook’s timeout', <span key="timeout" className="tnum">at most {duration(limits.attempt_timeout_ms_max)}</span>],
        ]}
      />
    </Card>
  );
}

function EgressCard({ egress }: { egress: Settings['egress'] }) {
  return (
    <Card title="Egress rules" note="where deliveries may go">
      <p className="text-soft flex items-start gap-2 text-sm">
        <ShieldCheck size={16} aria-hidden className={egress.allow_private_targets ? 'text-warn mt-0.5 shrink-0' : 'text-ok mt-0.5 shrink-0'} />
        {egress.allow_private_targets
          ? 'Private addresses are allowed too: whoever makes a webhook reaches what this server reaches.'
          : 'Public addresses only: private, loopback and link-local ones are refused.'}
      </p>
      {egress.allow_targets.length > 0 && (
        <>
          <p className="label-caps mt-4 mb-1.5">Allowed besides</p>
          <ul className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
            {egress.allow_targets.map((target) => (
              <li key={target}>
                <CopyText value={target} />
              </li>
            ))}
          </ul>
        </>
      )}
      <p className="text-muted mt-4 text-xs">
        Set at the start of the server, by <code>--allow-private-targets</code> and <code>--allow-targets</code>.
      </p>
    </Card>
  );
}

const kStores = { sqlite: 'SQLite', postgresql: 'PostgreSQL' };

function SystemCard({ system }: { system: Settings['system'] }) {
  const partitions = system.workers.reduce((sum, worker) => sum + worker.partitions, 0);
  const most = Math.max(1, ...system.workers.map((worker) => worker.partitions));
  return (
    <Card title="System">
      <div className="grid gap-6 lg:grid-cols-2">
        <DefinitionList
          className="content-start"
          items={[
            ['Version', <CopyText key="version" value={system.version} />],
            [
              'Store',
              <span key="store" className="inline-flex items-center gap-1.5">
                <Database size={14} aria-hidden className="text-muted" />
                {kStores[system.store] ?? system.store}
              </span>,
            ],
            ['Redis', <Redis key="redis" redis={system.redis} />],
            ['Started', <TimeAgo key="started" at={system.started_at} />],
          ]}
        />
        <div className="min-w-0">
          <p className="label-caps mb-2">{`${plural(system.workers.length, 'worker')}, ${plural(partitions, 'partition')}`}</p>
          {system.workers.length === 0 ? (
            <p className="text-muted text-sm">No worker has told that it runs.</p>
          ) : (
            <ul aria-label="Workers" className="flex flex-col gap-2">
              {system.workers.map((worker) => (
                <li key={worker.name} className="text-sm">
                  <span className="flex items-baseline justify-between gap-3">
                    <code className="min-w-0 truncate">{worker.name}</code>
                    <span className="text-muted tnum shrink-0 text-xs">{int(worker.partitions)}</span>
                  </span>
                  <span aria-hidden className="bg-hover mt-1 block h-1.5 overflow-hidden rounded-full">
                    <span className="bg-chart-accent block h-full rounded-full" style={{ width: `${(worker.partitions / most) * 100}%` }} />
                  </span>
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </Card>
  );
}

function Redis({ redis }: { redis: string }) {
  if (redis === 'none') return <span className="text-muted">not used</span>;
  if (redis === 'ready') {
    return (
      <Badge tone="ok" icon={CircleCheck}>
        Ready
      </Badge>
    );
  }
  return (
    <span className="text-warn inline-flex items-start gap-1.5">
      <CircleAlert size={14} aria-hidden className="mt-1 shrink-0" />
      <span className="min-w-0">{redis}. Deliveries go on without it, a little later.</span>
    </span>
  );
}
