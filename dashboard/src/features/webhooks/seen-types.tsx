import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { patternMatches, takes } from '@/lib/event-types';
import { int } from '@/lib/numbers';
import { Button } from '@/ui/button';
import { sampleEventsQuery } from './api';
import { allPatterns, type WebhookForm } from './webhook-form';

const kSuggestions = 8;

/// Tries the types on the newest events, and offers those that were seen.
export function SeenTypes({ form, onAdd }: { form: WebhookForm; onAdd: (pattern: string) => void }) {
  const { data } = useQuery(sampleEventsQuery);
  if (!data?.length) return null;
  const patterns = allPatterns(form);
  const counts = new Map<string, number>();
  for (const { type } of data) if (!patterns.some((pattern) => patternMatches(pattern, type))) counts.set(type, (counts.get(type) ?? 0) + 1);
  const others = [...counts].sort((a, b) => b[1] - a[1]).slice(0, kSuggestions);
  const taken = data.filter((event) => takes({ event_types: patterns, tenant: form.tenant.trim() || null }, event)).length;
  return (
    <div className="bg-sunken -mt-2 flex flex-col gap-2 rounded-lg px-3 py-2.5 dark:bg-page">
      <p aria-live="polite" className="text-soft text-xs">
        {patterns.length === 0 ? (
          'Types that were seen lately:'
        ) : (
          <>
            Of the newest {int(data.length)} events it would have got <span className="text-ink font-medium">{taken === data.length ? 'all' : int(taken)}</span>.{others.length > 0 && ' Others that were seen lately:'}
          </>
        )}
      </p>
      {others.length > 0 && (
        <ul className="flex flex-wrap gap-1.5">
          {others.map(([type, count]) => (
            <li key={type}>
              <Button size="sm" icon={Plus} data-tip={`${int(count)} of the newest ${int(data.length)} events`} aria-label={`Add ${type}`} onClick={() => onAdd(type)}>
                <code>{type}</code>
              </Button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
