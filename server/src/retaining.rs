//! How long is kept what: periods that policy sets above a floor, and what is due. Nothing goes by itself: two people erase a
//! patient or purge events, and a legal hold beats every period.

use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{self, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};
use keys::Random;
use records::date::PartialDate;
use records::id::{PatientId, SessionId};
use records::rights::{Permit, Rights, decide};
use records::view::PatientSummary;
use records::{Action, Actor, Facts, Job};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// No period is shorter, in years: HIPAA asks for six of documentation (45 CFR 164.316(b)(2)(i)).
pub const FLOOR_YEARS: u16 = 6;
/// The least number of years after majority (ASTM E2147-18 §4.1).
pub const MINOR_FLOOR_YEARS: u16 = 2;
/// The ages of majority there are.
pub const MAJORITY: RangeInclusive<u16> = 18..=21;
/// The setting in the store.
const PERIODS: &str = "retention";
/// Patients that one list names at most.
const MOST: u32 = 1000;
/// What the event of looking for what is due names.
const LOOKED_FOR: &[u8] = b"retention";

/// How long is kept what, in years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Periods {
    /// Audit events; after ASTM E2147 as long as the record, at least ten years.
    pub audit_years: u16,
    /// Records, since the last one of a patient arrived.
    pub record_years: u16,
    /// At which age a person is no minor any more.
    pub majority_age: u16,
    /// Records of who was a minor, since that age.
    pub minor_years: u16,
}

impl Default for Periods {
    fn default() -> Self {
        Self { audit_years: 10, record_years: 10, majority_age: 18, minor_years: 10 }
    }
}

impl Periods {
    /// Until when the records of a patient are kept: for the period since the last one arrived, and for who was a minor for theirs
    /// since majority, whichever is later. A birth date that is known in part counts as the last day that it can mean, one that is
    /// not known as the day when the last record arrived: nobody's time is over earlier for it. `None` beyond the calendar.
    #[must_use]
    pub fn kept_until(&self, last: Timestamp, born: Option<PartialDate>) -> Option<Timestamp> {
        let last = last.to_zoned(TimeZone::UTC);
        let born = born.map_or(last.date(), last_day);
        // The day after that birthday: no time zone and no 29th of February makes it short.
        let years = i64::from(self.majority_age) + i64::from(self.minor_years);
        let birthday = born.checked_add(years.years()).ok()?;
        let as_minor = birthday.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?;
        let usual = last.checked_add(i64::from(self.record_years).years()).ok()?;
        Some(as_minor.max(usual).timestamp())
    }

    /// Whether a patient's time is over, of whom the last record arrived then.
    fn are_over(
        &self,
        tx: &dyn Transaction,
        permit: &Permit,
        (patient, last): (&PatientId, Timestamp),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let stored = tx.current(permit, &patient.key())?;
        let born = stored.and_then(|stored| PatientSummary::of(&stored.document)?.born);
        Ok(self.kept_until(last, born).is_some_and(|until| until < now))
    }

    fn fault(&self) -> Option<String> {
        if self.audit_years.min(self.record_years) < FLOOR_YEARS {
            return Some(format!("A period of retention is at least {FLOOR_YEARS} years."));
        }
        if self.minor_years < MINOR_FLOOR_YEARS {
            return Some(format!("The period after majority is at least {MINOR_FLOOR_YEARS} years."));
        }
        let (from, to) = (MAJORITY.start(), MAJORITY.end());
        (!MAJORITY.contains(&self.majority_age))
            .then(|| format!("The age of majority is from {from} to {to}."))
    }
}

/// What is to be changed of the periods; what is not named stays.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(required = true, multiple = true)]
pub struct NewPeriods {
    /// Audit events; 10 unless you set it.
    #[arg(long, value_name = "YEARS")]
    pub audit_years: Option<u16>,
    /// Records, since the last one of a patient arrived; 10 unless you set it.
    #[arg(long, value_name = "YEARS")]
    pub record_years: Option<u16>,
    /// The age of majority, 18 to 21; 18 unless you set it.
    #[arg(long, value_name = "AGE")]
    pub majority_age: Option<u16>,
    /// Records of who was a minor, since majority, at least 2; 10 unless you set it.
    #[arg(long, value_name = "YEARS")]
    pub minor_years: Option<u16>,
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
    /// Patients of whom nothing arrived for longer than the usual period, and who are kept since they were minors, or since nothing
    /// says that they were not: how many of those that were looked at.
    pub kept_as_minors: u64,
    /// Audit events that are older than theirs.
    pub audit_events: u64,
    /// Of these such as `audit purge` may take: not about a patient of whom there are records, or a hold.
    pub purgeable_events: u64,
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

/// Changes the periods, and writes that into the trail.
///
/// # Errors
/// When one is below its floor, or the store fails.
pub fn set_periods(practice: &Practice, new: NewPeriods) -> Result<Periods, Failure> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        let before = periods_in(tx)?;
        let periods = Periods {
            audit_years: new.audit_years.unwrap_or(before.audit_years),
            record_years: new.record_years.unwrap_or(before.record_years),
            majority_age: new.majority_age.unwrap_or(before.majority_age),
            minor_years: new.minor_years.unwrap_or(before.minor_years),
        };
        if let Some(sentence) = periods.fault() {
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

/// What is past its period now. Birth dates are looked at for it, by a named job and with an event.
///
/// # Errors
/// When the store fails.
pub fn due(practice: &Practice) -> Result<Due, Failure> {
    let now = practice.clock.now();
    let permit = store::write(practice.store.as_ref(), |tx| permit(practice, tx, now))?;
    store::read(practice.store.as_ref(), |tx| {
        let periods = periods_in(tx)?;
        let past = years_before(now, periods.audit_years).ok_or_else(out_of_range)?;
        let purgeable = tx.purgeable(past)?;
        let mut due = Due {
            periods,
            patients: Vec::new(),
            held: Vec::new(),
            kept_as_minors: 0,
            audit_events: tx.count_events_before(past)?,
            purgeable_events: purgeable.iter().map(|run| run.until.saturating_sub(run.from)).sum(),
        };
        let since = years_before(now, periods.record_years).ok_or_else(out_of_range)?;
        due.find_patients(tx, &permit, (since, now))?;
        Ok(due)
    })
}

/// Whether the records of a patient need not be kept any more. Their birth date is looked at for it, as in [`due`].
pub(crate) fn is_over(
    practice: &Practice,
    tx: &dyn Transaction,
    patient: &PatientId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(last) = tx.last_news(patient)? else { return Ok(false) };
    let permit = permit(practice, tx, now)?;
    periods_in(tx)?.are_over(tx, &permit, (patient, last), now)
}

impl Due {
    /// Page by page, until there are enough: those who are kept as minors may be many.
    fn find_patients(
        &mut self,
        tx: &dyn Transaction,
        permit: &Permit,
        (since, now): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let holds = tx.holds()?;
        let mut passed = 0;
        loop {
            let found = tx.patients_without_news_since(since, (passed, MOST))?;
            for (patient, last) in &found {
                let is_over = self.periods.are_over(tx, permit, (patient, *last), now)?;
                let one = DuePatient { patient: patient.clone(), last: *last };
                match (is_over, holds.iter().any(|hold| hold.patient == *patient)) {
                    (false, _) => self.kept_as_minors += 1,
                    (true, true) => self.held.push(one),
                    (true, false) => self.patients.push(one),
                }
            }
            passed = passed.saturating_add(MOST);
            if found.len() < MOST as usize || self.patients.len() >= MOST as usize {
                self.patients.truncate(MOST as usize);
                return Ok(());
            }
        }
    }
}

/// One event for all that is looked at.
fn permit(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<Permit, StoreError> {
    let session = SessionId::from_uuid(Random::from_os().uuid_v7(now));
    let actor = Actor::service(Job::Retention, practice.row.id, practice.row.node, session);
    let mut trail = ServerTrail::new(practice, tx, now);
    let id = trail.event_id();
    let facts = Facts::of_practice(practice.row.id);
    match decide(Rights::built_in(), &actor, Action::Replicate, &facts, now) {
        Ok(allowed) => Ok(allowed.with_tokens(LOOKED_FOR).permit(&mut trail, id, now)?),
        Err(_) => Err(StoreError::Failed("the rights table lets no job look for what is due".into())),
    }
}

/// The periods as the store has them.
pub(crate) fn periods_in(tx: &dyn Transaction) -> Result<Periods, StoreError> {
    match tx.server_setting(PERIODS)? {
        Some(json) => serde_json::from_str(&json).map_err(|_| StoreError::Unreadable("the periods")),
        None => Ok(Periods::default()),
    }
}

/// So many years before a moment, by the calendar; `None` beyond it.
pub(crate) fn years_before(now: Timestamp, years: u16) -> Option<Timestamp> {
    before(now, i64::from(years).years())
}

/// A span before a moment, by the calendar; `None` beyond it.
pub(crate) fn before(now: Timestamp, span: Span) -> Option<Timestamp> {
    Some(now.to_zoned(TimeZone::UTC).checked_sub(span).ok()?.timestamp())
}

/// What is said where there is no such moment.
pub(crate) fn out_of_range() -> Failure {
    Failure::internal("The clock is out of range.")
}

/// The last day that a birth date can mean.
fn last_day(born: PartialDate) -> Date {
    match born {
        PartialDate::Year(year) => Date::constant(year, 12, 31),
        PartialDate::Month(..) => born.first_day().last_of_month(),
        PartialDate::Day(day) => day,
    }
}
