//! Taking in attached files part by part, by whichever way a part comes: the same limits, and one file under an id.

use crate::store::{AttachmentRow, StoreError, Transaction};
use jiff::Timestamp;
use records::id::{AttachmentId, DeviceId};
use sha2::{Digest as _, Sha256};
use sync::wire::{AttachmentPart, LONGEST_ATTACHMENT, LONGEST_PART};

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// So many bytes of the file are here now. A part that leaves a gap is not among them.
    Held(u64),
    /// The part or its file is longer than any may be.
    TooLarge,
    /// It is no part, or of another file than the one of this id, or the file is not what was announced.
    Malformed,
}

/// Takes in of a part what follows what is held. What comes out is to be committed, refusals included.
pub(crate) fn take_part(
    tx: &dyn Transaction,
    device: DeviceId,
    part: &AttachmentPart,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    if let Some(refused) = refused(part) {
        return Ok(refused);
    }
    let Some(row) = begun(tx, device, part, now)? else { return Ok(Taken::Malformed) };
    let known = row.held.checked_sub(part.from).and_then(|known| usize::try_from(known).ok());
    let new = known.and_then(|known| part.bytes.as_slice().get(known..)).unwrap_or_default();
    if new.is_empty() {
        return Ok(Taken::Held(row.held));
    }
    tx.append_attachment(part.attachment, row.held, new)?;
    let held = row.held.saturating_add(length(new));
    if held < row.length || digest(tx, part.attachment, held)? == row.digest {
        return Ok(Taken::Held(held));
    }
    // It counts, so that what is wrong does not lie there.
    tx.empty_attachment(part.attachment)?;
    Ok(Taken::Malformed)
}

fn refused(part: &AttachmentPart) -> Option<Taken> {
    let bytes = part.bytes.as_slice();
    if part.length > LONGEST_ATTACHMENT || bytes.len() > LONGEST_PART {
        return Some(Taken::TooLarge);
    }
    let fits = part.from.checked_add(length(bytes)).is_some_and(|end| end <= part.length);
    let is_part = part.length > 0 && fits && part.digest.as_slice().len() == 32;
    (!is_part).then_some(Taken::Malformed)
}

/// The file, begun where it is new. An id stands for one file of one workstation; `None` where this is another one.
fn begun(
    tx: &dyn Transaction,
    device: DeviceId,
    part: &AttachmentPart,
    now: Timestamp,
) -> Result<Option<AttachmentRow>, StoreError> {
    let digest = part.digest.as_slice().to_vec();
    if let Some(row) = tx.attachment(part.attachment)? {
        let is_same = row.device == device && row.length == part.length && row.digest == digest;
        return Ok(is_same.then_some(row));
    }
    let row = AttachmentRow { device, length: part.length, digest, held: 0 };
    tx.insert_attachment(part.attachment, &row, now)?;
    Ok(Some(row))
}

fn digest(tx: &dyn Transaction, id: AttachmentId, held: u64) -> Result<Vec<u8>, StoreError> {
    let (mut hash, mut at) = (Sha256::new(), 0);
    while at < held {
        let missing = StoreError::Unreadable("a part of an attached file");
        let (_, bytes) = tx.attachment_part(id, at)?.ok_or(missing)?;
        hash.update(&bytes);
        at = at.saturating_add(length(&bytes).max(1));
    }
    Ok(hash.finalize().to_vec())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
