//! Writing the log of a workstation into a file, sealed and signed. That it was done stands in the log before any of it is written.

use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::export::{ExportKey, ExportedEntry, Exporter, PartKind, write_entries};
use keys::marks::Marks;
use keys::{Random, SigningKey};
use records::event::{AuditEvent, Node, Observer, Stamp};
use sync::wire::{AuditReceipt, Base64Bytes, ExportHead, ExportedBy};
use vault::{Device, Setting, StoredEntry};

use crate::courier::{Opened, open};
use crate::keyring::Keyring;
use crate::station::{kept_text, new_event_id};
use crate::{ClientError, Code};

/// Entries in one part.
const IN_ONE_PART: u32 = 500;

/// What was written.
#[derive(Debug)]
pub struct Exported {
    /// What opens the file; it goes another way.
    pub key: ExportKey,
    /// How many entries.
    pub entries: u64,
    /// How many of them the server has confirmed.
    pub confirmed: u64,
}

/// Writes the log of the workstation in `data_dir`; the keyring has the key of `device.db`. `progress` hears how many entries
/// of how many were written.
///
/// # Errors
/// What keeps the folder from being opened, `audit-failed` when the event could not be written, `disk-error` and `disk-full`.
pub fn export(
    data_dir: &Path,
    keyring: &dyn Keyring,
    out: &mut dyn Write,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, ClientError> {
    let Opened { mut device, keys, ground } = open(data_dir, keyring)?;
    let identity = device.identity();
    let stamp = Stamp { id: new_event_id(now), at: now, observer: Observer::Workstation(identity.device) };
    let node = Node { practice: identity.practice, device: identity.device };
    let event = AuditEvent::audit_exported(stamp, node, identity.log);
    device.append_all(&[event]).map_err(crate::store_error::in_trail)?;
    let head = head_of(&device, now, ground.trust.root_certificate())?;
    let mut part = |first, most| Part::of(&device, first, most);
    let (key, entries) = write_log(&head, &keys.checkpoint, &mut part, out, progress)?;
    Ok(Exported { key, entries, confirmed: device.delivered_size()? })
}

/// Entries that follow on one another, with their marks.
pub(crate) struct Part {
    entries: Vec<StoredEntry>,
    marks: Vec<Marks>,
}

impl Part {
    /// Entries from `first`, at most `most`.
    pub(crate) fn of(device: &Device, first: u64, most: u32) -> Result<Self, ClientError> {
        let entries = device.stored_entries(first, most)?;
        let ends = entries.first().zip(entries.last());
        let marks = ends.map(|(begun, last)| marks(device, begun.position, last.position + 1));
        Ok(Self { marks: marks.transpose()?.unwrap_or_default(), entries })
    }
}

/// What an export says of the log, as it ends now.
pub(crate) fn head_of(device: &Device, now: Timestamp, root: &[u8]) -> Result<ExportHead, ClientError> {
    let (identity, head) = (device.identity(), device.log_head());
    Ok(ExportHead {
        made_at: now,
        made_by: ExportedBy::Workstation,
        practice: identity.practice,
        device: Some(identity.device),
        log: identity.log,
        size: head.size,
        root: head.root.to_string(),
        root_certificate: root.to_vec().into(),
        trust_bundles: bundles(device)?,
        checkpoint_keys: checkpoint_keys(device)?,
        checkpoints: notes(device)?,
        receipts: receipts(device)?,
        purges: Vec::new(),
    })
}

/// Writes a log up to where its head says; `part` reads it piece by piece, so that nobody has to wait for all of it. The event
/// is in it already. Returns the key and how many entries were written.
pub(crate) fn write_log(
    head: &ExportHead,
    checkpoint: &SigningKey,
    part: &mut dyn FnMut(u64, u32) -> Result<Part, ClientError>,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(ExportKey, u64), ClientError> {
    let (key, mut random) = (ExportKey::make(&mut Random::from_os()), Random::from_os());
    let (mut exporter, start) = Exporter::begin(&key, random.uuid());
    out.write_all(&start)?;
    let json = serde_json::to_vec(head).map_err(|_| Code::Internal)?;
    out.write_all(&exporter.part(PartKind::Head, &json, &mut random))?;
    let (mut first, mut written) = (0, 0);
    loop {
        // Others may go on appending meanwhile; what comes after the head is in the next export.
        let left = u32::try_from(head.size.saturating_sub(first)).unwrap_or(u32::MAX);
        let Part { entries, marks } = part(first, left.min(IN_ONE_PART))?;
        let Some(last) = entries.last() else { break };
        (first, written) = (last.position + 1, written + entries.len() as u64);
        let entries: Vec<ExportedEntry> = entries
            .into_iter()
            .map(|entry| ExportedEntry { position: entry.position, leaf: entry.leaf.0, event: entry.event })
            .collect();
        out.write_all(&exporter.part(PartKind::Entries, &write_entries(&entries), &mut random))?;
        for marks in marks {
            out.write_all(&exporter.part(PartKind::Marks, &marks.to_bytes(), &mut random))?;
        }
        progress(written, head.size);
    }
    out.write_all(&exporter.end(checkpoint, &mut random))?;
    Ok((key, written))
}

/// The marks of entries from an index up to another, those of each chain by themselves.
fn marks(device: &Device, from: u64, end: u64) -> Result<Vec<Marks>, ClientError> {
    let (mut all, mut at) = (Vec::new(), from);
    while at < end {
        at = match device.marks_of(at, end)? {
            Some(marks) => {
                let next = marks.end();
                all.push(marks);
                next
            }
            None => device.chain_after(at)?.unwrap_or(end),
        };
    }
    Ok(all)
}

fn bundles(device: &Device) -> Result<Vec<Base64Bytes>, ClientError> {
    let earlier = device.setting(Setting::EarlierTrustBundles)?.unwrap_or_default();
    let earlier = String::from_utf8(earlier).map_err(|_| Code::VaultDamaged)?;
    let present = kept_text(device, Setting::TrustBundle)?;
    decoded(earlier.lines().chain(std::iter::once(present.as_str())))
}

fn checkpoint_keys(device: &Device) -> Result<Vec<Base64Bytes>, ClientError> {
    decoded(kept_text(device, Setting::CheckpointKeys)?.lines())
}

fn decoded<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Base64Bytes>, ClientError> {
    let decode = |text: &str| STANDARD.decode(text.trim()).map(Base64Bytes).map_err(|_| Code::VaultDamaged);
    Ok(texts.map(decode).collect::<Result<_, _>>()?)
}

/// What is kept as a note and is no text is left out: a checkpoint that cannot be read vouches for nothing.
fn notes(device: &Device) -> Result<Vec<String>, ClientError> {
    let notes = device.checkpoint_notes()?;
    Ok(notes.into_iter().filter_map(|note| String::from_utf8(note).ok()).collect())
}

fn receipts(device: &Device) -> Result<Vec<AuditReceipt>, ClientError> {
    let receipts = device.receipts()?;
    Ok(receipts.iter().filter_map(|(_, json)| serde_json::from_slice(json).ok()).collect())
}
