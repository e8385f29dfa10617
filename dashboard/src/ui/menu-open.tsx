/// What menu.tsx loads when a menu is about to be opened. Not modal: Radix' modal menus write <style> elements, which the
/// CSP refuses.
import * as Radix from '@radix-ui/react-dropdown-menu';
import { Check } from 'lucide-react';
import { useContext } from 'react';
import { useNavigate } from 'react-router';
import { cx } from '@/lib/cx';
import { PortalContext } from './dialog';
import type { MenuProps } from './menu';

export default function OpenMenu({ trigger, items, align = 'end', side = 'bottom', className, opened }: MenuProps & { opened: boolean }) {
  const container = useContext(PortalContext);
  const navigate = useNavigate();
  return (
    <Radix.Root modal={false} defaultOpen={opened}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal container={container ?? undefined}>
        <Radix.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className={cx(
            'animate-fade border-line bg-raised text-ink shadow-pop z-50 max-h-[min(28rem,var(--radix-dropdown-menu-content-available-height))] max-w-80 min-w-44 overflow-y-auto rounded-lg border p-1 text-sm',
            className,
          )}
        >
          {items.map((item, index) => {
            if (!item) return null;
            if ('separator' in item) return <Radix.Separator key={index} className="bg-line -mx-1 my-1 h-px" />;
            if ('heading' in item) {
              return (
                <Radix.Label key={index} className="text-muted truncate px-2 py-1.5 text-xs font-medium">
                  {item.heading}
                </Radix.Label>
              );
            }
            const { label, icon: Icon, run, to, note, danger, disabledReason, checked } = item;
            const look = cx(
              'flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2 py-1 outline-none select-none data-disabled:cursor-not-allowed data-disabled:opacity-50',
              danger ? 'text-bad data-highlighted:bg-bad-soft' : 'data-highlighted:bg-hover',
            );
            const face = (
              <>
                {Icon && <Icon size={16} aria-hidden className={cx('shrink-0', !danger && 'text-muted')} />}
                <span className="min-w-0 flex-1">
                  <span className="block truncate">{label}</span>
                  {(disabledReason ?? note) && <span className="text-muted block text-xs">{disabledReason ?? note}</span>}
                </span>
                {checked !== undefined && <Check size={16} aria-hidden className={cx('text-accent-ink shrink-0', !checked && 'invisible')} />}
              </>
            );
            const select = (): void => {
              if (to) void navigate(to);
              run?.();
            };
            return checked === undefined ? (
              <Radix.Item key={index} disabled={disabledReason !== undefined} onSelect={select} className={look}>
                {face}
              </Radix.Item>
            ) : (
              <Radix.CheckboxItem key={index} checked={checked} disabled={disabledReason !== undefined} onSelect={select} className={look}>
                {face}
              </Radix.CheckboxItem>
            );
          })}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
