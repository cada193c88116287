//! Reading alerts and saying what came of them, for whoever may: each read and each closing leaves its event first.

use crate::practice::Practice;
use crate::store::{Acknowledged, AlertRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::Timestamp;
use records::event::AuditEvent;
use records::id::{DeviceId, PersonId};
use records::rights::{DeniedReason, Rights, Trail as _, decide};
use records::{Action, Actor, Facts};
use sync::wire::{AlertEntry, AlertOutcome, AlertsResponse, Closed, NamedDevice, NamedPerson};

/// So many alerts are on a page.
const ON_A_PAGE: u64 = 50;

/// Why an alert is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotClosed {
    /// The person's roles do not close alerts.
    NotAllowed,
    /// It is about the person who would close it.
    AboutOneself,
    /// There is none of this number, or it is closed.
    NoAlert,
}

/// Whether a person may read alerts and reports; either way the trail says so, and what was asked for.
pub(crate) fn admit(
    practice: &Practice,
    tx: &dyn Transaction,
    actor: &Actor,
    asked: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut trail = ServerTrail::new(practice, tx, now);
    let id = trail.event_id();
    let facts = Facts::of_practice(practice.row.id);
    match decide(Rights::built_in(), actor, Action::ReadAlerts, &facts, now) {
        Ok(allowed) => {
            allowed.with_tokens(asked.as_bytes()).permit(&mut trail, id, now)?;
            Ok(true)
        }
        Err(denied) => {
            let _denied = denied.record(&mut trail, id, now)?;
            Ok(false)
        }
    }
}

/// A page of alerts, newest first, with names where the practice has them.
pub(crate) fn page(
    tx: &dyn Transaction,
    before: Option<u64>,
    all: bool,
) -> Result<AlertsResponse, StoreError> {
    let mut rows = tx.alerts_before(before, all, ON_A_PAGE + 1)?;
    let more = rows.len() as u64 > ON_A_PAGE;
    rows.truncate(usize::try_from(ON_A_PAGE).unwrap_or(usize::MAX));
    let alerts = rows.into_iter().map(|row| entry(tx, row)).collect::<Result<_, _>>()?;
    Ok(AlertsResponse { alerts, more, open: tx.open_alerts()? })
}

/// Closes an alert. Nobody closes one about themselves; that somebody tried is in the trail.
pub(crate) fn close(
    practice: &Practice,
    tx: &dyn Transaction,
    number: u64,
    actor: &Actor,
    outcome: AlertOutcome,
    now: Timestamp,
) -> Result<Result<(), NotClosed>, StoreError> {
    let mut trail = ServerTrail::new(practice, tx, now);
    let id = trail.event_id();
    let facts = Facts::of_practice(practice.row.id);
    let allowed = match decide(Rights::built_in(), actor, Action::CloseAlerts, &facts, now) {
        Ok(allowed) => allowed,
        Err(denied) => {
            let _denied = denied.record(&mut trail, id, now)?;
            return Ok(Err(NotClosed::NotAllowed));
        }
    };
    let Some(after) = number.checked_sub(1) else { return Ok(Err(NotClosed::NoAlert)) };
    let row = tx.alerts(after, 1)?.into_iter().find(|row| row.number == number);
    let Some(row) = row.filter(|row| row.acknowledged.is_none()) else { return Ok(Err(NotClosed::NoAlert)) };
    if row.person == Some(actor.person) {
        let stamp = trail.stamp();
        let tried = AuditEvent::denied(stamp, actor, Action::CloseAlerts, None, DeniedReason::NotYourRole);
        trail.append(&tried)?;
        return Ok(Err(NotClosed::AboutOneself));
    }
    let what = format!("alert={number}&outcome={}", outcome.as_str());
    allowed.with_tokens(what.as_bytes()).permit(&mut trail, id, now)?;
    let closed = tx.acknowledge_alert(number, &Acknowledged { by: actor.person, at: now, outcome })?;
    Ok(if closed { Ok(()) } else { Err(NotClosed::NoAlert) })
}

/// A workstation with its label.
pub(crate) fn named_device(tx: &dyn Transaction, id: DeviceId) -> Result<NamedDevice, StoreError> {
    Ok(NamedDevice { id, label: tx.device(id)?.map(|row| row.label) })
}

fn named_person(tx: &dyn Transaction, id: PersonId) -> Result<NamedPerson, StoreError> {
    Ok(NamedPerson { id, name: tx.person(id)?.map(|row| row.name) })
}

fn entry(tx: &dyn Transaction, row: AlertRow) -> Result<AlertEntry, StoreError> {
    let closed = row.acknowledged.map(|seen| -> Result<_, StoreError> {
        Ok(Closed { by: named_person(tx, seen.by)?, at: seen.at, outcome: seen.outcome })
    });
    Ok(AlertEntry {
        number: row.number,
        at: row.at,
        kind: row.kind.as_str().to_owned(),
        device: row.device.map(|id| named_device(tx, id)).transpose()?,
        person: row.person.map(|id| named_person(tx, id)).transpose()?,
        detail: row.detail,
        closed: closed.transpose()?,
    })
}
