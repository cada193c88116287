//! Giving orders to workstations: numbered, signed, and fetched by each at its next contact.

use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{self, DirectiveRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::Timestamp;
use keys::Purpose;
use records::AuditEvent;
use records::event::{Alert, Node};
use records::id::DeviceId;
use records::rights::Trail as _;
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
    number.ok_or_else(|| {
        Failure::new(
            Kind::Usage,
            "There is no such workstation.",
            "Check the id with `device list`; nothing was changed.",
        )
    })
}

/// Gives an order within a unit of work.
pub(crate) fn give(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    order: &DirectiveOrder,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let number = tx.directives(device, 0)?.last().map_or(0, |last| last.number) + 1;
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
