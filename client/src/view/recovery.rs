//! The day without the phone, as the screens show it.

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

/// A sheet of recovery codes. Shown once.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SheetView {
    /// The codes, `XXXXX-XXXXX-XXXXX-XXXXX`, in the order of their places.
    pub codes: Vec<String>,
}
