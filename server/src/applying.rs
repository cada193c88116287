//! What happens to one envelope: opened, its author checked, decided by the rights of when it was written, applied once.

mod files;
mod footing;
mod linking;
mod permits;
mod settling;

use crate::answer::Refusal;
use crate::erasing;
use crate::practice::Practice;
use crate::recovering;
use crate::store::{AlertKind, ChangeRow, ConflictRow, NewDeletion, NewVersion, StoreError, Transaction};
use crate::trail::ServerTrail;
pub(crate) use files::files_of;
use footing::numbered;
use jiff::Timestamp;
use keys::envelope::{self, EnvelopeHeader, SignedChange};
use permits::{Permits, Shelf};
use records::change::{self, Base, Change, Decision, Footing, Origin, Outcome, RefusalCode, Stored, apply};
use records::event::{EventOutcome, WriteDetails};
use records::id::{ChangeId, DeviceId, PersonId, PracticeId, RecordKey};
use records::rights::Trail as _;
use records::{AuditEvent, classify};
use sha2::{Digest as _, Sha256};
use std::iter;
use sync::wire::{ChangeReceipt, Standing};

/// Takes one envelope in. What comes out is to be committed, refusals included; only a change that waits for another one
/// leaves nothing behind.
pub(crate) fn receive_envelope(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    bytes: &[u8],
    now: Timestamp,
) -> Result<ChangeReceipt, Refusal> {
    let Ok(header) = envelope::read_header(bytes) else {
        let standing = Standing::Refused { code: RefusalCode::Unreadable };
        return Ok(ChangeReceipt { change: None, received_at: now, standing });
    };
    let id = ChangeId::from_uuid(header.change);
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    if let Some(known) = tx.change(id)? {
        return Ok(again(practice, tx, &known, &digest, now)?);
    }
    let arrival = Arrival { practice, tx, device, now };
    let signed = match arrival.open(&header, bytes) {
        Ok(signed) => signed,
        Err(Turned::Away(code)) => {
            // Nobody is known to have written this under that id, so the id stays free for whoever does.
            arrival.alert_refused(id, code, None)?;
            let standing = Standing::Refused { code };
            return Ok(ChangeReceipt { change: Some(id), received_at: now, standing });
        }
        Err(Turned::Failed(refusal)) => return Err(refusal),
    };
    let (author, written_at) = (PersonId::from_uuid(signed.author), signed.written_at);
    let verdict = arrival.judge(&header, signed)?;
    let outcome = match verdict {
        Verdict::Waits(missing) => {
            let standing = Standing::Waiting { missing };
            return Ok(ChangeReceipt { change: Some(id), received_at: now, standing });
        }
        Verdict::Settled(outcome) => outcome,
        Verdict::Apply(change, lost) => arrival.apply(&change, lost, (bytes, &digest, &header))?,
    };
    let row = ChangeRow {
        id,
        device,
        author: Some(author),
        sequence: header.sequence,
        written_at: Some(written_at),
        received_at: now,
        outcome,
        digest,
    };
    if tx.change(id)?.is_none() {
        let is_refused = matches!(row.outcome, Outcome::Refused { .. });
        let is_gone = is_refused && erasing::is_of_erased(practice, tx, bytes)?;
        let kept: &[u8] = if is_gone { &[] } else { bytes };
        tx.insert_change(&row, kept)?;
    }
    if let Outcome::Refused { code } = &row.outcome {
        arrival.alert_refused(id, *code, row.author)?;
    }
    Ok(ChangeReceipt { change: Some(id), received_at: now, standing: Standing::from(&row.outcome) })
}

/// The same change id once more: the same answer once more. Other content under a known id changes nothing, and is told.
fn again(
    practice: &Practice,
    tx: &dyn Transaction,
    known: &ChangeRow,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<ChangeReceipt, StoreError> {
    if known.digest != *digest {
        let detail = format!("change {} came with other content", known.id);
        ServerTrail::new(practice, tx, now).alert(
            AlertKind::ChangeRefused,
            Some(known.device),
            known.author,
            detail,
        )?;
    }
    let standing = Standing::from(&known.outcome);
    Ok(ChangeReceipt { change: Some(known.id), received_at: known.received_at, standing })
}

/// An envelope on its way in.
#[derive(Clone, Copy)]
struct Arrival<'a> {
    practice: &'a Practice,
    tx: &'a dyn Transaction,
    device: DeviceId,
    now: Timestamp,
}

enum Turned {
    Away(RefusalCode),
    Failed(Refusal),
}

impl From<StoreError> for Turned {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

enum Verdict {
    Settled(Outcome),
    Waits(ChangeId),
    /// With the record whose base was lost for good: that is for a person to settle.
    Apply(Box<Change>, Option<RecordKey>),
}

impl Arrival<'_> {
    /// The change, if the envelope is ours, from this workstation, and signed by its author's key there.
    fn open(&self, header: &EnvelopeHeader, bytes: &[u8]) -> Result<SignedChange, Turned> {
        if header.practice != self.practice.row.id.uuid() || header.device != self.device.uuid() {
            return Err(Turned::Away(RefusalCode::Signature));
        }
        let author = match envelope::open(bytes, &self.practice.keys.sealing) {
            Ok(opened) => PersonId::from_uuid(opened.author()),
            Err(_) => return Err(Turned::Away(RefusalCode::Unreadable)),
        };
        for key in self.tx.person_keys(author, self.device)? {
            // Verifying takes the envelope's content, so each key gets its own.
            let Ok(opened) = envelope::open(bytes, &self.practice.keys.sealing) else { break };
            if let Ok(signed) = opened.verify(&key.signing_key) {
                return Ok(signed);
            }
        }
        Err(Turned::Away(RefusalCode::Signature))
    }

    /// What is to be done before anything is applied: who left, what is unreadable, what stands on something else.
    fn judge(&self, header: &EnvelopeHeader, signed: SignedChange) -> Result<Verdict, Refusal> {
        let refused = |code| Ok(Verdict::Settled(Outcome::Refused { code }));
        let author = PersonId::from_uuid(signed.author);
        let change = Change::parse(self.origin(header, &signed), signed.transaction);
        if let Ok(change) = &change
            && self.is_of_erased(change)?
        {
            return refused(RefusalCode::Erased);
        }
        // Only by file does a revoked workstation get this far: what it wrote is kept for a person to look at.
        if self.tx.device(self.device)?.is_none_or(|device| device.revoked_at.is_some()) {
            return refused(RefusalCode::Quarantined);
        }
        match self.tx.person(author)? {
            Some(person) if person.ended_at.is_none() => {}
            Some(_) | None => return refused(RefusalCode::Quarantined),
        }
        let Ok(change) = change else { return refused(RefusalCode::Unreadable) };
        let id = change.id();
        Ok(match recovering::footing(self.tx, change)? {
            Footing::Known(change) => self.stands_on(change)?,
            // It is tried again by itself, until the change that is missing has come or nobody is left to bring it.
            Footing::Unknown(..) if recovering::others_may_come(self.tx, self.device, self.now)? => {
                Verdict::Waits(id)
            }
            Footing::Unknown(change, key) => Verdict::Apply(Box::new(change), Some(key)),
        })
    }

    fn is_of_erased(&self, change: &Change) -> Result<bool, StoreError> {
        for patient in change.entries().iter().filter_map(|entry| entry.document.patient()) {
            if self.tx.erasure(patient)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Decides, and writes what was decided.
    fn apply(
        &self,
        change: &Change,
        lost: Option<RecordKey>,
        sealed: (&[u8], &[u8; 32], &EnvelopeHeader),
    ) -> Result<Outcome, Refusal> {
        let Some(permits) = self.permits(change)? else {
            return Ok(Outcome::Refused { code: RefusalCode::NotAllowed });
        };
        let met = match self.on_lost(lost)? {
            Some(met) => Some(met),
            None => self.on_conflict(change)?,
        };
        let outcome = match met {
            Some(outcome) => outcome,
            None => {
                let shelf = Shelf { arrival: self, permits: &permits };
                match apply(change, &shelf)? {
                    Decision::Store(stored) if !shelf.keeps_links_whole(&stored)? => {
                        Outcome::Refused { code: RefusalCode::Links }
                    }
                    Decision::Store(stored) => {
                        self.store(change, &permits, numbered(stored, recovering::least_number(self.tx)?))?
                    }
                    Decision::Keep(outcome) => outcome,
                }
            }
        };
        if let Outcome::Conflict { .. } = &outcome {
            self.keep_both(change, &permits, &outcome, sealed)?;
        }
        self.record_results(change, &permits, &outcome)?;
        Ok(outcome)
    }

    fn store(&self, change: &Change, permits: &Permits, stored: Vec<Stored>) -> Result<Outcome, Refusal> {
        let origin = change.origin();
        // What is written comes first and in its order, what is deleted after it.
        let written = change.entries().iter().map(Some).chain(iter::repeat(None));
        for (made, entry) in stored.iter().zip(written) {
            let permit = permits.of(&made.key)?;
            let Some(document) = &made.document else {
                let deletion = NewDeletion {
                    key: &made.key,
                    version: made.version,
                    change: Some(origin.id),
                    author: origin.author,
                    device: origin.device,
                    written_at: origin.written_at,
                    received_at: self.now,
                };
                self.tx.insert_deletion(permit, &deletion)?;
                continue;
            };
            let class = classify(document);
            let before = self.tx.facts(document.key())?.map(|facts| facts.class);
            let index = self.practice.keys.index_of(document);
            // Merged with what moved it meanwhile, the record is not where its author still has it.
            let mut left = [before, entry.map(|entry| classify(&entry.document))].into_iter().flatten();
            let new = NewVersion {
                document,
                class,
                version: made.version,
                leaves: left.find(|left| left.drawer() != class.drawer()),
                change: Some(origin.id),
                author: origin.author,
                device: origin.device,
                written_at: origin.written_at,
                received_at: self.now,
                index: &index,
            };
            self.tx.insert_version(permit, &new)?;
        }
        self.settle(change, permits)?;
        Ok(Decision::Store(stored).outcome())
    }

    /// Keeps every record of a change in conflict beside the version that stands.
    fn keep_both(
        &self,
        change: &Change,
        permits: &Permits,
        outcome: &Outcome,
        (bytes, digest, header): (&[u8], &[u8; 32], &EnvelopeHeader),
    ) -> Result<(), Refusal> {
        let origin = change.origin();
        let row = ChangeRow {
            id: origin.id,
            device: self.device,
            author: Some(origin.author),
            sequence: header.sequence,
            written_at: Some(origin.written_at),
            received_at: self.now,
            outcome: outcome.clone(),
            digest: *digest,
        };
        self.tx.insert_change(&row, bytes)?;
        for entry in change.entries() {
            let (key, body) = (entry.document.key(), entry.document.bytes().to_vec());
            self.keep_beside(origin.id, permits, (key, entry.base), body)?;
        }
        for deletion in change.deletions() {
            if self.tx.facts(&deletion.key)?.is_some() {
                self.keep_beside(origin.id, permits, (&deletion.key, deletion.base), Vec::new())?;
            }
        }
        Ok(())
    }

    fn keep_beside(
        &self,
        change: ChangeId,
        permits: &Permits,
        (key, base): (&RecordKey, Base),
        body: Vec<u8>,
    ) -> Result<(), Refusal> {
        let base = match base {
            Base::None => 0,
            Base::Version(version) => version,
            Base::Change(change) => self.tx.version_of_change(change, key)?.unwrap_or(0),
        };
        let standing = match self.tx.standing(key)? {
            change::Standing::Unknown => 0,
            change::Standing::There(version) | change::Standing::Deleted(version) => version,
        };
        let conflict = ConflictRow { change, key: key.clone(), base, standing, body };
        Ok(self.tx.insert_conflict(permits.of(key)?, &conflict)?)
    }

    fn record_results(&self, change: &Change, permits: &Permits, outcome: &Outcome) -> Result<(), Refusal> {
        let ended = match outcome {
            Outcome::Applied { .. } => EventOutcome::Success,
            Outcome::Conflict { .. } | Outcome::Refused { .. } => EventOutcome::MinorFailure,
        };
        let mut trail = ServerTrail::new(self.practice, self.tx, self.now);
        for ((patient, action), (permit, keys)) in &permits.0 {
            let write =
                WriteDetails { records: keys.clone(), change: Some(change.id()), changed: Vec::new() };
            let stamp = trail.stamp();
            let (actor, intent) = (permit.actor(), permit.event());
            let event =
                AuditEvent::write_result(stamp, actor, *action, patient.as_ref(), &write, intent, ended);
            trail.append(&event)?;
        }
        Ok(())
    }

    /// Whoever looks after security hears of what was refused for who sent it.
    fn alert_refused(
        &self,
        id: ChangeId,
        code: RefusalCode,
        author: Option<PersonId>,
    ) -> Result<(), Refusal> {
        let kind = match code {
            RefusalCode::Quarantined => AlertKind::ChangeQuarantined,
            // Its author hears that it was refused; that somebody still writes about who was erased is worth a look.
            RefusalCode::Erased
            | RefusalCode::Signature
            | RefusalCode::NotAllowed
            | RefusalCode::Links
            | RefusalCode::Unreadable => AlertKind::ChangeRefused,
            RefusalCode::Exists
            | RefusalCode::UnknownBase
            | RefusalCode::Dependency
            | RefusalCode::AnotherPatient => return Ok(()),
        };
        let mut trail = ServerTrail::new(self.practice, self.tx, self.now);
        Ok(trail.alert(kind, Some(self.device), author, format!("change {id}"))?)
    }

    fn origin(&self, header: &EnvelopeHeader, signed: &SignedChange) -> Origin {
        Origin {
            id: ChangeId::from_uuid(header.change),
            author: PersonId::from_uuid(signed.author),
            device: DeviceId::from_uuid(header.device),
            practice: PracticeId::from_uuid(header.practice),
            written_at: signed.written_at,
        }
    }
}
