/// The form of new and changed webhooks.
import { Radio } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useBlocker } from 'react-router';
import { ApiError } from '@/api/errors';
import type { Webhook } from '@/api/models';
import { receiverId, receiverUrl } from '@/components/receiver-panel';
import { randomId } from '@/lib/ids';
import { Button, ButtonLink } from '@/ui/button';
import { Card } from '@/ui/card';
import { Dialog } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Checkbox, Input } from '@/ui/inputs';
import { Segmented } from '@/ui/segmented';
import { ErrorNote, Note } from '@/ui/states';
import { HeaderRows } from './header-rows';
import { PatternInput } from './pattern-input';
import { kAttemptsMax } from './retry-schedule';
import { RetryTimeline } from './retry-timeline';
import { SeenTypes } from './seen-types';
import { kPaths, problemsOf, retryOf, unfinished, type FormField, type WebhookForm } from './webhook-form';

const kTouchMs = 250;

interface WebhookFormViewProps {
  initial: WebhookForm;
  /// The one that is changed.
  before?: Webhook;
  submit: string;
  cancelTo: string;
  /// Who may not: why.
  reason: string | undefined;
  busy: boolean;
  error: unknown;
  /// A refusal is about what was sent: it goes when something changes.
  onChange: () => void;
  onSubmit: (form: WebhookForm, leave: () => void) => void;
}

export function WebhookFormView({ initial, before, submit, cancelTo, reason, busy, error, onChange, onSubmit }: WebhookFormViewProps) {
  const [form, setForm] = useState(initial);
  const [touched, setTouched] = useState<ReadonlySet<FormField>>(new Set());
  const [tried, setTried] = useState(0);
  const box = useRef<HTMLFormElement>(null);
  const leaving = useRef(false);
  const problems = problemsOf(form, before);
  const dirty = form !== initial;
  const blocker = useBlocker(({ currentLocation, nextLocation }) => {
    // A session that ended is not held up.
    return dirty && !leaving.current && currentLocation.pathname !== nextLocation.pathname && nextLocation.pathname !== '/sign-in';
  });

  useEffect(() => {
    if (!dirty) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [dirty]);
  // To the first field that is wrong, after a try and after a refusal.
  useEffect(() => {
    if (tried > 0 || error) box.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tried, error]);

  const set = (patch: Partial<WebhookForm>): void => {
    setForm((now) => ({ ...now, ...patch }));
    onChange();
  };
  // A little later: a message that appears at once would move what is being clicked.
  const touch = (field: FormField) => (): void => {
    window.setTimeout(() => setTouched((now) => (now.has(field) ? now : new Set([...now, field]))), kTouchMs);
  };
  const problem = (field: FormField): string | undefined => {
    const said = error instanceof ApiError ? error.field(kPaths[field]) : undefined;
    if (said) return said;
    return tried > 0 || touched.has(field) || !unfinished(field, form) ? problems[field] : undefined;
  };
  const send = (): void => {
    if (busy || reason) return;
    if (Object.keys(problems).length > 0) {
      setTried((n) => n + 1);
      return;
    }
    onSubmit(form, () => {
      leaving.current = true;
    });
  };
  const retry = retryOf(form);
  const text = (field: Exclude<FormField, 'patterns' | 'headers'>) => ({
    value: form[field],
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => set({ [field]: event.target.value }),
    onBlur: touch(field),
  });
  return (
    <form
      ref={box}
      noValidate
      className="flex max-w-3xl flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {reason && <Note tone="warn">{reason}</Note>}
      <Card title="Where and what">
        <div className="flex flex-col gap-5">
          <Field
            label="URL"
            required
            error={problem('url')}
            hint={receiverId(form.url) ? 'The built-in receiver: what arrives is shown on the webhook’s page.' : 'Each event is sent there as a signed POST. https keeps it secret on its way.'}
            aside={
              !before &&
              form.url === '' && (
                <Button size="sm" variant="ghost" icon={Radio} className="-my-1.5" onClick={() => set({ url: receiverUrl(`try-${randomId(8)}`) })}>
                  Use the test receiver
                </Button>
              )
            }
          >
            <Input type="url" inputMode="url" mono placeholder="https://example.com/hooks" {...text('url')} />
          </Field>
          <Field label="Event types" required error={problem('patterns')} hint={<>An exact type, <code>order.*</code> for all below <code>order</code>, or <code>*</code> for all. Enter or a comma adds one.</>}>
            <PatternInput patterns={form.patterns} draft={form.pattern} onChange={set} onBlur={touch('patterns')} />
          </Field>
          <SeenTypes form={form} onAdd={(pattern) => set({ patterns: [...form.patterns, pattern] })} />
          <div className="grid gap-5 sm:grid-cols-2">
            <Field label="Tenant" error={problem('tenant')} hint="Only this tenant's events. Empty: those of all.">
              <Input placeholder="All" {...text('tenant')} />
            </Field>
            <Field label="Description" error={problem('description')} hint="What people call it here.">
              <Input placeholder="Orders to the warehouse" {...text('description')} spellCheck />
            </Field>
          </div>
        </div>
      </Card>

      <Card title="Delivery">
        <div className="flex flex-col gap-5">
          <Checkbox
            label="Ordered"
            hint="One after the other, in the order in which events came in. One that fails holds up those behind it until it succeeds or is given up."
            checked={form.ordered}
            onChange={(ordered) => set({ ordered })}
          />
          {!before && <Checkbox label="Paused at first" hint="What comes for it waits, and is sent when it is resumed." checked={form.paused} onChange={(paused) => set({ paused })} />}
          <div className="grid gap-5 sm:grid-cols-2">
            <Field label="Max in flight" error={problem('maxInFlight')} hint={form.ordered ? 'Ordered: always one.' : 'Requests at the same time, 1 to 1,000.'}>
              <Input inputMode="numeric" {...text('maxInFlight')} />
            </Field>
            <Field label="Timeout" error={problem('timeout')} hint="For the whole answer, 1s to 30s.">
              <Input {...text('timeout')} />
            </Field>
          </div>
        </div>
      </Card>

      <Card
        title="Retries"
        note="when an attempt fails"
        actions={
          <Segmented
            size="sm"
            label="Kind of schedule"
            value={form.retryKind}
            options={[
              { value: 'exponential', label: 'Growing waits' },
              { value: 'exact', label: 'Exact waits' },
            ]}
            onChange={(retryKind) => set({ retryKind })}
          />
        }
      >
        <div className="flex flex-col gap-5">
          {form.retryKind === 'exponential' ? (
            <div className="grid items-start gap-5 sm:grid-cols-2">
              <Field label="Max attempts" error={problem('maxAttempts')} hint={`The first one counts too, 1 to ${kAttemptsMax}.`}>
                <Input inputMode="numeric" {...text('maxAttempts')} />
              </Field>
              <Field label="First wait" error={problem('initial')} hint="Such as 5s, 1m or 2h.">
                <Input {...text('initial')} />
              </Field>
              <Field label="Multiplier" error={problem('multiplier')} hint="Each wait is so many times the one before, 1 to 10.">
                <Input inputMode="decimal" {...text('multiplier')} />
              </Field>
              <Field label="Longest wait" error={problem('max')} hint="No wait is longer, at most 30d.">
                <Input {...text('max')} />
              </Field>
            </div>
          ) : (
            <Field label="Waits" error={problem('schedule')} hint="After each failed attempt, separated by commas. There is one attempt more than waits.">
              <Input mono placeholder="5s, 1m, 10m, 1h, 6h" {...text('schedule')} />
            </Field>
          )}
          <div className="border-line border-t pt-4">{retry ? <RetryTimeline retry={retry} /> : <p className="text-muted text-sm">The schedule is drawn here when the numbers are right.</p>}</div>
        </div>
      </Card>

      <Card title="Headers" note="added to every request">
        <HeaderRows rows={form.headers} error={problem('headers')} onChange={(headers) => set({ headers })} onBlur={touch('headers')} />
      </Card>

      {!before && (
        <Card title="Signing secret">
          <Field label="Secret" error={problem('secret')} hint="For those who move here with one. Empty: one is made, and shown on the webhook's page.">
            <Input mono placeholder="whsec_…" {...text('secret')} />
          </Field>
        </Card>
      )}

      {error !== null && error !== undefined && <ErrorNote error={error} shown={Object.values(kPaths)} />}
      {tried > 0 && Object.keys(problems).length > 0 && (
        <p role="status" className="text-bad text-sm">
          Please mend the fields that are marked.
        </p>
      )}
      <div className="border-line bg-page/95 sticky bottom-0 z-10 -mx-1 flex flex-wrap justify-end gap-2 border-t px-1 py-3">
        <ButtonLink to={cancelTo}>Cancel</ButtonLink>
        <Button type="submit" variant="primary" busy={busy} disabledReason={reason}>
          {submit}
        </Button>
      </div>

      <Dialog
        open={blocker.state === 'blocked'}
        size="sm"
        title="Leave without saving?"
        onClose={() => blocker.reset?.()}
        footer={
          <>
            <Button data-autofocus onClick={() => blocker.reset?.()}>
              Stay here
            </Button>
            <Button variant="danger" onClick={() => blocker.proceed?.()}>
              Leave
            </Button>
          </>
        }
      >
        <p className="text-soft text-sm">What was changed in this form is lost.</p>
      </Dialog>
    </form>
  );
}
