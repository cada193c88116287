//! `POST /v1/attachments` and `/v1/attachments/read`: attached files in parts, up and down. The certificate of the workstation
//! is enough, because it opens nothing: a file is sealed under a key that is in its record, and that goes with the drawers.

use super::inbox;
use crate::answer::{Answer, Refusal, json};
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store::{self, AttachmentRow, Transaction};
use axum::extract::State;
use records::id::{AttachmentId, DeviceId};
use sha2::{Digest as _, Sha256};
use sync::wire::{
    AttachmentHeld, AttachmentPart, AttachmentPiece, AttachmentRead, LONGEST_ATTACHMENT, LONGEST_PART,
    ProblemCode,
};

/// A part as base64, and what stands around it.
const PART: usize = 2 << 20;

/// `POST /v1/attachments`.
pub(crate) async fn take(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(part): Json<AttachmentPart, PART>,
) -> Answer {
    let held = blocking(move || take_part(&practice, workstation.id(), &part)).await?;
    json(&held)
}

/// `POST /v1/attachments/read`.
pub(crate) async fn read(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(asked): Json<AttachmentRead, SMALL>,
) -> Answer {
    let piece = blocking(move || read_part(&practice, workstation.id(), &asked)).await?;
    json(&piece)
}

/// Takes a part where it follows what is held; says how far the file has come.
fn take_part(
    practice: &Practice,
    device: DeviceId,
    part: &AttachmentPart,
) -> Result<AttachmentHeld, Refusal> {
    check(part)?;
    let held = store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
        let row = begun(tx, device, part, practice.clock.now())?;
        let bytes = part.bytes.as_slice();
        if part.from != row.held || bytes.is_empty() {
            return Ok(Some(row.held));
        }
        tx.append_attachment(part.attachment, row.held, bytes)?;
        let held = row.held.saturating_add(length(bytes));
        if held < row.length || digest(tx, part.attachment, held)? == row.digest {
            return Ok(Some(held));
        }
        // It counts, so that what is wrong does not lie there.
        tx.empty_attachment(part.attachment)?;
        Ok(None)
    })?;
    held.map(|held| AttachmentHeld { held }).ok_or_else(|| ProblemCode::Malformed.into())
}

fn check(part: &AttachmentPart) -> Result<(), Refusal> {
    let bytes = part.bytes.as_slice();
    if part.length > LONGEST_ATTACHMENT || bytes.len() > LONGEST_PART {
        return Err(ProblemCode::TooLarge.into());
    }
    let fits = part.from.checked_add(length(bytes)).is_some_and(|end| end <= part.length);
    if part.length == 0 || !fits || part.digest.as_slice().len() != 32 {
        return Err(ProblemCode::Malformed.into());
    }
    Ok(())
}

/// The file, begun where it is new. An id stands for one file of one workstation.
fn begun(
    tx: &dyn Transaction,
    device: DeviceId,
    part: &AttachmentPart,
    now: jiff::Timestamp,
) -> Result<AttachmentRow, Refusal> {
    let digest = part.digest.as_slice().to_vec();
    match tx.attachment(part.attachment)? {
        Some(row) if row.device != device || row.length != part.length || row.digest != digest => {
            Err(ProblemCode::Malformed.into())
        }
        Some(row) => Ok(row),
        None => {
            let row = AttachmentRow { device, length: part.length, digest, held: 0 };
            tx.insert_attachment(part.attachment, &row, now)?;
            Ok(row)
        }
    }
}

fn digest(tx: &dyn Transaction, id: AttachmentId, held: u64) -> Result<Vec<u8>, Refusal> {
    let (mut hash, mut at) = (Sha256::new(), 0);
    while at < held {
        let (_, bytes) = tx.attachment_part(id, at)?.ok_or(ProblemCode::Internal)?;
        hash.update(&bytes);
        at = at.saturating_add(length(&bytes).max(1));
    }
    Ok(hash.finalize().to_vec())
}

/// Each part that is read is an event first. A file that has not wholly arrived is not there yet.
fn read_part(
    practice: &Practice,
    device: DeviceId,
    asked: &AttachmentRead,
) -> Result<AttachmentPiece, Refusal> {
    let store = practice.store.as_ref();
    let row = store::read(store, |tx| tx.attachment(asked.attachment))?;
    let row = row.filter(|row| row.held == row.length).ok_or(ProblemCode::NotFound)?;
    let what = format!("Binary/{} from {}", asked.attachment, asked.from);
    let permit =
        store::write(store, |tx| inbox::permit(practice, tx, device, what.as_bytes(), practice.clock.now()))?;
    let part = store::read(store, |tx| tx.attachment_part(asked.attachment, asked.from))?;
    drop(permit);
    let bytes = part.map_or_else(Vec::new, |(begins, bytes)| {
        let skipped = usize::try_from(asked.from.saturating_sub(begins)).unwrap_or(usize::MAX);
        bytes.get(skipped..).unwrap_or_default().to_vec()
    });
    Ok(AttachmentPiece { length: row.length, digest: row.digest.into(), bytes: bytes.into() })
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
