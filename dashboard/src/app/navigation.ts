import { Inbox, LayoutDashboard, ListChecks, Send, Settings, Webhook, Zap, type LucideIcon } from 'lucide-react';

export interface NavigationItem {
  to: string;
  label: string;
  icon: LucideIcon;
  keys: string;
  end?: boolean;
}

export const kNavigation: readonly NavigationItem[] = [
  { to: '/', label: 'Overview', icon: LayoutDashboard, keys: 'g o', end: true },
  { to: '/events', label: 'Events', icon: Zap, keys: 'g e' },
  { to: '/webhooks', label: 'Webhooks', icon: Webhook, keys: 'g w' },
  { to: '/deliveries', label: 'Deliveries', icon: Send, keys: 'g d' },
  { to: '/dead-letters', label: 'Dead letters', icon: Inbox, keys: 'g l' },
  { to: '/jobs', label: 'Jobs', icon: ListChecks, keys: 'g j' },
  { to: '/settings', label: 'Settings', icon: Settings, keys: 'g s' },
];
