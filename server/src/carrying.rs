//! Taking in what a courier brings: the same checks as over the wire, for whichever workstation wrote it.

use crate::answer::Refusal;
use crate::applying::{files_of, receive_envelope};
use crate::attaching::{self, take_part};
use crate::audit_intake::{Batch, Sender, Taken, Way, take_in};
use crate::error::Failure;
use crate::practice::Practice;
use crate::recovering;
use crate::store::{self, StoreError, Transaction};
use jiff::Timestamp;
use keys::Random;
use keys::courier::{Item, ItemKind};
use records::id::{AttachmentId, ChangeId, DeviceId, LogId};
use std::collections::{BTreeMap, BTreeSet};
use sync::wire::{
    AttachmentPart, AuditBatch, Base64Bytes, CourierAnswers, CourierResponse, FileReceipt, ItemResult,
    ItemStanding, Standing,
};

/// What is to be said to one workstation.
#[derive(Default)]
struct Said {
    answers: CourierAnswers,
    /// The files that came, or that its changes speak of.
    files: BTreeSet<(ChangeId, AttachmentId)>,
}

/// Takes items in, each in a commit of its own: a bad one costs only itself, and one that came before changes nothing.
///
/// # Errors
/// When the store fails or the disk refuses; what was taken in before that is held, and may be brought again.
pub fn take_items(practice: &Practice, items: &[Vec<u8>]) -> Result<CourierResponse, Failure> {
    let read: Vec<Option<Item>> = items.iter().map(|bytes| Item::parse(bytes).ok()).collect();
    let mut results: Vec<ItemStanding> = vec![ItemStanding::Refused; items.len()];
    let mut said: BTreeMap<DeviceId, Said> = BTreeMap::new();
    // By workstation, envelopes in the order they were written: what a change stands on comes before it.
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|at| read.get(*at).and_then(Option::as_ref).map(|item| item.header));
    for at in order {
        let (Some(Some(item)), Some(result)) = (read.get(at), results.get_mut(at)) else { continue };
        let device = DeviceId::from_uuid(item.header.device);
        *result = store::write(practice.store.as_ref(), |tx| -> Result<ItemStanding, StoreError> {
            take(practice, tx, item, &mut said, practice.clock.now())
        })?;
        tracing::debug!(%device, name = item.header.text(), "an item came by file");
    }
    let named = read.iter().zip(results).map(|(item, standing)| {
        let name = item.as_ref().map_or_else(|| "item".to_owned(), |item| item.header.text());
        ItemResult { name, standing }
    });
    let results = named.collect();
    let recovery = store::read(practice.store.as_ref(), recovering::epoch)?.map_or(0, |epoch| epoch.number);
    let (mut answers, mut files) = (Vec::new(), Vec::new());
    for (device, mut said) in said {
        said.answers.recovery = recovery;
        said.answers.files = receipts(practice, &said.files)?;
        files.extend_from_slice(&said.answers.files);
        answers.extend(seal(practice, device, &said.answers)?);
    }
    Ok(CourierResponse { results, answers, files })
}

fn take(
    practice: &Practice,
    tx: &dyn Transaction,
    item: &Item,
    said: &mut BTreeMap<DeviceId, Said>,
    now: Timestamp,
) -> Result<ItemStanding, StoreError> {
    let device = DeviceId::from_uuid(item.header.device);
    if item.header.practice != practice.row.id.uuid() || tx.device(device)?.is_none() {
        return Ok(ItemStanding::Refused);
    }
    let said = said.entry(device).or_default();
    match item.header.kind {
        ItemKind::Envelope => take_envelope(practice, tx, device, item, said, now),
        ItemKind::Events => take_events(practice, tx, device, item, &mut said.answers, now),
        ItemKind::FilePart => take_file_part(tx, device, item, said, now),
        // Answers are for workstations; here they are nobody's.
        ItemKind::Answers => Ok(ItemStanding::Refused),
    }
}

fn take_envelope(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    item: &Item,
    said: &mut Said,
    now: Timestamp,
) -> Result<ItemStanding, StoreError> {
    let Some(envelope) = item.envelope() else { return Ok(ItemStanding::Refused) };
    let receipt = receive_envelope(practice, tx, device, envelope, now).map_err(as_store_error)?;
    let standing = if receipt.standing.is_held() { ItemStanding::Held } else { ItemStanding::Waits };
    if let (Some(change), false) = (receipt.change, matches!(receipt.standing, Standing::Refused { .. })) {
        let files = files_of(practice, tx, device, envelope, now).map_err(as_store_error)?;
        said.files.extend(files.into_iter().map(|file| (change, file)));
    }
    said.answers.changes.push(receipt);
    Ok(standing)
}

/// The workstation's signature stands in for its certificate: any key it ever had, since it may have been lost meanwhile. One
/// that was revoked is heard, as with its changes, which are put aside: a person may yet want what they speak of.
fn take_file_part(
    tx: &dyn Transaction,
    device: DeviceId,
    item: &Item,
    said: &mut Said,
    now: Timestamp,
) -> Result<ItemStanding, StoreError> {
    let keys = tx.checkpoint_keys(device)?;
    let Ok(signed) = item.signed_file_part(&keys) else { return Ok(ItemStanding::Refused) };
    let part = AttachmentPart {
        attachment: AttachmentId::from_uuid(signed.place.file),
        length: signed.place.length,
        digest: signed.place.digest.into(),
        from: signed.place.from,
        bytes: signed.bytes.into(),
    };
    let end = part.from.saturating_add(u64::from(item.header.count));
    said.files.insert((ChangeId::from_uuid(signed.place.change), part.attachment));
    Ok(match take_part(tx, device, &part, now)? {
        attaching::Taken::Held(held) if held < end => ItemStanding::Waits,
        attaching::Taken::Held(_) => ItemStanding::Held,
        attaching::Taken::TooLarge | attaching::Taken::Malformed => ItemStanding::Refused,
    })
}

/// How much of these files is here once all has been taken in.
fn receipts(
    practice: &Practice,
    files: &BTreeSet<(ChangeId, AttachmentId)>,
) -> Result<Vec<FileReceipt>, StoreError> {
    let mut receipts = Vec::with_capacity(files.len());
    for (change, attachment) in files.iter().copied() {
        let row = store::read(practice.store.as_ref(), |tx| tx.attachment(attachment))?;
        let (held, length) = row.map_or((0, 0), |row| (row.held, row.length));
        receipts.push(FileReceipt { change, attachment, held, length });
    }
    Ok(receipts)
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
    device: DeviceId,
    answers: &CourierAnswers,
) -> Result<Option<Base64Bytes>, Failure> {
    let Some(row) = store::read(practice.store.as_ref(), |tx| tx.device(device))? else { return Ok(None) };
    let json = serde_json::to_vec(answers).map_err(|_| Failure::internal("Answers cannot be written."))?;
    let item = Item::of_answers(
        practice.row.id.uuid(),
        device.uuid(),
        &json,
        &practice.keys.directive,
        &row.agreement_key,
        &mut Random::from_os(),
    );
    if item.is_err() {
        tracing::warn!(%device, "answers cannot be sealed to this workstation");
    }
    Ok(item.ok().map(|item| Base64Bytes(item.to_bytes())))
}
