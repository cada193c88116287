//! What has reached the server, and what has not.

use serde::Serialize;

/// The sync page.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SyncView {
    /// Whether the last call was answered.
    pub online: bool,
    /// `22-Nov-2026 10:15`.
    pub last_contact: Option<String>,
    /// Per drawer.
    pub last_pull: Vec<DrawerPull>,
    /// Changes on their way, oldest first. Empty while locked.
    pub unsent: Vec<UnsentRow>,
    /// Changes that the server refused or that need a person. Empty while locked.
    pub refused: Vec<UnsentRow>,
    /// Number of changes on their way; also while locked.
    pub unsent_changes: u64,
    /// Number of events on their way; also while locked.
    pub unsent_events: u64,
    /// When the next attempt is due, `22-Nov-2026 10:15`.
    pub next_try: Option<String>,
    /// The copy of what is unsent on another disk; absent where the practice has none.
    pub mirror: Option<MirrorView>,
    /// A drawer that is being written anew, for newer keys or because somebody was erased; absent when none is.
    pub re_keying: Option<ReKeyView>,
}

/// How far the writing anew of a drawer is.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ReKeyView {
    /// `demographics`, `clinical`, `sensitive`, `billing`.
    pub drawer: String,
    /// 0 to 100.
    pub percent: u32,
}

/// How the copy of what is unsent fares.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MirrorView {
    /// When it was last complete, `22-Nov-2026 10:15`.
    pub copied_at: Option<String>,
    /// Since when the disk is not there or cannot be written, `22-Nov-2026 10:15`.
    pub absent_since: Option<String>,
}

/// When a drawer was last pulled.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DrawerPull {
    /// `demographics`, `clinical`, `sensitive`, `billing`.
    pub drawer: String,
    /// `22-Nov-2026 10:15`.
    pub at: Option<String>,
    /// Since when nothing is saved to it, because it was found to be an older copy: `22-Nov-2026 10:15`.
    pub held_since: Option<String>,
    /// While it is being filled: how much has arrived, 0 to 99. Absent when nothing more is known to wait.
    pub arrived_percent: Option<u32>,
}

/// What has become of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum UnsentState {
    /// Not sent yet.
    Waiting,
    /// Sent; the server has it and has not decided.
    Delivered,
    /// The server refused it.
    Refused,
    /// It met a change made elsewhere; a person decides.
    Conflict,
}

/// One change that is not settled.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UnsentRow {
    /// The change's id.
    pub id: String,
    /// `22-Nov-2026 10:15`.
    pub when: String,
    /// `Vitals`, `Note`, …
    pub what: String,
    /// Absent when this person may not see the patient.
    pub patient_name: Option<String>,
    /// Who wrote it.
    pub author: String,
    /// Where it stands.
    pub state: UnsentState,
    /// Whether this person may look at both versions and decide.
    pub can_decide: bool,
    /// What to do, when something is to be done.
    pub advice: Option<String>,
}
