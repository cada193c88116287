// Written from the table of commands; a test fails when this file is stale. `cargo xtask bindings` writes it.

export type ActivateForm = { 
/**
 * User name.
 */
username: string, 
/**
 * The code the administrator gave.
 */
activationCode: string, 
/**
 * The passphrase the person chose.
 */
passphrase: string, };

export type ActivationView = { 
/**
 * The seed in base 32, for typing.
 */
seed: string, 
/**
 * The same as an `otpauth://` address.
 */
uri: string, 
/**
 * The address as a QR code: the path of its dark squares, each one unit wide, from the corner of the quiet zone on.
 */
qrPath: string, 
/**
 * Width and height of the QR code with its quiet zone, in the same unit.
 */
qrSize: number, };

export type AlertClosed = { 
/**
 * Who has said so.
 */
by: string, 
/**
 * When, `22-Nov-2026 10:15:07`.
 */
at: string, 
/**
 * What.
 */
outcome: AlertOutcome, };

export type AlertOutcome = "seen" | "expected" | "followed-up" | "handed-on" | "incident";

export type AlertRow = { 
/**
 * Its number.
 */
number: number, 
/**
 * `22-Nov-2026 10:15:07`.
 */
at: string, 
/**
 * About what, by its name: `mass-look-up`.
 */
kind: string, 
/**
 * Which workstation: its label, else its id.
 */
device: string | null, 
/**
 * Which person: the name, else the id.
 */
person: string | null, 
/**
 * Whether it is about the person who is signed in, who cannot close it.
 */
aboutMe: boolean, 
/**
 * Numbers and ids that help to look.
 */
detail: string, 
/**
 * Who has closed it.
 */
closed: AlertClosed | null, };

export type AlertsForm = { 
/**
 * Those below this number; the newest where it is absent.
 */
before: number | null, 
/**
 * Also those that somebody has closed.
 */
all: boolean, };

export type AlertsView = { 
/**
 * Newest first.
 */
alerts: Array<AlertRow>, 
/**
 * Whether there are more below the last.
 */
more: boolean, 
/**
 * How many are open altogether.
 */
open: number, 
/**
 * When this was read, `22-Nov-2026 10:15:07`.
 */
readAt: string, };

export type AlikePairRow = { 
/**
 * The one that came here first. The address is not told.
 */
one: ChartSide, 
/**
 * The other.
 */
other: ChartSide, 
/**
 * Whether all that is known agrees.
 */
certain: boolean, 
/**
 * What speaks for one person and against it, as in [`ChartsCompared`].
 */
reasons: Array<string>, };

export type AlikePairsForm = { 
/**
 * Those of which somebody said that they are two people; otherwise those that may be one.
 */
apart: boolean, };

export type AlikePairsView = { 
/**
 * How many pairs may be of one person.
 */
total: number, 
/**
 * The first of those that were asked for, the likeliest first.
 */
rows: Array<AlikePairRow>, };

export type AlikeRow = { 
/**
 * Whose.
 */
row: PatientRow, 
/**
 * Whether all that is known agrees.
 */
certain: boolean, };

export type AllergyBanner = { 
/**
 * Exactly one of "Known allergies", "No known allergies", "Allergies not recorded", "Allergies unavailable".
 */
title: string, 
/**
 * Agents, severe first.
 */
items: Array<string>, 
/**
 * When the list was last updated.
 */
asOf: string | null, 
/**
 * Whether an entry is hidden from this role.
 */
masked: boolean, };

export type AllergyRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * The causative agent.
 */
agent: string, 
/**
 * `Drug`, `Food`, `Environment`, …
 */
category: string | null, 
/**
 * `High`, `Low`, …
 */
criticality: string | null, 
/**
 * What it did.
 */
reactions: Array<string>, 
/**
 * `Confirmed`, `Unconfirmed`, …
 */
certainty: string | null, 
/**
 * `Active`, `Resolved`, …
 */
status: string, 
/**
 * `14-Jul-1945`.
 */
recorded: string | null, 
/**
 * Whether the content is hidden from this role; the row then only says so.
 */
masked: boolean, };

export type AppointmentRow = { 
/**
 * FHIR id of the appointment.
 */
id: string, 
/**
 * Whose it is.
 */
patientId: string, 
/**
 * `FAMILY, Given (Title)`.
 */
patientName: string, 
/**
 * `14-Jul-1945`.
 */
born: string, 
/**
 * `22-Nov-2026`.
 */
date: string, 
/**
 * `10:15`.
 */
time: string, 
/**
 * `15min`.
 */
duration: string, 
/**
 * Why, as the front desk wrote it.
 */
reason: string, 
/**
 * FHIR status code.
 */
status: string, 
/**
 * Room.
 */
room: string | null, 
/**
 * Who sees the patient.
 */
clinician: string | null, };

export type AuditExportView = { 
/**
 * Where it is.
 */
path: string, 
/**
 * How many entries it has.
 */
entries: number, 
/**
 * How many of them the server has confirmed.
 */
confirmed: number, 
/**
 * SHA-256 of the file, in hexadecimal digits.
 */
sha256: string, 
/**
 * What opens it, shown this once; it goes another way than the file.
 */
key: string, };

export type AuditPageForm = { 
/**
 * Only what concerns this patient.
 */
patientId: string | null, 
/**
 * From this entry downwards; the newest where it is absent.
 */
fromIndex: number | null, };

export type AuditRow = { 
/**
 * Position in the log, from 0.
 */
index: number, 
/**
 * `22-Nov-2026 10:15:07`.
 */
at: string, 
/**
 * The name at the last sign-in here, else the opaque id.
 */
who: string, 
/**
 * What was done, in words.
 */
action: string, 
/**
 * Whose record: the name where this person may see the patient, else the opaque id.
 */
patient: string | null, 
/**
 * `Done`, `Refused`, …
 */
outcome: string, 
/**
 * Whether the server has it.
 */
delivered: boolean, };

export type AuditView = { 
/**
 * Newest first.
 */
entries: Array<AuditRow>, 
/**
 * Result of checking the whole log now.
 */
verified: VerifiedView, };

export type AwayView = { 
/**
 * Until when it is here, where it was fetched: `29-Nov-2026 10:15`.
 */
until: string | null, };

export type BannerView = { 
/**
 * Upper case.
 */
family: string, 
/**
 * Given names.
 */
given: string, 
/**
 * `Mrs`; empty when none.
 */
title: string, 
/**
 * What the patient likes to be called.
 */
preferred: string | null, 
/**
 * `14-Jul-1945`.
 */
born: string, 
/**
 * `61y`, or the age at death.
 */
age: string, 
/**
 * `Female`, `Male`, `Other`, `Not Known`.
 */
sex: string, 
/**
 * Medical record number.
 */
mrn: string, 
/**
 * Date of death.
 */
deceased: string | null, 
/**
 * First telephone number.
 */
phone: string | null, 
/**
 * Address on one line.
 */
address: string | null, 
/**
 * Absent for roles that may not see allergies.
 */
allergies: AllergyBanner | null, 
/**
 * Interpreter, access needs, same name: short flags without clinical content.
 */
flags: Array<string>, };

export type ChartRef = { 
/**
 * Whose.
 */
patientId: string, };

export type ChartSide = { 
/**
 * FHIR id.
 */
patientId: string, 
/**
 * `FAMILY, Given (Title)`.
 */
name: string, 
/**
 * `14-Jul-1945`, or `Not Known`.
 */
born: string, 
/**
 * `Female`, `Male`, `Other`, `Not Known`.
 */
sex: string, 
/**
 * Medical record number.
 */
mrn: string, 
/**
 * Telephone numbers.
 */
phones: Array<string>, 
/**
 * Address on one line.
 */
address: string | null, };

export type ChartView = { 
/**
 * FHIR id.
 */
patientId: string, 
/**
 * The line that never scrolls away.
 */
banner: BannerView, 
/**
 * Sections the role may see, in the order to show them.
 */
sections: Array<Section>, 
/**
 * Active first.
 */
problems: Array<ProblemRow>, 
/**
 * Current and past.
 */
medications: MedicationsView, 
/**
 * Drug allergies first.
 */
allergies: Array<AllergyRow>, 
/**
 * Vital signs.
 */
vitals: VitalsView, 
/**
 * Newest first.
 */
labs: Array<LabRow>, 
/**
 * Newest first.
 */
immunizations: Array<ImmunizationRow>, 
/**
 * Newest first.
 */
encounters: Array<EncounterRow>, 
/**
 * Newest first.
 */
notes: Array<NoteRow>, 
/**
 * Newest first.
 */
documents: Array<DocumentRow>, 
/**
 * Next first.
 */
appointments: Array<AppointmentRow>, 
/**
 * Names, addresses, contacts.
 */
demographics: DemographicsView, 
/**
 * Insurance.
 */
coverage: Array<CoverageRow>, 
/**
 * The charts of the same person that are part of this one.
 */
includes: Array<IncludedChart>, 
/**
 * Where this workstation does not keep the chart.
 */
away: AwayView | null, 
/**
 * How fresh each section is.
 */
freshness: Array<FreshnessRow>, 
/**
 * What this person had begun to write here.
 */
drafts: Array<DraftView>, 
/**
 * Whether the person may record vitals and notes for this patient.
 */
canWrite: boolean, 
/**
 * Why nothing can be saved, where the records are an older copy.
 */
held: ClientError | null, };

export type ChartsCompared = { 
/**
 * The chart that would stay.
 */
survivor: ChartSide, 
/**
 * The chart that would become part of it.
 */
superseded: ChartSide, 
/**
 * Whether all that is known agrees.
 */
certain: boolean, 
/**
 * What speaks for one person and against it: `same-name`, `birth-date-swapped`, `other-sex` …
 */
reasons: Array<string>, 
/**
 * Who said that they are two people, and when: `Rosa Quintanilla, 22-Nov-2026`.
 */
toldApart: string | null, 
/**
 * Why they cannot be joined like this.
 */
refused: ClientError | null, };

export type ClientError = { 
/**
 * What happened, for programs.
 */
code: Code, 
/**
 * What happened, for people: one sentence.
 */
message: string, 
/**
 * What to do about it: one or two sentences.
 */
advice: string, };

export type CloseAlertForm = { 
/**
 * Its number.
 */
number: number, 
/**
 * What came of it.
 */
outcome: AlertOutcome, };

export type Code = "not-enrolled" | "already-enrolled" | "locked" | "in-use" | "already-running" | "sign-in-refused" | "wait-before-retry" | "slot-disabled" | "slot-missing" | "slot-unreadable" | "slot-key-missing" | "slot-key-unreadable" | "codes-run-out" | "first-sign-in-needs-server" | "reentry-refused" | "reentry-over" | "recovery-code-mistyped" | "key-refused" | "key-due" | "key-not-there" | "key-pin" | "key-no-pin" | "key-pin-paused" | "key-pin-blocked" | "key-timed-out" | "key-cancelled" | "key-unfit" | "key-failed" | "proof-refused" | "activation-refused" | "credential-over" | "passphrase-weak" | "token-refused" | "lease-ended" | "lease-words-mistyped" | "lease-refused" | "keyring-absent" | "keyring-locked" | "keyring-error" | "keyring-no-answer" | "keyring-elsewhere" | "keyring-twice" | "keyring-foreign" | "keyring-unreadable" | "keyring-forgets" | "key-missing" | "retiring" | "wiped" | "escrow-refused" | "vault-damaged" | "vault-newer" | "folder-older" | "records-older" | "disk-full" | "disk-error" | "audit-failed" | "log-refused" | "server-away" | "server-untrusted" | "server-refused" | "server-answer" | "address-invalid" | "port-taken" | "needs-reason" | "needs-break-glass" | "not-found" | "attachment-not-here" | "not-your-role" | "changed-meanwhile" | "form-invalid" | "out-of-memory" | "internal";

export type ConfirmForm = { 
/**
 * Six digits.
 */
code: string, };

export type ConflictAnswer = { 
/**
 * Which part.
 */
part: string, 
/**
 * What was chosen.
 */
choice: ConflictChoice, };

export type ConflictChoice = "ours" | "theirs" | "both";

export type ConflictForm = { 
/**
 * The change.
 */
changeId: string, 
/**
 * The versions that were looked at, as they came.
 */
seen: Array<string>, 
/**
 * An answer for each part.
 */
answers: Array<ConflictAnswer>, };

export type ConflictLine = { 
/**
 * Which.
 */
label: string, 
/**
 * What it says; has lines.
 */
text: string, };

export type ConflictPart = { 
/**
 * Its name; goes back with the decision.
 */
name: string, 
/**
 * What it is about, where it is more than one element.
 */
title: string | null, 
/**
 * As it was written here.
 */
ours: Array<ConflictLine>, 
/**
 * As it stands in the chart.
 */
theirs: Array<ConflictLine>, 
/**
 * The answers that are possible.
 */
choices: Array<ConflictChoice>, };

export type ConflictRecord = { 
/**
 * Type and id, and the version that was looked at; goes back with the decision.
 */
seen: string, 
/**
 * `Note`, `Vitals`, …
 */
what: string, 
/**
 * What it is called in the chart.
 */
title: string, 
/**
 * What is decided one by one; nothing where both versions go together.
 */
parts: Array<ConflictPart>, 
/**
 * What is not decided here, in a sentence; empty where there is nothing to say.
 */
note: string, };

export type ConflictRef = { 
/**
 * The change's id.
 */
changeId: string, };

export type ConflictView = { 
/**
 * The change's id.
 */
changeId: string, 
/**
 * Whose chart: `FAMILY, Given (Title)`.
 */
patientName: string, 
/**
 * `14-Jul-1945`.
 */
born: string, 
/**
 * The record number.
 */
mrn: string, 
/**
 * Who wrote what was not taken; a colleague has no name here.
 */
author: string, 
/**
 * When: `22-Nov-2026 10:15`.
 */
writtenAt: string, 
/**
 * The records.
 */
records: Array<ConflictRecord>, 
/**
 * Why nothing can be decided now, where that is so.
 */
notYet: string | null, };

export type CoverageRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * Who pays.
 */
payer: string, 
/**
 * Which plan.
 */
plan: string | null, 
/**
 * Member number.
 */
member: string | null, 
/**
 * FHIR status in words.
 */
status: string, 
/**
 * From and to.
 */
period: string | null, };

export type CredentialView = { 
/**
 * The person's other workstations that take it as soon as they hear of it.
 */
ready: Array<string>, 
/**
 * Those where the person has to sign in once with the network.
 */
later: Array<string>, };

export type DayActivityRow = { 
/**
 * Type and first subtype code, `110114/110122`.
 */
what: string, 
/**
 * Whether it failed or was refused.
 */
failed: boolean, 
/**
 * How many.
 */
events: number, 
/**
 * By how many people and machines.
 */
agents: number, 
/**
 * About how many patients.
 */
patients: number, };

export type DayAlertRow = { 
/**
 * The kind, by its name.
 */
kind: string, 
/**
 * How many.
 */
count: number, };

export type DayReportForm = { 
/**
 * The day, `2026-11-27`; the last that is over where it is absent.
 */
day: string | null, };

export type DayReportView = { 
/**
 * The day, `2026-11-27`, to ask for it again.
 */
day: string, 
/**
 * The day as it is shown, `Friday 27-Nov-2026`.
 */
title: string, 
/**
 * The practice's time zone, by its name.
 */
timeZone: string, 
/**
 * When it was made, `28-Nov-2026 10:15:07`.
 */
madeAt: string, 
/**
 * The day before, to ask for it.
 */
earlier: string | null, 
/**
 * The day after, to ask for it.
 */
later: string | null, 
/**
 * Events of that day that the server holds.
 */
events: number, 
/**
 * Of which kinds they were.
 */
activity: Array<DayActivityRow>, 
/**
 * Alerts of that day.
 */
alerts: Array<DayAlertRow>, 
/**
 * Alerts of any day that are open now.
 */
openAlerts: number, 
/**
 * Workstations that deserve a look now.
 */
workstations: Array<DayWorkstationRow>, };

export type DayWorkstationRow = { 
/**
 * Its label.
 */
name: string, 
/**
 * Whole days since the server heard of it.
 */
daysAway: number, 
/**
 * Why, by name: `lease-ended`, `disk-plain`, …
 */
lookAt: Array<string>, };

export type DemographicsView = { 
/**
 * `FAMILY, Given (Title)`.
 */
name: string, 
/**
 * `14-Jul-1945`.
 */
born: string, 
/**
 * `Female`, …
 */
sex: string, 
/**
 * Medical record number.
 */
mrn: string, 
/**
 * Telephone numbers with their use.
 */
phones: Array<string>, 
/**
 * Electronic mail.
 */
emails: Array<string>, 
/**
 * Addresses, one line each.
 */
addresses: Array<string>, 
/**
 * Languages, and whether an interpreter is needed.
 */
language: string | null, 
/**
 * Marital status.
 */
maritalStatus: string | null, 
/**
 * Whom to call.
 */
contacts: Array<string>, };

export type DocumentRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * Its title.
 */
title: string, 
/**
 * What kind.
 */
kind: string, 
/**
 * `22-Nov-2026 10:15`.
 */
at: string, 
/**
 * Who wrote it.
 */
author: string | null, };

export type DraftForm = { 
/**
 * Whose chart.
 */
patientId: string, 
/**
 * Which form.
 */
form: DraftKind, 
/**
 * The form's content as JSON text; the client never looks inside.
 */
content: string, 
/**
 * Where the caret is.
 */
place: Place | null, };

export type DraftKind = "note" | "vitals";

export type DraftRef = { 
/**
 * Whose chart.
 */
patientId: string, 
/**
 * Which form.
 */
form: DraftKind, };

export type DraftView = { 
/**
 * Which form.
 */
form: DraftKind, 
/**
 * What the form stored, as JSON text.
 */
content: string, 
/**
 * Where the caret was.
 */
place: Place | null, 
/**
 * `22-Nov-2026 10:15`.
 */
savedAt: string, };

export type DrawerPull = { 
/**
 * `demographics`, `clinical`, `sensitive`, `billing`.
 */
drawer: string, 
/**
 * `22-Nov-2026 10:15`.
 */
at: string | null, 
/**
 * Since when nothing is saved to it, because it was found to be an older copy: `22-Nov-2026 10:15`.
 */
heldSince: string | null, 
/**
 * While it is being filled: how much has arrived, 0 to 99. Absent when nothing more is known to wait.
 */
arrivedPercent: number | null, };

export type EncounterRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * What it was.
 */
title: string, 
/**
 * `22-Nov-2026 10:15`.
 */
at: string, 
/**
 * Why.
 */
reason: string | null, 
/**
 * Who.
 */
clinician: string | null, 
/**
 * FHIR status in words.
 */
status: string, };

export type EnrolForm = { 
/**
 * Address of the enrolment listener, `https://host:port`.
 */
server: string, 
/**
 * One-time token, with the fingerprint of the practice's root inside.
 */
token: string, 
/**
 * What people call this computer.
 */
label: string, };

export type FieldWarning = { 
/**
 * Name of the field in the form (`heartRate`).
 */
field: string, 
/**
 * One sentence.
 */
message: string, 
/**
 * Whether it cannot be confirmed away.
 */
blocking: boolean, };

export type FreshnessRow = { 
/**
 * Which section.
 */
section: Section, 
/**
 * `22-Nov-2026 10:15`; absent when it was never synced.
 */
asOf: string | null, 
/**
 * Whether it is older than policy allows without a warning.
 */
stale: boolean, 
/**
 * One sentence for the reader.
 */
note: string, };

export type HealthView = { 
/**
 * Version of Chartkeep.
 */
program: string, 
/**
 * Name of the operating system; empty where it does not say.
 */
system: string, 
/**
 * The practice's name, empty before enrolment.
 */
clinic: string, 
/**
 * The workstation's label, empty before enrolment.
 */
device: string, 
/**
 * Last contact with the server, `22-Nov-2026 10:15`.
 */
lastContact: string | null, 
/**
 * The offline lease, where it ends before long or has ended.
 */
lease: LeaseView | null, 
/**
 * Seconds without a key or a click after which the workstation locks itself.
 */
idleLimitS: number, 
/**
 * Why the keyring does not answer; absent where it does.
 */
keyring: ClientError | null, 
/**
 * Whether the keyring has no password, so that its file holds our keys for every reader of the disk.
 */
keyringLiesOpen: boolean, 
/**
 * What the data folder lies on.
 */
disk: Storage, 
/**
 * What swap lies on.
 */
swap: Storage, 
/**
 * Whether all keys in use are kept out of swap.
 */
secretsInMemory: boolean, 
/**
 * What only the window knows.
 */
window: WindowHealth, };

export type ImmunizationRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * What was given.
 */
vaccine: string, 
/**
 * `14-Jul-1945`.
 */
at: string, 
/**
 * FHIR status in words.
 */
status: string, 
/**
 * Lot number.
 */
lot: string | null, 
/**
 * Where on the body.
 */
site: string | null, };

export type IncludedChart = { 
/**
 * FHIR id.
 */
patientId: string, 
/**
 * FHIR id of the chart that it was joined to: the one that is shown, or one that is part of that.
 */
partOf: string, 
/**
 * `FAMILY, Given (Title)`.
 */
name: string, 
/**
 * `14-Jul-1945`.
 */
born: string, 
/**
 * Medical record number.
 */
mrn: string, };

export type JoinForm = { 
/**
 * The chart that is used from now on.
 */
survivorId: string, 
/**
 * The chart that becomes part of it.
 */
supersededId: string, };

export type KeyReenterForm = { 
/**
 * Who, by the id that the lock screen was given.
 */
person: string, 
/**
 * The PIN of the security key.
 */
pin: string, };

export type KeySignInForm = { 
/**
 * User name.
 */
username: string, 
/**
 * Passphrase.
 */
passphrase: string, 
/**
 * The PIN of the security key.
 */
pin: string, };

export type LabRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * LOINC.
 */
code: string, 
/**
 * What it is called.
 */
title: string, 
/**
 * As recorded.
 */
value: string, 
/**
 * Unit as shown.
 */
unit: string, 
/**
 * `22-Nov-2026 10:15`.
 */
at: string, 
/**
 * `H`, `L`, `HH`, `LL`, `A`.
 */
flag: string | null, 
/**
 * `3.5–5.1`, or `Range not supplied`.
 */
range: string, 
/**
 * The value before, same unit.
 */
previous: string | null, };

export type LeaseForm = { 
/**
 * Seven words, or the text of a file.
 */
text: string, };

export type LeaseLevel = "notice" | "soon" | "urgent" | "ended";

export type LeaseView = { 
/**
 * How loudly.
 */
level: LeaseLevel, 
/**
 * Days that are left; 0 where it has ended.
 */
daysLeft: number, 
/**
 * Days since the server was heard.
 */
daysAway: number, 
/**
 * The number to be read out on the telephone for an extension, `1234 5676`.
 */
number: string, };

export type Lifecycle = "unenrolled" | "locked" | "open" | "blocked";

export type MedicationRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * Generic name as recorded.
 */
name: string, 
/**
 * The whole dose line, or `Dose not recorded`.
 */
dose: string, 
/**
 * `Started`, `Completed`, `Discontinued`, …
 */
status: string, 
/**
 * `14-Jul-1945`.
 */
started: string | null, 
/**
 * `14-Jul-1945`.
 */
ended: string | null, 
/**
 * Why it is given.
 */
reason: string | null, 
/**
 * Who prescribed it.
 */
prescriber: string | null, };

export type MedicationsView = { 
/**
 * Being taken.
 */
current: Array<MedicationRow>, 
/**
 * Stopped or completed.
 */
past: Array<MedicationRow>, };

export type MirrorView = { 
/**
 * When it was last complete, `22-Nov-2026 10:15`.
 */
copiedAt: string | null, 
/**
 * Since when the disk is not there or cannot be written, `22-Nov-2026 10:15`.
 */
absentSince: string | null, };

export type NormalRange = { 
/**
 * Lower bound.
 */
low: number | null, 
/**
 * Upper bound.
 */
high: number | null, 
/**
 * Who says so.
 */
source: string, };

export type NoteForm = { 
/**
 * Whose.
 */
patientId: string, 
/**
 * The note that is being changed; absent for a new one.
 */
noteId: string | null, 
/**
 * Its title.
 */
title: string, 
/**
 * Its text.
 */
text: string, 
/**
 * Whether it is signed with this save.
 */
sign: boolean, };

export type NoteRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * Its title.
 */
title: string, 
/**
 * Who wrote it.
 */
author: string, 
/**
 * `22-Nov-2026 10:15`.
 */
at: string, 
/**
 * Whether it was signed.
 */
signed: boolean, 
/**
 * The text.
 */
text: string, 
/**
 * Whether the server has not acknowledged it yet.
 */
pending: boolean, };

export type OpenChartForm = { 
/**
 * Whose.
 */
patientId: string, 
/**
 * Why, where there is no care relation.
 */
reason: OpenReason | null, };

export type OpenReason = "visit" | "telephone" | "results" | "covering";

export type OpenedView = { 
/**
 * Who signed in.
 */
person: PersonView, 
/**
 * Where the person was when the workstation locked.
 */
place: Place | null, 
/**
 * The person's sign-in before this one on this workstation, `22-Nov-2026 10:15`.
 */
lastSignIn: string | null, 
/**
 * Failed attempts on this workstation since then.
 */
failuresSince: number, 
/**
 * Whether the server took part.
 */
online: boolean, 
/**
 * Whether it was the person's first sign-in here.
 */
firstTime: boolean, 
/**
 * After a sign-in with a recovery code: how many codes of the sheet are left.
 */
recoveryCodesLeft: number | null, };

export type ParkedView = { 
/**
 * The person's id, to be named when they come back.
 */
person: string, 
/**
 * Name as staff know it.
 */
name: string, 
/**
 * What they work as, in words.
 */
roleTitle: string, 
/**
 * At most three letters.
 */
initials: string, 
/**
 * How many wrong passphrases are left before it takes a full sign-in; 5 at first.
 */
triesLeft: number, 
/**
 * Whether their security key brings them back too.
 */
withKey: boolean, };

export type PassphraseForm = { 
/**
 * The present passphrase.
 */
passphrase: string, 
/**
 * Six digits of the authenticator app, not used before.
 */
code: string, 
/**
 * The new passphrase.
 */
newPassphrase: string, };

export type PatientRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * `FAMILY, Given (Title)`.
 */
name: string, 
/**
 * `14-Jul-1945`, or `Not Known`.
 */
born: string, 
/**
 * `61y`; empty when the birth date is not known.
 */
age: string, 
/**
 * `Female`, `Male`, `Other`, `Not Known`.
 */
sex: string, 
/**
 * Medical record number of the practice.
 */
mrn: string, 
/**
 * First telephone number.
 */
phone: string | null, 
/**
 * Whether the patient has died.
 */
deceased: boolean, 
/**
 * Whether another patient of this list bears the same name: look twice.
 */
sameName: boolean, 
/**
 * `NAME, Given · number` of charts that are part of this one, where one of them was found.
 */
foundAs: Array<string>, 
/**
 * Today's appointment time, `10:15`.
 */
arrival: string | null, };

export type PersonView = { 
/**
 * Name as staff know it.
 */
name: string, 
/**
 * First role, as the rights table spells it (`nurse`).
 */
role: string, 
/**
 * First role in words (`Nurse`).
 */
roleTitle: string, 
/**
 * At most three letters for the corner of the window.
 */
initials: string, 
/**
 * May record vitals and notes.
 */
canWriteClinical: boolean, 
/**
 * May change who a patient is, and so say that two charts are of one person.
 */
canJoinCharts: boolean, 
/**
 * May read the audit trail beyond their own entries.
 */
canReadAudit: boolean, 
/**
 * May write the audit log into a file.
 */
canExportAudit: boolean, 
/**
 * May read alerts and the reports of each day.
 */
canReadAlerts: boolean, 
/**
 * May say what came of an alert.
 */
canCloseAlerts: boolean, 
/**
 * Whether they may look for patients and see the day's appointments; who may not has no use for those screens.
 */
canFindPatients: boolean, };

export type PhoneTime = { 
/**
 * Hour and minute, `14:05`.
 */
time: string, 
/**
 * The day, `14-Jul-2026`; empty where the computer has the day right, or nearly.
 */
date: string, };

export type Place = { 
/**
 * Name of the screen.
 */
screen: string, 
/**
 * The chart that was open.
 */
patientId: string | null, 
/**
 * The section of it.
 */
section: string | null, 
/**
 * The field with the caret.
 */
field: string | null, 
/**
 * The caret, in UTF-16 units from the start of the field.
 */
caret: number | null, };

export type ProblemRow = { 
/**
 * FHIR id.
 */
id: string, 
/**
 * What it is called.
 */
title: string, 
/**
 * Its code.
 */
code: string | null, 
/**
 * `Active`, `Resolved`, …
 */
status: string, 
/**
 * Whether it is still a problem.
 */
active: boolean, 
/**
 * `14-Jul-1945`.
 */
onset: string | null, 
/**
 * `14-Jul-1945`.
 */
ended: string | null, };

export type ReKeyView = { 
/**
 * `demographics`, `clinical`, `sensitive`, `billing`.
 */
drawer: string, 
/**
 * 0 to 100.
 */
percent: number, };

export type RecoveryForm = { 
/**
 * User name.
 */
username: string, 
/**
 * Passphrase.
 */
passphrase: string, 
/**
 * A code of the person's sheet, or the seven words of the telephone.
 */
recoveryCode: string, };

export type RecoveryView = { 
/**
 * Codes of the sheet that are left; 0 also where there is no sheet.
 */
left: number, 
/**
 * When the sheet was made, `22-Nov-2026 10:15`.
 */
made: string | null, 
/**
 * Whether the server holds a code that can be read out on the telephone.
 */
byTelephone: boolean, };

export type ReenterForm = { 
/**
 * Who, by the id that the lock screen was given.
 */
person: string, 
/**
 * Passphrase.
 */
passphrase: string, };

export type RegisterKeyForm = { 
/**
 * Passphrase.
 */
passphrase: string, 
/**
 * Six digits of the authenticator app, not used before.
 */
code: string, 
/**
 * The PIN of the security key.
 */
pin: string, };

export type SaveView = { 
/**
 * Whether it is on disk, with its event and its envelope.
 */
saved: boolean, 
/**
 * What looks wrong, field by field.
 */
warnings: Array<FieldWarning>, 
/**
 * The change's id once saved.
 */
changeId: string | null, };

export type SearchForm = { 
/**
 * Any part of a name, a birth date, a record number or a telephone number.
 */
text: string, };

export type SearchView = { 
/**
 * Best first, at most fifty.
 */
rows: Array<PatientRow>, 
/**
 * Whether there are more than shown.
 */
more: boolean, 
/**
 * Whether records still arrive for the first time: who is not found may yet come.
 */
arriving: boolean, 
/**
 * How long the vault took, in milliseconds.
 */
millis: number, };

export type Section = "demographics" | "appointments" | "coverage" | "problems" | "medications" | "allergies" | "vitals" | "labs" | "immunizations" | "encounters" | "notes" | "documents";

export type SecurityKeyView = { 
/**
 * Whether one is registered here.
 */
registered: boolean, 
/**
 * Whether one-time codes open this workstation without the server.
 */
codesOpen: boolean, 
/**
 * Whether policy wants this person to sign in with one.
 */
required: boolean, };

export type SettleForm = { 
/**
 * Their ids.
 */
shown: Array<string>, };

export type SheetForm = { 
/**
 * Passphrase.
 */
passphrase: string, 
/**
 * Six digits of the authenticator app, not used before.
 */
code: string, 
/**
 * The PIN of the security key, which then takes the place of the code.
 */
pin: string | null, };

export type SheetView = { 
/**
 * The codes, `XXXXX-XXXXX-XXXXX-XXXXX`, in the order of their places.
 */
codes: Array<string>, };

export type SignInForm = { 
/**
 * User name.
 */
username: string, 
/**
 * Passphrase.
 */
passphrase: string, 
/**
 * Six digits of the authenticator app.
 */
code: string, 
/**
 * What the phone shows, where the clock of this computer may be wrong.
 */
phoneTime: PhoneTime | null, };

export type StatusView = { 
/**
 * The screen to show.
 */
state: Lifecycle, 
/**
 * The practice's name, empty before enrolment.
 */
clinic: string, 
/**
 * The label this workstation was enrolled with, empty before enrolment.
 */
device: string, 
/**
 * Whether the last call to the server was answered.
 */
online: boolean, 
/**
 * Changes written here that the server has not acknowledged.
 */
unsentChanges: number, 
/**
 * Audit events written here that the server has not acknowledged.
 */
unsentEvents: number, 
/**
 * Last contact with the server, `22-Nov-2026 10:15`.
 */
lastSync: string | null, 
/**
 * Who is signed in.
 */
person: PersonView | null, 
/**
 * Who may come back with the passphrase alone, last seen first. Empty while somebody is signed in.
 */
parked: Array<ParkedView>, 
/**
 * What stands in the way, when `state` is `blocked`.
 */
problem: ClientError | null, 
/**
 * The offline lease, where it ends before long or has ended.
 */
lease: LeaseView | null, 
/**
 * What is wrong with the data folder while work goes on.
 */
notice: ClientError | null, 
/**
 * Seconds without a key or a click after which the workstation locks itself.
 */
idleLimitS: number, 
/**
 * Seconds after which the screen is covered; absent where the practice wants no cover.
 */
privacyCoverS: number | null, 
/**
 * Whether the person who is signed in has to register a security key before anything else.
 */
keyDue: boolean, 
/**
 * Whether this is a demonstration with made-up patients.
 */
demo: boolean, };

export type Storage = "absent" | "memory" | "encrypted" | "plain" | "unknown";

export type SyncView = { 
/**
 * Whether the last call was answered.
 */
online: boolean, 
/**
 * `22-Nov-2026 10:15`.
 */
lastContact: string | null, 
/**
 * Per drawer.
 */
lastPull: Array<DrawerPull>, 
/**
 * Changes on their way, oldest first. Empty while locked.
 */
unsent: Array<UnsentRow>, 
/**
 * Changes that the server refused or that need a person. Empty while locked.
 */
refused: Array<UnsentRow>, 
/**
 * Number of changes on their way; also while locked.
 */
unsentChanges: number, 
/**
 * Number of events on their way; also while locked.
 */
unsentEvents: number, 
/**
 * When the next attempt is due, `22-Nov-2026 10:15`.
 */
nextTry: string | null, 
/**
 * The copy of what is unsent on another disk; absent where the practice has none.
 */
mirror: MirrorView | null, 
/**
 * A drawer that is being written anew, for newer keys or because somebody was erased; absent when none is.
 */
reKeying: ReKeyView | null, };

export type TodayForm = { 
/**
 * The last appointment of the part before; none for the first part.
 */
after: string | null, };

export type TodayView = { 
/**
 * In the order of their times.
 */
rows: Array<AppointmentRow>, 
/**
 * Whether there are more after these.
 */
more: boolean, 
/**
 * Whether records still arrive for the first time: what is not in the list may yet come.
 */
arriving: boolean, };

export type UnsentRow = { 
/**
 * The change's id.
 */
id: string, 
/**
 * `22-Nov-2026 10:15`.
 */
when: string, 
/**
 * `Vitals`, `Note`, …
 */
what: string, 
/**
 * Absent when this person may not see the patient.
 */
patientName: string | null, 
/**
 * Who wrote it.
 */
author: string, 
/**
 * Where it stands.
 */
state: UnsentState, 
/**
 * Whether this person may look at both versions and decide.
 */
canDecide: boolean, 
/**
 * What to do, when something is to be done.
 */
advice: string | null, };

export type UnsentState = "waiting" | "delivered" | "refused" | "conflict";

export type VerifiedView = { 
/**
 * Whether everything fits.
 */
ok: boolean, 
/**
 * Entries checked.
 */
checked: number, 
/**
 * Size of the tree.
 */
size: number, 
/**
 * Root in base 64.
 */
root: string, 
/**
 * What the server last confirmed, `1204 entries, 22-Nov-2026 10:15`.
 */
receipt: string | null, 
/**
 * The first entry that does not fit.
 */
firstBad: number | null, 
/**
 * What else is wrong, in a sentence: with the server's receipts, or with the folder.
 */
alarm: string | null, };

export type VitalLatest = { 
/**
 * LOINC.
 */
code: string, 
/**
 * What it is called.
 */
title: string, 
/**
 * As recorded: `120/80`, `36.6`.
 */
value: string, 
/**
 * Unit as shown.
 */
unit: string, 
/**
 * `22-Nov-2026 10:15`.
 */
at: string, 
/**
 * `H`, `L`, …
 */
flag: string | null, 
/**
 * The value before.
 */
previous: string | null, };

export type VitalPoint = { 
/**
 * RFC 3339.
 */
at: string, 
/**
 * The value (systolic for a blood pressure).
 */
value: number, 
/**
 * The lower end of a bar (diastolic).
 */
low: number | null, 
/**
 * The upper end of a bar (systolic).
 */
high: number | null, };

export type VitalSeriesView = { 
/**
 * LOINC.
 */
code: string, 
/**
 * What it is called.
 */
title: string, 
/**
 * Unit as shown.
 */
unit: string, 
/**
 * Oldest first.
 */
points: Array<VitalPoint>, 
/**
 * The normal band.
 */
normal: NormalRange | null, };

export type VitalsForm = { 
/**
 * Whose.
 */
patientId: string, 
/**
 * `mm[Hg]`.
 */
systolic: string | null, 
/**
 * `mm[Hg]`.
 */
diastolic: string | null, 
/**
 * /min.
 */
heartRate: string | null, 
/**
 * /min.
 */
respiratoryRate: string | null, 
/**
 * %.
 */
spo2: string | null, 
/**
 * Cel.
 */
temperature: string | null, 
/**
 * kg.
 */
weight: string | null, 
/**
 * cm.
 */
height: string | null, 
/**
 * When they were taken, RFC 3339; absent means now.
 */
takenAt: string | null, 
/**
 * Whether the person has seen the warnings and stands by the values.
 */
confirmed: boolean, };

export type VitalsView = { 
/**
 * One line a code.
 */
latest: Array<VitalLatest>, 
/**
 * One series a code and unit.
 */
series: Array<VitalSeriesView>, };

export type WindowHealth = { 
/**
 * Version of the web view.
 */
webView: string, 
/**
 * Whether other programs of the account are kept out of the memory, and no core file is written.
 */
shielded: boolean, 
/**
 * Whether the desktop's own screen locker is heard.
 */
hearsScreenLock: boolean, 
/**
 * Whether logind is heard: sleep, screen lock, another user.
 */
hearsLogind: boolean, 
/**
 * Whether logind knows which session is ours; otherwise the lock of any session locks.
 */
knowsSession: boolean, 
/**
 * Whether sleep waits until the workstation is locked.
 */
sleepWaits: boolean, 
/**
 * Whether the desktop says when somebody last touched anything, in whatever program.
 */
hearsPresence: boolean, };

/** Every command of the app: what it takes and what it answers. */
export interface Commands {
  status: { form: null; answer: StatusView };
  enrol: { form: EnrolForm; answer: StatusView };
  retry: { form: null; answer: StatusView };
  activate: { form: ActivateForm; answer: ActivationView };
  confirm_activation: { form: ConfirmForm; answer: void };
  sign_in: { form: SignInForm; answer: OpenedView };
  reenter: { form: ReenterForm; answer: OpenedView };
  reenter_with_key: { form: KeyReenterForm; answer: OpenedView };
  recover: { form: RecoveryForm; answer: OpenedView };
  extend_lease: { form: LeaseForm; answer: StatusView };
  sign_in_with_key: { form: KeySignInForm; answer: OpenedView };
  security_key_status: { form: null; answer: SecurityKeyView };
  register_security_key: { form: RegisterKeyForm; answer: SecurityKeyView };
  remove_security_key: { form: SheetForm; answer: SecurityKeyView };
  cancel_security_key: { form: null; answer: void };
  spoken_words: { form: null; answer: Array<string> };
  recovery_status: { form: null; answer: RecoveryView };
  make_recovery_sheet: { form: SheetForm; answer: SheetView | null };
  keep_recovery_sheet: { form: null; answer: void };
  discard_recovery_sheet: { form: null; answer: void };
  change_passphrase: { form: PassphraseForm; answer: CredentialView };
  begin_new_phone: { form: SheetForm; answer: ActivationView };
  confirm_new_phone: { form: ConfirmForm; answer: CredentialView };
  discard_new_phone: { form: null; answer: void };
  lock: { form: null; answer: void };
  sign_out: { form: null; answer: void };
  activity: { form: null; answer: void };
  search: { form: SearchForm; answer: SearchView };
  settle_search: { form: SettleForm; answer: void };
  today: { form: TodayForm; answer: TodayView };
  recent: { form: null; answer: Array<PatientRow> };
  open_chart: { form: OpenChartForm; answer: ChartView };
  fetch_chart: { form: ChartRef; answer: ChartView };
  alike_charts: { form: ChartRef; answer: Array<AlikeRow> };
  count_alike: { form: null; answer: number };
  alike_pairs: { form: AlikePairsForm; answer: AlikePairsView };
  compare_charts: { form: JoinForm; answer: ChartsCompared };
  join_charts: { form: JoinForm; answer: SaveView };
  tell_charts_apart: { form: JoinForm; answer: SaveView };
  take_back_apart: { form: JoinForm; answer: SaveView };
  separate_charts: { form: JoinForm; answer: SaveView };
  save_vitals: { form: VitalsForm; answer: SaveView };
  save_note: { form: NoteForm; answer: SaveView };
  save_draft: { form: DraftForm; answer: void };
  discard_draft: { form: DraftRef; answer: void };
  save_place: { form: Place; answer: void };
  sync_status: { form: null; answer: SyncView };
  conflict: { form: ConflictRef; answer: ConflictView };
  settle_conflict: { form: ConflictForm; answer: SaveView };
  sync_now: { form: null; answer: void };
  health: { form: null; answer: HealthView };
  audit_page: { form: AuditPageForm; answer: AuditView };
  export_audit: { form: null; answer: AuditExportView };
  alerts: { form: AlertsForm; answer: AlertsView };
  close_alert: { form: CloseAlertForm; answer: number };
  day_report: { form: DayReportForm; answer: DayReportView };
}
