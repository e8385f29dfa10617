import { keyNames } from '@/lib/shortcuts';

/// The caps of a shortcut: <Keys keys="mod+k" />
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="inline-flex items-center gap-1">
      {keyNames(keys).map((name, index) =>
        name === 'then' ? (
          <span key={index} className="text-muted text-xs">
            then
          </span>
        ) : (
          <kbd key={index} className="border-line bg-sunken text-soft inline-flex h-5 min-w-5 items-center justify-center rounded border px-1 font-sans text-xs dark:bg-page">
            {name}
          </kbd>
        ),
      )}
    </span>
  );
}
