//! Audit events sealed to the server, each run under the signed head that covers it.

use jiff::Timestamp;
use keys::Random;
use keys::checkpoint::Checkpoint;
use keys::courier::{EventsFrom, Item, OpenedEvents};
use sync::wire::{audit_batch_json, checkpoint_key_name, checkpoint_origin};
use vault::{Device, Identity, LogHead};

use crate::device_keys::DeviceKeys;
use crate::station::Trust;
use crate::{ClientError, Code};

/// At most so many events in one item.
const MOST_EVENTS: u32 = 1_000;
/// And so many bytes.
const MOST_BYTES: usize = 4 << 20;

/// The signed note over a head of this workstation's log.
pub(crate) fn signed_note(
    identity: Identity,
    keys: &DeviceKeys,
    head: LogHead,
    at: Timestamp,
) -> Option<String> {
    let origin = checkpoint_origin(identity.log);
    let checkpoint = Checkpoint { origin, size: head.size, root: *head.root.as_bytes(), at };
    checkpoint.sign(&checkpoint_key_name(identity.device), &keys.checkpoint).ok()
}

/// The events from `first` on, as items.
pub(crate) fn seal_from(
    device: &Device,
    keys: &DeviceKeys,
    trust: &Trust,
    first: u64,
    now: Timestamp,
) -> Result<Vec<Item>, ClientError> {
    let identity = device.identity();
    let (mut items, mut at, mut random) = (Vec::new(), first, Random::from_os());
    while at < device.log_head().size {
        let batch = device.entries_from(at, MOST_EVENTS, MOST_BYTES)?;
        let count = u32::try_from(batch.events.len()).map_err(|_| Code::Internal)?;
        if count == 0 {
            return Err(Code::VaultDamaged.into());
        }
        let end = at + u64::from(count);
        let head = device.head_at(end)?.ok_or(Code::VaultDamaged)?;
        let note = signed_note(identity, keys, head, now).ok_or(Code::Internal)?;
        let from = EventsFrom {
            practice: identity.practice.uuid(),
            device: identity.device.uuid(),
            log: identity.log.uuid(),
            first: at,
            count,
        };
        let marks = batch.marks.map(|marks| marks.to_bytes());
        let events = OpenedEvents { note, batch: audit_batch_json(&batch.events, marks.as_deref()) };
        let item = Item::of_events(&from, &events, &trust.sealing_key(), &mut random);
        items.push(item.map_err(|_| Code::Internal)?);
        at = end;
    }
    Ok(items)
}
