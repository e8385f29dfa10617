/// Puts text on the clipboard. On a plain-HTTP address browsers have no navigator.clipboard: a selected field does it.
export async function copyText(value: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(value);
      return true;
    }
  } catch {
    // Refused, for example without focus: the older way may be allowed.
  }
  const holder = document.querySelector('dialog:modal') ?? document.body;
  const field = document.createElement('textarea');
  field.value = value;
  field.className = 'sr-only';
  field.setAttribute('readonly', '');
  holder.append(field);
  const before = document.activeElement;
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
