/** Keeps what is being typed: sealed by the client within two seconds, and before a lock. */
import { backend } from '$backend';
import type { DraftForm } from '../api/bindings';
import { showDateTime, showTime } from '../format/dates';
import { chart } from './chart.svelte';

/** Quiet time after which a draft is written. */
const QUIET_MS = 600;
/** The longest that typing stays unwritten, however fast it goes on. */
const LONGEST_MS = 1500;

const keepers = new Set<DraftKeeper>();

/** Writes every draft that is still only on screen. */
export async function flushDrafts(): Promise<void> {
  await Promise.all([...keepers].map((keeper) => keeper.flush()));
}

export class DraftKeeper {
  /** `10:15` of the last write; empty before the first. */
  keptAt = $state('');
  failed = $state(false);
  #compose: () => DraftForm;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirtySince: number | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(compose: () => DraftForm) {
    this.#compose = compose;
    keepers.add(this);
  }

  /** Something was typed. */
  touch(): void {
    const now = Date.now();
    this.#dirtySince ??= now;
    const left = Math.max(0, this.#dirtySince + LONGEST_MS - now);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), Math.min(QUIET_MS, left));
  }

  /** Writes now what has not been written; one write at a time, so that an older text never lands on a newer one. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#dirtySince === null) return this.#writing;
    this.#dirtySince = null;
    const form = this.#compose();
    this.#writing = this.#writing.then(() => this.#write(form));
    return this.#writing;
  }

  /** The draft became a record, or was thrown away: nothing is written after this. */
  async drop(): Promise<void> {
    this.#dirtySince = null;
    clearTimeout(this.#timer);
    const { patientId, form } = this.#compose();
    await this.#writing;
    await backend.discardDraft({ patientId, form });
    chart.forgetDraft(patientId, form);
  }

  /** The form left the screen. */
  close(): void {
    void this.flush();
    keepers.delete(this);
  }

  async #write(form: DraftForm): Promise<void> {
    try {
      await backend.saveDraft(form);
      const now = new Date();
      this.keptAt = showTime(now);
      chart.keepDraft(form, showDateTime(now));
      this.failed = false;
    } catch {
      this.failed = true;
    }
  }
}
