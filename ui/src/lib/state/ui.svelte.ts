/** What is open over the screens, and where the caret shall go. */
import { tick } from 'svelte';
import { session } from './session.svelte';

class Ui {
  help = $state(false);
  /** Nothing of a record can be seen or reached; the workstation is open. */
  covered = $state(false);
  #focused: Element | null = null;
  /** Counts wishes to type a search; the search field takes the caret at each. */
  searchWish = $state(0);

  /** Hides the screen at once; what has the caret gets it back. */
  cover(): void {
    if (this.covered) return;
    this.#focused = document.activeElement;
    this.covered = true;
  }

  uncover(): void {
    this.covered = false;
    // What is hidden loses the caret; typing goes on where it was.
    void tick().then(() => this.#focused instanceof HTMLElement && this.#focused.focus());
  }

  focusSearch(): void {
    if (session.screen !== 'home') session.go('home');
    this.searchWish += 1;
  }

  turnHelp(): void {
    this.help = !this.help;
  }
}

export const ui = new Ui();
