//! What the page asks about the trail: its own, and what the server makes of everybody's.

use client::view::{AlertsView, AuditExportView, AuditView, DayReportView};

use super::{Answer, Desk};
use crate::view::{AlertsForm, AuditPageForm, CloseAlertForm, DayReportForm};

impl Desk {
    pub(crate) fn audit_page(&self, form: AuditPageForm) -> Answer<AuditView> {
        self.workstation.audit_page(form.patient_id.as_deref(), form.from_index)
    }

    pub(crate) fn export_audit(&self) -> Answer<AuditExportView> {
        self.workstation.export_audit()
    }

    pub(crate) fn alerts(&self, form: AlertsForm) -> Answer<AlertsView> {
        self.workstation.alerts(form.before, form.all)
    }

    pub(crate) fn close_alert(&self, form: CloseAlertForm) -> Answer<u64> {
        self.workstation.close_alert(form.number, form.outcome)
    }

    pub(crate) fn day_report(&self, form: DayReportForm) -> Answer<DayReportView> {
        self.workstation.day_report(form.day.as_deref())
    }
}
