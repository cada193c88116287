//! Where the workstation stands, and who is at it.

use serde::{Deserialize, Serialize};

use crate::ClientError;
use crate::view::LeaseView;

/// Which of the four screens belongs on the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Lifecycle {
    /// This computer does not belong to a clinic yet.
    Unenrolled,
    /// Nobody is signed in.
    Locked,
    /// A person is signed in and the vault is open.
    Open,
    /// Something outside stands in the way; `problem` says what, and what to do.
    Blocked,
}

/// The state of the workstation, without any patient's data.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    /// The screen to show.
    pub state: Lifecycle,
    /// The practice's name, empty before enrolment.
    pub clinic: String,
    /// The label this workstation was enrolled with, empty before enrolment.
    pub device: String,
    /// Whether the last call to the server was answered.
    pub online: bool,
    /// Changes written here that the server has not acknowledged.
    pub unsent_changes: u64,
    /// Audit events written here that the server has not acknowledged.
    pub unsent_events: u64,
    /// Last contact with the server, `22-Nov-2026 10:15`.
    pub last_sync: Option<String>,
    /// Who is signed in.
    pub person: Option<PersonView>,
    /// Who may come back with the passphrase alone, last seen first. Empty while somebody is signed in.
    pub parked: Vec<ParkedView>,
    /// What stands in the way, when `state` is `blocked`.
    pub problem: Option<ClientError>,
    /// The offline lease, where it ends before long or has ended.
    pub lease: Option<LeaseView>,
    /// What is wrong with the data folder while work goes on.
    pub notice: Option<ClientError>,
    /// Seconds without a key or a click after which the workstation locks itself.
    pub idle_limit_s: u32,
    /// Seconds after which the screen is covered; absent where the practice wants no cover.
    pub privacy_cover_s: Option<u32>,
    /// Whether the person who is signed in has to register a security key before anything else.
    pub key_due: bool,
    /// Whether this is a demonstration with made-up patients.
    pub demo: bool,
}

/// The person who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PersonView {
    /// Name as staff know it.
    pub name: String,
    /// First role, as the rights table spells it (`nurse`).
    pub role: String,
    /// First role in words (`Nurse`).
    pub role_title: String,
    /// At most three letters for the corner of the window.
    pub initials: String,
    /// May record vitals and notes.
    pub can_write_clinical: bool,
    /// May change who a patient is, and so say that two charts are of one person.
    pub can_join_charts: bool,
    /// May read the audit trail beyond their own entries.
    pub can_read_audit: bool,
    /// May write the audit log into a file.
    pub can_export_audit: bool,
    /// May read alerts and the reports of each day.
    pub can_read_alerts: bool,
    /// May say what came of an alert.
    pub can_close_alerts: bool,
    /// Whether they may look for patients and see the day's appointments; who may not has no use for those screens.
    pub can_find_patients: bool,
}

/// Somebody who may come back with the passphrase alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ParkedView {
    /// The person's id, to be named when they come back.
    pub person: String,
    /// Name as staff know it.
    pub name: String,
    /// What they work as, in words.
    pub role_title: String,
    /// At most three letters.
    pub initials: String,
    /// How many wrong passphrases are left before it takes a full sign-in; 5 at first.
    pub tries_left: u8,
    /// Whether their security key brings them back too.
    pub with_key: bool,
}

/// What a successful sign-in shows first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct OpenedView {
    /// Who signed in.
    pub person: PersonView,
    /// Where the person was when the workstation locked.
    pub place: Option<Place>,
    /// The person's sign-in before this one on this workstation, `22-Nov-2026 10:15`.
    pub last_sign_in: Option<String>,
    /// Failed attempts on this workstation since then.
    pub failures_since: u32,
    /// Whether the server took part.
    pub online: bool,
    /// Whether it was the person's first sign-in here.
    pub first_time: bool,
    /// After a sign-in with a recovery code: how many codes of the sheet are left.
    pub recovery_codes_left: Option<u32>,
}

/// A screen, a patient, a field: where a person comes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Name of the screen.
    pub screen: String,
    /// The chart that was open.
    pub patient_id: Option<String>,
    /// The section of it.
    pub section: Option<String>,
    /// The field with the caret.
    pub field: Option<String>,
    /// The caret, in UTF-16 units from the start of the field.
    pub caret: Option<u32>,
}

/// What a new person puts into an authenticator app. Shown once.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ActivationView {
    /// The seed in base 32, for typing.
    pub seed: String,
    /// The same as an `otpauth://` address.
    pub uri: String,
    /// The address as a QR code: the path of its dark squares, each one unit wide, from the corner of the quiet zone on.
    pub qr_path: String,
    /// Width and height of the QR code with its quiet zone, in the same unit.
    pub qr_size: u32,
}
