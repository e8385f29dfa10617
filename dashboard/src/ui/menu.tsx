/// A menu behind a button. Its code comes when a pointer or the focus comes near.
///   <Menu trigger={<IconButton icon={Ellipsis} label="More" />} items={[{ label: 'Pause', icon: Pause, run }]} />
import type { LucideIcon } from 'lucide-react';
import { cloneElement, lazy, Suspense, useState, type KeyboardEvent, type ReactElement } from 'react';

export type MenuItem =
  | {
      label: string;
      icon?: LucideIcon;
      run?: () => void;
      /// Opens a page instead of running something.
      to?: string;
      /// Second line.
      note?: string;
      danger?: boolean;
      disabledReason?: string;
      /// One of a choice: shows whether it is the chosen one.
      checked?: boolean;
    }
  | { separator: true }
  | { heading: string };

export interface MenuProps {
  /// A button: it gets what makes it one of a menu.
  trigger: ReactElement<object>;
  items: readonly (MenuItem | false | null | undefined)[];
  align?: 'start' | 'end';
  side?: 'top' | 'bottom';
  className?: string;
}

const load = () => import('./menu-open');
const OpenMenu = lazy(load);

export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const trigger = cloneElement<object>(props.trigger, {
    'aria-haspopup': 'menu',
    'aria-expanded': wanted,
    onPointerEnter: () => void load(),
    onFocus: () => void load(),
    onClick: () => setWanted(true),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'ArrowDown') return;
      event.preventDefault();
      setWanted(true);
    },
  } as object);
  if (!wanted) return trigger;
  return (
    <Suspense fallback={trigger}>
      <OpenMenu {...props} opened />
    </Suspense>
  );
}
