/// With nothing there yet: a receiver, an event, and what arrived. No other program is needed.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowRight, Check, KeyRound, Radio, Send } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { post } from '@/api/client';
import { ApiError } from '@/api/errors';
import { keys } from '@/api/keys';
import { useCan, useSession } from '@/api/session';
import { ReceiverAnswer, ReceiverPanel, receiverQuery, receiverUrl } from '@/components/receiver-panel';
import { cx } from '@/lib/cx';
import { randomId } from '@/lib/ids';
import { plural } from '@/lib/numbers';
import { postSnippets } from '@/lib/snippets';
import { Button, ButtonLink } from '@/ui/button';
import { CodeBlock, CodeTabs } from '@/ui/code-block';
import { PageHeader } from '@/ui/page-header';
import { toast } from '@/ui/toaster';
import { readFirstSteps, writeFirstSteps, type FirstSteps as State } from './first-steps-state';

const kWebhookBody = (url: string): string => `{"url": "${url}", "event_types": ["*"]}`;
const kEventBody = `{"type": "order.created", "payload": {"order": 42, "amount": 19.90}}`;

interface FirstStepsProps {
  onBegin: () => void;
  onDone: () => void;
}

export function FirstSteps({ onBegin, onDone }: FirstStepsProps) {
  const { organization } = useSession();
  const client = useQueryClient();
  const [state, setState] = useState<State | null>(readFirstSteps);
  const [key, setKey] = useState<string | null>(null);
  const received = useQuery({ ...receiverQuery(state?.receiver ?? ''), enabled: state !== null });
  const arrived = received.data?.length ?? 0;
  const done = (): void => {
    writeFirstSteps(null);
    void client.invalidateQueries();
    onDone();
  };
  return (
    <>
      <PageHeader
        title="Overview"
        heading="Your first delivery, in a minute"
        note={
          arrived > 0
            ? 'It arrived. The same happens for every event that your application sends.'
            : `Nothing was sent in ${organization.name} yet. Three steps, and no other program is needed.`
        }
        actions={
          arrived > 0 ? (
            <Button variant="primary" onClick={done}>
              Go to the overview
              <ArrowRight size={16} aria-hidden />
            </Button>
          ) : (
            state && (
              <Button variant="ghost" onClick={done}>
                Skip this
              </Button>
            )
          )
        }
      />
      <ol className="flex max-w-4xl flex-col gap-4">
        <Receive
          state={state}
          onMade={(made) => {
            writeFirstSteps(made);
            setState(made);
            onBegin();
          }}
        />
        <SendOne state={state} arrived={arrived} apiKey={key} onKey={setKey} />
        <See state={state} arrived={arrived} />
      </ol>
    </>
  );
}

type Phase = 'done' | 'now' | 'later';

function Step({ number, phase, title, note, actions, children }: { number: number; phase: Phase; title: string; note: ReactNode; actions?: ReactNode; children?: ReactNode }) {
  return (
    <li
      aria-current={phase === 'now' ? 'step' : undefined}
      className={cx('border-line bg-surface shadow-card rounded-lg border p-4 sm:p-5', phase === 'now' && 'ring-accent-ink/25 ring-2')}
    >
      <div className="flex flex-wrap items-start gap-x-4 gap-y-3">
        <span
          className={cx(
            'mt-0.5 flex size-6 shrink-0 items-center justify-center rounded-full text-xs font-semibold',
            phase === 'done' ? 'bg-ok-soft text-ok' : phase === 'now' ? 'bg-accent text-on-accent' : 'bg-hover text-muted',
          )}
        >
          {phase === 'done' ? <Check size={14} strokeWidth={3} aria-label="Done" /> : number}
        </span>
        <div className="min-w-0 flex-1 basis-48">
          <h2 className="text-ink text-sm font-semibold">{title}</h2>
          <div className="text-muted mt-0.5 text-sm">{note}</div>
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children && <div className="mt-4 flex flex-col gap-3 sm:pl-10">{children}</div>}
    </li>
  );
}

function Receive({ state, onMade }: { state: State | null; onMade: (made: State) => void }) {
  const client = useQueryClient();
  const { reason } = useCan('developer');
  const [preview] = useState(() => `try-${randomId(8)}`);
  const make = useMutation({
    mutationFn: async () => {
      const webhook = await post('/api/webhooks', { url: receiverUrl(preview), event_types: ['*'], description: 'Test receiver' });
      return { webhookId: webhook.id, receiver: preview };
    },
    onSuccess: (made) => {
      onMade(made);
      void client.invalidateQueries({ queryKey: keys.webhooks.all });
    },
  });
  return (
    <Step
      number={1}
      phase={state ? 'done' : 'now'}
      title="Say where events go"
      note={
        state ? (
          <>
            A <Link to={`/webhooks/${state.webhookId}`} className="text-accent-ink font-medium hover:underline">webhook</Link> takes every event to the built-in receiver.
          </>
        ) : (
          'A webhook is a URL and the types of events that it wants. The built-in receiver is one that is there already.'
        )
      }
      actions={
        !state && (
          <>
            <Button variant="primary" icon={Radio} busy={make.isPending} disabledReason={reason} onClick={() => make.mutate()}>
              Use the test receiver
            </Button>
            <ButtonLink to="/webhooks/new">Your own URL</ButtonLink>
          </>
        )
      }
    >
      {!state && (
        <Commands summary="Or by API">
          <CodeTabs label="Create a webhook" snippets={postSnippets('/api/webhooks', kWebhookBody('https://example.com/hooks'))} />
        </Commands>
      )}
    </Step>
  );
}

function SendOne({ state, arrived, apiKey, onKey }: { state: State | null; arrived: number; apiKey: string | null; onKey: (key: string) => void }) {
  const client = useQueryClient();
  const { reason } = useCan('developer');
  const admin = useCan('admin');
  const send = useMutation({
    mutationFn: async (to: State) => {
      try {
        return await post('/api/webhooks/{id}/test', undefined, { path: { id: to.webhookId } });
      } catch (error) {
        // Deleted meanwhile: the steps begin again.
        if (error instanceof ApiError && error.status === 404) writeFirstSteps(null);
        throw error;
      }
    },
    onSuccess: (_event, to) => {
      toast('Test event sent');
      void client.invalidateQueries({ queryKey: keys.receiver(to.receiver) });
    },
  });
  const makeKey = useMutation({
    mutationFn: () => post('/api/keys', { name: 'first steps', scope: 'publish' }),
    onSuccess: (made) => {
      onKey(made.key);
      void client.invalidateQueries({ queryKey: keys.apiKeys.all });
    },
  });
  return (
    <Step
      number={2}
      phase={arrived > 0 ? 'done' : state ? 'now' : 'later'}
      title="Send an event"
      note="With one click, or as your application will do it: one POST with a type and a payload."
      actions={
        <Button
          variant={state && arrived === 0 ? 'primary' : 'secondary'}
          icon={Send}
          busy={send.isPending}
          disabledReason={reason ?? (state ? undefined : 'First say where events go.')}
          onClick={() => state && send.mutate(state)}
        >
          Send test event
        </Button>
      }
    >
      {state && (
        <Commands summary="From a program" open>
          {apiKey ? (
            <CodeBlock title="Its key, shown this once: it may only send events" label="The key" code={`export EVENTRELAY_KEY=${apiKey}`} />
          ) : (
            <div className="bg-sunken flex flex-wrap items-center justify-between gap-2 rounded-lg px-3 py-2 dark:bg-page">
              <p className="text-muted text-sm">
                The commands read an API key from <code>EVENTRELAY_KEY</code>.
              </p>
              <Button size="sm" icon={KeyRound} busy={makeKey.isPending} disabledReason={admin.reason} onClick={() => makeKey.mutate()}>
                Make a key
              </Button>
            </div>
          )}
          <CodeTabs label="Send an event" snippets={postSnippets('/api/events', kEventBody)} />
        </Commands>
      )}
    </Step>
  );
}

function Commands({ summary, open, children }: { summary: string; open?: boolean; children: ReactNode }) {
  return (
    <details open={open} className="min-w-0">
      <summary className="text-accent-ink w-fit rounded text-sm font-medium hover:underline">{summary}</summary>
      <div className="mt-3 flex min-w-0 flex-col gap-3">{children}</div>
    </details>
  );
}

function See({ state, arrived }: { state: State | null; arrived: number }) {
  return (
    <Step
      number={3}
      phase={arrived > 0 ? 'done' : 'later'}
      title="See it arrive"
      note={
        arrived > 0
          ? `${plural(arrived, 'request')} arrived, signed as Standard Webhooks has it. Let it answer 500 and send one more, to see a failure and its retries.`
          : 'What the receiver gets is shown here, with its headers and its signature.'
      }
      actions={state && arrived > 0 && <ReceiverAnswer id={state.receiver} />}
    >
      {state && <ReceiverPanel id={state.receiver} />}
    </Step>
  );
}

