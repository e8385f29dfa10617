import { Monitor, Moon, Sun } from 'lucide-react';
import { setTheme, useThemeChoice, type ThemeChoice } from '@/lib/theme';
import { Segmented } from './segmented';

const kThemes: { value: ThemeChoice; label: string; icon: typeof Sun; iconOnly: true }[] = [
  { value: 'light', label: 'Light', icon: Sun, iconOnly: true },
  { value: 'dark', label: 'Dark', icon: Moon, iconOnly: true },
  { value: 'system', label: 'As the system', icon: Monitor, iconOnly: true },
];

export function ThemeSwitch() {
  const choice = useThemeChoice();
  return (
    <div className="flex items-center justify-between gap-2 pl-2.5">
      <span className="text-muted text-xs">Theme</span>
      <Segmented size="sm" label="Theme" value={choice} options={kThemes} onChange={setTheme} />
    </div>
  );
}
