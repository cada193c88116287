//! Taking in a workstation's audit log: exact bytes, the tree over them, and the workstation's own signature on it.

use crate::answer::Refusal;
use crate::marking;
use crate::practice::Practice;
use crate::store::{AlertKind, Leaf, LogRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::Timestamp;
use keys::VerifyingKey;
use keys::checkpoint::{Checkpoint, cosign, verify_cosignature};
use records::AuditEvent;
use records::event::{EventKind, SignIn};
use records::id::{DeviceId, LogId};
use records::log::{LogPosition, Tree, audit_leaf_hash};
use sync::wire::{AuditReceipt, ProblemCode, checkpoint_key_name, checkpoint_origin, witness_key_name};

/// A batch as it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) log: LogId,
    pub(crate) first_index: u64,
    pub(crate) events: &'a [&'a [u8]],
    /// The signed note.
    pub(crate) checkpoint: &'a str,
    /// The marks of the events, as they were sent.
    pub(crate) marks: Option<&'a [u8]>,
}

/// What became of a batch.
pub(crate) enum Taken {
    /// It is stored, or was before.
    Held(AuditReceipt),
    /// What comes before it is not here, and it came by file: nothing is wrong with it.
    Missing,
    /// It is refused; the alert is stored.
    Refused(Refusal),
}

/// The server's word on a log, cosigned; none where nothing of it was ever taken in, as of the server's own.
pub(crate) fn receipt(practice: &Practice, log: &LogRow, now: Timestamp) -> Option<AuditReceipt> {
    let held = log.checkpoint.as_deref()?;
    let (name, key) = (witness_key_name(practice.row.id), &practice.keys.witness);
    let (note, received_at) = match verify_cosignature(held, &name, &key.verifying_key()) {
        Ok((_, at)) => (held.to_owned(), at),
        // Cosigned with the key of an earlier trust bundle.
        Err(_) => (cosign(held, &name, key, now).ok()?, Timestamp::from_second(now.as_second()).ok()?),
    };
    Some(AuditReceipt {
        log: log.id,
        size: log.tree.size(),
        root: log.tree.root().to_string(),
        received_at,
        note,
        trust_bundle: practice.row.trust_number,
    })
}

/// The receipt of a log that has a checkpoint.
fn receipt_of_held(practice: &Practice, log: &LogRow, now: Timestamp) -> Result<AuditReceipt, Refusal> {
    receipt(practice, log, now).ok_or_else(|| ProblemCode::Internal.into())
}

/// Who brings a batch, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    /// Whose log it is.
    pub(crate) device: DeviceId,
    /// How it came.
    pub(crate) way: Way,
}

/// How a batch came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the workstation itself, with its present key.
    Wire,
    /// In a file, perhaps written by a workstation that was lost meanwhile: any key it ever had may have signed.
    File,
}

/// Where a log stands before a batch of it is taken in.
enum Place {
    /// It is held already.
    Held(LogRow),
    /// It is the first of its workstation.
    First,
    /// It goes on from the one held, which was lost.
    Linked,
    /// It was lost before anything of it came here, and comes from a copy now.
    Aside,
}

/// Takes a batch in, or refuses it with an alert; both are to be committed.
pub(crate) fn take_in(
    practice: &Practice,
    tx: &dyn Transaction,
    sender: Sender,
    batch: &Batch<'_>,
    now: Timestamp,
) -> Result<Taken, Refusal> {
    tx.hold_device(sender.device)?;
    let refuse = |kind, code, size, detail: String| -> Result<Taken, Refusal> {
        let mut trail = ServerTrail::new(practice, tx, now);
        trail.alert(kind, Some(sender.device), None, detail)?;
        Ok(Taken::Refused(Refusal::at_log_size(code, size)))
    };
    let Some(place) = place(tx, sender, batch)? else {
        let detail = format!("log {} in place of the one known", batch.log);
        return refuse(AlertKind::LogReplaced, ProblemCode::LogFork, 0, detail);
    };
    let mut log = match &place {
        Place::Held(log) => log.clone(),
        Place::First | Place::Linked | Place::Aside => LogRow {
            id: batch.log,
            device: Some(sender.device),
            tree: Tree::new(),
            checkpoint: None,
            marks: Vec::new(),
            updated_at: now,
        },
    };
    let size = log.tree.size();
    if batch.first_index > size && sender.way == Way::File {
        return Ok(Taken::Missing);
    }
    if batch.first_index > size {
        let detail = format!("events {size} to {} are missing", batch.first_index);
        return refuse(AlertKind::LogGap, ProblemCode::LogGap, size, detail);
    }
    let leaves = leaves_of(batch);
    let marked = marking::follow(practice, &log, batch, &leaves);
    if let Some(at) = first_difference(tx, batch, size, &leaves)? {
        return refuse(AlertKind::LogFork, ProblemCode::LogFork, size, format!("event {at} differs"));
    }
    let end = batch.first_index + leaves.len() as u64;
    let new: Vec<Leaf> = leaves.into_iter().filter(|leaf| leaf.index >= size).collect();
    new.iter().for_each(|leaf| log.tree.push(leaf.hash));
    if end < size {
        // An old batch again, all of it known: its checkpoint was checked when it came first.
        return Ok(Taken::Held(receipt_of_held(practice, &log, now)?));
    }
    let cosigned = match is_signed(tx, sender, batch, &log.tree)? {
        true => {
            cosign(batch.checkpoint, &witness_key_name(practice.row.id), &practice.keys.witness, now).ok()
        }
        false => None,
    };
    let Some(cosigned) = cosigned else {
        let detail = format!("checkpoint at {end} does not verify");
        return refuse(AlertKind::CheckpointRefused, ProblemCode::CheckpointRefused, size, detail);
    };
    let marked = match marked {
        Ok(marked) => marked,
        Err(broken) => {
            return refuse(AlertKind::MarksRefused, ProblemCode::MarksRefused, size, broken.to_string());
        }
    };
    log.checkpoint = Some(cosigned);
    log.marks = marked.state;
    log.updated_at = now;
    begin(tx, sender, &place, &log)?;
    tx.append_leaves(&log, &new)?;
    if let Some(row) = &marked.new {
        tx.insert_marks(&log, row)?;
    }
    for (kind, detail) in marked.findings {
        ServerTrail::new(practice, tx, now).alert(kind, Some(sender.device), None, detail)?;
    }
    alert_to_recoveries(practice, tx, sender.device, &new, now)?;
    Ok(Taken::Held(receipt_of_held(practice, &log, now)?))
}

/// Where the log of a batch stands; `None` where it must not be taken in.
fn place(tx: &dyn Transaction, sender: Sender, batch: &Batch<'_>) -> Result<Option<Place>, Refusal> {
    // Read anew: the row of the request may be older than another batch of the same workstation.
    let device = tx.device(sender.device)?.ok_or(ProblemCode::DeviceRevoked)?;
    let stored = tx.log(batch.log)?;
    Ok(match (stored, device.log, sender.way) {
        (Some(log), Some(known), _) if log.id == known => Some(Place::Held(log)),
        (Some(log), _, Way::File) => (log.device == Some(sender.device)).then_some(Place::Held(log)),
        (Some(_), _, Way::Wire) => None,
        (None, None, Way::Wire) => Some(Place::First),
        (None, None, Way::File) if tx.checkpoint_keys(sender.device)?.len() == 1 => Some(Place::First),
        (None, Some(known), _) if device.may_link && links(tx, batch, known)? => Some(Place::Linked),
        (None, _, Way::File) => {
            (batch.first_index == 0 && tx.checkpoint_keys(sender.device)?.len() > 1).then_some(Place::Aside)
        }
        (None, Some(_), Way::Wire) => None,
    })
}

/// Whether the first event of a batch says that its log goes on from the one held, and names a head that one had.
fn links(tx: &dyn Transaction, batch: &Batch<'_>, known: LogId) -> Result<bool, Refusal> {
    let first = batch.events.first().filter(|_| batch.first_index == 0);
    let link = first.and_then(|event| AuditEvent::parse(event.to_vec()).ok()?.log_link());
    let Some(link) = link.filter(|link| link.log == known) else { return Ok(false) };
    let hashes = tx.leaves(known, 0, link.size)?.into_iter().map(|leaf| leaf.hash);
    let tree = Tree::of(hashes);
    Ok(tree.size() == link.size && tree.root().to_string() == link.root)
}

fn begin(tx: &dyn Transaction, sender: Sender, place: &Place, log: &LogRow) -> Result<(), Refusal> {
    let empty = LogRow { tree: Tree::new(), ..log.clone() };
    match place {
        Place::Held(_) => {}
        Place::Aside => tx.insert_log(&empty)?,
        Place::First => {
            tx.insert_log(&empty)?;
            tx.set_log(sender.device, log.id)?;
        }
        Place::Linked => {
            tx.insert_log(&empty)?;
            tx.set_log(sender.device, log.id)?;
            tx.end_linking(sender.device)?;
        }
    }
    Ok(())
}

/// A sign-in with a recovery code is one that security staff should know of.
fn alert_to_recoveries(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    leaves: &[Leaf],
    now: Timestamp,
) -> Result<(), Refusal> {
    let recovering = [SignIn::RecoveryCode.as_str(), SignIn::ReleasedCode.as_str()];
    for event in leaves.iter().filter_map(|leaf| AuditEvent::parse(leaf.event.clone()).ok()) {
        let summary = event.summary();
        let method = summary.method.as_deref().filter(|method| recovering.contains(method));
        if let (Some(EventKind::SignedIn), Some(method)) = (summary.kind, method) {
            let detail = format!("signed in with a {method}");
            let mut trail = ServerTrail::new(practice, tx, now);
            trail.alert(AlertKind::RecoveryCodeUsed, Some(device), summary.person, detail)?;
        }
    }
    Ok(())
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
fn is_signed(
    tx: &dyn Transaction,
    sender: Sender,
    batch: &Batch<'_>,
    tree: &Tree,
) -> Result<bool, StoreError> {
    let keys = tx.checkpoint_keys(sender.device)?;
    let most = match sender.way {
        Way::Wire => 1,
        Way::File => keys.len(),
    };
    Ok(keys.iter().take(most).any(|key| is_note_over(batch.checkpoint, sender.device, key, batch.log, tree)))
}

/// Whether a note is this workstation's own, over exactly this tree of this log.
pub(crate) fn is_note_over(
    note: &str,
    device: DeviceId,
    key: &VerifyingKey,
    log: LogId,
    tree: &Tree,
) -> bool {
    Checkpoint::verify(note, &checkpoint_key_name(device), key).is_ok_and(|checkpoint| {
        checkpoint.origin == checkpoint_origin(log)
            && checkpoint.size == tree.size()
            && checkpoint.root == *tree.root().as_bytes()
    })
}
