//! Writing an audit log that the server holds into a file, sealed and signed: for whoever checks it elsewhere, with no network.
//!
//! The file holds who looked at whose record, so it is opened by a key of its own that goes another way. That it was written
//! stands in the server's own log before any of it is.

use crate::audit_intake::receipt;
use crate::error::{Failure, Kind};
use crate::marking;
use crate::practice::Practice;
use crate::purging::Certificates;
use crate::store::{self, Leaf, LogRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keys::export::{ExportKey, ExportedEntry, Exporter, PartKind, write_entries};
use keys::marks::Marks;
use keys::{Random, SecretBytes, VerifyingKey};
use records::AuditEvent;
use records::id::{DeviceId, LogId};
use records::rights::Trail as _;
use std::io::{self, Write};
use sync::wire::{Base64Bytes, ExportHead, ExportedBy};

/// Entries in one part.
const IN_ONE_PART: u64 = 500;

/// Which log.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// The server's own.
    Own,
    /// The present one of a workstation.
    Device(DeviceId),
    /// This one, such as the log of a workstation from before its disk was lost.
    Log(LogId),
}

/// What was written.
#[derive(Debug)]
pub struct Exported {
    /// What opens the file.
    pub key: ExportKey,
    /// The log.
    pub log: LogId,
    /// How many entries.
    pub entries: u64,
}

/// Writes a log. `progress` hears how many entries of how many were written.
///
/// # Errors
/// When there is no such log, the store fails, or the disk refuses.
pub fn export(
    practice: &Practice,
    which: Which,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, Failure> {
    let found = store::write(practice.store.as_ref(), |tx| begin(practice, tx, which))?;
    let (log, keys) = found.ok_or_else(|| {
        let advice = "`chartkeep-server audit verify` lists the logs. A workstation has one once it has delivered something.";
        Failure::new(Kind::Usage, "There is no such log.", advice)
    })?;
    let disk = |error: io::Error| Failure::disk("The export cannot be written.", &error);
    let json = serde_json::to_vec(&head(practice, &log, &keys)?);
    let json = json.map_err(|_| Failure::internal("The head of the export cannot be written."))?;
    let mut random = Random::from_os();
    let key = ExportKey::make(&mut random);
    let (mut exporter, start) = Exporter::begin(&key, random.uuid());
    out.write_all(&start).map_err(disk)?;
    out.write_all(&exporter.part(PartKind::Head, &json, &mut random)).map_err(disk)?;
    let (mut at, size) = (0, log.tree.size());
    while at < size {
        let most = IN_ONE_PART.min(size - at);
        let Part { leaves, marks } = store::read(practice.store.as_ref(), |tx| part(tx, log.id, at, most))?;
        let Some(last) = leaves.last() else { break };
        at = last.index + 1;
        let entries: Vec<ExportedEntry> = leaves
            .into_iter()
            .map(|leaf| ExportedEntry { position: leaf.index, leaf: leaf.hash.0, event: leaf.event })
            .collect();
        out.write_all(&exporter.part(PartKind::Entries, &write_entries(&entries), &mut random))
            .map_err(disk)?;
        for marks in marks {
            out.write_all(&exporter.part(PartKind::Marks, &marks.to_bytes(), &mut random)).map_err(disk)?;
        }
        progress(at, size);
    }
    out.write_all(&exporter.end(&practice.keys.directive, &mut random)).map_err(disk)?;
    Ok(Exported { key, log: log.id, entries: at })
}

/// The keys with which the marks of a workstation's logs begin, one a line: `<log> <index of the first entry> ckm1.<key>`. That they
/// were handed out stands in the server's own log first.
///
/// # Errors
/// When there is none, or the store fails.
pub fn start_keys(practice: &Practice, device: DeviceId) -> Result<SecretBytes, Failure> {
    let logs = store::write(practice.store.as_ref(), |tx| -> Result<Vec<LogRow>, StoreError> {
        let logs: Vec<LogRow> = tx
            .logs()?
            .into_iter()
            .filter(|log| log.device == Some(device) && !log.marks.is_empty())
            .collect();
        for log in &logs {
            let mut trail = ServerTrail::new(practice, tx, practice.clock.now());
            let event = AuditEvent::audit_exported(trail.stamp(), trail.node(), log.id);
            trail.append(&event)?;
        }
        Ok(logs)
    })?;
    if logs.is_empty() {
        let advice = "`chartkeep-server audit verify` lists the logs. A log has marks once its workstation has delivered some.";
        return Err(Failure::new(Kind::Usage, "There is no log with marks of this workstation.", advice));
    }
    let lines = logs.iter().map(|log| marking::start_keys(practice, log));
    let lines: Result<Vec<SecretBytes>, _> = lines.collect();
    let lines = lines.map_err(|_| Failure::internal("What is kept of the marks cannot be read."))?;
    let lines: Vec<&[u8]> = lines.iter().map(SecretBytes::expose).collect();
    Ok(SecretBytes::new(lines.concat()))
}

/// Leaves that follow on one another, and the marks that came with them.
struct Part {
    leaves: Vec<Leaf>,
    marks: Vec<Marks>,
}

fn part(tx: &dyn Transaction, log: LogId, first: u64, most: u64) -> Result<Part, StoreError> {
    let leaves = tx.leaves(log, first, most)?;
    let end = leaves.last().map_or(first, |last| last.index + 1);
    let mut marks = Vec::new();
    for row in tx.marks(log, first, end)? {
        let read = Marks::from_bytes(&row.marks).map_err(|_| StoreError::Unreadable("marks of a log"))?;
        marks.extend(read.within(first, end));
    }
    Ok(Part { leaves, marks })
}

/// The log and the keys that signed its checkpoints, once it is noted that it is taken elsewhere.
fn begin(
    practice: &Practice,
    tx: &dyn Transaction,
    which: Which,
) -> Result<Option<(LogRow, Vec<VerifyingKey>)>, StoreError> {
    let id = match which {
        Which::Own => Some(practice.row.log),
        Which::Device(device) => tx.device(device)?.and_then(|row| row.log),
        Which::Log(log) => Some(log),
    };
    let Some(id) = id.map(|id| tx.log(id)).transpose()?.flatten().map(|log| log.id) else { return Ok(None) };
    let mut trail = ServerTrail::new(practice, tx, practice.clock.now());
    let event = AuditEvent::audit_exported(trail.stamp(), trail.node(), id);
    trail.append(&event)?;
    // Read anew: of the server's own log this event is the last.
    let Some(log) = tx.log(id)? else { return Ok(None) };
    let keys = log.device.map(|device| tx.checkpoint_keys(device)).transpose()?.unwrap_or_default();
    Ok(Some((log, keys)))
}

fn head(practice: &Practice, log: &LogRow, keys: &[VerifyingKey]) -> Result<ExportHead, Failure> {
    let now = practice.clock.now();
    let trust = STANDARD.decode(practice.row.trust.trim());
    let trust = trust.map_err(|_| Failure::internal("The trust bundle cannot be read."))?;
    let certificates = store::read(practice.store.as_ref(), |tx| Certificates::read(practice, tx))?;
    let purges: Vec<_> = certificates.about(log.id).collect();
    let mut bundles: Vec<Vec<u8>> =
        purges.iter().filter_map(|purge| STANDARD.decode(purge.trust.trim()).ok()).collect();
    bundles.push(trust);
    bundles.dedup();
    Ok(ExportHead {
        made_at: now,
        made_by: ExportedBy::Server,
        practice: practice.row.id,
        device: log.device,
        log: log.id,
        size: log.tree.size(),
        root: log.tree.root().to_string(),
        root_certificate: practice.keys.root.clone().into(),
        trust_bundles: bundles.into_iter().map(Base64Bytes).collect(),
        checkpoint_keys: keys.iter().map(|key| key.to_bytes().into()).collect(),
        checkpoints: log.checkpoint.iter().cloned().collect(),
        receipts: receipt(practice, log, now).into_iter().collect(),
        purges: purges.iter().map(|purge| Base64Bytes(purge.certificate.clone())).collect(),
    })
}
