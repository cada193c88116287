//! Which charts workstations keep: those in which something happened lately, where the practice wants that. The others stay at
//! the server, and are fetched one by one. See `docs/adr/0029-a-chart-at-rest-stays-at-the-server.md`.

use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::retaining;
use crate::routes::inbox;
use crate::store::{self, ChartRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use records::Document;
use records::id::PatientId;
use records::link::Links;
use records::rights::Permit;
use serde::{Deserialize, Serialize};

/// No rule sends a chart away sooner, in months: whoever comes once a year finds a chart that is there.
pub const FLOOR_MONTHS: u16 = 12;
/// The settings in the store.
const RULE: &str = "charts";
const REVIEWED: &str = "charts-reviewed";
/// Patients that one unit of work looks at.
const AT_ONCE: u32 = 500;

/// Which charts workstations keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Those in which something is of the last so many months, or still to come; without a number, all.
    pub months: Option<u16>,
}

/// How things stand.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The rule in force.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many patients there are.
    pub patients: u64,
    /// Of how many of them workstations have who they are, and not the chart.
    pub away: u64,
    /// The day on which the rule was applied last (UTC).
    pub reviewed: Option<Date>,
}

/// What a review changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// Charts that workstations keep no longer.
    pub sent_away: u64,
    /// Charts that they keep again.
    pub brought_back: u64,
}

/// The rule in force, and what came of it.
///
/// # Errors
/// When the store fails.
pub fn standing(practice: &Practice) -> Result<Standing, Failure> {
    store::read(practice.store.as_ref(), |tx| {
        let (patients, away) = tx.count_charts()?;
        Ok(Standing { rule: rule(tx)?, patients, away, reviewed: reviewed(tx)? })
    })
}

/// Changes the rule, which the next review applies, and writes that into the trail.
///
/// # Errors
/// When it asks for fewer months than [`FLOOR_MONTHS`], or the store fails.
pub fn set_rule(practice: &Practice, rule: Rule) -> Result<(), Failure> {
    if rule.months.is_some_and(|months| months < FLOOR_MONTHS) {
        let sentence = format!("A chart stays on workstations for at least {FLOOR_MONTHS} months.");
        let advice =
            "Nothing was changed. Somebody who comes once a year would have to be fetched each time.";
        return Err(Failure::new(Kind::Usage, sentence, advice));
    }
    let json = serde_json::to_string(&rule).map_err(|_| Failure::internal("The rule cannot be written."))?;
    store::write(practice.store.as_ref(), |tx| {
        tx.set_server_setting(RULE, &json)?;
        ServerTrail::new(practice, tx, practice.clock.now()).changed_settings()?;
        Ok(())
    })
}

/// Applies the rule to every chart, some hundred in one commit; `tell` hears how many were looked at.
///
/// # Errors
/// When the store fails; what was done stays, and the next review does the rest.
pub fn review(practice: &Practice, tell: &mut dyn FnMut(u64)) -> Result<Reviewed, Failure> {
    let now = practice.clock.now();
    let since = store::read(practice.store.as_ref(), |tx| Ok::<_, Failure>(since(rule(tx)?, now)))??;
    let (mut changed, mut after, mut seen) = (Reviewed::default(), String::new(), 0);
    loop {
        let page = |tx: &dyn Transaction| tx.charts(practice.row.id, since, &after, AT_ONCE);
        let rows = store::read(practice.store.as_ref(), page)?;
        let Some(last) = rows.last() else { break };
        if rows.iter().any(is_to_move) {
            // Something may have come in since it was read: what counts is what stands when it is written.
            let moved = store::write(practice.store.as_ref(), |tx| apply(practice, tx, &page(tx)?, now))?;
            changed.sent_away += moved.sent_away;
            changed.brought_back += moved.brought_back;
        }
        seen += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        tell(seen);
        after = last.patient.as_str().to_owned();
    }
    let today = now.to_zoned(TimeZone::UTC).date().to_string();
    store::write(practice.store.as_ref(), |tx| tx.set_server_setting(REVIEWED, &today))?;
    Ok(changed)
}

/// Applies the rule once a day.
///
/// # Errors
/// As [`review`].
pub fn review_if_due(practice: &Practice) -> Result<(), Failure> {
    let today = practice.clock.now().to_zoned(TimeZone::UTC).date();
    let is_due = store::read(practice.store.as_ref(), |tx| -> Result<bool, StoreError> {
        let has_work = rule(tx)?.months.is_some() || tx.count_charts()?.1 > 0;
        Ok(has_work && reviewed(tx)?.is_none_or(|day| day < today))
    })?;
    if is_due {
        let Reviewed { sent_away, brought_back } = review(practice, &mut |_| {})?;
        tracing::info!(sent_away, brought_back, "the charts that workstations keep were reviewed");
    }
    Ok(())
}

fn is_to_move(chart: &ChartRow) -> bool {
    chart.rests != chart.is_away
}

fn apply(
    practice: &Practice,
    tx: &dyn Transaction,
    charts: &[ChartRow],
    now: Timestamp,
) -> Result<Reviewed, Failure> {
    let permit = inbox::permit(practice, tx, practice.row.node, b"charts", now)
        .map_err(|_| Failure::internal("The rights table lets no job move charts."))?;
    let mut changed = Reviewed::default();
    for chart in charts.iter().filter(|chart| is_to_move(chart)) {
        if !chart.rests {
            tx.bring_back(practice.row.id, &chart.patient)?;
            changed.brought_back += 1;
            continue;
        }
        let drawers = tx.drawers_of_chart(&chart.patient)?;
        if drawers.is_empty() || is_joined(tx, &permit, &chart.patient)? {
            continue;
        }
        for drawer in drawers {
            tx.mark_chart(practice.row.id, &chart.patient, drawer, true)?;
        }
        changed.sent_away += 1;
    }
    Ok(changed)
}

/// Charts that were joined are read as one, and stay with each other.
fn is_joined(tx: &dyn Transaction, permit: &Permit, patient: &PatientId) -> Result<bool, StoreError> {
    let record = tx.current(permit, &patient.key())?.map(|found| found.document);
    Ok(record.as_ref().is_some_and(|record: &Document| !Links::of(record).is_empty()))
}

fn rule(tx: &dyn Transaction) -> Result<Rule, StoreError> {
    match tx.server_setting(RULE)? {
        Some(json) => serde_json::from_str(&json).map_err(|_| StoreError::Unreadable("the rule for charts")),
        None => Ok(Rule::default()),
    }
}

fn reviewed(tx: &dyn Transaction) -> Result<Option<Date>, StoreError> {
    Ok(tx.server_setting(REVIEWED)?.and_then(|day| day.parse().ok()))
}

/// What is older than this is not of late.
fn since(rule: Rule, now: Timestamp) -> Result<Timestamp, Failure> {
    let Some(months) = rule.months else { return Ok(Timestamp::UNIX_EPOCH) };
    retaining::before(now, i64::from(months).months()).ok_or_else(retaining::out_of_range)
}
