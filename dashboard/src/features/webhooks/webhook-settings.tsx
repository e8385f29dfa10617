import type { Webhook } from '@/api/models';
import { int } from '@/lib/numbers';
import { duration } from '@/lib/time';
import { Badge } from '@/ui/badge';
import { CopyText } from '@/ui/copy';
import { DefinitionList } from '@/ui/definition-list';
import { TimeAgo } from '@/ui/time-ago';

export function WebhookSettings({ webhook }: { webhook: Webhook }) {
  const headers = Object.entries(webhook.headers);
  return (
    <DefinitionList
      items={[
        [
          'Event types',
          <span key="types" className="flex flex-wrap gap-1">
            {webhook.event_types.map((type) => (
              <Badge key={type}>{type}</Badge>
            ))}
          </span>,
        ],
        ['Tenant', webhook.tenant ?? <span key="tenant" className="text-muted">All</span>],
        ['Order', webhook.ordered ? 'One after the other' : 'As they come'],
        !webhook.ordered && ['In flight', `at most ${int(webhook.max_in_flight)}`],
        ['Timeout', duration(webhook.timeout_ms)],
        [
          'Headers',
          headers.length ? (
            <ul key="headers" className="flex flex-col gap-0.5">
              {headers.map(([name, value]) => (
                <li key={name} className="truncate">
                  <code className="text-xs" data-tip={isSecret(name) ? undefined : value}>
                    {name}: {isSecret(name) ? '••••••' : value}
                  </code>
                </li>
              ))}
            </ul>
          ) : (
            <span key="headers" className="text-muted">None</span>
          ),
        ],
        ['Id', <CopyText key="id" value={webhook.id} />],
        ['Created', <TimeAgo key="created" at={webhook.created_at} />],
        ['Changed', <TimeAgo key="updated" at={webhook.updated_at} />],
      ]}
    />
  );
}

/// Not for those who look over the shoulder; the form has it.
function isSecret(name: string): boolean {
  return /auth|cookie|key|token|secret/i.test(name);
}
