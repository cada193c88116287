/** The one door to the client: every command and event of the window, typed from the table in Rust. The only file that knows Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Commands, StatusView, SyncView } from './bindings';

/** How a screen asks: with the command's form, where it has one. A call that fails rejects with an `ErrorView`. */
type Ask<C extends keyof Commands> = Commands[C]['form'] extends null
  ? () => Promise<Commands[C]['answer']>
  : (form: Commands[C]['form']) => Promise<Commands[C]['answer']>;

/** What a screen may ask. */
export interface Backend {
  status: Ask<'status'>;
  enrol: Ask<'enrol'>;
  /** Tries again what stood in the way of starting. */
  retry: Ask<'retry'>;
  /** First half of a new person's first day: the code of the administrator and a passphrase buy a seed. */
  activate: Ask<'activate'>;
  /** Second half: one code proves that the authenticator holds the seed. */
  confirmActivation: Ask<'confirm_activation'>;
  signIn: Ask<'sign_in'>;
  /** Back within hours of a full sign-in, with the passphrase alone. */
  reenter: Ask<'reenter'>;
  /** By a touch of the security key; `key-step` tells what to do. */
  reenterWithKey: Ask<'reenter_with_key'>;
  /** Without the phone: passphrase and a recovery code. */
  recover: Ask<'recover'>;
  /** More days without the server: seven words, or the text of a file. */
  extendLease: Ask<'extend_lease'>;
  /** With passphrase and security key; waits for the touch, and `key-step` tells what to do. */
  signInWithKey: Ask<'sign_in_with_key'>;
  securityKeyStatus: Ask<'security_key_status'>;
  /** Three touches. */
  registerSecurityKey: Ask<'register_security_key'>;
  removeSecurityKey: Ask<'remove_security_key'>;
  cancelSecurityKey: Ask<'cancel_security_key'>;
  spokenWords: Ask<'spoken_words'>;
  recoveryStatus: Ask<'recovery_status'>;
  /** Takes seconds; `sheet-progress` tells of each code. */
  makeRecoverySheet: Ask<'make_recovery_sheet'>;
  keepRecoverySheet: Ask<'keep_recovery_sheet'>;
  discardRecoverySheet: Ask<'discard_recovery_sheet'>;
  /** A passphrase or phone of one's own, for all of the person's workstations. */
  changePassphrase: Ask<'change_passphrase'>;
  beginNewPhone: Ask<'begin_new_phone'>;
  confirmNewPhone: Ask<'confirm_new_phone'>;
  discardNewPhone: Ask<'discard_new_phone'>;
  lock: Ask<'lock'>;
  /** Locks for good: it takes a full sign-in to come back. */
  signOut: Ask<'sign_out'>;
  /** Somebody is working: the idle clock starts anew, and a lock warning is over. */
  activity: Ask<'activity'>;
  search: Ask<'search'>;
  settleSearch: Ask<'settle_search'>;
  today: Ask<'today'>;
  recent: Ask<'recent'>;
  openChart: Ask<'open_chart'>;
  fetchChart: Ask<'fetch_chart'>;
  /** Charts on this workstation that may be of the same person. */
  alikeCharts: Ask<'alike_charts'>;
  /** How many pairs of charts may be of one person. */
  countAlike: Ask<'count_alike'>;
  alikePairs: Ask<'alike_pairs'>;
  /** Two patients side by side, who may be one. */
  compareCharts: Ask<'compare_charts'>;
  joinCharts: Ask<'join_charts'>;
  /** Both are kept from being proposed again, until that is taken back. */
  tellChartsApart: Ask<'tell_charts_apart'>;
  takeBackApart: Ask<'take_back_apart'>;
  separateCharts: Ask<'separate_charts'>;
  saveVitals: Ask<'save_vitals'>;
  saveNote: Ask<'save_note'>;
  saveDraft: Ask<'save_draft'>;
  discardDraft: Ask<'discard_draft'>;
  savePlace: Ask<'save_place'>;
  syncStatus: Ask<'sync_status'>;
  syncNow: Ask<'sync_now'>;
  /** Both versions of a change that met another one. */
  conflict: Ask<'conflict'>;
  settleConflict: Ask<'settle_conflict'>;
  health: Ask<'health'>;
  auditPage: Ask<'audit_page'>;
  /** The log of this computer as a file, with the key that opens it. */
  exportAudit: Ask<'export_audit'>;
  /** Alerts and reports are the server's: without it they fail. */
  alerts: Ask<'alerts'>;
  closeAlert: Ask<'close_alert'>;
  dayReport: Ask<'day_report'>;
  on<E extends keyof Events>(event: E, heard: (payload: Events[E]) => void): () => void;
}

/** What the client says unasked. */
export interface Events {
  'state-changed': StatusView;
  /** Seconds until the lock; 0 when the danger is over. */
  'lock-warning': { seconds: number };
  'sync-changed': SyncView;
  /** A patient was erased: what shows anything of them lets go of it. */
  'patient-erased': { patientId: string };
  /** So many codes of a sheet are made. */
  'sheet-progress': { done: number };
  /** What to do with the security key now, and for which touch. */
  'key-step': { step: 'plug-in' | 'touch' | 'choose'; touch: number };
}

function ask<C extends keyof Commands>(command: C): Ask<C> {
  const call = (form?: unknown): Promise<unknown> => invoke(command, form === undefined ? undefined : { form });
  return call as Ask<C>;
}

export const backend: Backend = {
  status: ask('status'),
  enrol: ask('enrol'),
  retry: ask('retry'),
  activate: ask('activate'),
  confirmActivation: ask('confirm_activation'),
  signIn: ask('sign_in'),
  reenter: ask('reenter'),
  reenterWithKey: ask('reenter_with_key'),
  recover: ask('recover'),
  extendLease: ask('extend_lease'),
  signInWithKey: ask('sign_in_with_key'),
  securityKeyStatus: ask('security_key_status'),
  registerSecurityKey: ask('register_security_key'),
  removeSecurityKey: ask('remove_security_key'),
  cancelSecurityKey: ask('cancel_security_key'),
  spokenWords: ask('spoken_words'),
  recoveryStatus: ask('recovery_status'),
  makeRecoverySheet: ask('make_recovery_sheet'),
  keepRecoverySheet: ask('keep_recovery_sheet'),
  discardRecoverySheet: ask('discard_recovery_sheet'),
  changePassphrase: ask('change_passphrase'),
  beginNewPhone: ask('begin_new_phone'),
  confirmNewPhone: ask('confirm_new_phone'),
  discardNewPhone: ask('discard_new_phone'),
  lock: ask('lock'),
  signOut: ask('sign_out'),
  activity: ask('activity'),
  search: ask('search'),
  settleSearch: ask('settle_search'),
  today: ask('today'),
  recent: ask('recent'),
  openChart: ask('open_chart'),
  fetchChart: ask('fetch_chart'),
  alikeCharts: ask('alike_charts'),
  countAlike: ask('count_alike'),
  alikePairs: ask('alike_pairs'),
  compareCharts: ask('compare_charts'),
  joinCharts: ask('join_charts'),
  tellChartsApart: ask('tell_charts_apart'),
  takeBackApart: ask('take_back_apart'),
  separateCharts: ask('separate_charts'),
  saveVitals: ask('save_vitals'),
  saveNote: ask('save_note'),
  saveDraft: ask('save_draft'),
  discardDraft: ask('discard_draft'),
  savePlace: ask('save_place'),
  syncStatus: ask('sync_status'),
  syncNow: ask('sync_now'),
  conflict: ask('conflict'),
  settleConflict: ask('settle_conflict'),
  health: ask('health'),
  auditPage: ask('audit_page'),
  exportAudit: ask('export_audit'),
  alerts: ask('alerts'),
  closeAlert: ask('close_alert'),
  dayReport: ask('day_report'),
  on(event, heard) {
    const stop = listen<Events[typeof event]>(event, ({ payload }) => heard(payload));
    return () => void stop.then((end) => end());
  },
};
