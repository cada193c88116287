//! For whoever answers for privacy: alerts and reports, which are the server's and need it, and the own log as a file.

use super::Workstation;
use crate::ClientError;
use crate::view::{AlertOutcome, AlertsView, AuditExportView, DayReportView};

impl Workstation {
    /// Writes this workstation's audit log into a new file in the folder for exports. That it was done is in the log first.
    ///
    /// # Errors
    /// `locked`, `not-your-role`, `audit-failed`, `disk-full`, `disk-error`: there is no file then.
    pub fn export_audit(&self) -> Result<AuditExportView, ClientError> {
        self.desk()?.export_log()
    }

    /// A page of alerts, newest first, below a number; those alone that are open unless `all`.
    ///
    /// # Errors
    /// `locked`, `not-your-role`, and what keeps the server from answering: nothing of it is kept on this workstation.
    pub fn alerts(&self, before: Option<u64>, all: bool) -> Result<AlertsView, ClientError> {
        self.desk()?.alerts(before, all)
    }

    /// Says what came of an alert; returns how many are open now.
    ///
    /// # Errors
    /// As [`Workstation::alerts`]; `not-your-role` also where it is about the person, `server-refused` where it is closed.
    pub fn close_alert(&self, number: u64, outcome: AlertOutcome) -> Result<u64, ClientError> {
        self.desk()?.close_alert(number, outcome)
    }

    /// The report of a day such as `2026-11-27`; without one, of the last that is over.
    ///
    /// # Errors
    /// As [`Workstation::alerts`]; `server-refused` for a day that has no report.
    pub fn day_report(&self, day: Option<&str>) -> Result<DayReportView, ClientError> {
        self.desk()?.day_report(day.map(str::to_owned))
    }
}
