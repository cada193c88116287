//! Taking in what a courier brings: the same checks as over the wire, for whichever workstation wrote it.

use crate::answer::Refusal;
use crate::applying::receive_envelope;
use crate::audit_intake::{Batch, Sender, Taken, Way, take_in};
use crate::error::Failure;
use crate::practice::Practice;
use crate::store::{self, StoreError, Transaction};
use jiff::Timestamp;
use keys::Random;
use keys::courier::{Item, ItemKind};
use records::id::{DeviceId, LogId};
use std::collections::BTreeMap;
use sync::wire::{AuditBatch, Base64Bytes, CourierAnswers, CourierResponse, ItemResult, ItemStanding};

/// Takes items in, each in a commit of its own: a bad one costs only itself, and one that came before changes nothing.
///
/// # Errors
/// When the store fails or the disk refuses; what was taken in before that is held, and may be brought again.
pub fn take_items(practice: &Practice, items: &[Vec<u8>]) -> Result<CourierResponse, Failure> {
    let read: Vec<Option<Item>> = items.iter().map(|bytes| Item::parse(bytes).ok()).collect();
    let mut results: Vec<ItemStanding> = vec![ItemStanding::Refused; items.len()];
    let mut answers: BTreeMap<DeviceId, CourierAnswers> = BTreeMap::new();
    // By workstation, envelopes in the order they were written: what a change stands on comes before it.
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|at| read.get(*at).and_then(Option::as_ref).map(|item| item.header));
    for at in order {
        let (Some(Some(item)), Some(result)) = (read.get(at), results.get_mut(at)) else { continue };
        let device = DeviceId::from_uuid(item.header.device);
        *result = store::write(practice.store.as_ref(), |tx| -> Result<ItemStanding, StoreError> {
            take(practice, tx, item, &mut answers, practice.clock.now())
        })?;
        tracing::debug!(%device, name = item.header.text(), "an item came by file");
    }
    let named = read.iter().zip(results).map(|(item, standing)| {
        let name = item.as_ref().map_or_else(|| "item".to_owned(), |item| item.header.text());
        ItemResult { name, standing }
    });
    Ok(CourierResponse { results: named.collect(), answers: seal(practice, answers)? })
}

fn take(
    practice: &Practice,
    tx: &dyn Transaction,
    item: &Item,
    answers: &mut BTreeMap<DeviceId, CourierAnswers>,
    now: Timestamp,
) -> Result<ItemStanding, StoreError> {
    let device = DeviceId::from_uuid(item.header.device);
    if item.header.practice != practice.row.id.uuid() || tx.device(device)?.is_none() {
        return Ok(ItemStanding::Refused);
    }
    let for_device = answers.entry(device).or_default();
    match item.header.kind {
        ItemKind::Envelope => take_envelope(practice, tx, device, item, for_device, now),
        ItemKind::Events => take_events(practice, tx, device, item, for_device, now),
        // Answers are for workstations; here they are nobody's.
        ItemKind::Answers => Ok(ItemStanding::Refused),
    }
}

fn take_envelope(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    item: &Item,
    answers: &mut CourierAnswers,
    now: Timestamp,
) -> Result<ItemStanding, StoreError> {
    let Some(envelope) = item.envelope() else { return Ok(ItemStanding::Refused) };
    let receipt = receive_envelope(practice, tx, device, envelope, now).map_err(as_store_error)?;
    let standing = if receipt.standing.is_held() { ItemStanding::Held } else { ItemStanding::Waits };
    answers.changes.push(receipt);
    Ok(standing)
}

fn take_events(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    item: &Item,
    answers: &mut CourierAnswers,
    now: Timestamp,
) -> Result<ItemStanding, StoreError> {
    let Ok(opened) = item.open_events(&practice.keys.sealing) else { return Ok(ItemStanding::Refused) };
    let Ok(parsed) = AuditBatch::parse(&opened.batch) else { return Ok(ItemStanding::Refused) };
    let batch = Batch {
        log: LogId::from_uuid(item.header.name),
        first_index: item.header.first,
        events: &parsed.events,
        checkpoint: &opened.note,
        marks: parsed.marks.as_deref(),
    };
    let sender = Sender { device, way: Way::File };
    match take_in(practice, tx, sender, &batch, now).map_err(as_store_error)? {
        Taken::Held(receipt) => {
            answers.logs.retain(|known| known.log != receipt.log);
            answers.logs.push(receipt);
            Ok(ItemStanding::Held)
        }
        Taken::Missing => Ok(ItemStanding::Waits),
        Taken::Refused(_) => Ok(ItemStanding::Refused),
    }
}

/// What the inner functions refuse for reasons of their own is a fault here: everything they may say no to is a value.
fn as_store_error(refusal: Refusal) -> StoreError {
    StoreError::Failed(format!("{refusal:?}").into())
}

fn seal(
    practice: &Practice,
    answers: BTreeMap<DeviceId, CourierAnswers>,
) -> Result<Vec<Base64Bytes>, Failure> {
    let mut sealed = Vec::new();
    for (device, answers) in answers {
        let row = store::read(practice.store.as_ref(), |tx| tx.device(device))?;
        let Some(row) = row else { continue };
        let json =
            serde_json::to_vec(&answers).map_err(|_| Failure::internal("Answers cannot be written."))?;
        let item = Item::of_answers(
            practice.row.id.uuid(),
            device.uuid(),
            &json,
            &practice.keys.directive,
            &row.agreement_key,
            &mut Random::from_os(),
        );
        match item {
            Ok(item) => sealed.push(Base64Bytes(item.to_bytes())),
            Err(_) => tracing::warn!(%device, "answers cannot be sealed to this workstation"),
        }
    }
    Ok(sealed)
}
