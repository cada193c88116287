//! The certificate of a purge: which entries of which audit logs gave up what they said, who agreed to it, and when; signed by the
//! practice.
//!
//! ```text
//! "CKpu" 01 · number u64 · practice 16 · before i64 ms · asked by 16 · asked at i64 ms · agreed by 16 · agreed at i64 ms
//! · purged at i64 ms · runs (u32 count; each log 16 ‖ from u64 ‖ until u64) · signature 64
//! ```
//!
//! The signature is the directive key's under the purpose `purge`, over everything before it. The hashes of these entries stay in
//! their logs; a certificate is what tells an entry that was purged from one that somebody took away.

use jiff::Timestamp;
use uuid::Uuid;

use crate::layout::{Format, Reader, Writer};
use crate::{Purpose, Signature, SigningKey, Unreadable, VerifyingKey};

const FORMAT: Format = Format { magic: *b"CKpu", version: 1 };

/// Entries of one log that follow on one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PurgedRun {
    /// The log.
    pub log: Uuid,
    /// The index of the first.
    pub from: u64,
    /// The index after the last.
    pub until: u64,
}

/// What the certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeCertificate {
    /// Counts the purges of the practice.
    pub number: u64,
    /// The practice.
    pub practice: Uuid,
    /// Only entries that arrived before this (to the millisecond).
    pub before: Timestamp,
    /// Who asked for it, and when.
    pub asked: (Uuid, Timestamp),
    /// Who agreed, and when.
    pub agreed: (Uuid, Timestamp),
    /// When it was done.
    pub purged_at: Timestamp,
    /// The entries, in order and apart from each other.
    pub runs: Vec<PurgedRun>,
}

/// A certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PurgeRefused {
    /// Not readable as a certificate.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The practice did not sign this.
    #[error("the practice did not sign this certificate")]
    BadSignature,
    /// Another practice's.
    #[error("the certificate is another practice's")]
    OtherPractice,
}

/// The runs are not in order, touch each other, or are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the runs of a purge are not in order")]
pub struct NotInOrder;

impl PurgeCertificate {
    /// The signed certificate.
    ///
    /// # Errors
    /// [`NotInOrder`].
    pub fn sign(&self, directive_key: &SigningKey) -> Result<Vec<u8>, NotInOrder> {
        let count = u32::try_from(self.runs.len()).map_err(|_| NotInOrder)?;
        if !are_in_order(&self.runs) {
            return Err(NotInOrder);
        }
        let writer = Writer::begin(&FORMAT, 256 + self.runs.len() * 32)
            .u64(self.number)
            .uuid(self.practice)
            .time(self.before)
            .uuid(self.asked.0)
            .time(self.asked.1)
            .uuid(self.agreed.0)
            .time(self.agreed.1)
            .time(self.purged_at)
            .u32(count);
        let runs = self.runs.iter();
        let writer = runs.fold(writer, |writer, run| writer.uuid(run.log).u64(run.from).u64(run.until));
        let signature = directive_key.sign(Purpose::Purge, writer.written());
        Ok(writer.raw(&signature.to_bytes()).into_vec())
    }

    /// The certificate, if this practice's directive key signed it. Nothing of it comes out before that has verified.
    ///
    /// # Errors
    /// [`PurgeRefused`].
    pub fn verify(bytes: &[u8], directive_key: &VerifyingKey, practice: Uuid) -> Result<Self, PurgeRefused> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let certificate = Self::read(&mut reader)?;
        let signed = reader.read_so_far();
        let signature = Signature::from_bytes(reader.array()?);
        reader.finish()?;
        directive_key.verify(Purpose::Purge, signed, &signature).map_err(|_| PurgeRefused::BadSignature)?;
        if certificate.practice != practice {
            return Err(PurgeRefused::OtherPractice);
        }
        Ok(certificate)
    }

    /// Whether it is about this entry of a log.
    #[must_use]
    pub fn covers(&self, log: Uuid, index: u64) -> bool {
        let after = self.runs.partition_point(|run| (run.log, run.from) <= (log, index));
        let last = after.checked_sub(1).and_then(|at| self.runs.get(at));
        last.is_some_and(|run| run.log == log && index < run.until)
    }

    /// How many entries it is about.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.runs.iter().map(|run| run.until.saturating_sub(run.from)).sum()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let certificate = Self {
            number: reader.u64()?,
            practice: reader.uuid()?,
            before: reader.time()?,
            asked: (reader.uuid()?, reader.time()?),
            agreed: (reader.uuid()?, reader.time()?),
            purged_at: reader.time()?,
            runs: read_runs(reader)?,
        };
        if are_in_order(&certificate.runs) { Ok(certificate) } else { Err(Unreadable::Damaged) }
    }
}

fn read_runs(reader: &mut Reader<'_>) -> Result<Vec<PurgedRun>, Unreadable> {
    let count = reader.u32()?;
    (0..count)
        .map(|_| Ok(PurgedRun { log: reader.uuid()?, from: reader.u64()?, until: reader.u64()? }))
        .collect()
}

/// None is empty, and each begins after the one before has ended.
fn are_in_order(runs: &[PurgedRun]) -> bool {
    runs.iter().all(|run| run.from < run.until)
        && runs.windows(2).all(|pair| match pair {
            [a, b] => a.log < b.log || (a.log == b.log && a.until < b.from),
            _ => true,
        })
}
