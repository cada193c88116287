/** The one chart in focus: there is never a second. */
import { backend } from '$backend';
import { asErrorView, type ErrorView } from '../api/errors';
import type { ChartView, DraftForm, DraftKind, DraftView, OpenReason, Place, Section } from '../api/bindings';

export type Page = Section | 'summary';
export type Panel = DraftKind | null;

/** Why a chart did not open, with what is needed to ask again. */
export interface Refusal {
  patientId: string;
  name: string;
  error: ErrorView;
}

class OpenChart {
  view = $state.raw<ChartView | null>(null);
  page = $state<Page>('summary');
  panel = $state<Panel>(null);
  /** The note that the open note panel changes or adds to. */
  noteFrom = $state<string | null>(null);
  /** Where the caret goes when the panel opens after a lock. */
  returnTo = $state.raw<Place | null>(null);
  refusal = $state.raw<Refusal | null>(null);
  /** Whose chart is being fetched, which this workstation does not keep. */
  fetching = $state<string | null>(null);
  /** Why it did not come. */
  notFetched = $state.raw<ErrorView | null>(null);

  /** Opens a chart; true when it stands on the screen. */
  async open(patientId: string, name: string, reason: OpenReason | null = null): Promise<boolean> {
    try {
      const view = await backend.openChart({ patientId, reason });
      // A chart that is part of another leads to that one.
      if (this.view?.patientId !== view.patientId) this.#reset();
      this.view = view;
      this.refusal = null;
      if (view.away !== null && view.away.until === null) void this.fetch();
      return true;
    } catch (thrown) {
      this.refusal = { patientId, name, error: asErrorView(thrown) };
      return false;
    }
  }

  /** Reads the same chart again after something was written. */
  async reload(): Promise<void> {
    const before = this.view;
    if (before === null) return;
    try {
      const view = await backend.openChart({ patientId: before.patientId, reason: null });
      if (this.view?.patientId === view.patientId) this.view = view;
    } catch {
      // What was read stays; the next opening says what is wrong.
    }
  }

  /** Fetches the chart on the screen from the server; who it is, and what can be written, stands there meanwhile. */
  async fetch(): Promise<void> {
    const patientId = this.view?.patientId;
    if (patientId === undefined || this.fetching === patientId) return;
    this.fetching = patientId;
    this.notFetched = null;
    const isHere = (): boolean => this.view?.patientId === patientId;
    try {
      const view = await backend.fetchChart({ patientId });
      if (isHere()) this.view = view;
    } catch (thrown) {
      if (isHere()) this.notFetched = asErrorView(thrown);
    }
    if (this.fetching === patientId) this.fetching = null;
  }

  show(page: Page): void {
    this.page = page;
  }

  openPanel(panel: DraftKind, noteFrom: string | null = null): void {
    this.noteFrom = noteFrom;
    this.panel = panel;
  }

  closePanel(): void {
    this.panel = null;
    this.noteFrom = null;
    this.returnTo = null;
  }

  draft(form: DraftKind): DraftView | null {
    return this.view?.drafts.find((draft) => draft.form === form) ?? null;
  }

  /** A draft was written: the chart shows it without being read, and logged, again. */
  keepDraft({ patientId, form, content, place }: DraftForm, savedAt: string): void {
    this.#setDrafts(patientId, form, [{ form, content, place, savedAt }]);
  }

  forgetDraft(patientId: string, form: DraftKind): void {
    this.#setDrafts(patientId, form, []);
  }

  close(): void {
    this.view = null;
    this.refusal = null;
    this.#reset();
  }

  #setDrafts(patientId: string, form: DraftKind, drafts: DraftView[]): void {
    if (this.view?.patientId !== patientId) return;
    this.view = { ...this.view, drafts: [...this.view.drafts.filter((draft) => draft.form !== form), ...drafts] };
  }

  #reset(): void {
    this.fetching = null;
    this.notFetched = null;
    this.page = 'summary';
    this.closePanel();
  }
}

export const chart = new OpenChart();
