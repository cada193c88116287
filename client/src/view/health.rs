//! What a workstation stands on: for the health page, and for a text that may be sent to whoever looks after it.

use serde::Serialize;

use crate::ClientError;
use crate::view::LeaseView;

/// What holds something, and whether a thief of the disk could read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Storage {
    /// There is none.
    Absent,
    /// It never reaches a disk.
    Memory,
    /// An encrypted disk, as far as the kernel knows of it (dm-crypt, eCryptfs).
    Encrypted,
    /// A disk on which the kernel encrypts nothing. One that encrypts itself looks the same.
    Plain,
    /// It could not be told.
    Unknown,
}

/// The part of the page that only the window knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct WindowHealth {
    /// Version of the web view.
    pub web_view: String,
    /// Whether other programs of the account are kept out of the memory, and no core file is written.
    pub shielded: bool,
    /// Whether the desktop's own screen locker is heard.
    pub hears_screen_lock: bool,
    /// Whether logind is heard: sleep, screen lock, another user.
    pub hears_logind: bool,
    /// Whether logind knows which session is ours; otherwise the lock of any session locks.
    pub knows_session: bool,
    /// Whether sleep waits until the workstation is locked.
    pub sleep_waits: bool,
    /// Whether the desktop says when somebody last touched anything, in whatever program.
    pub hears_presence: bool,
}

/// The health page.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HealthView {
    /// Version of Chartkeep.
    pub program: String,
    /// Name of the operating system; empty where it does not say.
    pub system: String,
    /// The practice's name, empty before enrolment.
    pub clinic: String,
    /// The workstation's label, empty before enrolment.
    pub device: String,
    /// Last contact with the server, `22-Nov-2026 10:15`.
    pub last_contact: Option<String>,
    /// The offline lease, where it ends before long or has ended.
    pub lease: Option<LeaseView>,
    /// Seconds without a key or a click after which the workstation locks itself.
    pub idle_limit_s: u32,
    /// Why the keyring does not answer; absent where it does.
    pub keyring: Option<ClientError>,
    /// Whether the keyring has no password, so that its file holds our keys for every reader of the disk.
    pub keyring_lies_open: bool,
    /// What the data folder lies on.
    pub disk: Storage,
    /// What swap lies on.
    pub swap: Storage,
    /// Whether all keys in use are kept out of swap.
    pub secrets_in_memory: bool,
    /// What only the window knows.
    pub window: WindowHealth,
}
