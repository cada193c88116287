/** The one door to the client: every command and event of the window, typed. The only file that knows Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type {
  ActivationView,
  AppointmentRow,
  AuditView,
  ChartView,
  DraftForm,
  DraftKind,
  NoteForm,
  OpenedView,
  OpenReason,
  PatientRow,
  Place,
  SaveView,
  SearchView,
  StatusView,
  SyncView,
  VitalsForm,
} from './bindings';

/** What a screen may ask. A call that fails rejects with an `ErrorView`. */
export interface Backend {
  status(): Promise<StatusView>;
  enrol(form: { server: string; token: string; label: string }): Promise<StatusView>;
  /** Tries again what stood in the way of starting. */
  retry(): Promise<StatusView>;
  /** First half of a new person's first day: the code of the administrator and a passphrase buy a seed. */
  activate(form: { username: string; activationCode: string; passphrase: string }): Promise<ActivationView>;
  /** Second half: one code proves that the authenticator holds the seed. */
  confirmActivation(form: { code: string }): Promise<void>;
  signIn(form: { username: string; passphrase: string; code: string }): Promise<OpenedView>;
  lock(): Promise<void>;
  /** Somebody is working: the idle clock starts anew, and a lock warning is over. */
  activity(): Promise<void>;
  search(form: { text: string }): Promise<SearchView>;
  settleSearch(form: { shown: string[] }): Promise<void>;
  today(): Promise<AppointmentRow[]>;
  recent(): Promise<PatientRow[]>;
  openChart(form: { patientId: string; reason: OpenReason | null }): Promise<ChartView>;
  saveVitals(form: VitalsForm): Promise<SaveView>;
  saveNote(form: NoteForm): Promise<SaveView>;
  saveDraft(form: DraftForm): Promise<void>;
  discardDraft(form: { patientId: string; form: DraftKind }): Promise<void>;
  savePlace(place: Place): Promise<void>;
  syncStatus(): Promise<SyncView>;
  syncNow(): Promise<SyncView>;
  auditPage(form: { patientId: string | null; fromIndex: number | null }): Promise<AuditView>;
  on<E extends keyof Events>(event: E, heard: (payload: Events[E]) => void): () => void;
}

/** What the client says unasked. */
export interface Events {
  'state-changed': StatusView;
  /** Seconds until the lock; 0 when the danger is over. */
  'lock-warning': { seconds: number };
  'sync-changed': SyncView;
}

export const backend: Backend = {
  status: () => invoke('status'),
  enrol: (form) => invoke('enrol', { form }),
  retry: () => invoke('retry'),
  activate: (form) => invoke('activate', { form }),
  confirmActivation: (form) => invoke('confirm_activation', { form }),
  signIn: (form) => invoke('sign_in', { form }),
  lock: () => invoke('lock'),
  activity: () => invoke('activity'),
  search: (form) => invoke('search', { form }),
  settleSearch: (form) => invoke('settle_search', { form }),
  today: () => invoke('today'),
  recent: () => invoke('recent'),
  openChart: (form) => invoke('open_chart', { form }),
  saveVitals: (form) => invoke('save_vitals', { form }),
  saveNote: (form) => invoke('save_note', { form }),
  saveDraft: (form) => invoke('save_draft', { form }),
  discardDraft: (form) => invoke('discard_draft', { form }),
  savePlace: (form) => invoke('save_place', { form }),
  syncStatus: () => invoke('sync_status'),
  syncNow: () => invoke('sync_now'),
  auditPage: (form) => invoke('audit_page', { form }),
  on(event, heard) {
    const stop = listen<Events[typeof event]>(event, ({ payload }) => heard(payload));
    return () => void stop.then((end) => end());
  },
};
