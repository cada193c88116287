//! `POST /v1/attachments` and `/v1/attachments/read`: attached files in parts, up and down. The certificate of the workstation
//! is enough, because it opens nothing: a file is sealed under a key that is in its record, and that goes with the drawers.

use super::inbox;
use crate::answer::{Answer, Refusal, json};
use crate::attaching::{self, Taken};
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store;
use axum::extract::State;
use records::id::DeviceId;
use sync::wire::{AttachmentHeld, AttachmentPart, AttachmentPiece, AttachmentRead, ProblemCode};

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

fn take_part(
    practice: &Practice,
    device: DeviceId,
    part: &AttachmentPart,
) -> Result<AttachmentHeld, Refusal> {
    let taken = store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
        Ok(attaching::take_part(tx, device, part, practice.clock.now())?)
    })?;
    match taken {
        Taken::Held(held) => Ok(AttachmentHeld { held }),
        Taken::TooLarge => Err(ProblemCode::TooLarge.into()),
        Taken::Malformed => Err(ProblemCode::Malformed.into()),
    }
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
