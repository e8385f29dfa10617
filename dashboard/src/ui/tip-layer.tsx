/// Tooltips: any element with `data-tip="text"` has one, on hover and on keyboard focus; Escape hides it. One layer in
/// the app serves all of them, so that a table with a hundred times costs nothing.
import { useEffect, useId, useRef, useState } from 'react';

const kDelayMs = 350;

export function TipLayer() {
  const [tip, setTip] = useState<{ text: string; of: HTMLElement } | null>(null);
  const layer = useRef<HTMLDivElement>(null);
  const id = useId();

  useEffect(() => {
    let timer = 0;
    let current: HTMLElement | null = null;
    let warmUntil = 0;
    const hide = (): void => {
      window.clearTimeout(timer);
      if (current) warmUntil = Date.now() + 300;
      current = null;
      setTip(null);
    };
    const show = (of: HTMLElement, waitMs: number): void => {
      if (of === current) return;
      hide();
      current = of;
      timer = window.setTimeout(
        () => {
          const text = of.dataset['tip'];
          // What opened a menu says enough by it.
          if (text && of.isConnected && of.ariaExpanded !== 'true') setTip({ text, of });
        },
        Date.now() < warmUntil ? 60 : waitMs,
      );
    };
    const over = (event: PointerEvent): void => {
      if (event.pointerType === 'touch') return;
      const of = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-tip]') : null;
      if (of) show(of, kDelayMs);
      else hide();
    };
    const focus = (event: FocusEvent): void => {
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (target?.dataset['tip'] && target.matches(':focus-visible')) show(target, 0);
    };
    const key = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') hide();
    };
    document.addEventListener('pointerover', over);
    document.addEventListener('pointerdown', hide);
    document.addEventListener('focusin', focus);
    document.addEventListener('focusout', hide);
    document.addEventListener('keydown', key);
    document.addEventListener('scroll', hide, true);
    return () => {
      window.clearTimeout(timer);
      document.removeEventListener('pointerover', over);
      document.removeEventListener('pointerdown', hide);
      document.removeEventListener('focusin', focus);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('keydown', key);
      document.removeEventListener('scroll', hide, true);
    };
  }, []);

  useEffect(() => {
    const box = layer.current;
    if (!tip || !box) return;
    // A popover lies over dialogs too.
    box.showPopover();
    const of = tip.of.getBoundingClientRect();
    const own = box.getBoundingClientRect();
    const left = Math.max(8, Math.min(of.left + of.width / 2 - own.width / 2, document.documentElement.clientWidth - own.width - 8));
    const top = of.top - own.height - 6 >= 8 ? of.top - own.height - 6 : of.bottom + 6;
    box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    const before = tip.of.getAttribute('aria-describedby');
    // A label that only repeats itself is not read twice.
    const repeats = tip.of.getAttribute('aria-label') === tip.text;
    if (!repeats) tip.of.setAttribute('aria-describedby', before ? `${before} ${id}` : id);
    return () => {
      if (box.isConnected) box.hidePopover();
      if (repeats) return;
      if (before) tip.of.setAttribute('aria-describedby', before);
      else tip.of.removeAttribute('aria-describedby');
    };
  }, [tip, id]);

  return (
    <div
      ref={layer}
      id={id}
      role="tooltip"
      popover="manual"
      className="bg-ink text-page pointer-events-none fixed inset-auto top-0 left-0 m-0 max-w-72 overflow-visible rounded-md border-0 px-2 py-1 text-xs font-medium whitespace-pre-line"
    >
      {tip?.text}
    </div>
  );
}
