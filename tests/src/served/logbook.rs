//! The audit log of a workstation without a disk: its tree and marks, what waits for its delivery, and a delivery on its way.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::https::Server;
use jiff::Timestamp;
use keys::checkpoint::{Checkpoint, verify_cosignature};
use keys::epoch::{ChainPlace, EpochKey, Mark, NO_MARK, StartKey};
use keys::marks::{EntryMark, Marks};
use keys::trust::TrustBundle;
use keys::{Random, SigningKey, VerifyingKey};
use records::AuditEvent;
use records::id::{DeviceId, LogId, PracticeId};
use records::log::{LogPosition, NodeHash, Tree, audit_leaf_hash};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sync::wire::{self, AuditReceipt};

use super::Outcome;

/// The log of one workstation.
pub(super) struct Logbook {
    device: DeviceId,
    pub(super) log: LogId,
    witness: Witness,
    checkpoint_key: SigningKey,
    /// Over everything that was recorded.
    tree: Tree,
    /// Over what has been taken off for delivery.
    taken: Tree,
    key: EpochKey,
    start: Vec<u8>,
    last_mark: Mark,
    waiting: VecDeque<Entry>,
    mark_before_waiting: Mark,
}

struct Entry {
    event: Vec<u8>,
    hash: NodeHash,
    mark: EntryMark,
}

/// Who cosigns, and under which name.
#[derive(Clone)]
struct Witness {
    name: String,
    key: VerifyingKey,
}

/// Events on their way, ready to be sent as often as it takes.
#[derive(Clone)]
pub(crate) struct Batch {
    headers: HeaderMap,
    body: Vec<u8>,
    log: LogId,
    size: u64,
    root: NodeHash,
    witness: Witness,
    /// How many events there are in it.
    pub(crate) count: usize,
}

impl Logbook {
    pub(super) fn begin(
        device: DeviceId,
        practice: PracticeId,
        trust: &TrustBundle,
        checkpoint_key: SigningKey,
        now: Timestamp,
    ) -> Outcome<Logbook> {
        let mut random = Random::from_os();
        let log = LogId::from_uuid(random.uuid_v7(now));
        let start = StartKey::make(&mut random);
        let place = ChainPlace { device: device.uuid(), log: log.uuid(), first: 0 };
        Ok(Logbook {
            device,
            log,
            witness: Witness { name: wire::witness_key_name(practice), key: trust.witness_key },
            checkpoint_key,
            tree: Tree::new(),
            taken: Tree::new(),
            key: start.epoch(),
            start: start.seal(&trust.sealing_key, &place, &mut random)?,
            last_mark: NO_MARK,
            waiting: VecDeque::new(),
            mark_before_waiting: NO_MARK,
        })
    }

    pub(super) fn record(&mut self, event: &AuditEvent) -> LogPosition {
        let index = self.tree.size();
        let position = LogPosition { log: self.log, index };
        let hash = audit_leaf_hash(position, event.bytes());
        self.last_mark = self.key.mark(index, &self.last_mark, &hash.0);
        self.tree.push(hash);
        let mark = EntryMark { epoch: self.key.epoch(), mark: self.last_mark };
        self.waiting.push_back(Entry { event: event.bytes().to_vec(), hash, mark });
        position
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes off at most `most` of what waits and makes it ready to be sent, signed as the log stands after it.
    pub(super) fn batch(&mut self, most: usize, now: Timestamp) -> Outcome<Batch> {
        let at = self.taken.size();
        let count = most.min(self.waiting.len());
        let (mut events, mut entries) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for entry in self.waiting.drain(..count) {
            self.taken.push(entry.hash);
            events.push(entry.event);
            entries.push(entry.mark);
        }
        let last = entries.last().map_or(self.mark_before_waiting, |entry| entry.mark);
        let before = std::mem::replace(&mut self.mark_before_waiting, last);
        let marks = Marks { chain: 0, start: self.start.clone(), at, before, entries, ends: Vec::new() };
        let (size, root) = (self.taken.size(), self.taken.root());
        let checkpoint =
            Checkpoint { origin: wire::checkpoint_origin(self.log), size, root: *root.as_bytes(), at: now };
        let note = checkpoint.sign(&wire::checkpoint_key_name(self.device), &self.checkpoint_key)?;
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (wire::header::LOG, self.log.to_string()),
            (wire::header::FIRST_INDEX, at.to_string()),
            (wire::header::CHECKPOINT, STANDARD.encode(note)),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value)?);
        }
        let body = wire::audit_batch_json(&events, Some(&marks.to_bytes()));
        let witness = self.witness.clone();
        Ok(Batch { headers, body, log: self.log, size, root, witness, count })
    }
}

impl Batch {
    /// The FHIR bundle that is sent.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Sends it; an error unless the server vouches for exactly this log afterwards.
    pub(crate) async fn deliver(&self, server: &Server) -> Outcome<()> {
        let (headers, body) = (self.headers.clone(), self.body.clone());
        let answer = server.send(Method::POST, wire::path::FHIR, None, headers, body).await?;
        answer.ok()?;
        let receipt = answer.headers.get(wire::header::RECEIPT).ok_or("an answer without a receipt")?;
        let receipt: AuditReceipt = serde_json::from_slice(&STANDARD.decode(receipt)?)?;
        let (vouched, _) = verify_cosignature(&receipt.note, &self.witness.name, &self.witness.key)?;
        let ours = (wire::checkpoint_origin(self.log), self.size, *self.root.as_bytes());
        if (vouched.origin, vouched.size, vouched.root) == ours && receipt.size == self.size {
            return Ok(());
        }
        Err(format!("the server holds {} of {} events", receipt.size, self.size).into())
    }
}
