/// The dialog `Send test event`: an event that is written here and goes to whoever takes it, or `webhook.test` to one
/// webhook alone. What became of it is shown in the dialog as it happens.
///   <SendTestEvent open={open} onClose={…} />   <SendTestEvent … webhookId={id} />   <SendTestEvent … draft={{ type, payload }} />
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowRight, Send } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { postText } from '@/api/client';
import { ApiError } from '@/api/errors';
import { eventQuery } from '@/api/events';
import { keys } from '@/api/keys';
import { kDeliveryKinds, useLive } from '@/api/live';
import type { Delivery } from '@/api/models';
import { allWebhooksQuery, useWebhooksById, webhookName } from '@/api/webhooks';
import { lastAnswer } from '@/lib/attempt-errors';
import { takes, typeProblem } from '@/lib/event-types';
import { plural } from '@/lib/numbers';
import { toLocalInput } from '@/lib/time';
import { deliveryStatus, StatusBadge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Input } from '@/ui/inputs';
import { Segmented } from '@/ui/segmented';
import { ErrorNote, Note, SkeletonText } from '@/ui/states';
import { Countdown } from '@/ui/time-ago';
import { draftProblems, eventBody, jsonProblem, kExampleDraft, testBody, type EventDraft } from './event-draft';
import { JsonEditor } from './json-editor';
import { WebhookPicker } from './webhook-picker';

interface SendTestEventProps {
  open: boolean;
  onClose: () => void;
  /// Chosen when it opens: a test of this one.
  webhookId?: string;
  /// Written when it opens.
  draft?: Partial<EventDraft>;
}

export function SendTestEvent({ open, ...rest }: SendTestEventProps) {
  return open ? <OpenSend {...rest} /> : null;
}

type Mode = 'event' | 'webhook';
type Problems = ReturnType<typeof draftProblems>;

const kFields: Record<keyof EventDraft, string> = { type: 'type', tenant: 'tenant', payload: 'payload', metadata: 'metadata', deliverAt: 'deliver_at' };

function OpenSend({ onClose, webhookId, draft: given }: Omit<SendTestEventProps, 'open'>) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [mode, setMode] = useState<Mode>(webhookId === undefined ? 'event' : 'webhook');
  const [to, setTo] = useState(webhookId ?? '');
  const [draft, setDraft] = useState<EventDraft>({ ...kExampleDraft, ...given });
  const [testPayload, setTestPayload] = useState('');
  const [tried, setTried] = useState(false);
  const problems = draftProblems(draft);
  const testProblem = testPayload.trim() ? jsonProblem(testPayload) : undefined;
  const send = useMutation({
    meta: { shown: true },
    mutationFn: () => (mode === 'webhook' ? postText('/api/webhooks/{id}/test', testBody(testPayload), { path: { id: to } }) : postText('/api/events', eventBody(draft))),
    onSuccess: () => {
      for (const { all } of [keys.events, keys.deliveries, keys.metrics]) void client.invalidateQueries({ queryKey: all });
    },
  });
  const sent = send.data;
  const ready = mode === 'webhook' ? to !== '' && !testProblem : Object.keys(problems).length === 0;
  const submit = (): void => {
    if (send.isPending) return;
    if (sent) send.reset();
    setTried(true);
    if (ready) send.mutate();
  };
  const change = (patch: Partial<EventDraft>): void => {
    if (send.isError) send.reset();
    setDraft((now) => ({ ...now, ...patch }));
  };
  const said = (path: string): string | undefined => (send.error instanceof ApiError ? send.error.field(path) : undefined);
  // What is empty is not yet wrong.
  const error = (field: keyof EventDraft): string | undefined => said(kFields[field]) ?? (tried || draft[field] !== '' ? problems[field] : undefined);
  return (
    <Dialog
      open
      size="lg"
      title="Send test event"
      description={
        sent
          ? undefined
          : mode === 'webhook'
            ? 'An event of the type webhook.test, to this webhook alone: whatever types it takes, and though it is paused.'
            : 'It is taken in as if your application had sent it: every webhook that takes its type gets it.'
      }
      onClose={onClose}
      onSubmit={submit}
      locked={send.isPending}
      footer={
        sent ? (
          <>
            <Button icon={Send} type="submit">
              Send once more
            </Button>
            <Button onClick={() => send.reset()}>Change it</Button>
            <Button
              variant="primary"
              data-autofocus
              onClick={() => {
                onClose();
                void navigate(`/events/${sent.id}`);
              }}
            >
              Open the event
              <ArrowRight size={16} aria-hidden />
            </Button>
          </>
        ) : (
          <>
            <Button onClick={onClose} disabled={send.isPending}>
              Cancel
            </Button>
            <Button
              type="submit"
              variant="primary"
              icon={Send}
              busy={send.isPending}
              disabledReason={mode === 'webhook' && to === '' ? 'Choose a webhook first.' : undefined}
              data-autofocus={mode === 'webhook' && to !== '' ? true : undefined}
            >
              Send
            </Button>
          </>
        )
      }
    >
      {sent ? (
        <Sent id={sent.id} />
      ) : (
        <div className="flex flex-col gap-4">
          <Segmented<Mode>
            label="What is sent"
            value={mode}
            options={[
              { value: 'event', label: 'An event' },
              { value: 'webhook', label: 'To one webhook' },
            ]}
            onChange={(next) => {
              if (send.isError) send.reset();
              setMode(next);
            }}
          />
          {mode === 'webhook' ? (
            <>
              <Field label="Webhook">
                <WebhookPicker label="Webhook" value={to} onChange={setTo} className="w-full" />
              </Field>
              <JsonEditor
                label="Payload"
                rows={5}
                value={testPayload}
                error={said(kFields.payload) ?? testProblem}
                hint="Any JSON. It is delivered byte for byte. Empty: one that says what it is."
                onChange={(payload) => {
                  if (send.isError) send.reset();
                  setTestPayload(payload);
                }}
              />
            </>
          ) : (
            <Draft draft={draft} error={error} problems={problems} onChange={change} />
          )}
          {send.isError && <ErrorNote error={send.error} shown={mode === 'event' ? Object.values(kFields) : [kFields.payload]} />}
        </div>
      )}
    </Dialog>
  );
}

interface DraftProps {
  draft: EventDraft;
  problems: Problems;
  error: (field: keyof EventDraft) => string | undefined;
  onChange: (patch: Partial<EventDraft>) => void;
}

function Draft({ draft, error, problems, onChange }: DraftProps) {
  const [more, setMore] = useState(draft.metadata !== '' || draft.deliverAt !== '');
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Type" required error={error('type')}>
          <Input data-autofocus mono value={draft.type} spellCheck={false} placeholder="order.created" onChange={(event) => onChange({ type: event.target.value })} />
        </Field>
        <Field label="Tenant" error={error('tenant')}>
          <Input value={draft.tenant} spellCheck={false} placeholder="None" onChange={(event) => onChange({ tenant: event.target.value })} />
        </Field>
      </div>
      {!problems.type && <Takers type={draft.type.trim()} tenant={draft.tenant.trim() || null} />}
      <JsonEditor label="Payload" required value={draft.payload} error={error('payload')} hint="Any JSON. It is delivered byte for byte." onChange={(payload) => onChange({ payload })} />
      <details open={more} onToggle={(event) => setMore(event.currentTarget.open)}>
        <summary className="text-accent-ink w-fit rounded text-sm font-medium hover:underline">Later, and metadata</summary>
        <div className="mt-3 flex flex-col gap-4">
          <Field label="Deliver at" error={error('deliverAt')} hint="Empty, or a time that has passed: now. At most 30 days ahead.">
            <Input type="datetime-local" min={toLocalInput(Date.now())} value={draft.deliverAt} className="sm:w-64" onChange={(event) => onChange({ deliverAt: event.target.value })} />
          </Field>
          <JsonEditor label="Metadata" rows={3} value={draft.metadata} error={error('metadata')} hint="An object that is kept with the event and not delivered." onChange={(metadata) => onChange({ metadata })} />
        </div>
      </details>
    </>
  );
}

/// Who gets it, before it is sent.
function Takers({ type, tenant }: { type: string; tenant: string | null }) {
  const { data } = useQuery(allWebhooksQuery);
  if (!data || typeProblem(type)) return null;
  const takers = data.filter((webhook) => takes(webhook, { type, tenant }));
  const waiting = takers.filter((webhook) => !webhook.enabled).length;
  const names = takers.slice(0, 3).map(webhookName).join(', ');
  return (
    <div aria-live="polite">
      {takers.length === 0 ? (
        <Note tone="neutral">No webhook takes this type: the event is stored as unmatched.</Note>
      ) : (
        <Note tone="neutral">
          Goes to {plural(takers.length, 'webhook')}: {names}
          {takers.length > 3 && ` and ${takers.length - 3} more`}.{waiting > 0 && ` ${waiting === takers.length ? 'Paused' : `${waiting} of them paused`}: held until resumed.`}
        </Note>
      )}
    </div>
  );
}

/// What became of it.
function Sent({ id }: { id: string }) {
  const webhooks = useWebhooksById();
  const { data, error } = useQuery({
    ...eventQuery(id),
    // The stream tells it; this is for when there is none.
    refetchInterval: (query) => (query.state.data?.event.deliveries.some((d) => d.status === 'pending') === false ? false : 2_000),
  });
  useLive([keys.events.one(id)], kDeliveryKinds, { everyMs: 300, matches: (record) => 'event_id' in record && record.event_id === id });
  if (error && !data) return <ErrorNote error={error} />;
  if (!data) return <SkeletonText lines={3} />;
  const { event } = data;
  return (
    <div className="flex flex-col gap-3" aria-live="polite">
      <p className="text-soft text-sm">
        <code className="text-ink font-medium">{event.type}</code>{' '}
        {event.delivery_count === 0 ? 'was taken in. No webhook takes it.' : `was taken in and goes to ${plural(event.delivery_count, 'webhook')}.`}
      </p>
      <ul className="divide-line border-line divide-y rounded-lg border">
        {event.deliveries.map((delivery) => {
          const webhook = webhooks.get(delivery.webhook_id);
          return (
            <li key={delivery.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
              <StatusBadge status={deliveryStatus(delivery)} />
              <Link to={`/deliveries/${delivery.id}`} className="text-ink min-w-0 flex-1 basis-40 truncate text-sm font-medium hover:underline">
                {webhook ? webhookName(webhook) : (delivery.webhook_url ?? delivery.webhook_id)}
              </Link>
              <span className="text-muted text-xs">
                <Words delivery={delivery} paused={webhook?.enabled === false} />
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Words({ delivery, paused }: { delivery: Delivery; paused: boolean }): ReactNode {
  const answer = lastAnswer(delivery);
  if (delivery.status !== 'pending') return answer;
  if (delivery.attempt_count === 0) return paused ? 'held until the webhook is resumed' : 'on its way…';
  return (
    <>
      {answer}
      {delivery.next_attempt_at && (
        <>
          , again <Countdown to={delivery.next_attempt_at} />
        </>
      )}
    </>
  );
}
