/** The time of day for the status bar, one tick a second. */

class Clock {
  now = $state(new Date());
  #timer: ReturnType<typeof setInterval> | undefined;

  start(): () => void {
    this.now = new Date();
    this.#timer = setInterval(() => (this.now = new Date()), 1000);
    return () => clearInterval(this.#timer);
  }
}

export const clock = new Clock();
