//! Giving orders to workstations: numbered, signed, and fetched by each at its next contact.

use crate::erasing;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::recovering;
use crate::store::{self, DirectiveRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::{SignedDuration, Timestamp};
use keys::{DrawerKeys, Purpose, Random};
use records::event::{Alert, Node};
use records::id::DeviceId;
use records::rights::Trail as _;
use records::{AuditEvent, Drawer};
use sync::wire::{Directive, DirectiveOrder};

/// Gives a workstation an order; returns the directive's number.
///
/// # Errors
/// When there is no such workstation, or the store fails.
pub fn order(practice: &Practice, device: DeviceId, order: &DirectiveOrder) -> Result<u64, Failure> {
    let now = practice.clock.now();
    let number = store::write(practice.store.as_ref(), |tx| -> Result<Option<u64>, StoreError> {
        match tx.device(device)? {
            Some(_) => give(practice, tx, device, order, now).map(Some),
            None => Ok(None),
        }
    })?;
    number.ok_or_else(no_such_workstation)
}

/// Makes new keys for a drawer of a workstation and tells it to re-key; returns the directive's number and the new
/// generation. People get the new keys beside the old ones until the workstation has done it; then the old ones go.
///
/// # Errors
/// When there is no such workstation, or the store fails.
pub fn re_key(practice: &Practice, device: DeviceId, drawer: Drawer) -> Result<(u64, u32), Failure> {
    let now = practice.clock.now();
    let given = store::write(practice.store.as_ref(), |tx| give_re_key(practice, tx, device, drawer, now))?;
    given.ok_or_else(no_such_workstation)
}

/// As [`re_key`], within a unit of work; nothing where the workstation has no such drawer.
pub(crate) fn give_re_key(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    drawer: Drawer,
    now: Timestamp,
) -> Result<Option<(u64, u32)>, StoreError> {
    let Some((newest, _)) = tx.drawer_keys(device, drawer)?.into_iter().next() else { return Ok(None) };
    // A store that was put back may not know the newest keys: no generation is given twice.
    let least = recovering::epoch(tx)?.map_or(0, |epoch| u32::try_from(epoch.number).unwrap_or(u32::MAX));
    let keys = DrawerKeys::make(newest.saturating_add(1).max(least), &mut Random::from_os());
    let sealed = practice.keys.seal_drawer(device.uuid(), drawer.as_str(), &keys);
    tx.insert_drawer_key((device, drawer), keys.generation, &sealed, now)?;
    let order = DirectiveOrder::ReKey { drawer, generation: keys.generation };
    let number = give(practice, tx, device, &order, now)?;
    Ok(Some((number, keys.generation)))
}

/// Gives new keys to every drawer of a workstation whose keys are older than the policy allows, unless newer ones are on
/// their way already.
pub(crate) fn re_key_by_calendar(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    rekey_days: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    for drawer in Drawer::ALL {
        let made: Vec<Timestamp> = tx.drawer_keys_made(device, drawer)?;
        if is_re_key_due(&made, rekey_days, now) {
            give_re_key(practice, tx, device, drawer, now)?;
        }
    }
    Ok(())
}

/// Whether keys that were made then are to be replaced: one generation is in use, and it is too old. 0 days is never.
#[must_use]
pub fn is_re_key_due(made: &[Timestamp], rekey_days: u32, now: Timestamp) -> bool {
    let [made] = made else { return false };
    let age = SignedDuration::from_hours(24 * i64::from(rekey_days));
    rekey_days > 0 && made.duration_until(now) >= age
}

/// Takes in that a workstation has carried out its orders up to a number: keys that were replaced go for good.
pub(crate) fn note_done(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    (before, done): (u64, u64),
    now: Timestamp,
) -> Result<(), StoreError> {
    if done <= before {
        return Ok(());
    }
    for row in tx.directives(device, before)?.into_iter().filter(|row| row.number <= done) {
        match read_order(&row)? {
            DirectiveOrder::ReKey { drawer, generation } => {
                tx.retire_drawer_keys(device, drawer, generation, now)?;
            }
            DirectiveOrder::Wipe { .. } => {
                // What it destroyed there must not lie here either: it comes back only as another workstation.
                for drawer in Drawer::ALL {
                    tx.retire_drawer_keys(device, drawer, u32::MAX, now)?;
                }
                tx.forget_escrow(device)?;
                tx.revoke_device(device, now)?;
                erasing::certify(practice, tx, now)?;
                tx.forget_twins_on(device)?;
            }
            DirectiveOrder::ErasePatient { patient } => {
                erasing::confirmed(practice, tx, (&patient, device), now)?;
            }
            DirectiveOrder::Lock
            | DirectiveOrder::DropPerson { .. }
            | DirectiveOrder::RolesChanged { .. }
            | DirectiveOrder::SendAgain { .. }
            | DirectiveOrder::Unknown(_) => {}
        }
    }
    Ok(())
}

/// The order in a row.
pub(crate) fn read_order(row: &DirectiveRow) -> Result<DirectiveOrder, StoreError> {
    serde_json::from_str(&row.body).map_err(|_| StoreError::Unreadable("a directive"))
}

fn no_such_workstation() -> Failure {
    let advice = "Check the id with `device list`; nothing was changed.";
    Failure::new(Kind::Usage, "There is no such workstation.", advice)
}

/// Gives an order within a unit of work.
pub(crate) fn give(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    order: &DirectiveOrder,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let next = tx.directives(device, 0)?.last().map_or(0, |last| last.number) + 1;
    let number = next.max(recovering::least_number(tx)?);
    let signed = Directive::signed_bytes(device, number, order);
    let signature = practice.keys.directive.sign(Purpose::Directive, &signed).to_bytes();
    let body = serde_json::to_string(order).map_err(|error| StoreError::Failed(Box::new(error)))?;
    tx.insert_directive(device, &DirectiveRow { number, issued_at: now, body, signature })?;
    let mut trail = ServerTrail::new(practice, tx, now);
    let node = Node { practice: practice.row.id, device };
    let event = AuditEvent::security_alert(trail.stamp(), node, Alert::DeviceChanged);
    trail.append(&event)?;
    Ok(number)
}
