//! A person's means of signing in beside the phone, as the screens show them.

use serde::Serialize;

/// What a person has for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RecoveryView {
    /// Codes of the sheet that are left; 0 also where there is no sheet.
    pub left: u32,
    /// When the sheet was made, `22-Nov-2026 10:15`.
    pub made: Option<String>,
    /// Whether the server holds a code that can be read out on the telephone.
    pub by_telephone: bool,
}

/// How a person's security key stands on this workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SecurityKeyView {
    /// Whether one is registered here.
    pub registered: bool,
    /// Whether one-time codes open this workstation without the server.
    pub codes_open: bool,
    /// Whether policy wants this person to sign in with one.
    pub required: bool,
}

/// What a new passphrase or phone reaches by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CredentialView {
    /// The person's other workstations that take it as soon as they hear of it.
    pub ready: Vec<String>,
    /// Those where the person has to sign in once with the network.
    pub later: Vec<String>,
}

/// A sheet of recovery codes. Shown once.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SheetView {
    /// The codes, `XXXXX-XXXXX-XXXXX-XXXXX`, in the order of their places.
    pub codes: Vec<String>,
}
