//! The daily report on the audit trail: what happened, which alerts there were, and who was not heard of. There is one for each
//! day, also for a day on which nothing happened.

use crate::answer::Refusal;
use crate::error::{Failure, Kind};
use crate::inventory;
use crate::practice::Practice;
use crate::store::{self, ActivityRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use crate::watching;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use records::AuditEvent;
use records::rights::Trail as _;
use serde::Serialize;
use std::collections::BTreeMap;
use sync::wire::{DayActivity, DayAlerts, DayReport, DayWorkstation, NamedDevice, ProblemCode};

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

/// The report of a day, for a person whose read is in the trail already; without a day, of the last that is over. A day
/// that is not over, or before there was a practice, is not found.
pub(crate) fn for_person(practice: &Practice, day: Option<Date>) -> Result<DayReport, Refusal> {
    let now = practice.clock.now();
    store::read(practice.store.as_ref(), |tx| {
        let thresholds = watching::thresholds_in(tx)?;
        let zone = thresholds.zone().unwrap_or(TimeZone::UTC);
        let last = now.to_zoned(zone.clone()).date().yesterday().map_err(|_| ProblemCode::NotFound)?;
        // On its first day a practice has the report of the day before it: an empty one.
        let first = practice.row.made_at.to_zoned(zone.clone()).date().min(last);
        let day = day.unwrap_or(last);
        if day < first || day > last {
            return Err(ProblemCode::NotFound.into());
        }
        let (from, until) = bounds(day, &zone).map_err(|_| ProblemCode::NotFound)?;
        let counted = count(tx, from, until)?;
        let workstations = inventory::entries(tx, now)?;
        let workstations = workstations.into_iter().filter(|entry| !entry.look_at.is_empty());
        Ok(DayReport {
            day: day.to_string(),
            time_zone: thresholds.time_zone,
            made_at: now,
            earlier: day.yesterday().ok().filter(|day| *day >= first).map(|day| day.to_string()),
            later: day.tomorrow().ok().filter(|day| *day <= last).map(|day| day.to_string()),
            events: counted.activity.iter().map(|row| row.events).sum(),
            activity: counted.activity.into_iter().map(day_activity).collect(),
            alerts: counted.alerts.into_iter().map(day_alerts).collect(),
            open_alerts: counted.open,
            workstations: workstations.map(day_workstation).collect(),
        })
    })
}

fn day_activity(row: ActivityRow) -> DayActivity {
    let ActivityRow { kind, subtype, outcome, events, agents, patients } = row;
    DayActivity { kind, subtype, outcome, events, agents, patients }
}

fn day_alerts((kind, count): (&'static str, u64)) -> DayAlerts {
    DayAlerts { kind: kind.to_owned(), count }
}

fn day_workstation(entry: inventory::Entry) -> DayWorkstation {
    DayWorkstation {
        device: NamedDevice { id: entry.device_id, label: Some(entry.label) },
        days_away: entry.days_away,
        look_at: entry.look_at.into_iter().map(str::to_owned).collect(),
    }
}

fn make(practice: &Practice, day: Date, zone: &TimeZone, now: Timestamp) -> Result<Report, Failure> {
    let (from, until) = bounds(day, zone).map_err(|_| no_such_day())?;
    let workstations = inventory::list(practice, None)?;
    // Beside whoever delivers: it takes seconds to count the day of a large practice.
    let counted = store::read(practice.store.as_ref(), |tx| count(tx, from, until))?;
    store::write(practice.store.as_ref(), |tx| -> Result<(), StoreError> {
        let mut trail = ServerTrail::new(practice, tx, now);
        let event = AuditEvent::audit_reported(trail.stamp(), trail.node(), &day.to_string());
        trail.append(&event)?;
        Ok(())
    })?;
    Ok(Report {
        day: day.to_string(),
        from,
        until,
        made_at: now,
        events: counted.activity.iter().map(|row| row.events).sum(),
        activity: counted.activity.into_iter().map(activity).collect(),
        alerts: counted.alerts,
        open_alerts: counted.open,
        workstations: workstations.into_iter().filter(|entry| !entry.look_at.is_empty()).collect(),
    })
}

fn activity(row: ActivityRow) -> Activity {
    let ActivityRow { kind, subtype, outcome, events, agents, patients } = row;
    Activity { kind, subtype, outcome, events, agents, patients }
}

/// Where a day begins and ends.
fn bounds(day: Date, zone: &TimeZone) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let begins = |day: Date| day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    Ok((begins(day)?, begins(day.tomorrow()?)?))
}

/// What is counted of a day.
struct Counted {
    activity: Vec<ActivityRow>,
    alerts: BTreeMap<&'static str, u64>,
    open: u64,
}

fn count(tx: &dyn Transaction, from: Timestamp, until: Timestamp) -> Result<Counted, StoreError> {
    let (alerts, open) = count_alerts(tx, from, until)?;
    Ok(Counted { activity: tx.activity(from, until)?, alerts, open })
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
