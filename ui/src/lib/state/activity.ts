/** Tells the client that somebody works here, and covers the screen after a while without anybody. */
import { tick } from 'svelte';
import { backend } from '$backend';
import { session } from './session.svelte';
import { ui } from './ui.svelte';

/** At most one message to the client in this time. */
const REPORT_EVERY_MS = 5_000;
const COVER_AFTER_MS = 120_000;
const SIGNS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'scroll'] as const;

export function watchActivity(): () => void {
  let reportedAt = 0;
  let timer = setTimeout(cover, COVER_AFTER_MS);
  let focused: Element | null = null;

  function cover(): void {
    focused = document.activeElement;
    ui.covered = true;
  }

  function seen(event: Event): void {
    if (ui.covered) return uncover(event);
    clearTimeout(timer);
    timer = setTimeout(cover, COVER_AFTER_MS);
    if (session.lockInSeconds > 0 && event.type !== 'pointermove' && event.type !== 'scroll') void session.stay();
    const now = Date.now();
    if (now - reportedAt < REPORT_EVERY_MS) return;
    reportedAt = now;
    void backend.activity();
  }

  /** The key or click that uncovers does nothing else. */
  function uncover(event: Event): void {
    if (event.type !== 'keydown' && event.type !== 'pointerdown') return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ui.covered = false;
    // What is hidden loses the caret; typing goes on where it was.
    void tick().then(() => focused instanceof HTMLElement && focused.focus());
    seen(event);
  }

  for (const sign of SIGNS) window.addEventListener(sign, seen, { capture: true });
  return () => {
    clearTimeout(timer);
    ui.covered = false;
    for (const sign of SIGNS) window.removeEventListener(sign, seen, { capture: true });
  };
}
