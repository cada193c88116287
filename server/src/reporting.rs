//! The daily report on the audit trail: what happened, which alerts there were, and who was not heard of. There is one for each
//! day, also for a day on which nothing happened.

use crate::error::{Failure, Kind};
use crate::inventory;
use crate::practice::Practice;
use crate::store::{self, StoreError, Transaction};
use crate::trail::ServerTrail;
use crate::watching;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use records::AuditEvent;
use records::rights::Trail as _;
use serde::Serialize;
use std::collections::BTreeMap;

/// The alerts that are read at once.
const AT_ONCE: u64 = 1_000;
/// Up to which day there are reports.
const REPORTED: &str = "reported-until";

/// The report of one day.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The day, in the practice's time zone.
    pub day: String,
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
    /// When the report was made. What is delivered later is in a report that is made later.
    pub made_at: Timestamp,
    /// Events of that day that are held.
    pub events: u64,
    /// Of which kinds they were.
    pub activity: Vec<Activity>,
    /// Alerts of that day, by kind.
    pub alerts: BTreeMap<&'static str, u64>,
    /// Alerts of any day that nobody has looked at.
    pub open_alerts: u64,
    /// Workstations that deserve a look, and why.
    pub workstations: Vec<inventory::Entry>,
}

/// Events of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Activity {
    /// The type code (DICOM or FHIR).
    pub kind: String,
    /// The first subtype code.
    pub subtype: String,
    /// The outcome code: 0 success, 4, 8 and 12 failures.
    pub outcome: String,
    /// How many.
    pub events: u64,
    /// By how many different people and machines.
    pub agents: u64,
    /// About how many different patients.
    pub patients: u64,
}

/// Makes the report of a day; without one, of the day before today. That it was made is an event.
///
/// # Errors
/// When the day has not ended yet, or the store fails.
pub fn daily(practice: &Practice, day: Option<Date>) -> Result<Report, Failure> {
    let now = practice.clock.now();
    let zone = watching::thresholds(practice)?.zone().unwrap_or(TimeZone::UTC);
    let today = now.to_zoned(zone.clone()).date();
    let day = day.unwrap_or_else(|| today.yesterday().unwrap_or(today));
    if day >= today {
        let advice = "Choose a day that is over, such as yesterday, which is the one without --day.";
        return Err(Failure::new(Kind::Usage, "This day is not over yet.", advice));
    }
    make(practice, day, &zone, now)
}

/// Makes the reports that are due, one for each day since the last. Returns how many.
///
/// # Errors
/// When the store fails.
pub(crate) fn make_due(practice: &Practice) -> Result<u32, Failure> {
    let now = practice.clock.now();
    let zone = watching::thresholds(practice)?.zone().unwrap_or(TimeZone::UTC);
    let today = now.to_zoned(zone.clone()).date();
    let reported = store::read(practice.store.as_ref(), |tx| tx.server_setting(REPORTED))?;
    let reported: Option<Date> = reported.and_then(|text| text.parse().ok());
    // The first day is the one on which the server first ran.
    let mut day = match reported {
        Some(day) => day.tomorrow().unwrap_or(day),
        None => practice.row.made_at.to_zoned(zone.clone()).date(),
    };
    let mut made = 0;
    while day < today {
        let report = make(practice, day, &zone, now)?;
        tracing::info!(count = report.events, "the trail of a day was looked through");
        store::write(practice.store.as_ref(), |tx| tx.set_server_setting(REPORTED, &day.to_string()))?;
        day = day.tomorrow().unwrap_or(today);
        made += 1;
    }
    Ok(made)
}

fn make(practice: &Practice, day: Date, zone: &TimeZone, now: Timestamp) -> Result<Report, Failure> {
    let begins = |day: Date| day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    let from = begins(day).map_err(|_| no_such_day())?;
    let until = begins(day.tomorrow().map_err(|_| no_such_day())?).map_err(|_| no_such_day())?;
    let workstations = inventory::list(practice, None)?;
    let report = store::write(practice.store.as_ref(), |tx| -> Result<Report, StoreError> {
        let activity = tx.activity(from, until)?;
        let (alerts, open_alerts) = count_alerts(tx, from, until)?;
        let mut trail = ServerTrail::new(practice, tx, now);
        let event = AuditEvent::audit_reported(trail.stamp(), trail.node(), &day.to_string());
        trail.append(&event)?;
        Ok(Report {
            day: day.to_string(),
            from,
            until,
            made_at: now,
            events: activity.iter().map(|row| row.events).sum(),
            activity: activity
                .into_iter()
                .map(|row| Activity {
                    kind: row.kind,
                    subtype: row.subtype,
                    outcome: row.outcome,
                    events: row.events,
                    agents: row.agents,
                    patients: row.patients,
                })
                .collect(),
            alerts,
            open_alerts,
            workstations: workstations.into_iter().filter(|entry| !entry.look_at.is_empty()).collect(),
        })
    })?;
    Ok(report)
}

fn count_alerts(
    tx: &dyn Transaction,
    from: Timestamp,
    until: Timestamp,
) -> Result<(BTreeMap<&'static str, u64>, u64), StoreError> {
    let (mut alerts, mut open, mut last) = (BTreeMap::new(), 0, 0);
    loop {
        let rows = tx.alerts(last, AT_ONCE)?;
        let Some(newest) = rows.last().map(|row| row.number) else { return Ok((alerts, open)) };
        last = newest;
        for row in rows {
            if row.acknowledged.is_none() {
                open += 1;
            }
            if row.at >= from && row.at < until {
                *alerts.entry(row.kind.as_str()).or_insert(0) += 1;
            }
        }
    }
}

fn no_such_day() -> Failure {
    Failure::new(Kind::Usage, "There is no such day.", "Give it as 2026-11-27.")
}
