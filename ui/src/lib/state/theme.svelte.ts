/** Light or dark: as the computer says, until the person says otherwise. Kept in memory only. */

export type Theme = 'system' | 'light' | 'dark';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

class ThemeChoice {
  current = $state<Theme>('system');

  turn(): void {
    this.current = NEXT[this.current];
    const root = document.documentElement;
    root.classList.toggle('theme-light', this.current === 'light');
    root.classList.toggle('theme-dark', this.current === 'dark');
  }
}

export const theme = new ThemeChoice();
