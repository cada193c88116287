/** What the page for privacy has read from the server; it stays while somebody is signed in, with when it was read. */
import { backend } from '$backend';
import type { AlertOutcome, AlertsView, DayReportView } from '../api/bindings';
import { asErrorView, type ErrorView } from '../api/errors';
import { text } from '../text';
import { notice } from './notice.svelte';

class Privacy {
  tab = $state<'alerts' | 'reports'>('alerts');
  view = $state.raw<AlertsView | null>(null);
  report = $state.raw<DayReportView | null>(null);
  error = $state.raw<ErrorView | null>(null);
  busy = $state(false);
  /** Whether closed alerts are shown too. */
  all = $state(false);
  /** Below which number the page begins; none for the newest. */
  before = $state<number | null>(null);

  async read(): Promise<void> {
    await this.#ask(async () => (this.view = await backend.alerts({ before: this.before, all: this.all })));
  }

  async page(before: number | null): Promise<void> {
    this.before = before;
    await this.read();
  }

  async showAll(all: boolean): Promise<void> {
    this.all = all;
    await this.page(null);
  }

  async readReport(day: string | null): Promise<void> {
    await this.#ask(async () => (this.report = await backend.dayReport({ day })));
  }

  /** Says what came of an alert. What is on the page is read anew, whether it worked or not. */
  async close(number: number, outcome: AlertOutcome): Promise<ErrorView | null> {
    try {
      await backend.closeAlert({ number, outcome });
      notice.say(text.privacy.closing.done(number), 'good');
    } catch (thrown) {
      const error = asErrorView(thrown);
      // The server knows no open alert of this number.
      if (error.code !== 'server-refused') return error;
      notice.say(text.privacy.closing.gone, 'warn');
    }
    await this.read();
    return null;
  }

  forget(): void {
    this.tab = 'alerts';
    this.view = null;
    this.report = null;
    this.error = null;
    this.all = false;
    this.before = null;
  }

  async #ask(work: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    try {
      await work();
      this.error = null;
    } catch (thrown) {
      this.error = asErrorView(thrown);
    } finally {
      this.busy = false;
    }
  }
}

export const privacy = new Privacy();
