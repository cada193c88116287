//! The audit page.

use serde::Serialize;

/// A page of the trail, newest first, with the check of the whole log.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    /// Newest first.
    pub entries: Vec<AuditRow>,
    /// Result of checking the whole log now.
    pub verified: VerifiedView,
}

/// One entry.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    /// Position in the log, from 0.
    pub index: u64,
    /// `22-Nov-2026 10:15:07`.
    pub at: String,
    /// The name at the last sign-in here, else the opaque id.
    pub who: String,
    /// What was done, in words.
    pub action: String,
    /// Whose record: the name where this person may see the patient, else the opaque id.
    pub patient: Option<String>,
    /// `Done`, `Refused`, …
    pub outcome: String,
    /// Whether the server has it.
    pub delivered: bool,
}

/// The check of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct VerifiedView {
    /// Whether everything fits.
    pub ok: bool,
    /// Entries checked.
    pub checked: u64,
    /// Size of the tree.
    pub size: u64,
    /// Root in base 64.
    pub root: String,
    /// What the server last confirmed, `1204 entries, 22-Nov-2026 10:15`.
    pub receipt: Option<String>,
    /// The first entry that does not fit.
    pub first_bad: Option<u64>,
    /// What else is wrong, in a sentence: with the server's receipts, or with the folder.
    pub alarm: Option<String>,
}

/// An audit log that was written into a file. No `Debug`: the key opens it.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AuditExportView {
    /// Where it is.
    pub path: String,
    /// How many entries it has.
    pub entries: u64,
    /// How many of them the server has confirmed.
    pub confirmed: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// What opens it, shown this once; it goes another way than the file.
    pub key: String,
}
