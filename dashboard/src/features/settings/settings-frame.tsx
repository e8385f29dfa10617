/// What stands over all pages of the settings.
import { Lock } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCan, useSession } from '@/api/session';
import { Card } from '@/ui/card';
import { PageHeader } from '@/ui/page-header';
import { EmptyState } from '@/ui/states';
import { TabLinks } from '@/ui/tabs';

const kTabs = [
  { to: '/settings', label: 'General', end: true },
  { to: '/settings/keys', label: 'API keys' },
  { to: '/settings/members', label: 'Members' },
  { to: '/settings/audit', label: 'Audit log' },
];

interface SettingsFrameProps {
  /// Of the tab that is open.
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}

export function SettingsFrame({ title, actions, children }: SettingsFrameProps) {
  const { organization } = useSession();
  return (
    <>
      <PageHeader title={title === 'General' ? 'Settings' : `${title} · Settings`} heading="Settings" note={organization.name} actions={actions} />
      <div className="mb-5">
        <TabLinks label="Settings" tabs={kTabs} />
      </div>
      {children}
    </>
  );
}

/// What only admins may see; others are told so, without a request that would be refused.
export function AdminsOnly({ what, children }: { what: string; children: ReactNode }) {
  const { can, reason } = useCan('admin');
  if (can) return children;
  return (
    <Card>
      <EmptyState icon={Lock} title={`Only admins see ${what}`}>
        {reason}
      </EmptyState>
    </Card>
  );
}
