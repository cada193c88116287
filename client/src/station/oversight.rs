//! What the server tells whoever answers for privacy: alerts and reports. Nothing of it is kept here; without the server
//! there is nothing to show.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sync::wire::{
    AlertEntry, AlertsRequest, AlertsResponse, CloseAlertRequest, CloseAlertResponse, DayActivity, DayReport,
    NamedDevice, NamedPerson, ReportRequest, path,
};

use super::Station;
use crate::view::{
    AlertClosed, AlertOutcome, AlertRow, AlertsView, DayActivityRow, DayAlertRow, DayReportView,
    DayWorkstationRow,
};
use crate::{ClientError, Code, when};

impl Station {
    /// A page of alerts below a number.
    pub(crate) fn alerts(
        self: &Arc<Self>,
        before: Option<u64>,
        all: bool,
    ) -> Result<AlertsView, ClientError> {
        let me = self.signed_in().ok_or(Code::Locked)?.to_string();
        let answer: AlertsResponse = self.call_as_person(path::ALERTS, AlertsRequest { before, all })?;
        let zone = self.clock().time_zone();
        Ok(AlertsView {
            alerts: answer.alerts.into_iter().map(|entry| alert_row(entry, &me, &zone)).collect(),
            more: answer.more,
            open: answer.open,
            read_at: when::second(self.guessed_time(), &zone),
        })
    }

    /// Says what came of an alert. Returns how many are open.
    pub(crate) fn close_alert(
        self: &Arc<Self>,
        number: u64,
        outcome: AlertOutcome,
    ) -> Result<u64, ClientError> {
        let asked = CloseAlertRequest { number, outcome: outcome.into() };
        let closed: CloseAlertResponse = self.call_as_person(path::CLOSE_ALERT, asked)?;
        Ok(closed.open)
    }

    /// The report of a day; without one, of the last that is over.
    pub(crate) fn day_report(self: &Arc<Self>, day: Option<String>) -> Result<DayReportView, ClientError> {
        let report: DayReport = self.call_as_person(path::REPORTS, ReportRequest { day })?;
        report_view(report, &self.clock().time_zone())
    }
}

fn alert_row(entry: AlertEntry, me: &str, zone: &TimeZone) -> AlertRow {
    let shown = |at: Timestamp| when::second(at, zone);
    AlertRow {
        number: entry.number,
        at: shown(entry.at),
        kind: entry.kind,
        about_me: entry.person.as_ref().is_some_and(|person| person.id.to_string() == me),
        device: entry.device.map(device_name),
        person: entry.person.map(person_name),
        detail: detail(entry.detail, zone),
        closed: entry.closed.map(|closed| AlertClosed {
            by: person_name(closed.by),
            at: shown(closed.at),
            outcome: closed.outcome.into(),
        }),
    }
}

/// A detail that ends with a moment shows it as every other moment is.
fn detail(text: String, zone: &TimeZone) -> String {
    let Some((before, at)) = text.rsplit_once(' ') else { return text };
    at.parse().map_or_else(|_| text.clone(), |at| format!("{before} {}", when::second(at, zone)))
}

fn device_name(device: NamedDevice) -> String {
    device.label.unwrap_or_else(|| device.id.to_string())
}

fn person_name(person: NamedPerson) -> String {
    person.name.unwrap_or_else(|| person.id.to_string())
}

fn report_view(report: DayReport, zone: &TimeZone) -> Result<DayReportView, ClientError> {
    let day: Date = report.day.parse().map_err(|_| Code::ServerAnswer)?;
    Ok(DayReportView {
        title: day.strftime("%A %d-%b-%Y").to_string(),
        day: report.day,
        time_zone: report.time_zone,
        made_at: when::second(report.made_at, zone),
        earlier: report.earlier,
        later: report.later,
        events: report.events,
        activity: report.activity.into_iter().map(activity_row).collect(),
        alerts: report
            .alerts
            .into_iter()
            .map(|alerts| DayAlertRow { kind: alerts.kind, count: alerts.count })
            .collect(),
        open_alerts: report.open_alerts,
        workstations: report
            .workstations
            .into_iter()
            .map(|one| DayWorkstationRow {
                name: device_name(one.device),
                days_away: u64::try_from(one.days_away).unwrap_or(0),
                look_at: one.look_at,
            })
            .collect(),
    })
}

fn activity_row(row: DayActivity) -> DayActivityRow {
    DayActivityRow {
        what: format!("{}/{}", row.kind, row.subtype),
        failed: !matches!(row.outcome.as_str(), "" | "0"),
        events: row.events,
        agents: row.agents,
        patients: row.patients,
    }
}

#[cfg(test)]
mod tests {
    use records::id::PersonId;
    use uuid::Uuid;

    use super::*;

    fn entry(person: PersonId) -> AlertEntry {
        AlertEntry {
            number: 7,
            at: "2026-11-27T22:03:10Z".parse().unwrap(),
            kind: "off-hours".to_owned(),
            device: None,
            person: Some(NamedPerson { id: person, name: None }),
            detail: "at 2026-11-27T22:01:00Z".to_owned(),
            closed: None,
        }
    }

    #[test]
    fn an_alert_shows_the_id_of_whom_nobody_knows_and_says_whom_it_is_about() {
        let person = PersonId::from_uuid(Uuid::from_u128(7));
        let row = alert_row(entry(person), &person.to_string(), &TimeZone::UTC);
        assert_eq!((row.person.as_deref(), row.about_me), (Some(person.to_string().as_str()), true));
        assert_eq!(
            (row.at.as_str(), row.detail.as_str()),
            ("27-Nov-2026 22:03:10", "at 27-Nov-2026 22:01:00")
        );
        let until =
            detail("43 patients in 60 minutes, until 2026-11-27T22:01:00Z".to_owned(), &TimeZone::UTC);
        assert_eq!(until, "43 patients in 60 minutes, until 27-Nov-2026 22:01:00");
        assert_eq!(detail("at the door".to_owned(), &TimeZone::UTC), "at the door");
        assert!(!alert_row(entry(person), "another", &TimeZone::UTC).about_me);
    }

    #[test]
    fn what_begun_writes_leave_open_has_not_failed() {
        let row = |outcome: &str| DayActivity {
            kind: "110110".to_owned(),
            subtype: "write-intent".to_owned(),
            outcome: outcome.to_owned(),
            events: 1,
            agents: 1,
            patients: 1,
        };
        let failed: Vec<bool> = ["", "0", "4", "8", "12"].map(|o| activity_row(row(o)).failed).to_vec();
        assert_eq!(failed, [false, false, true, true, true]);
    }
}
