//! How long is kept what: periods that policy sets above a floor, and what is due. Nothing goes by itself: two people erase a
//! patient, a legal hold beats every period, and the audit log only grows.

use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{self, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use records::id::PatientId;
use serde::{Deserialize, Serialize};

/// No period is shorter, in years: HIPAA asks for six of documentation (45 CFR 164.316(b)(2)(i)).
pub const FLOOR_YEARS: u16 = 6;
/// The setting in the store.
const PERIODS: &str = "retention";
/// Patients that one list names at most.
const MOST: u32 = 1000;

/// How long is kept what, in years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    /// Audit events; after ASTM E2147 as long as the record, at least ten years.
    pub audit_years: u16,
    /// Records, since the last one of a patient arrived.
    pub record_years: u16,
}

impl Default for Periods {
    fn default() -> Self {
        Self { audit_years: 10, record_years: 10 }
    }
}

/// What is past its period.
#[derive(Clone, Debug, Serialize)]
pub struct Due {
    /// The periods in force.
    pub periods: Periods,
    /// Patients who may be erased, those of whom nothing arrived for longest first; at most 1,000.
    pub patients: Vec<DuePatient>,
    /// Patients who are past it and under a legal hold: they stay.
    pub held: Vec<DuePatient>,
    /// Audit events that are older than theirs. They stay as well: the log only grows.
    pub audit_events: u64,
}

/// A patient of whom nothing arrived for longer than the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DuePatient {
    /// The opaque id.
    pub patient: PatientId,
    /// When the last version of any record of theirs arrived.
    pub last: Timestamp,
}

/// The periods in force.
///
/// # Errors
/// When the store fails.
pub fn periods(practice: &Practice) -> Result<Periods, Failure> {
    Ok(store::read(practice.store.as_ref(), periods_in)?)
}

/// Changes the periods, and writes that into the trail; what is not named stays.
///
/// # Errors
/// When one is below the floor, or the store fails.
pub fn set_periods(
    practice: &Practice,
    audit_years: Option<u16>,
    record_years: Option<u16>,
) -> Result<Periods, Failure> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        let before = periods_in(tx)?;
        let periods = Periods {
            audit_years: audit_years.unwrap_or(before.audit_years),
            record_years: record_years.unwrap_or(before.record_years),
        };
        if periods.audit_years.min(periods.record_years) < FLOOR_YEARS {
            let sentence = format!("A period of retention is at least {FLOOR_YEARS} years.");
            let advice =
                "Nothing was changed. The law of your state may ask for more, and for minors longer.";
            return Err(Failure::new(Kind::Usage, sentence, advice));
        }
        let json = serde_json::to_string(&periods)
            .map_err(|_| Failure::internal("The periods cannot be written."))?;
        tx.set_server_setting(PERIODS, &json)?;
        ServerTrail::new(practice, tx, now).changed_settings()?;
        Ok(periods)
    })
}

/// What is past its period now.
///
/// # Errors
/// When the store fails.
pub fn due(practice: &Practice) -> Result<Due, Failure> {
    let now = practice.clock.now();
    store::read(practice.store.as_ref(), |tx| {
        let periods = periods_in(tx)?;
        let found = tx.patients_without_news_since(before(now, periods.record_years)?, MOST)?;
        let holds = tx.holds()?;
        let is_held = |due: &DuePatient| holds.iter().any(|hold| hold.patient == due.patient);
        let found = found.into_iter().map(|(patient, last)| DuePatient { patient, last });
        let (held, patients) = found.partition(is_held);
        let audit_events = tx.count_events_before(before(now, periods.audit_years)?)?;
        Ok(Due { periods, patients, held, audit_events })
    })
}

fn periods_in(tx: &dyn Transaction) -> Result<Periods, StoreError> {
    match tx.server_setting(PERIODS)? {
        Some(json) => serde_json::from_str(&json).map_err(|_| StoreError::Unreadable("the periods")),
        None => Ok(Periods::default()),
    }
}

/// So many years before a moment, by the calendar.
fn before(now: Timestamp, years: u16) -> Result<Timestamp, Failure> {
    let then = now.to_zoned(TimeZone::UTC).checked_sub(i64::from(years).years());
    Ok(then.map_err(|_| Failure::internal("The clock is out of range."))?.timestamp())
}
