import { useQuery } from '@tanstack/react-query';
import { Wrench } from 'lucide-react';
import { useState } from 'react';
import { useWebhookName } from '@/components/delivery-cells';
import { cx } from '@/lib/cx';
import { int, plural } from '@/lib/numbers';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { SkeletonText } from '@/ui/states';
import { TimeAgo } from '@/ui/time-ago';
import { kScanMax, scanQuery, type DeadFilter } from './api';
import { groupDead, whyTitle, whyTodo, type DeadGroup } from './groups';

const kShown = 5;

interface GroupsCardProps {
  /// Without a webhook: all groups stay in sight while one is chosen.
  filter: DeadFilter;
  chosen: { webhook_id: string; why: string };
  onChoose: (chosen: { webhook_id: string; why: string }) => void;
}

/// By webhook and reason: a click narrows the list to one of them, another one widens it again.
export function GroupsCard({ filter, chosen, onChoose }: GroupsCardProps) {
  const scan = useQuery(scanQuery(filter));
  const [all, setAll] = useState(false);
  const groups = groupDead(scan.data?.rows ?? []);
  // The list below says what is wrong, or that there is nothing.
  if (scan.isError || (scan.data && groups.length === 0)) return null;
  return (
    <Card
      className="mb-4"
      title="By webhook and reason"
      note={scan.data?.more ? `of the newest ${int(kScanMax)}` : groups.length ? plural(groups.length, 'group') : undefined}
      actions={
        groups.length > kShown && (
          <Button size="sm" variant="ghost" onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show all ${groups.length}`}
          </Button>
        )
      }
    >
      {scan.isPending ? (
        <SkeletonText lines={3} />
      ) : (
        <ul className="-mx-2 -my-1 flex flex-col gap-0.5">
          {groups.slice(0, all ? undefined : kShown).map((group) => {
            const on = group.webhook_id === chosen.webhook_id && group.why === chosen.why;
            return <Group key={`${group.webhook_id} ${group.why}`} group={group} on={on} onToggle={() => onChoose(on ? { webhook_id: '', why: '' } : { webhook_id: group.webhook_id, why: group.why })} />;
          })}
        </ul>
      )}
    </Card>
  );
}

function Group({ group, on, onToggle }: { group: DeadGroup; on: boolean; onToggle: () => void }) {
  const name = useWebhookName(group);
  const todo = on ? whyTodo(group.why) : null;
  return (
    <li className={cx('rounded-md', on && 'bg-accent-soft/60')}>
      <button
        type="button"
        aria-pressed={on}
        onClick={onToggle}
        className="hover:bg-hover/60 flex w-full flex-wrap items-center gap-x-3 gap-y-1 rounded-md px-2 py-2 text-left sm:flex-nowrap"
      >
        <span className="text-ink tnum w-12 shrink-0 text-right text-sm font-semibold">{int(group.count)}</span>
        <span className="text-ink min-w-0 flex-1 truncate max-sm:basis-2/3 text-sm font-medium">{name}</span>
        <Badge tone="bad" className="max-sm:ml-15">
          {whyTitle(group.why)}
        </Badge>
        <span className="text-muted w-20 text-right text-xs max-sm:ml-auto max-sm:w-auto">
          <TimeAgo at={group.newest} />
        </span>
      </button>
      {todo && (
        <p className="text-soft flex items-start gap-1.5 px-2 pb-2 text-xs sm:pl-17">
          <Wrench size={13} aria-hidden className="mt-px shrink-0" />
          {todo}
        </p>
      )}
    </li>
  );
}
