/// A small panel behind a button: filters, details.
import * as Radix from '@radix-ui/react-popover';
import { useContext, type ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { PortalContext } from './dialog';

interface PopoverProps {
  trigger: ReactNode;
  label: string;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: 'start' | 'center' | 'end';
  className?: string;
  children: ReactNode;
}

export function Popover({ trigger, label, open, onOpenChange, align = 'start', className, children }: PopoverProps) {
  const container = useContext(PortalContext);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal container={container ?? undefined}>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className={cx('animate-fade border-line bg-raised text-ink shadow-pop z-50 w-72 max-w-[calc(100vw-1rem)] rounded-lg border p-3', className)}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
