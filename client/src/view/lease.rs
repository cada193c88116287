//! The offline lease, as the screens show it.

use serde::Serialize;

/// How loudly a lease has to be spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum LeaseLevel {
    /// Two thirds of it are over.
    Notice,
    /// A week is left.
    Soon,
    /// Two days are left.
    Urgent,
    /// It is over: nobody signs in without the server or an extension.
    Ended,
}

/// A lease that ends before long, or has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LeaseView {
    /// How loudly.
    pub level: LeaseLevel,
    /// Days that are left; 0 where it has ended.
    pub days_left: u32,
    /// Days since the server was heard.
    pub days_away: u32,
    /// The number to be read out on the telephone for an extension, `1234 5676`.
    pub number: String,
}
