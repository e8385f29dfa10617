import { useQuery } from '@tanstack/react-query';
import { Monitor, Moon, Plus, Sun, Webhook } from 'lucide-react';
import { allWebhooksQuery, webhookName } from '@/api/webhooks';
import { setTheme } from '@/lib/theme';
import type { Command } from '@/ui/command-palette';
import { kNavigation } from '../navigation';

const kCommands: readonly Command[] = [
  ...kNavigation.map((item) => ({ id: item.to, label: item.label, icon: item.icon, keys: item.keys, to: item.to, group: 'Go to' })),
  { id: 'new-webhook', label: 'New webhook', words: 'create add endpoint subscribe', icon: Plus, to: '/webhooks/new', group: 'Do' },
  { id: 'keys', label: 'API keys', words: 'settings token', to: '/settings/keys', group: 'Settings' },
  { id: 'members', label: 'Members', words: 'settings people users invite roles', to: '/settings/members', group: 'Settings' },
  { id: 'audit', label: 'Audit log', words: 'settings history who', to: '/settings/audit', group: 'Settings' },
  { id: 'light', label: 'Light theme', words: 'appearance', icon: Sun, run: () => setTheme('light'), group: 'Theme' },
  { id: 'dark', label: 'Dark theme', words: 'appearance', icon: Moon, run: () => setTheme('dark'), group: 'Theme' },
  { id: 'system', label: 'Theme as the system', words: 'appearance', icon: Monitor, run: () => setTheme('system'), group: 'Theme' },
];

/// What the palette offers on every page: loaded when it opens.
export function usePaletteCommands(): readonly Command[] {
  const { data: webhooks } = useQuery(allWebhooksQuery);
  const found = (webhooks ?? []).map((webhook) => ({
    id: webhook.id,
    label: webhookName(webhook),
    words: `${webhook.url} ${webhook.id}`,
    note: webhook.event_types.join(', '),
    icon: Webhook,
    to: `/webhooks/${webhook.id}`,
    group: 'Webhooks',
  }));
  return [...kCommands, ...found];
}
