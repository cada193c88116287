/** What is open over the screens, and where the caret shall go. */
import { session } from './session.svelte';

class Ui {
  help = $state(false);
  covered = $state(false);
  /** Counts wishes to type a search; the search field takes the caret at each. */
  searchWish = $state(0);

  focusSearch(): void {
    if (session.screen !== 'home') session.go('home');
    this.searchWish += 1;
  }

  turnHelp(): void {
    this.help = !this.help;
  }
}

export const ui = new Ui();
