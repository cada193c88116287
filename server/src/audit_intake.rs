//! Taking in a workstation's audit log: exact bytes, the tree over them, and the workstation's own signature on it.

use crate::answer::Refusal;
use crate::identity::Workstation;
use crate::practice::Practice;
use crate::store::{AlertKind, Leaf, LogRow, Transaction};
use crate::trail::ServerTrail;
use jiff::Timestamp;
use keys::checkpoint::Checkpoint;
use records::id::LogId;
use records::log::{LogPosition, Tree, audit_leaf_hash};
use sync::wire::{AuditReceipt, ProblemCode, checkpoint_key_name, checkpoint_origin};

/// A batch as it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) log: LogId,
    pub(crate) first_index: u64,
    pub(crate) events: &'a [&'a [u8]],
    /// The signed note.
    pub(crate) checkpoint: &'a str,
}

/// What became of a batch.
pub(crate) enum Taken {
    /// It is stored, or was before.
    Held(AuditReceipt),
    /// It is refused; the alert is stored.
    Refused(Refusal),
}

/// The server's word on a log.
pub(crate) fn receipt(log: &LogRow) -> AuditReceipt {
    AuditReceipt {
        log: log.id,
        size: log.tree.size(),
        root: log.tree.root().to_string(),
        received_at: log.updated_at,
    }
}

/// Takes a batch in, or refuses it with an alert; both are to be committed.
pub(crate) fn take_in(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    batch: &Batch<'_>,
    now: Timestamp,
) -> Result<Taken, Refusal> {
    let refuse = |kind, code, size, detail: String| -> Result<Taken, Refusal> {
        let mut trail = ServerTrail::new(practice, tx, now);
        trail.alert(kind, Some(workstation.id()), None, detail)?;
        Ok(Taken::Refused(Refusal::at_log_size(code, size)))
    };
    // Read anew: the row of the request may be older than another batch of the same workstation.
    let known = tx.device(workstation.id())?.ok_or(ProblemCode::DeviceRevoked)?.log;
    if known.is_some_and(|known| known != batch.log) || (known.is_none() && tx.log(batch.log)?.is_some()) {
        let detail = format!("log {} in place of the one known", batch.log);
        return refuse(AlertKind::LogReplaced, ProblemCode::LogFork, 0, detail);
    }
    let stored = tx.log(batch.log)?;
    let size = stored.as_ref().map_or(0, |log| log.tree.size());
    if batch.first_index > size {
        let detail = format!("events {size} to {} are missing", batch.first_index);
        return refuse(AlertKind::LogGap, ProblemCode::LogGap, size, detail);
    }
    let leaves = leaves_of(batch);
    if let Some(at) = first_difference(tx, batch, size, &leaves)? {
        return refuse(AlertKind::LogFork, ProblemCode::LogFork, size, format!("event {at} differs"));
    }
    let end = batch.first_index + leaves.len() as u64;
    let mut log = stored.unwrap_or_else(|| LogRow {
        id: batch.log,
        device: Some(workstation.id()),
        tree: Tree::new(),
        checkpoint: None,
        updated_at: now,
    });
    let new: Vec<Leaf> = leaves.into_iter().filter(|leaf| leaf.index >= size).collect();
    new.iter().for_each(|leaf| log.tree.push(leaf.hash));
    if end < size {
        // An old batch again, all of it known: its checkpoint was checked when it came first.
        return Ok(Taken::Held(receipt(&log)));
    }
    if !is_signed(workstation, batch, &log.tree) {
        let detail = format!("checkpoint at {end} does not verify");
        return refuse(AlertKind::CheckpointRefused, ProblemCode::CheckpointRefused, size, detail);
    }
    log.checkpoint = Some(batch.checkpoint.to_owned());
    log.updated_at = now;
    if known.is_none() {
        tx.insert_log(&LogRow { tree: Tree::new(), ..log.clone() })?;
    }
    tx.append_leaves(&log, &new)?;
    Ok(Taken::Held(receipt(&log)))
}

fn leaves_of(batch: &Batch<'_>) -> Vec<Leaf> {
    let indices = batch.first_index..;
    let leaf = |(index, event): (u64, &&[u8])| {
        let position = LogPosition { log: batch.log, index };
        Leaf { index, hash: audit_leaf_hash(position, event), event: event.to_vec() }
    };
    indices.zip(batch.events).map(leaf).collect()
}

/// The first leaf that is stored already with other content.
fn first_difference(
    tx: &dyn Transaction,
    batch: &Batch<'_>,
    size: u64,
    leaves: &[Leaf],
) -> Result<Option<u64>, Refusal> {
    let overlap = size.saturating_sub(batch.first_index).min(leaves.len() as u64);
    if overlap == 0 {
        return Ok(None);
    }
    let known = tx.leaves(batch.log, batch.first_index, overlap)?;
    let differs = |(known, sent): &(&Leaf, &Leaf)| known.hash != sent.hash;
    Ok(known.iter().zip(leaves).find(differs).map(|(known, _)| known.index))
}

/// Whether the workstation signed exactly this tree.
fn is_signed(workstation: &Workstation, batch: &Batch<'_>, tree: &Tree) -> bool {
    let name = checkpoint_key_name(workstation.id());
    let checkpoint = Checkpoint::verify(batch.checkpoint, &name, &workstation.row.checkpoint_key);
    checkpoint.is_ok_and(|checkpoint| {
        checkpoint.origin == checkpoint_origin(batch.log)
            && checkpoint.size == tree.size()
            && checkpoint.root == *tree.root().as_bytes()
    })
}
