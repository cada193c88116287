//! Audit events of others (IHE ITI-20, FHIR feed). They lie in a log of their own for each machine that sends them, apart
//! from the signed log of a workstation; none is refused for what it says, only for what it is not.

use super::reply::Trouble;
use crate::practice::Practice;
use crate::store::{self, Leaf, LogRow, StoreError};
use jiff::Timestamp;
use records::AuditEvent;
use records::id::{DeviceId, EventId, LogId};
use records::log::{LogPosition, Tree, audit_leaf_hash};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The largest event that is taken in, in bytes.
const LARGEST: usize = 256 << 10;

/// What became of one event.
pub(crate) struct Taken {
    pub(crate) id: EventId,
    /// False where it was here before: whoever hears no answer sends again.
    pub(crate) is_new: bool,
}

/// Takes events in, each by itself: one that is none does not keep the others from the log.
pub(crate) fn feed(
    practice: &Practice,
    device: DeviceId,
    events: &[&[u8]],
    now: Timestamp,
) -> Result<Vec<Result<Taken, Trouble>>, Trouble> {
    let read: Vec<_> = events.iter().map(|event| readable(device, event)).collect();
    let id = log_of(device);
    let taken = store::write(practice.store.as_ref(), |tx| -> Result<_, StoreError> {
        let known = tx.log(id)?;
        if known.is_none() {
            tx.insert_log(&LogRow {
                id,
                device: None,
                tree: Tree::new(),
                checkpoint: None,
                marks: Vec::new(),
                updated_at: now,
            })?;
        }
        let mut log = match known {
            Some(log) => log,
            None => tx.log(id)?.ok_or(StoreError::Unreadable("a log that was just made"))?,
        };
        log.updated_at = now;
        let (mut leaves, mut taken): (Vec<Leaf>, Vec<Result<Taken, Trouble>>) = (Vec::new(), Vec::new());
        let mut here: Vec<EventId> = Vec::new();
        for event in read {
            match event {
                Ok((event_id, _)) if here.contains(&event_id) || tx.has_event(&event_id.to_string())? => {
                    taken.push(Ok(Taken { id: event_id, is_new: false }));
                }
                Ok((event_id, bytes)) => {
                    let position = LogPosition { log: id, index: log.tree.size() };
                    let hash = audit_leaf_hash(position, &bytes);
                    log.tree.push(hash);
                    leaves.push(Leaf { index: position.index, hash, event: bytes });
                    here.push(event_id);
                    taken.push(Ok(Taken { id: event_id, is_new: true }));
                }
                Err(trouble) => taken.push(Err(trouble)),
            }
        }
        if !leaves.is_empty() {
            tx.append_leaves(&log, &leaves)?;
        }
        Ok(taken)
    })?;
    Ok(taken)
}

/// The log of what a machine feeds: made by the server, and told from every log of a workstation by how it is named.
pub(crate) fn log_of(device: DeviceId) -> LogId {
    LogId::from_uuid(named(b"chartkeep/audit-feed/v1\0", device, b""))
}

/// The event under the id that the server gives it: the same for the same bytes of the same machine, so that what is sent
/// twice is here once.
fn readable(device: DeviceId, bytes: &[u8]) -> Result<(EventId, Vec<u8>), Trouble> {
    let event = AuditEvent::parse(bytes.to_vec()).ok().filter(|_| bytes.len() <= LARGEST);
    let mut value = event.ok_or(not_an_event())?.value();
    let id = EventId::from_uuid(named(b"chartkeep/fed-event/v1\0", device, bytes));
    let members = value.as_object_mut().ok_or(not_an_event())?;
    members.insert("id".to_owned(), Value::from(id.to_string()));
    Ok((id, value.to_string().into_bytes()))
}

fn named(label: &[u8], device: DeviceId, bytes: &[u8]) -> uuid::Uuid {
    let hash = Sha256::new().chain_update(label).chain_update(device.uuid().as_bytes()).chain_update(bytes);
    let mut half = [0; 16];
    half.iter_mut().zip(hash.finalize()).for_each(|(place, byte)| *place = byte);
    uuid::Builder::from_custom_bytes(half).into_uuid()
}

const fn not_an_event() -> Trouble {
    Trouble::Outcome {
        status: 400,
        issue: "structure",
        text: "This is not an AuditEvent.",
        advice: "Send one JSON object with resourceType AuditEvent, of at most 256 KiB.",
    }
}
