// Written from the table of commands; a test fails when this file is stale. `cargo xtask bindings` writes it.

export type Lifecycle = "unenrolled" | "locked" | "open" | "blocked";

export type ClientError = { code: string, message: string, advice: string, };

export type PersonView = { name: string, role: string, roleTitle: string, initials: string, canWriteClinical: boolean, canReadAudit: boolean, };

export type StatusView = { state: Lifecycle, clinic: string, device: string, online: boolean, unsentChanges: number, unsentEvents: number, lastSync: string | null, person: PersonView | null, problem: ClientError | null, idleLimitS: number, demo: boolean, };

export type Place = { screen: string, patientId: string | null, section: string | null, field: string | null, caret: number | null, };

export type OpenedView = { person: PersonView, place: Place | null, lastSignIn: string | null, failuresSince: number, online: boolean, firstTime: boolean, };

export type ActivationView = { seed: string, uri: string, };

export type PatientRow = { id: string, name: string, born: string, age: string, sex: string, mrn: string, phone: string | null, deceased: boolean, sameName: boolean, arrival: string | null, };

export type SearchView = { rows: Array<PatientRow>, more: boolean, millis: number, };

export type AppointmentRow = { id: string, patientId: string, patientName: string, born: string, time: string, duration: string, reason: string, status: string, room: string | null, clinician: string | null, };

export type OpenReason = "visit" | "telephone" | "results" | "covering";

export type Section = "demographics" | "appointments" | "coverage" | "problems" | "medications" | "allergies" | "vitals" | "labs" | "immunizations" | "encounters" | "notes" | "documents";

export type AllergyBanner = { title: string, items: Array<string>, asOf: string | null, masked: boolean, };

export type BannerView = { family: string, given: string, title: string, preferred: string | null, born: string, age: string, sex: string, mrn: string, deceased: string | null, phone: string | null, address: string | null, allergies: AllergyBanner | null, flags: Array<string>, };

export type ProblemRow = { id: string, title: string, code: string | null, status: string, active: boolean, onset: string | null, ended: string | null, };

export type MedicationRow = { id: string, name: string, dose: string, status: string, started: string | null, ended: string | null, reason: string | null, prescriber: string | null, };

export type MedicationsView = { current: Array<MedicationRow>, past: Array<MedicationRow>, };

export type AllergyRow = { id: string, agent: string, category: string | null, criticality: string | null, reactions: Array<string>, certainty: string | null, status: string, recorded: string | null, masked: boolean, };

export type NormalRange = { low: number | null, high: number | null, source: string, };

export type VitalPoint = { at: string, value: number, low: number | null, high: number | null, };

export type VitalLatest = { code: string, title: string, value: string, unit: string, at: string, flag: string | null, previous: string | null, };

export type VitalSeriesView = { code: string, title: string, unit: string, points: Array<VitalPoint>, normal: NormalRange | null, };

export type VitalsView = { latest: Array<VitalLatest>, series: Array<VitalSeriesView>, };

export type LabRow = { id: string, code: string, title: string, value: string, unit: string, at: string, flag: string | null, range: string, previous: string | null, };

export type ImmunizationRow = { id: string, vaccine: string, at: string, status: string, lot: string | null, site: string | null, };

export type EncounterRow = { id: string, title: string, at: string, reason: string | null, clinician: string | null, status: string, };

export type NoteRow = { id: string, title: string, author: string, at: string, signed: boolean, text: string, pending: boolean, };

export type DocumentRow = { id: string, title: string, kind: string, at: string, author: string | null, };

export type DemographicsView = { name: string, born: string, sex: string, mrn: string, phones: Array<string>, emails: Array<string>, addresses: Array<string>, language: string | null, maritalStatus: string | null, contacts: Array<string>, };

export type CoverageRow = { id: string, payer: string, plan: string | null, member: string | null, status: string, period: string | null, };

export type FreshnessRow = { section: Section, asOf: string | null, stale: boolean, note: string, };

export type DraftKind = "note" | "vitals";

export type DraftView = { form: DraftKind, content: string, place: Place | null, savedAt: string, };

export type ChartView = { patientId: string, banner: BannerView, sections: Array<Section>, problems: Array<ProblemRow>, medications: MedicationsView, allergies: Array<AllergyRow>, vitals: VitalsView, labs: Array<LabRow>, immunizations: Array<ImmunizationRow>, encounters: Array<EncounterRow>, notes: Array<NoteRow>, documents: Array<DocumentRow>, appointments: Array<AppointmentRow>, demographics: DemographicsView, coverage: Array<CoverageRow>, freshness: Array<FreshnessRow>, drafts: Array<DraftView>, canWrite: boolean, };

export type VitalsForm = { patientId: string, systolic: string | null, diastolic: string | null, heartRate: string | null, respiratoryRate: string | null, spo2: string | null, temperature: string | null, weight: string | null, height: string | null, takenAt: string | null, confirmed: boolean, };

export type NoteForm = { patientId: string, noteId: string | null, title: string, text: string, sign: boolean, };

export type FieldWarning = { field: string, message: string, blocking: boolean, };

export type SaveView = { saved: boolean, warnings: Array<FieldWarning>, changeId: string | null, };

export type DraftForm = { patientId: string, form: DraftKind, content: string, place: Place | null, };

export type DrawerPull = { drawer: string, at: string | null, };

export type UnsentState = "waiting" | "delivered" | "refused" | "conflict";

export type UnsentRow = { id: string, when: string, what: string, patientName: string | null, author: string, state: UnsentState, advice: string | null, };

export type SyncView = { online: boolean, lastContact: string | null, lastPull: Array<DrawerPull>, unsent: Array<UnsentRow>, refused: Array<UnsentRow>, unsentChanges: number, unsentEvents: number, nextTry: string | null, };

export type AuditRow = { index: number, at: string, who: string, action: string, patientName: string | null, outcome: string, delivered: boolean, };

export type VerifiedView = { ok: boolean, checked: number, size: number, root: string, receipt: string | null, firstBad: number | null, };

export type AuditView = { entries: Array<AuditRow>, verified: VerifiedView, };

export type EnrolForm = { server: string, token: string, label: string, };

export type ActivateForm = { username: string, activationCode: string, passphrase: string, };

export type ConfirmForm = { code: string, };

export type SignInForm = { username: string, passphrase: string, code: string, };

export type SearchForm = { text: string, };

export type SettleForm = { shown: Array<string>, };

export type OpenChartForm = { patientId: string, reason: OpenReason | null, };

export type DraftRef = { patientId: string, form: DraftKind, };

export type AuditPageForm = { patientId: string | null, fromIndex: number | null, };

/** Every command of the app: what it takes and what it answers. */
export interface Commands {
  status: { form: null; answer: StatusView };
  enrol: { form: EnrolForm; answer: StatusView };
  retry: { form: null; answer: StatusView };
  activate: { form: ActivateForm; answer: ActivationView };
  confirm_activation: { form: ConfirmForm; answer: void };
  sign_in: { form: SignInForm; answer: OpenedView };
  lock: { form: null; answer: void };
  activity: { form: null; answer: void };
  search: { form: SearchForm; answer: SearchView };
  settle_search: { form: SettleForm; answer: void };
  today: { form: null; answer: Array<AppointmentRow> };
  recent: { form: null; answer: Array<PatientRow> };
  open_chart: { form: OpenChartForm; answer: ChartView };
  save_vitals: { form: VitalsForm; answer: SaveView };
  save_note: { form: NoteForm; answer: SaveView };
  save_draft: { form: DraftForm; answer: void };
  discard_draft: { form: DraftRef; answer: void };
  save_place: { form: Place; answer: void };
  sync_status: { form: null; answer: SyncView };
  sync_now: { form: null; answer: void };
  audit_page: { form: AuditPageForm; answer: AuditView };
}
