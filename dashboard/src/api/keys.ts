/// The keys of TanStack Query: `keys.events.all` is the beginning of every key of events, to invalidate them together.
import type { MetricsWindow } from './models';

const kind = <K extends string>(name: K) => ({
  all: [name] as const,
  list: (filters: object = {}) => [name, 'list', filters] as const,
  one: (id: string) => [name, 'one', id] as const,
});

export const keys = {
  session: ['session'] as const,
  events: kind('events'),
  webhooks: kind('webhooks'),
  deliveries: kind('deliveries'),
  dlq: kind('dlq'),
  jobs: kind('jobs'),
  apiKeys: kind('api-keys'),
  members: kind('members'),
  invitations: kind('invitations'),
  audit: kind('audit'),
  settings: ['settings'] as const,
  metrics: {
    all: ['metrics'] as const,
    window: (window: MetricsWindow, webhookId?: string) => ['metrics', 'window', window, webhookId ?? null] as const,
    webhooks: (window: MetricsWindow) => ['metrics', 'webhooks', window] as const,
  },
  receiver: (id: string) => ['receiver', id] as const,
};
