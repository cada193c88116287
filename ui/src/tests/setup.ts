/** What jsdom does not have and the screens need; and a fresh clinic for each test. */
import { configure } from '@testing-library/svelte';
import { beforeEach, vi } from 'vitest';
import { resetClinic } from '$lib/api/fake';
import { chart } from '$lib/state/chart.svelte';
import { session } from '$lib/state/session.svelte';
import { ui } from '$lib/state/ui.svelte';

vi.mock('uplot', () => ({
  default: class {
    destroy(): void {
      // Nothing is drawn here.
    }
    setSize(): void {
      // Nothing is drawn here.
    }
  },
}));

HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement): void {
  this.open = true;
  this.querySelector<HTMLElement>('button')?.focus();
};
Element.prototype.scrollIntoView ??= () => undefined;
globalThis.ResizeObserver ??= class {
  observe(): void {
    // No sizes here.
  }
  unobserve(): void {
    // No sizes here.
  }
  disconnect(): void {
    // No sizes here.
  }
};
globalThis.matchMedia ??= (media: string) => Object.assign(new EventTarget(), { matches: false, media, onchange: null, addListener: () => undefined, removeListener: () => undefined }) as MediaQueryList;

// A failed search names what is missing, without the whole page.
configure({ getElementError: (message) => new Error(message ?? '') });

beforeEach(() => {
  resetClinic();
  session.status = null;
  session.opened = null;
  session.screen = 'home';
  session.locking = false;
  session.lockInSeconds = 0;
  ui.help = false;
  ui.covered = false;
  chart.close();
});
