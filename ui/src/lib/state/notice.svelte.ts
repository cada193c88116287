/** One line at the foot of the window that says what just happened. */

export type Tone = 'plain' | 'good' | 'warn';

const SHOWN_MS = 8000;

class Notice {
  text = $state('');
  tone = $state<Tone>('plain');
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string, tone: Tone = 'plain'): void {
    clearTimeout(this.#timer);
    this.text = text;
    this.tone = tone;
    this.#timer = setTimeout(() => this.clear(), SHOWN_MS);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.text = '';
    this.tone = 'plain';
  }
}

export const notice = new Notice();
