/** Tells the client that somebody works here, and covers the screen after a while without anybody. */
import { backend } from '$backend';
import { session } from './session.svelte';
import { ui } from './ui.svelte';

/** At most one message to the client in this time. */
const REPORT_EVERY_MS = 5_000;
const SIGNS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'scroll'] as const;

export function watchActivity(): () => void {
  let reportedAt = 0;
  const cover = (): void => ui.cover();
  let timer = wait();

  /** As long as the practice has set; for ever where it wants no cover. */
  function wait(): ReturnType<typeof setTimeout> | undefined {
    const seconds = session.status?.privacyCoverS ?? null;
    return seconds === null ? undefined : setTimeout(cover, seconds * 1000);
  }

  function seen(event: Event): void {
    if (ui.covered) return uncover(event);
    clearTimeout(timer);
    timer = wait();
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
    // The key that covered may still be held down.
    if (event instanceof KeyboardEvent && event.repeat) return;
    ui.uncover();
    seen(event);
  }

  for (const sign of SIGNS) window.addEventListener(sign, seen, { capture: true });
  return () => {
    clearTimeout(timer);
    ui.covered = false;
    for (const sign of SIGNS) window.removeEventListener(sign, seen, { capture: true });
  };
}
