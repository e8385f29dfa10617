/// Tabs within a page (`<Tabs>`), and tabs that are pages (`<TabLinks>`).
import * as Radix from '@radix-ui/react-tabs';
import type { ReactNode } from 'react';
import { NavLink } from 'react-router';
import { cx } from '@/lib/cx';

const kTab = 'hover:text-ink inline-flex h-9 items-center gap-1.5 border-b-2 text-sm font-medium whitespace-nowrap';
const kOn = 'text-ink border-accent-ink';
const kOff = 'text-muted border-transparent';

interface TabsProps<V extends string> {
  tabs: readonly { value: V; label: string; count?: number; content: ReactNode }[];
  /// With `onChange`: controlled, for example by the URL.
  value?: V;
  onChange?: (value: V) => void;
  label: string;
  /// At the right end of the list.
  aside?: ReactNode;
}

export function Tabs<V extends string>({ tabs, value, onChange, label, aside }: TabsProps<V>) {
  return (
    <Radix.Root value={value} defaultValue={tabs[0]?.value} onValueChange={onChange && ((next) => onChange(next as V))}>
      <div className="border-line flex items-center justify-between gap-3 border-b">
        <Radix.List aria-label={label} className="flex gap-4 overflow-x-auto">
          {tabs.map((tab) => (
            <Radix.Trigger key={tab.value} value={tab.value} className={cx(kTab, 'data-[state=inactive]:text-muted data-[state=inactive]:border-transparent data-[state=active]:text-ink data-[state=active]:border-accent-ink')}>
              {tab.label}
              {tab.count !== undefined && <span className="bg-hover text-soft tnum rounded-full px-1.5 text-xs">{tab.count}</span>}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {aside}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className="pt-4">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

export function TabLinks({ tabs, label }: { tabs: readonly { to: string; label: string; end?: boolean }[]; label: string }) {
  return (
    <nav aria-label={label} className="border-line flex gap-4 overflow-x-auto border-b">
      {tabs.map((tab) => (
        <NavLink key={tab.to} to={tab.to} end={tab.end} className={({ isActive }) => cx(kTab, isActive ? kOn : kOff)}>
          {tab.label}
        </NavLink>
      ))}
    </nav>
  );
}
