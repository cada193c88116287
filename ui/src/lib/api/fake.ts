/** The client in memory, with a made-up practice: for development and tests, never in what ships. */
import { showDateTime } from '../format/dates';
import type { Backend, Events } from './backend';
import type { ErrorView } from './errors';
import type { Code, ConflictForm, ConflictView, DraftView, LeaseView, NoteForm, OpenedView, Place, RecoveryView, SaveView, SheetView, StatusView, Storage, SyncView, UnsentRow, VitalsForm } from './bindings';
import { asKept, awayCommands } from './fake/away';
import { includedIn, joiningCommands, survivorOf } from './fake/joining';
import { conflictCommands, meetAnother } from './fake/conflict';
import { credentialCommands } from './fake/credentials';
import { daysAgo, fakeChart } from './fake/charts';
import { findPatients, fullName, PATIENTS, toRows } from './fake/patients';
import { STAFF, type FakePerson } from './fake/people';
import { checkVitals } from './fake/limits';
import { fakeToday } from './fake/today';
import { FAKE_SEED, FAKE_WORDS, fakeSheet, looksLikeCode } from './fake/recovery';
import { fakeAlerts, privacyCommands } from './fake/privacy';
import { fakeExport, fakeTrail } from './fake/trail';
import { ERRORS, failure } from './fake/failures';
import { FakeKey } from './fake/security-key';

/** What a test may look at and set. */
export class FakeClinic {
  state: StatusView['state'] = 'locked';
  online = true;
  person: FakePerson | null = null;
  problem: ErrorView | null = null;
  notice: ErrorView | null = null;
  lease: LeaseView | null = null;
  heldSince: string | null = null;
  failures = 0;
  /** Who may come back with the passphrase alone, last seen first, with the tries left. */
  parked: { person: FakePerson; triesLeft: number; withKey: boolean }[] = [];
  /** Whether codes open only with the time on the phone. */
  clockIsWrong = false;
  unsent: UnsentRow[] = [];
  drafts = new Map<string, DraftView>();
  place: Place | null = null;
  reasons = new Set<string>();
  written: { vitals: VitalsForm[]; notes: NoteForm[] } = { vitals: [], notes: [] };
  /** What a comparison shows instead of the usual. */
  conflict: ConflictView | null = null;
  decided: ConflictForm[] = [];
  /** Every command in order, by name. */
  calls: string[] = [];
  /** Whether the first records are still on their way. */
  arriving = false;
  settled: string[][] = [];
  reKeying: SyncView['reKeying'] = null;
  /** How much of the sensitive drawer has arrived. */
  arrivedPercent: number | null = null;
  swap: Storage = 'encrypted';
  recovery: RecoveryView = { left: 0, made: null, byTelephone: true };
  key = new FakeKey((now) => this.emit('key-step', now));
  /** How long one code of a sheet takes. */
  sheetPaceMs = 0;
  stopped = false;
  alerts = fakeAlerts();
  /** Charts that are part of another, by the one that is used in their place. */
  joined = new Map<string, string>();
  /** Charts that are not kept here, each with the time until which it was fetched. */
  away = new Map<string, string | null>();
  /** Pairs that were told apart, with who said so. */
  apart = new Map<string, string>();
  #heard = new Map<string, Set<(payload: never) => void>>();

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    this.#heard.get(event)?.forEach((heard) => heard(payload as never));
  }

  listen<E extends keyof Events>(event: E, heard: (payload: Events[E]) => void): () => void {
    const all = this.#heard.get(event) ?? new Set();
    this.#heard.set(event, all.add(heard as (payload: never) => void));
    return () => all.delete(heard as (payload: never) => void);
  }

  status(): StatusView {
    const person = this.person;
    return {
      state: this.state,
      clinic: this.state === 'unenrolled' ? '' : 'Ashby Falls Family Practice',
      device: this.state === 'unenrolled' ? '' : 'Exam room 2',
      online: this.online,
      unsentChanges: this.unsent.length,
      unsentEvents: this.online ? 0 : 6,
      lastSync: showDateTime(this.online ? new Date() : daysAgo(new Date(), 0, 7, 58)),
      person,
      parked:
        person === null
          ? this.parked.map(({ person: { username, name, roleTitle, initials }, triesLeft, withKey }) => ({ person: username, name, roleTitle, initials, triesLeft, withKey }))
          : [],
      problem: this.problem,
      lease: this.lease,
      notice: this.notice,
      idleLimitS: 600,
      privacyCoverS: 120,
      keyDue: person !== null && this.key.due,
      demo: true,
    };
  }

  sync(): SyncView {
    const at = this.status().lastSync;
    return {
      online: this.online,
      lastContact: at,
      lastPull: [
        { drawer: 'demographics', at, heldSince: null, arrivedPercent: null },
        { drawer: 'clinical', at, heldSince: this.heldSince, arrivedPercent: null },
        { drawer: 'sensitive', at: null, heldSince: null, arrivedPercent: this.arrivedPercent },
      ],
      unsent: this.unsent.filter((row) => row.state === 'waiting' || row.state === 'delivered'),
      refused: this.unsent.filter((row) => row.state === 'refused' || row.state === 'conflict'),
      unsentChanges: this.unsent.length,
      unsentEvents: this.online ? 0 : 6,
      mirror: null,
      reKeying: this.reKeying,
      nextTry: this.online ? null : showDateTime(new Date(Date.now() + 120_000)),
    };
  }

  async makeSheet(pin: string | null): Promise<SheetView | null> {
    if (pin !== null) await this.key.touch(1, pin);
    this.stopped = false;
    for (let done = 0; done < 10; done += 1) {
      this.emit('sheet-progress', { done });
      await new Promise((after) => setTimeout(after, this.sheetPaceMs));
      if (this.stopped) return null;
    }
    return fakeSheet();
  }

  queue(what: string, patientId: string): void {
    const patient = PATIENTS.find((one) => one.id === patientId);
    this.unsent.push({
      id: `u${this.unsent.length + 1}`,
      when: showDateTime(new Date()),
      what,
      patientName: patient === undefined ? null : fullName(patient),
      author: this.person?.name ?? '',
      state: 'waiting',
      canDecide: false,
      advice: null,
    });
    this.emit('state-changed', this.status());
  }

  /** Opens for somebody, as a sign-in of any kind does. */
  open(person: FakePerson): OpenedView {
    const failuresSince = this.failures;
    this.failures = 0;
    this.person = person;
    this.parked = this.parked.filter((one) => one.person !== person);
    this.state = 'open';
    this.emit('state-changed', this.status());
    return { person, place: this.place, lastSignIn: showDateTime(daysAgo(new Date(), 1, 17, 2)), failuresSince, online: this.online, firstTime: false, recoveryCodesLeft: null };
  }

  leave(parks: boolean): void {
    if (this.person !== null && parks) this.parked.unshift({ person: this.person, triesLeft: 5, withKey: this.key.view.registered });
    this.state = 'locked';
    this.person = null;
  }

  draftsOf(patientId: string): DraftView[] {
    return [...this.drafts].filter(([key]) => key.startsWith(`${this.person?.username ?? ''} ${patientId} `)).map(([, draft]) => draft);
  }
}

let clinic = new FakeClinic();

/** A clinic as on the first morning. */
export function resetClinic(): FakeClinic {
  clinic = new FakeClinic();
  return clinic;
}

export function theClinic(): FakeClinic {
  return clinic;
}

function signedIn(): FakePerson {
  if (clinic.person === null) throw failure('locked');
  return clinic.person;
}

function allowPatients(): void {
  if (signedIn().sections.length === 0) throw failure('not-your-role');
}

const draftKey = (patientId: string, form: string): string => `${signedIn().username} ${patientId} ${form}`;

function saved(): SaveView {
  return { saved: true, warnings: [], changeId: crypto.randomUUID() };
}

const commands: Omit<Backend, 'on'> = {
  status: async () => clinic.status(),
  async enrol({ token }) {
    if (!token.startsWith('ck1.')) throw failure('token-refused');
    clinic.state = 'locked';
    return clinic.status();
  },
  async retry() {
    return clinic.status();
  },
  async activate({ activationCode, passphrase }) {
    if (activationCode.trim().length < 6) throw failure('activation-refused');
    if (passphrase.length < 12) throw failure('passphrase-weak');
    return FAKE_SEED;
  },
  async confirmActivation({ code }) {
    if (!/^\d{6}$/.test(code) || code === '000000') throw failure('proof-refused');
  },
  async signIn({ username, passphrase, code, phoneTime }) {
    if (phoneTime !== null && !/^\d{1,2}:\d{2}$/.test(phoneTime.time)) throw failure('form-invalid');
    const person = STAFF.find((one) => one.username === username.trim().toLowerCase());
    if (person === undefined || (clinic.clockIsWrong && phoneTime === null) || passphrase === 'wrong' || !/^\d{6}$/.test(code.replace(/\s/g, ''))) {
      clinic.failures += 1;
      throw failure(clinic.failures > 3 ? 'wait-before-retry' : 'sign-in-refused');
    }
    return clinic.open(person);
  },
  async signInWithKey({ username, passphrase, pin }) {
    await clinic.key.touch(1, pin);
    const person = STAFF.find((one) => one.username === username.trim().toLowerCase());
    if (person === undefined || passphrase === 'wrong' || !clinic.key.view.registered) {
      clinic.failures += 1;
      throw failure(clinic.failures > 3 ? 'wait-before-retry' : 'key-refused');
    }
    return clinic.open(person);
  },
  securityKeyStatus: async () => clinic.key.view,
  async registerSecurityKey({ passphrase, code, pin }) {
    if (passphrase === 'wrong' || !/^\d{6}$/.test(code)) throw failure('sign-in-refused');
    for (const touch of [1, 2, 3]) await clinic.key.touch(touch, pin);
    const view = clinic.key.register();
    clinic.emit('state-changed', clinic.status());
    return view;
  },
  async removeSecurityKey({ passphrase, code }) {
    if (passphrase === 'wrong' || !/^\d{6}$/.test(code)) throw failure('sign-in-refused');
    return clinic.key.remove();
  },
  async cancelSecurityKey() {
    clinic.key.cancel();
  },
  async recover({ username, passphrase, recoveryCode }) {
    if (!looksLikeCode(recoveryCode)) throw failure('recovery-code-mistyped');
    const opened = await commands.signIn({ username, passphrase, code: '123456', phoneTime: null });
    clinic.recovery.left -= 1;
    return { ...opened, recoveryCodesLeft: clinic.recovery.left };
  },
  spokenWords: async () => FAKE_WORDS,
  async extendLease({ text: typed }) {
    if (!looksLikeCode(typed)) throw failure('lease-words-mistyped');
    clinic.lease = null;
    return clinic.status();
  },
  recoveryStatus: async () => (signedIn(), { ...clinic.recovery }),
  async makeRecoverySheet({ passphrase, pin }) {
    if (passphrase === 'wrong') throw failure('sign-in-refused');
    return clinic.makeSheet(pin);
  },
  async keepRecoverySheet() {
    clinic.recovery = { ...clinic.recovery, left: 10, made: showDateTime(new Date()) };
  },
  async discardRecoverySheet() {
    clinic.stopped = true;
  },
  ...credentialCommands(() => clinic),
  ...conflictCommands(() => clinic),
  ...privacyCommands(() => clinic),
  ...joiningCommands(() => clinic),
  ...awayCommands(() => clinic, (form) => commands.openChart(form)),
  async reenter({ person, passphrase }) {
    const parked = clinic.parked.find((one) => one.person.username === person);
    if (parked === undefined) throw failure('reentry-over');
    if (passphrase !== 'wrong') return clinic.open(parked.person);
    clinic.failures += 1;
    parked.triesLeft -= 1;
    if (parked.triesLeft > 0) throw failure('reentry-refused');
    clinic.parked = clinic.parked.filter((one) => one !== parked);
    throw failure('reentry-over');
  },
  async reenterWithKey({ person, pin }) {
    await clinic.key.touch(1, pin);
    return commands.reenter({ person, passphrase: 'of the key' });
  },
  lock: async () => clinic.leave(true),
  signOut: async () => clinic.leave(false),
  activity: async () => undefined,
  async search({ text }) {
    allowPatients();
    const rows = findPatients(text, new Date());
    return { rows: rows.slice(0, 50), more: rows.length > 50, arriving: clinic.arriving, millis: 1.2 };
  },
  async settleSearch({ shown }) {
    clinic.settled.push(shown);
  },
  async today({ after }) {
    allowPatients();
    const rows = fakeToday();
    const start = rows.findIndex((row) => row.id === after) + 1;
    return { rows: rows.slice(start, start + 8), more: rows.length > start + 8, arriving: clinic.arriving };
  },
  async recent() {
    allowPatients();
    return toRows([0, 3, 13, 7].flatMap((index) => PATIENTS[index] ?? []), new Date());
  },
  async openChart({ patientId: asked, reason }) {
    const patientId = survivorOf(clinic, asked);
    const person = signedIn();
    const patient = PATIENTS.find((one) => one.id === patientId);
    if (patient === undefined) throw failure('not-found');
    if (person.sections.length === 0) throw failure('not-your-role');
    const clinical = person.sections.includes('problems');
    if (clinical && patient.access === 'restricted') throw failure('needs-break-glass');
    if (reason !== null) clinic.reasons.add(patientId);
    if (clinical && patient.access === 'ask' && !clinic.reasons.has(patientId)) throw failure('needs-reason');
    const view = fakeChart(patient, person, new Date());
    for (const [index, note] of clinic.written.notes.entries()) {
      if (note.patientId !== patientId) continue;
      view.notes = view.notes.filter((one) => one.id !== note.noteId);
      view.notes.unshift({ id: note.noteId ?? `w${index}`, title: note.title, author: person.name, at: showDateTime(new Date()), signed: note.sign, text: note.text, pending: true });
    }
    view.includes = includedIn(clinic, patientId);
    view.drafts = clinic.draftsOf(patientId);
    if (clinic.heldSince !== null) {
      view.held = failure('records-older');
      view.canWrite = false;
    }
    return asKept(clinic, view);
  },
  async saveVitals(form) {
    const warnings = checkVitals(form);
    if (warnings.some((warning) => warning.blocking) || (warnings.length > 0 && !form.confirmed)) return { saved: false, warnings, changeId: null };
    clinic.written.vitals.push(form);
    clinic.drafts.delete(draftKey(form.patientId, 'vitals'));
    clinic.queue('Vital signs', form.patientId);
    return saved();
  },
  async saveNote(form) {
    clinic.written.notes.push(form);
    clinic.drafts.delete(draftKey(form.patientId, 'note'));
    clinic.queue(form.sign ? 'Note, signed' : 'Note', form.patientId);
    return saved();
  },
  async saveDraft({ patientId, form, content, place }) {
    clinic.drafts.set(draftKey(patientId, form), { form, content, place, savedAt: showDateTime(new Date()) });
    if (place !== null) clinic.place = place;
  },
  async discardDraft({ patientId, form }) {
    clinic.drafts.delete(draftKey(patientId, form));
  },
  async savePlace(place) {
    clinic.place = place;
  },
  syncStatus: async () => clinic.sync(),
  async syncNow() {
    if (clinic.online) clinic.unsent = clinic.unsent.filter((row) => row.state === 'refused' || row.state === 'conflict');
    clinic.emit('sync-changed', clinic.sync());
    clinic.emit('state-changed', clinic.status());
  },
  health: async () => {
    const { clinic: name, device, lastSync, idleLimitS, lease } = clinic.status();
    return {
      program: '0.1.0',
      system: 'Debian GNU/Linux 12 (bookworm)',
      clinic: name,
      device,
      lastContact: lastSync,
      lease,
      idleLimitS,
      keyring: null,
      keyringLiesOpen: false,
      disk: 'encrypted',
      swap: clinic.swap,
      secretsInMemory: true,
      window: { webView: '2.48.1', shielded: true, hearsScreenLock: true, hearsLogind: true, knowsSession: true, sleepWaits: true, hearsPresence: true },
    };
  },
  async exportAudit() {
    if (!signedIn().canExportAudit) throw failure('not-your-role');
    return fakeExport(new Date());
  },
  auditPage: async ({ patientId, fromIndex }) => fakeTrail(patientId, fromIndex, new Date()),
};

function noted<A extends unknown[], R>(name: string, command: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    clinic.calls.push(name);
    return command(...args);
  };
}

export const backend: Backend = {
  ...(Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, noted(name, command as never)])) as Omit<Backend, 'on'>),
  on: (event, heard) => clinic.listen(event, heard),
};

stage(globalThis.location?.hash ?? '');

/** `#unenrolled`, `#offline`, `#lock-warning`, `#vault-newer` …: the made-up practice in another situation, for looking at its screens. */
function stage(hash: string): void {
  const wish = hash.replace(/^#/, '');
  if (wish === 'unenrolled') clinic.state = 'unenrolled';
  if (wish === 'offline') {
    clinic.online = false;
    clinic.person = STAFF[0] ?? null;
    clinic.queue('Vital signs', 'p001');
    clinic.queue('Note, signed', 'p004');
    clinic.person = null;
    clinic.unsent.push({ id: 'u9', when: showDateTime(daysAgo(new Date(), 1, 16, 40)), what: 'Note', patientName: 'LINDQVIST, Per (Mr)', author: 'Dana Whitfield', state: 'refused', canDecide: false, advice: 'The chart was closed by another site. Ask your practice manager, then write the note again.' });
    meetAnother(clinic);
  }
  if (wish === 'away' || wish === 'away-offline') {
    clinic.away.set('p001', null);
    clinic.online = wish === 'away';
  }
  if (wish === 'key-due' || wish === 'key') {
    clinic.key.touchMs = 4000;
    clinic.key.view = { registered: wish === 'key', codesOpen: true, required: wish === 'key-due' };
    clinic.key.due = wish === 'key-due';
  }
  if (wish === 'soon' || wish === 'ended') clinic.lease = { level: wish, daysLeft: wish === 'soon' ? 7 : 0, daysAway: wish === 'soon' ? 38 : 45, number: '1234 5676' };
  if (wish === 'lock-warning') setTimeout(() => clinic.emit('lock-warning', { seconds: 30 }), 4000);
  if (wish in ERRORS) {
    clinic.state = 'blocked';
    clinic.problem = failure(wish as Code);
  }
}
