//! Checking every audit log that the server holds, from the bytes up, and naming the first bad entry.

use crate::audit_intake::is_note_over;
use crate::error::Failure;
use crate::practice::Practice;
use crate::purging::{Certificates, PurgedEntries, note};
use crate::store::{self, LogRow, StoreError, Transaction};
use records::log::{LogPosition, Tree, audit_leaf_hash};
use serde::Serialize;

/// Leaves that are read at once.
const AT_ONCE: u64 = 1_000;

/// What the check of all logs found.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Whether all of them are sound.
    pub ok: bool,
    /// Each log.
    pub logs: Vec<VerifiedLog>,
    /// Purges whose certificate does not verify; what they emptied counts as missing.
    pub bad_purges: Vec<u64>,
}

/// What the check of one log found.
#[derive(Debug, Serialize)]
pub struct VerifiedLog {
    /// Its id.
    pub log: String,
    /// The workstation it belongs to; absent for the server's own.
    pub device: Option<String>,
    /// How many entries it should have.
    pub size: u64,
    /// The root over them, as lower-case hex.
    pub root: String,
    /// Whether it is sound.
    pub ok: bool,
    /// The first entry that is missing or is not what it was.
    pub first_bad: Option<u64>,
    /// Entries that gave up what they said, and by whose word; their hashes are in the tree.
    pub purged: Vec<PurgedEntries>,
    /// Whether the last checkpoint is the workstation's own and fits; absent for the server's own log.
    pub checkpoint: Option<bool>,
}

/// Checks every log.
///
/// # Errors
/// When the store fails; a log that is not sound is not an error but a finding.
pub fn verify(practice: &Practice) -> Result<Verified, Failure> {
    Ok(store::read(practice.store.as_ref(), |tx| -> Result<Verified, StoreError> {
        let certificates = Certificates::read(practice, tx)?;
        let bad_purges = certificates.refused();
        let logs = tx.logs()?;
        let logs =
            logs.iter().map(|log| verify_log(tx, log, &certificates)).collect::<Result<Vec<_>, _>>()?;
        Ok(Verified { ok: bad_purges.is_empty() && logs.iter().all(|log| log.ok), logs, bad_purges })
    })?)
}

fn verify_log(
    tx: &dyn Transaction,
    log: &LogRow,
    certificates: &Certificates,
) -> Result<VerifiedLog, StoreError> {
    let size = log.tree.size();
    let mut tree = Tree::new();
    let (mut first_bad, mut purged) = (None, Vec::new());
    while first_bad.is_none() && tree.size() < size {
        let leaves = tx.leaves(log.id, tree.size(), AT_ONCE)?;
        if leaves.is_empty() {
            first_bad = Some(tree.size());
        }
        for leaf in leaves {
            let certificate = certificates.covering(log.id, leaf.index).filter(|_| leaf.event.is_empty());
            let hash = match certificate {
                Some(_) => leaf.hash,
                None => audit_leaf_hash(LogPosition { log: log.id, index: tree.size() }, &leaf.event),
            };
            if leaf.index != tree.size() || leaf.hash != hash {
                first_bad = Some(tree.size());
                break;
            }
            if let Some(certificate) = certificate {
                note(&mut purged, leaf.index, certificate);
            }
            tree.push(hash);
        }
    }
    let is_whole = first_bad.is_none() && tree == log.tree;
    let checkpoint = check_checkpoint(tx, log)?;
    Ok(VerifiedLog {
        log: log.id.to_string(),
        device: log.device.map(|device| device.to_string()),
        size,
        root: log.tree.root().to_string(),
        ok: is_whole && checkpoint != Some(false),
        first_bad,
        purged,
        checkpoint,
    })
}

fn check_checkpoint(tx: &dyn Transaction, log: &LogRow) -> Result<Option<bool>, StoreError> {
    let Some(id) = log.device else { return Ok(None) };
    let note = log.checkpoint.as_deref().unwrap_or_default();
    // A log that went on elsewhere was signed by a key of before the workstation was enrolled again.
    let keys = tx.checkpoint_keys(id)?;
    Ok(Some(keys.iter().any(|key| is_note_over(note, id, key, log.id, &log.tree))))
}
