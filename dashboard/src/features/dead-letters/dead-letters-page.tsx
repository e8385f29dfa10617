import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { keys } from '@/api/keys';
import { useLive } from '@/api/live';
import type { Job } from '@/api/models';
import { DeliveryFilterFields, deliveryQuery, kDeliveryParams } from '@/components/delivery-filters';
import { JobCard } from '@/components/job-progress';
import { jobName, jobVerb } from '@/lib/jobs';
import { int } from '@/lib/numbers';
import { text, useUrlState } from '@/lib/url-state';
import { FilterBar, FilterSelect } from '@/ui/filter-bar';
import { PageHeader } from '@/ui/page-header';
import { toast } from '@/ui/toaster';
import { runningJobsQuery, scanQuery, useRefresh } from './api';
import { PagedList, ReasonList } from './dead-list';
import { groupDead, whyTitle } from './groups';
import { GroupsCard } from './groups-card';

const kParams = { ...kDeliveryParams, why: text() };

export function Component() {
  const [filters, setFilters, { active, clear }] = useUrlState(kParams);
  const [search] = useSearchParams();
  const [started, setStarted] = useState<readonly string[]>([]);
  const filter = deliveryQuery(filters);
  const ofAll = { ...filter, webhook_id: undefined };
  // The scans are larger than a page: less often.
  useLive([keys.dlq.list({ scan: ofAll }), keys.dlq.list({ scan: filter })], ['delivery.dead', 'delivery.cancelled', 'job.progress'], { everyMs: 10_000 });
  const list = {
    filter,
    // What is chosen belongs to one page of one filter; bounds that move with the clock are the same filter.
    place: JSON.stringify([filters, search.get('cursor')]),
    onClear: () => clear(),
    onJob: (id: string) => setStarted((now) => [id, ...now]),
  };
  return (
    <>
      <PageHeader title="Dead letters" note="Deliveries that were given up. Mend the cause, then replay them; or purge what nobody needs any more." />
      <Jobs started={started} />
      <FilterBar active={active} onClear={() => clear()}>
        <DeliveryFilterFields filters={filters} onChange={setFilters} />
        <ReasonFilter filter={filter} value={filters.why} onChange={(why) => setFilters({ why })} />
      </FilterBar>
      <GroupsCard filter={ofAll} chosen={{ webhook_id: filters.webhook_id, why: filters.why }} onChoose={setFilters} />
      {filters.why ? <ReasonList {...list} why={filters.why} /> : <PagedList {...list} filtered={active > 0} />}
    </>
  );
}

function ReasonFilter({ filter, value, onChange }: { filter: ReturnType<typeof deliveryQuery>; value: string; onChange: (value: string) => void }) {
  const { data } = useQuery(scanQuery(filter));
  const found = new Set(groupDead(data?.rows ?? []).map((group) => group.why));
  if (value) found.add(value);
  const options = [...found].map((why) => ({ value: why, label: whyTitle(why) }));
  return <FilterSelect label="Reason" value={value || undefined} options={options} onChange={(next) => onChange(next ?? '')} />;
}

/// Those begun here, and those that run anyway; each until it has ended and somebody has closed it.
function Jobs({ started }: { started: readonly string[] }) {
  const running = useQuery(runningJobsQuery);
  const [seen, setSeen] = useState<readonly string[]>([]);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const refresh = useRefresh();
  useLive([runningJobsQuery.queryKey], ['job.progress'], { everyMs: 5_000 });
  const fresh = [...started, ...(running.data ?? [])].filter((id) => !seen.includes(id));
  if (fresh.length > 0) setSeen([...new Set([...fresh, ...seen])]);
  const shown = seen.filter((id) => !closed.has(id));
  const onEnd = (job: Job): void => {
    refresh();
    const text = `${int(job.done)} of ${int(job.total)} ${jobVerb(job.kind)}`;
    toast(`${jobName(job.kind)}: ${job.state}`, { detail: job.error ?? text });
  };
  if (shown.length === 0) return null;
  return (
    <div className="mb-4 flex flex-col gap-2">
      {shown.map((id) => (
        <JobCard key={id} id={id} onClose={() => setClosed(new Set([...closed, id]))} onEnd={onEnd} />
      ))}
    </div>
  );
}
