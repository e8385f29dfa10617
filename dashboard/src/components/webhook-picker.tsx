/// Choosing webhooks, with a search.
///   <WebhookPicker label="Webhook" value={id} onChange={setId} any="Any webhook" />     one, behind a button: filters, forms
///   <WebhookChecklist selected={ids} onChange={setIds} />                               several, in a box: dialogs
import { useQuery } from '@tanstack/react-query';
import { Check, ChevronsUpDown, Search } from 'lucide-react';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import type { Webhook } from '@/api/models';
import { allWebhooksQuery, kWebhooksMax, webhookName } from '@/api/webhooks';
import { cx } from '@/lib/cx';
import { plural } from '@/lib/numbers';
import { rankMatches } from '@/lib/rank';
import { StatusBadge, webhookStatus } from '@/ui/badge';
import { Button } from '@/ui/button';
import { useFieldAttributes } from '@/ui/field';
import { Checkbox, Input } from '@/ui/inputs';
import { Popover } from '@/ui/popover';
import { ErrorState, SkeletonText } from '@/ui/states';

/// More than fit are found by typing.
const kShown = 100;

function found(webhooks: readonly Webhook[], query: string): Webhook[] {
  return rankMatches(webhooks, query, (w) => `${webhookName(w)} ${w.url} ${w.id} ${w.event_types.join(' ')} ${w.tenant ?? ''}`).slice(0, kShown);
}

interface WebhookPickerProps {
  label: string;
  /// '' for none.
  value: string;
  onChange: (id: string) => void;
  /// A first entry that stands for none: "Any webhook".
  any?: string;
  className?: string;
}

export function WebhookPicker({ label, value, onChange, any, className }: WebhookPickerProps) {
  const [open, setOpen] = useState(false);
  const { data } = useQuery(allWebhooksQuery);
  const chosen = data?.find((w) => w.id === value);
  const shown = chosen ? webhookName(chosen) : value || (any ?? 'Choose a webhook');
  const { id, ...described } = useFieldAttributes();
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      label={label}
      className="w-80 p-0!"
      trigger={
        <Button id={id} {...described} aria-label={`${label}: ${shown}`} className={cx('max-w-full justify-between!', className)}>
          <span className="truncate">{shown}</span>
          <ChevronsUpDown size={14} aria-hidden className="text-muted shrink-0" />
        </Button>
      }
    >
      <List
        label={label}
        value={value}
        any={any}
        onPick={(picked) => {
          onChange(picked);
          setOpen(false);
        }}
      />
    </Popover>
  );
}

function List({ label, value, any, onPick }: { label: string; value: string; any: string | undefined; onPick: (id: string) => void }) {
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState<number | null>(null);
  const webhooks = useQuery(allWebhooksQuery);
  const matching = found(webhooks.data ?? [], query);
  const options: (Webhook | null)[] = any !== undefined && query.trim() === '' ? [null, ...matching] : matching;
  const start = Math.max(0, options.findIndex((one) => (one?.id ?? '') === value));
  const active = Math.min(at ?? (query ? 0 : start), options.length - 1);
  useEffect(() => {
    list.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = { ArrowDown: active + 1, ArrowUp: active - 1 }[event.key];
    if (next !== undefined && options.length > 0) {
      event.preventDefault();
      setAt((next + options.length) % options.length);
    } else if (event.key === 'Enter') {
      // Not the form's.
      event.preventDefault();
      const one = options[active];
      if (one !== undefined) onPick(one?.id ?? '');
    }
  };
  if (webhooks.isPending) {
    return (
      <div className="p-3">
        <SkeletonText lines={4} />
      </div>
    );
  }
  if (webhooks.isError && !webhooks.data) return <ErrorState error={webhooks.error} onRetry={() => void webhooks.refetch()} />;
  return (
    <>
      <div className="border-line border-b p-2">
        <Input
          icon={Search}
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={options.length ? `${id}-${active}` : undefined}
          aria-label={`Search: ${label}`}
          placeholder="Name, URL, id or type"
          spellCheck={false}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(null);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul ref={list} id={id} role="listbox" aria-label={label} className="max-h-72 overflow-y-auto p-1">
        {options.map((one, index) => (
          <li
            key={one?.id ?? ''}
            id={`${id}-${index}`}
            role="option"
            aria-selected={(one?.id ?? '') === value}
            data-active={index === active || undefined}
            onPointerMove={() => setAt(index)}
            onClick={() => onPick(one?.id ?? '')}
            className={cx('flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2 py-1 text-sm', index === active && 'bg-hover dark:bg-accent-soft')}
          >
            <span className="min-w-0 flex-1">
              <span className="block truncate">{one ? webhookName(one) : any}</span>
              {one?.description && <span className="text-muted block truncate text-xs">{one.url}</span>}
            </span>
            {one && webhookStatus(one) !== 'enabled' && <StatusBadge status={webhookStatus(one)} />}
            <Check size={16} aria-hidden className={cx('text-accent-ink shrink-0', (one?.id ?? '') !== value && 'invisible')} />
          </li>
        ))}
      </ul>
      {options.length === 0 && (
        <p role="status" className="text-muted px-3 pt-1 pb-4 text-center text-sm">
          {query ? `No webhook matches “${query}”.` : 'There is no webhook yet.'}
        </p>
      )}
      {(webhooks.data?.length ?? 0) >= kWebhooksMax && <p className="text-muted border-line border-t px-3 py-2 text-xs">Of the newest {kWebhooksMax} webhooks.</p>}
    </>
  );
}

interface WebhookChecklistProps {
  selected: ReadonlySet<string>;
  onChange: (ids: ReadonlySet<string>) => void;
  /// At the right of a webhook: that it went there before.
  note?: (webhook: Webhook) => string | undefined;
}

export function WebhookChecklist({ selected, onChange, note }: WebhookChecklistProps) {
  const [query, setQuery] = useState('');
  const webhooks = useQuery(allWebhooksQuery);
  if (webhooks.isPending) return <SkeletonText lines={5} />;
  if (webhooks.isError && !webhooks.data) return <ErrorState error={webhooks.error} onRetry={() => void webhooks.refetch()} />;
  const matching = found(webhooks.data ?? [], query);
  const toggle = (id: string, on: boolean): void => {
    const next = new Set(selected);
    if (on) next.add(id);
    else next.delete(id);
    onChange(next);
  };
  return (
    <fieldset className="border-line min-w-0 rounded-lg border">
      <legend className="sr-only">Webhooks</legend>
      <div className="border-line flex flex-wrap items-center gap-2 border-b p-2">
        <Input
          icon={Search}
          type="search"
          aria-label="Search webhooks"
          placeholder="Search webhooks"
          spellCheck={false}
          className="min-w-40 flex-1"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.preventDefault();
          }}
        />
        <span aria-live="polite" className="text-muted px-1 text-xs">
          {plural(selected.size, 'chosen', 'chosen')}
        </span>
        {selected.size > 0 && (
          <Button size="sm" variant="ghost" onClick={() => onChange(new Set())}>
            None
          </Button>
        )}
      </div>
      <ul className="max-h-64 overflow-y-auto p-1">
        {matching.map((webhook) => (
          <li key={webhook.id} className="hover:bg-hover flex items-center gap-2 rounded-md px-2 py-1.5">
            <Checkbox
              className="min-w-0 flex-1"
              label={webhookName(webhook)}
              hint={webhook.description ? <span className="block truncate">{webhook.url}</span> : undefined}
              checked={selected.has(webhook.id)}
              onChange={(on) => toggle(webhook.id, on)}
            />
            {note?.(webhook) && <span className="text-muted shrink-0 text-xs">{note(webhook)}</span>}
            {webhookStatus(webhook) !== 'enabled' && <StatusBadge status={webhookStatus(webhook)} />}
          </li>
        ))}
      </ul>
      {matching.length === 0 && (
        <p role="status" className="text-muted px-3 pb-4 text-center text-sm">
          {query ? `No webhook matches “${query}”.` : 'There is no webhook yet.'}
        </p>
      )}
    </fieldset>
  );
}
