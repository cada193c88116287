/** Where the workstation stands, who is at it, and which screen is on. */
import { backend } from '$backend';
import type { KeySignInForm, OpenedView, PersonView, Place, SignInForm, StatusView, SyncView } from '../api/bindings';
import { chart, type Page } from './chart.svelte';
import { flushDrafts } from './draft.svelte';
import { notice } from './notice.svelte';
import { privacy } from './privacy.svelte';
import { text } from '../text';

export type Screen = 'home' | 'chart' | 'sync' | 'audit' | 'privacy' | 'health' | 'alike' | 'me';

class Session {
  status = $state.raw<StatusView | null>(null);
  opened = $state.raw<OpenedView | null>(null);
  screen = $state<Screen>('home');
  /** Hidden at once while a lock is on its way, before the client has answered. */
  locking = $state(false);
  /** Seconds until the workstation locks itself; 0 when it does not. */
  lockInSeconds = $state(0);

  /** The way back to the place of before is done; until then, where one is says nothing. */
  arrived = $state(false);
  #placing: Promise<void> = Promise.resolve();
  /** How often the client has said something unasked. */
  #told = 0;

  get person(): PersonView | null {
    return this.opened?.person ?? this.status?.person ?? null;
  }

  /** The screen that is on. Who may not look for patients has no day to see, and starts at the trail, or at the alerts. */
  get current(): Screen {
    if (this.screen !== 'home' || this.person?.canFindPatients) return this.screen;
    return this.person?.canReadAlerts && !this.person.canReadAudit ? 'privacy' : 'audit';
  }

  /** Listens to the client and asks where things stand. Returns how to stop. */
  start(): () => void {
    const stops = [
      backend.on('state-changed', (status) => this.#isTold(() => this.take(status))),
      backend.on('sync-changed', (sync) => this.#isTold(() => this.#hear(sync))),
      backend.on('patient-erased', ({ patientId }) => this.#letGoOf(patientId)),
      backend.on('lock-warning', ({ seconds }) => (this.lockInSeconds = seconds)),
    ];
    void this.refresh();
    return () => stops.forEach((stop) => stop());
  }

  /** What was told while the answer was on its way is newer than the answer: then it is asked for once more. */
  async refresh(): Promise<void> {
    const before = this.#told;
    const answer = await backend.status();
    this.take(before === this.#told ? answer : await backend.status());
  }

  #isTold(take: () => void): void {
    this.#told += 1;
    take();
  }

  /** Tries again what stood in the way of starting. */
  async retry(): Promise<void> {
    this.take(await backend.retry());
  }

  take(status: StatusView): void {
    if (status.state !== 'open') this.#forget();
    this.status = status;
  }

  /** What waits and when the server was last heard changes far more often than the state, and the bar says both. */
  #hear({ online, unsentChanges, unsentEvents, lastContact }: SyncView): void {
    if (this.status !== null) this.status = { ...this.status, online, unsentChanges, unsentEvents, lastSync: lastContact ?? this.status.lastSync };
  }

  async signIn(form: SignInForm): Promise<void> {
    await this.#enter(await backend.signIn(form));
  }

  /** Without the phone. */
  async recover(form: { username: string; passphrase: string; recoveryCode: string }): Promise<void> {
    await this.#enter(await backend.recover(form));
  }

  /** With a security key in the place of the code. */
  async signInWithKey(form: KeySignInForm): Promise<void> {
    await this.#enter(await backend.signInWithKey(form));
  }

  /** The key that the clinic asked for is registered: now the records may be seen. */
  async keyRegistered(): Promise<void> {
    notice.say(text.securityKey.done, 'good');
    await this.#comeBack(this.opened?.place ?? null);
    this.arrived = true;
    await this.refresh();
  }

  /** Back within hours of a full sign-in. */
  async reenter(form: { person: string; passphrase: string }): Promise<void> {
    await this.#enterAgain(backend.reenter(form));
  }

  /** The same with the security key. */
  async reenterWithKey(form: { person: string; pin: string }): Promise<void> {
    await this.#enterAgain(backend.reenterWithKey(form));
  }

  /** What is left of the tries may have changed where it came to nothing. */
  async #enterAgain(opening: Promise<OpenedView>): Promise<void> {
    try {
      await this.#enter(await opening);
    } catch (thrown) {
      await this.refresh();
      throw thrown;
    }
  }

  async #enter(opened: OpenedView): Promise<void> {
    this.opened = opened;
    if (opened.recoveryCodesLeft !== null) notice.say(text.recovery.used(opened.recoveryCodesLeft), 'warn');
    else if (opened.firstTime) notice.say(text.recovery.offer);
    else if (opened.lastSignIn !== null) notice.say(text.session.lastSignIn(opened.lastSignIn));
    // Before the key that the clinic asks for is there, nothing is shown, and no place is kept.
    const { keyDue } = await backend.status();
    if (!keyDue) await this.#comeBack(opened.place);
    this.arrived = !keyDue;
    await this.refresh();
  }

  /** Leaves the screen; the person may come back with the passphrase alone. */
  async lock(): Promise<void> {
    await this.#leave(backend.lock);
  }

  /** Leaves for good: it takes a full sign-in to come back. */
  async signOut(): Promise<void> {
    await this.#leave(backend.signOut);
  }

  async #leave(how: () => Promise<unknown>): Promise<void> {
    this.locking = true;
    try {
      await Promise.all([flushDrafts(), this.#placing]);
      await how();
      await this.refresh();
    } finally {
      this.locking = false;
    }
  }

  async stay(): Promise<void> {
    this.lockInSeconds = 0;
    await backend.activity();
  }

  /** Who signed in has read how many attempts had failed. */
  seeFailures(): void {
    if (this.opened !== null) this.opened = { ...this.opened, failuresSince: 0 };
  }

  go(screen: Screen): void {
    this.screen = screen;
  }

  /** Opens a patient's chart and shows it. */
  async openPatient(patientId: string, name: string): Promise<void> {
    if (await chart.open(patientId, name)) this.go('chart');
  }

  showPage(page: Page): void {
    chart.show(page);
    this.go('chart');
  }

  /** The place to come back to, as of now. */
  place(field: string | null = null, caret: number | null = null): Place {
    const onChart = this.screen === 'chart';
    return {
      screen: this.screen,
      patientId: onChart ? (chart.view?.patientId ?? null) : null,
      section: onChart ? chart.page : null,
      field,
      caret,
    };
  }

  /** Remembers screen, chart, section and open form, for the way back after a lock; one at a time, so that the last one stays. */
  keepPlace(): void {
    const field = chart.panel === null ? null : chart.panel === 'note' ? 'note-text' : 'vitals-systolic';
    const place = this.place(this.screen === 'chart' ? field : null);
    this.#placing = this.#placing.then(() => backend.savePlace(place)).catch(() => notice.say(text.session.placeNotKept, 'warn'));
  }

  async #comeBack(place: Place | null): Promise<void> {
    if (place?.screen !== 'chart' || place.patientId === null) {
      this.screen = place?.screen === 'sync' || place?.screen === 'audit' || place?.screen === 'privacy' || place?.screen === 'health' || place?.screen === 'alike' ? place.screen : 'home';
      return;
    }
    if (!(await chart.open(place.patientId, ''))) return;
    chart.page = (place.section as Page | null) ?? 'summary';
    if (place.field !== null) {
      chart.returnTo = place;
      chart.openPanel(place.field.startsWith('vitals') ? 'vitals' : 'note');
    }
    this.screen = 'chart';
  }

  /** A patient was erased: their chart closes, and the person hears why. */
  #letGoOf(patientId: string): void {
    const { view } = chart;
    if (view === null || (view.patientId !== patientId && !view.includes.some((part) => part.patientId === patientId))) return;
    chart.close();
    if (this.screen === 'chart') this.go('home');
    notice.say(text.session.patientErased, 'warn');
  }

  #forget(): void {
    chart.close();
    privacy.forget();
    notice.clear();
    this.opened = null;
    this.arrived = false;
    this.screen = 'home';
    this.lockInSeconds = 0;
  }
}

export const session = new Session();
