/// What the built-in receiver got, as it comes. For webhooks whose URL is `http://receiver.eventrelay.internal/{id}`.
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Radio } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, post } from '@/api/client';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import type { ReceivedRequest } from '@/api/models';
import { useCan } from '@/api/session';
import { statusName } from '@/lib/attempt-errors';
import { cx } from '@/lib/cx';
import { inReadingOrder } from '@/lib/header-order';
import { Badge } from '@/ui/badge';
import { DefinitionList } from '@/ui/definition-list';
import { Select } from '@/ui/inputs';
import { JsonView } from '@/ui/json-view';
import { EmptyState, ErrorState, SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { toast } from '@/ui/toaster';

const kHost = 'receiver.eventrelay.internal';

export function receiverUrl(id: string): string {
  return `http://${kHost}/${id}`;
}

/// The receiver's id if the URL is one of its.
export function receiverId(url: string): string | null {
  return /^http:\/\/receiver\.eventrelay\.internal\/([a-z0-9-]{1,64})$/.exec(url)?.[1] ?? null;
}

export function receiverQuery(id: string) {
  return queryOptions({
    queryKey: keys.receiver(id),
    queryFn: async ({ signal }) => (await get('/api/receiver/{id}', { path: { id }, signal })).data,
    // It may stand in the memory of another process than that of the stream.
    refetchInterval: 3_000,
  });
}

export function ReceiverPanel({ id }: { id: string }) {
  const requests = useQuery(receiverQuery(id));
  useLive([keys.receiver(id)], kDeliveryKinds, { everyMs: 500 });
  const [chosen, setChosen] = useState<string | null>(null);
  if (requests.isPending) return <SkeletonText lines={4} />;
  if (requests.isError && !requests.data) return <ErrorState error={requests.error} onRetry={() => void requests.refetch()} />;
  const list = requests.data ?? [];
  const shown = list.find((one) => one.id === chosen) ?? list[0];
  if (!shown) {
    return (
      <EmptyState icon={Radio} title="Listening…">
        What is delivered here shows up within a second.
      </EmptyState>
    );
  }
  return (
    <div className="grid gap-4 md:grid-cols-[14rem_minmax(0,1fr)]">
      <ul aria-label="Requests" className="flex max-h-80 flex-col gap-0.5 overflow-y-auto md:max-h-112">
        {list.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              aria-pressed={one.id === shown.id}
              onClick={() => setChosen(one.id)}
              className={cx('hover:bg-hover flex w-full items-center justify-between gap-2 rounded-md px-2.5 py-1.5 text-left text-sm', one.id === shown.id && 'bg-hover')}
            >
              <span className="text-ink truncate font-medium">{typeOf(one) ?? 'POST'}</span>
              <span className="text-muted text-xs">
                <TimeAgo at={one.received_at} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      <RequestView request={shown} />
    </div>
  );
}

function RequestView({ request }: { request: ReceivedRequest }) {
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="text-muted flex flex-wrap items-center gap-x-3 gap-y-1 text-xs">
        <Badge tone="ok">POST</Badge>
        <TimeAgo at={request.received_at} />
        {request.delivery_id && (
          <Link to={`/deliveries/${request.delivery_id}`} className="text-accent-ink font-medium hover:underline">
            Its delivery
          </Link>
        )}
      </div>
      <DefinitionList
        className="text-xs"
        items={inReadingOrder(request.headers).map(([name, value]) => [name, <code key={name} className="break-all">{value}</code>] as const)}
      />
      <JsonView text={request.body} label="Body" />
      {request.truncated && <p className="text-muted text-xs">Cut off: only the beginning of a long body is kept.</p>}
    </div>
  );
}

/// What each answer does: success, failures, a redirect, switching the webhook off (410), asking to wait.
const kAnswers = [200, 204, 301, 400, 404, 410, 429, 500, 503];

/// What it answers from now on: to see a failure and its retries. What it answered before the API does not tell.
export function ReceiverAnswer({ id }: { id: string }) {
  const client = useQueryClient();
  const { can, reason } = useCan('developer');
  const [status, setStatus] = useState('');
  const change = useMutation({
    mutationFn: (next: string) => post('/api/receiver/{id}', { status: Number(next) }, { path: { id } }),
    onSuccess: (_answer, next) => {
      setStatus(next);
      toast(`The receiver answers ${next} now`, { detail: next.startsWith('2') ? undefined : 'Its deliveries fail.' });
      void client.invalidateQueries({ queryKey: keys.receiver(id) });
    },
  });
  return (
    <span data-tip={reason} className="flex">
      <Select
        aria-label="What the receiver answers"
        value={status}
        disabled={!can}
        options={[...(status ? [] : [{ value: '', label: 'Set its answer…' }]), ...kAnswers.map((one) => ({ value: String(one), label: `Answers ${statusName(one)}` }))]}
        onChange={(next) => change.mutate(next)}
        className="w-56"
      />
    </span>
  );
}

function typeOf(request: ReceivedRequest): string | null {
  try {
    const body = JSON.parse(request.body) as { type?: unknown };
    return typeof body.type === 'string' ? body.type : null;
  } catch {
    return null;
  }
}
