import { useQuery } from '@tanstack/react-query';
import { Eye, Pencil, ScrollText, Trash2, type LucideIcon } from 'lucide-react';
import { Link, useNavigate } from 'react-router';
import { get } from '@/api/client';
import { keys } from '@/api/keys';
import type { AuditEntry } from '@/api/models';
import { ListError } from '@/components/list-error';
import { pageOfId } from '@/lib/ids';
import { toMs } from '@/lib/time';
import { cx } from '@/lib/cx';
import { Card } from '@/ui/card';
import { CursorPager, useCursorPage } from '@/ui/cursor-pager';
import { EmptyState, SkeletonRows } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { actionWeight, actionWords, byDay } from './audit-words';
import { namesQuery } from './api';
import { AdminsOnly, SettingsFrame } from './settings-frame';

export function Component() {
  return (
    <SettingsFrame title="Audit log">
      <AdminsOnly what="the audit log">
        <Log />
      </AdminsOnly>
    </SettingsFrame>
  );
}

const kDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

function Log() {
  const navigate = useNavigate();
  const page = useCursorPage<AuditEntry>({
    queryKey: keys.audit.list(),
    fetchPage: (cursor, signal) => get('/api/audit', { query: { cursor, limit: 50 }, signal }),
    refetchMs: 30_000,
  });
  return (
    <Card flush title="Audit log" note="who changed what, and from where">
      {page.pending ? (
        <SkeletonRows rows={12} columns={4} />
      ) : page.error ? (
        <ListError error={page.error} onRetry={page.retry} onClear={() => void navigate('/settings/audit')} />
      ) : page.rows.length === 0 ? (
        <EmptyState icon={ScrollText} title="Nothing was done yet">
          Whatever a person or a key changes is written down here.
        </EmptyState>
      ) : (
        <div className={cx(page.stale && 'opacity-60 transition-opacity')} aria-busy={page.stale || undefined}>
          {byDay(page.rows, (time) => kDay.format(toMs(time))).map(({ day, rows }) => (
            <section key={day} aria-label={day} className="border-line border-b last:border-b-0">
              <h3 className="bg-sunken text-muted border-line border-b px-4 py-1.5 text-xs font-medium dark:bg-page">{day}</h3>
              <ol className="divide-line divide-y">
                {rows.map((row) => (
                  <Entry key={row.id} entry={row} />
                ))}
              </ol>
            </section>
          ))}
        </div>
      )}
      {!page.error && <CursorPager page={page} of="entries" />}
    </Card>
  );
}

const kIcons: Record<ReturnType<typeof actionWeight>, LucideIcon> = { gone: Trash2, changed: Pencil, seen: Eye };

function Entry({ entry: { actor, action, target, address, created_at } }: { entry: AuditEntry }) {
  const name = useQuery(namesQuery).data?.get(target);
  // What somebody did to themself says so, or needs no more words.
  const self = target === actor || name === actor || action === 'user.join';
  const weight = actionWeight(action);
  const Icon = kIcons[weight];
  return (
    <li className="flex flex-wrap items-start gap-x-3 px-4 py-2.5 text-sm sm:flex-nowrap">
      <Icon size={14} aria-hidden className={cx('mt-1 shrink-0', weight === 'gone' ? 'text-bad' : 'text-muted')} />
      <p className="text-soft min-w-0 flex-1 max-sm:basis-4/5" data-tip={action}>
        <span className="text-ink font-medium break-all">{actor}</span> {actionWords(action, self)} {target && !self && <Target target={name ?? target} />}
      </p>
      <p className="text-muted flex shrink-0 items-center gap-x-4 text-xs max-sm:w-full max-sm:pl-6.5">
        <code data-tip="From this address">
          {address}
        </code>
        <span className="min-w-16 text-right max-sm:ml-auto">
          <TimeAgo at={created_at} />
        </span>
      </p>
    </li>
  );
}

/// A link where there is a page for it.
function Target({ target }: { target: string }) {
  const page = pageOfId(target);
  const place = page?.path ?? (target.startsWith('key_') ? '/settings/keys' : null);
  if (!place) return <span className="text-ink break-all">{target}</span>;
  return (
    <Link to={place} className="text-accent-ink decoration-line-strong break-all underline underline-offset-2 hover:decoration-current">
      {target}
    </Link>
  );
}
