//! The watch over the trail: what came in is looked through for what a person should look at, and so is who has not been heard of.
//!
//! It runs beside the server, a little behind what it takes in, and goes on where it stopped. What a workstation delivers late is
//! judged by when it happened. The rules are in [`rules`]; the thresholds are the practice's ([`Thresholds`]).

pub mod rules;

use crate::backing;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::rotating;
use crate::store::{self, AlertKind, SeenEvent, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::{SignedDuration, Timestamp};
use records::AuditEvent;
use records::event::{Alert, EventKind, EventSummary};
use records::id::{DeviceId, PersonId};
use rules::Thresholds;
use std::collections::{BTreeMap, BTreeSet};

/// How often the server looks.
pub(crate) const PACE: std::time::Duration = std::time::Duration::from_secs(15);
/// So many events are looked through in one commit.
const AT_ONCE: u64 = 1_000;
/// So many accesses of one person are looked at for one judgement.
const MOST_OF_ONE: u64 = 20_000;
/// So many entries of a log are looked back through for failed sign-ins.
const LOOK_BACK: u64 = 200;
/// An alert about the same person or workstation and thing is not repeated within this.
const QUIET: SignedDuration = SignedDuration::from_hours(12);

const THRESHOLDS: &str = "alert-thresholds";
const POSITION: &str = "watched-until";

/// What the thresholds are.
///
/// # Errors
/// When the store fails.
pub fn thresholds(practice: &Practice) -> Result<Thresholds, Failure> {
    Ok(store::read(practice.store.as_ref(), thresholds_in)?)
}

/// Changes the thresholds; returns those in force from now on.
///
/// # Errors
/// When one of them cannot be, or the store fails.
pub fn change_thresholds(
    practice: &Practice,
    change: impl FnOnce(Thresholds) -> Thresholds,
) -> Result<Thresholds, Failure> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| -> Result<Thresholds, Failure> {
        let changed = change(thresholds_in(tx)?);
        if changed.zone().is_none()
            || changed.open_from_h >= changed.open_until_h
            || changed.open_until_h > 24
        {
            let advice = "Give hours such as 7 and 19, and a time zone by its name: America/Chicago.";
            return Err(Failure::new(Kind::Usage, "These hours or this time zone cannot be.", advice));
        }
        let json = serde_json::to_string(&changed)
            .map_err(|_| Failure::internal("The thresholds cannot be written."))?;
        tx.set_server_setting(THRESHOLDS, &json)?;
        let mut trail = ServerTrail::new(practice, tx, now);
        trail.changed_settings()?;
        Ok(changed)
    })
}

/// Looks through everything that came in since the last time. Returns how many events that were.
///
/// # Errors
/// When the store fails.
pub fn look(practice: &Practice) -> Result<u64, StoreError> {
    let mut looked = 0;
    loop {
        let count = look_at_some(practice)?;
        looked += count;
        if count < AT_ONCE {
            break;
        }
    }
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        look_for_stale(practice, tx, now)?;
        rotating::watch_age(practice, tx, now)?;
        look_for_old_backup(practice, tx, now)
    })?;
    Ok(looked)
}

/// What the thresholds are, within a unit of work.
pub(crate) fn thresholds_in(tx: &dyn Transaction) -> Result<Thresholds, StoreError> {
    match tx.server_setting(THRESHOLDS)? {
        Some(json) => {
            serde_json::from_str(&json).map_err(|_| StoreError::Unreadable("the thresholds of alerts"))
        }
        None => Ok(Thresholds::default()),
    }
}

/// Reads some events in its turn, and judges them beside it; what was found is written in one short commit.
fn look_at_some(practice: &Practice) -> Result<u64, StoreError> {
    // In its turn, so that no event with a lower number can come into sight after it.
    let (from, seen) = store::write(practice.store.as_ref(), |tx| -> Result<_, StoreError> {
        let from = position(tx)?;
        Ok((from, tx.events_after(from, AT_ONCE)?))
    })?;
    // Judging looks at more than these; whoever delivers does not wait for it.
    let found = store::read(practice.store.as_ref(), |tx| -> Result<_, StoreError> {
        let thresholds = thresholds_in(tx)?;
        let mut watch = Watch { tx, thresholds: &thresholds, found: Vec::new() };
        watch.look_at(&seen)?;
        Ok(watch.found)
    })?;
    let Some(last) = seen.last().map(|event| event.number) else { return Ok(0) };
    store::write(practice.store.as_ref(), |tx| -> Result<(), StoreError> {
        // Another process may have looked at the same.
        if position(tx)? != from {
            return Ok(());
        }
        let now = practice.clock.now();
        for found in found {
            found.tell(practice, tx, now)?;
        }
        tx.set_server_setting(POSITION, &last.to_string())
    })?;
    Ok(u64::try_from(seen.len()).unwrap_or(u64::MAX))
}

fn position(tx: &dyn Transaction) -> Result<u64, StoreError> {
    Ok(tx.server_setting(POSITION)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Something that a person should look at.
struct Found {
    kind: AlertKind,
    device: Option<DeviceId>,
    person: Option<PersonId>,
    detail: String,
    /// Whether it is told each time.
    each_time: bool,
}

impl Found {
    fn tell(self, practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<(), StoreError> {
        let before = tx.last_alert(self.kind, self.device, self.person)?;
        let is_quiet = before.is_some_and(|before| before.duration_until(now) < QUIET);
        if is_quiet && !self.each_time {
            return Ok(());
        }
        ServerTrail::new(practice, tx, now).alert(self.kind, self.device, self.person, self.detail)
    }
}

struct Watch<'a> {
    tx: &'a dyn Transaction,
    thresholds: &'a Thresholds,
    found: Vec<Found>,
}

impl Watch<'_> {
    fn look_at(&mut self, seen: &[SeenEvent]) -> Result<(), StoreError> {
        let mut accesses: BTreeMap<PersonId, BTreeSet<Timestamp>> = BTreeMap::new();
        for seen in seen {
            let Ok(event) = AuditEvent::parse(seen.event.clone()) else { continue };
            let summary = event.summary();
            if let (Some(person), Some(at)) = (summary.person, rules::access(summary)) {
                if !self.thresholds.is_open(at) {
                    self.note(AlertKind::OffHours, (seen.device, Some(person)), format!("at {at}"));
                }
                // As the store keeps it.
                let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
                accesses.entry(person).or_default().insert(at);
            }
            match summary.kind {
                Some(EventKind::EmergencyStarted) => self.found.push(Found {
                    kind: AlertKind::BreakGlass,
                    device: seen.device,
                    person: summary.person,
                    detail: "the reason is in the event".to_owned(),
                    each_time: true,
                }),
                Some(EventKind::SignInFailed) => self.look_at_failure(seen, summary.recorded)?,
                Some(EventKind::SecurityAlert) if is_roll_back(seen, summary) => {
                    let detail = "told by the workstation".to_owned();
                    self.note(AlertKind::StoreRolledBack, (seen.device, None), detail);
                }
                Some(_) | None => {}
            }
        }
        for (person, news) in accesses {
            self.look_at_patients(person, &news)?;
        }
        Ok(())
    }

    /// Whether a person opened many charts in a short time, whenever that was: what a workstation delivers after weeks is
    /// judged as what it delivers at once.
    fn look_at_patients(&mut self, person: PersonId, news: &BTreeSet<Timestamp>) -> Result<(), StoreError> {
        let window = self.thresholds.patients_window();
        for span in rules::spans(news, window) {
            let mut accesses = self.tx.accesses_of(person, span, MOST_OF_ONE)?;
            accesses.reverse();
            let Some((count, until)) = rules::most_patients(&accesses, news, window) else { continue };
            if count >= self.thresholds.patients {
                let minutes = self.thresholds.patients_min;
                let detail = format!("{count} patients in {minutes} minutes, until {until}");
                self.note(AlertKind::MassLookUp, (None, Some(person)), detail);
            }
        }
        Ok(())
    }

    /// Whether many sign-ins failed at one workstation in a short time, whosever they were.
    fn look_at_failure(&mut self, seen: &SeenEvent, at: Option<Timestamp>) -> Result<(), StoreError> {
        let Some(at) = at else { return Ok(()) };
        let since = at.saturating_sub(self.thresholds.failures_window()).unwrap_or(Timestamp::MIN);
        let first = (seen.index + 1).saturating_sub(LOOK_BACK);
        let leaves = self.tx.leaves(seen.log, first, seen.index + 1 - first)?;
        let events = leaves.into_iter().filter_map(|leaf| AuditEvent::parse(leaf.event).ok());
        let failed = events.filter(|event| {
            let summary = event.summary();
            summary.kind == Some(EventKind::SignInFailed)
                && summary.recorded.is_some_and(|recorded| recorded >= since && recorded <= at)
        });
        let count = u32::try_from(failed.count()).unwrap_or(u32::MAX);
        if count >= self.thresholds.failures {
            let detail = format!("{count} failed sign-ins in {} minutes", self.thresholds.failures_min);
            self.note(AlertKind::SignInBurst, (seen.device, None), detail);
        }
        Ok(())
    }

    /// Something that is told once within hours.
    fn note(&mut self, kind: AlertKind, about: (Option<DeviceId>, Option<PersonId>), detail: String) {
        let (device, person) = about;
        self.found.push(Found { kind, device, person, detail, each_time: false });
    }
}

fn is_roll_back(seen: &SeenEvent, summary: &EventSummary) -> bool {
    seen.device.is_some() && summary.outcome_words.as_deref() == Some(Alert::RolledBack.as_str())
}

/// An alert, and one more for each day that goes by without a backup.
fn look_for_old_backup(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<(), StoreError> {
    let age = backing::age(tx)?;
    if !backing::is_too_old(&age, practice.row.made_at, now) {
        return Ok(());
    }
    let told = tx.last_alert(AlertKind::BackupOld, None, None)?;
    if told.is_some_and(|told| told.duration_until(now) < SignedDuration::from_hours(24)) {
        return Ok(());
    }
    ServerTrail::new(practice, tx, now).alert(AlertKind::BackupOld, None, None, age.to_string())
}

/// One alert for each workstation that was not heard of for long, until it is heard of again.
fn look_for_stale(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<(), StoreError> {
    let days = thresholds_in(tx)?.stale_days;
    let long = SignedDuration::from_hours(24 * i64::from(days));
    for device in tx.devices()?.into_iter().filter(|device| device.revoked_at.is_none()) {
        if days == 0 || device.contact_at.duration_until(now) < long {
            continue;
        }
        let told = tx.last_alert(AlertKind::StaleDevice, Some(device.id), None)?;
        if told.is_none_or(|told| told < device.contact_at) {
            let detail = format!("not heard of for {days} days");
            ServerTrail::new(practice, tx, now).alert(
                AlertKind::StaleDevice,
                Some(device.id),
                None,
                detail,
            )?;
        }
    }
    Ok(())
}
