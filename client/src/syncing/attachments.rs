//! Attached files on their way to the server, in parts, also while locked; and those that somebody opens on their way here.

use std::sync::Arc;

use records::id::AttachmentId;
use sync::wire::{
    AttachmentHeld, AttachmentPart, AttachmentPiece, AttachmentRead, LONGEST_ATTACHMENT, LONGEST_PART,
    ProblemCode, path,
};
use vault::OwnAttachment;

use crate::https::ServerError;
use crate::station::Station;
use crate::syncing::Told;
use crate::{ClientError, Code};

/// Begins to send what the server does not hold whole, in the background. Where the server does not answer, the next contact
/// goes on.
pub(super) fn begin(station: &Arc<Station>) {
    let Some(turn) = station.take_attaching_turn() else { return };
    let station = station.clone();
    tokio::spawn(async move {
        if let Err(error) = send_all(&station).await {
            tracing::debug!(code = error.code.as_str(), "attached files are sent later");
        }
        if turn.end() {
            begin(&station);
        }
    });
}

async fn send_all(station: &Arc<Station>) -> Result<(), ClientError> {
    let unsent = on_device(station, |station| Ok(station.device().unsent_attachments()?)).await?;
    for own in unsent {
        match send(station, &own).await {
            Ok(()) => {}
            Err(error) if matches!(error.code, Code::ServerAway | Code::ServerUntrusted) => {
                return Err(error);
            }
            // It stays queued and is shown as unsent, and does not hold up the others.
            Err(error) => {
                tracing::error!(change = %own.change, attachment = %own.id, code = error.code.as_str(), "an attached file was not sent");
            }
        }
    }
    // A workstation that retires may have waited for it.
    on_device(station, |station| {
        station.orders_after_delivery();
        Ok(())
    })
    .await
}

/// Asks how far a file has come, and goes on from there.
async fn send(station: &Arc<Station>, own: &OwnAttachment) -> Result<(), ClientError> {
    let (id, length) = (own.id, own.length);
    let mut held = offer(station, own, 0, Vec::new()).await?;
    while held < length {
        let most = u64::try_from(LONGEST_PART).unwrap_or(u64::MAX);
        let part = on_device(station, move |station| {
            // The guard is not held while the disk is read.
            let folder = station.device().folder().clone();
            Ok(folder.read_attachment(id, held, most)?)
        })
        .await?;
        let next = offer(station, own, held, part).await?;
        if next <= held {
            return Err(Code::ServerAnswer.into());
        }
        held = next;
    }
    Ok(())
}

async fn offer(
    station: &Arc<Station>,
    own: &OwnAttachment,
    from: u64,
    part: Vec<u8>,
) -> Result<u64, ClientError> {
    let id = own.id;
    let part = AttachmentPart {
        attachment: id,
        length: own.length,
        digest: own.digest.into(),
        from,
        bytes: part.into(),
    };
    let AttachmentHeld { held } = station.server().call(path::ATTACHMENTS, &part).await?;
    let is_whole = held >= own.length;
    on_device(station, move |station| {
        station.device().attachment_held(id, held)?;
        station.files_moved();
        if is_whole {
            station.driver().tell(Told::FileHeld);
        }
        Ok(())
    })
    .await?;
    Ok(held)
}

/// Fetches a sealed file that is not here, from where an earlier try ended.
pub(crate) async fn fetch(station: &Arc<Station>, id: AttachmentId) -> Result<(), ClientError> {
    loop {
        let from = on_device(station, move |station| Ok(station.device().fetched(id)?)).await?;
        let asked = AttachmentRead { attachment: id, from };
        let piece: AttachmentPiece = match station.server().call(path::READ_ATTACHMENT, &asked).await {
            Err(ServerError::Refused(ProblemCode::NotFound)) => return Err(Code::AttachmentNotHere.into()),
            answer => answer?,
        };
        let bytes = piece.bytes.0;
        let end = from.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if piece.length > LONGEST_ATTACHMENT || end > piece.length || (bytes.is_empty() && end < piece.length)
        {
            return Err(Code::ServerAnswer.into());
        }
        let is_last = end == piece.length;
        let is_right = on_device(station, move |station| {
            let mut device = station.device();
            device.take_fetched(id, &bytes)?;
            Ok(!is_last || device.finish_fetched(id, piece.digest.as_slice())?)
        })
        .await?;
        if !is_right {
            return Err(Code::ServerAnswer.into());
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn on_device<T: Send + 'static>(
    station: &Arc<Station>,
    act: impl FnOnce(&Arc<Station>) -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ClientError> {
    let station = station.clone();
    tokio::task::spawn_blocking(move || act(&station)).await.map_err(|_| Code::Internal)?
}
