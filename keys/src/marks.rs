//! Marks of audit entries on their way to whoever checks them, and the checking.
//!
//! ```text
//! "CKam" 01 · chain u64 · start (u32 + parcel) · at u64 · mark before 32
//!        · count u32 · (epoch u64 · mark 32)* · count u32 · (epoch u64 · size u64 · end mark 32)*
//! ```
//! `chain` is the index at which the chain of epochs begins, `at` that of the first entry here. A chain goes on from entry to
//! entry and from epoch to epoch; where entries came without marks it is taken up again at any later epoch, once.

use std::fmt;

use subtle::ConstantTimeEq;

use crate::epoch::{EpochKey, Mark, StartKey};
use crate::layout::{Format, Reader, Writer};
use crate::{Secret, SecretBytes, Unreadable};

const FORMAT: Format = Format { magic: *b"CKam", version: 1 };
const CHAIN_FORMAT: Format = Format { magic: *b"CKmc", version: 1 };
/// A parcel with a start key is far shorter.
const START_LIMIT: usize = 1024;
/// How many epochs are passed over where entries came without marks: more than a workstation has in years.
const MOST_SKIPPED: u64 = 100_000;

/// The mark of one entry and the epoch whose key made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryMark {
    /// The epoch.
    pub epoch: u64,
    /// The mark.
    pub mark: Mark,
}

/// Where an epoch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEnd {
    /// The epoch.
    pub epoch: u64,
    /// How many entries the log had.
    pub size: u64,
    /// The mark of the end.
    pub mark: Mark,
}

/// The marks of a run of entries.
#[derive(Clone, PartialEq, Eq)]
pub struct Marks {
    /// The index at which the chain begins.
    pub chain: u64,
    /// The start key of the chain, sealed to the server.
    pub start: Vec<u8>,
    /// The index of the first entry marked here.
    pub at: u64,
    /// The mark before it.
    pub before: Mark,
    /// One mark an entry, in order.
    pub entries: Vec<EntryMark>,
    /// Ends of epochs from there on, in order.
    pub ends: Vec<EpochEnd>,
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Marks(chain {}, {} from {})", self.chain, self.entries.len(), self.at)
    }
}

impl Marks {
    /// As they are sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let capacity = 64 + self.start.len() + self.entries.len() * 40 + self.ends.len() * 48;
        let writer = Writer::begin(&FORMAT, capacity).u64(self.chain).bytes(&self.start).u64(self.at);
        let writer = writer.raw(&self.before).u32(count(self.entries.len()));
        let writer =
            self.entries.iter().fold(writer, |writer, entry| writer.u64(entry.epoch).raw(&entry.mark));
        let ends = self.ends.iter();
        ends.fold(writer.u32(count(self.ends.len())), |writer, end| {
            writer.u64(end.epoch).u64(end.size).raw(&end.mark)
        })
        .into_vec()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let (chain, start, at, before) = (reader.u64()?, reader.bytes()?, reader.u64()?, reader.array()?);
        if start.len() > START_LIMIT || at < chain {
            return Err(Unreadable::Damaged);
        }
        let entries =
            (0..reader.u32()?).map(|_| Ok(EntryMark { epoch: reader.u64()?, mark: reader.array()? }));
        let entries = entries.collect::<Result<_, Unreadable>>()?;
        let ends = (0..reader.u32()?)
            .map(|_| Ok(EpochEnd { epoch: reader.u64()?, size: reader.u64()?, mark: reader.array()? }));
        let ends = ends.collect::<Result<_, Unreadable>>()?;
        reader.finish()?;
        Ok(Self { chain, start: start.to_vec(), at, before, entries, ends })
    }

    /// The index after the last entry marked here.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.at.saturating_add(self.entries.len() as u64)
    }

    /// Those of the entries from an index up to another; `None` where none of these is marked here.
    #[must_use]
    pub fn within(&self, from: u64, until: u64) -> Option<Self> {
        let (at, end) = (self.at.max(from), self.end().min(until));
        let count = usize::try_from(end.checked_sub(at)?).ok().filter(|count| *count > 0)?;
        let skipped = usize::try_from(at.checked_sub(self.at)?).ok()?;
        let before = match skipped.checked_sub(1) {
            Some(last) => self.entries.get(last)?.mark,
            None => self.before,
        };
        let entries = self.entries.iter().skip(skipped).take(count).copied().collect();
        let ends = self.ends.iter().filter(|ended| (at..=end).contains(&ended.size)).copied().collect();
        Some(Self { chain: self.chain, start: self.start.clone(), at, before, entries, ends })
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A mark that the key of its epoch did not make, or an epoch that was left without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mark of entry {index} does not verify")]
pub struct MarkBroken {
    /// The first entry that is not vouched for.
    pub index: u64,
}

/// Follows the marks of one chain with its start key.
pub struct MarkChain {
    first: u64,
    start: StartKey,
    key: EpochKey,
    /// The index of the next entry, and the mark before it where that is known.
    next: u64,
    last: Option<Mark>,
    /// Whether entries without marks stand before the next one.
    passed_over: bool,
}

impl MarkChain {
    /// How many bytes its state is.
    pub const LENGTH: usize = 5 + 8 + 32 + 8 + 32 + 8 + 1 + 32;

    /// A chain that begins at an index, after an entry with this mark; `None` takes what the first marks say.
    #[must_use]
    pub fn begin(start: StartKey, first: u64, before: Option<Mark>) -> Self {
        let key = start.epoch();
        Self { first, start, key, next: first, last: before, passed_over: false }
    }

    /// The index at which it begins.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The index of the next entry.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The mark of the last entry that was followed; none after entries without marks.
    #[must_use]
    pub const fn last(&self) -> Option<Mark> {
        self.last
    }

    /// The key that it began with.
    #[must_use]
    pub const fn start(&self) -> &StartKey {
        &self.start
    }

    /// Follows marks over the leaf hashes of their entries. Entries before the first of them that were never followed count
    /// as passed over; such as were followed already are not looked at again.
    ///
    /// # Errors
    /// [`MarkBroken`]; the chain then stands before that entry.
    pub fn follow(
        &mut self,
        marks: &Marks,
        leaf_hash: impl Fn(u64) -> Option<[u8; 32]>,
    ) -> Result<(), MarkBroken> {
        if marks.at > self.next {
            (self.next, self.last, self.passed_over) = (marks.at, None, true);
        }
        if marks.at == self.next && self.last.is_some_and(|last| last != marks.before) {
            return Err(MarkBroken { index: self.next });
        }
        let known = usize::try_from(self.next.saturating_sub(marks.at)).unwrap_or(usize::MAX);
        for entry in marks.entries.iter().skip(known) {
            let index = self.next;
            let before = self.last.unwrap_or(marks.before);
            let leaf = leaf_hash(index).ok_or(MarkBroken { index })?;
            let key = self.key_of(entry.epoch, &before, &marks.ends).ok_or(MarkBroken { index })?;
            let key = key.as_ref().unwrap_or(&self.key);
            if !bool::from(key.mark(index, &before, &leaf).ct_eq(&entry.mark)) {
                return Err(MarkBroken { index });
            }
            if key.epoch() != self.key.epoch() {
                self.key = EpochKey::from_parts(key.epoch(), Secret::from_bytes(*key.expose()));
            }
            (self.next, self.last) = (index.saturating_add(1), Some(entry.mark));
            self.passed_over = false;
        }
        Ok(())
    }

    /// The key of an epoch, from the present one on; `Some(None)` where it is the present one. Each epoch in between has to
    /// have ended here, unless entries were passed over.
    fn key_of(&self, epoch: u64, before: &Mark, ends: &[EpochEnd]) -> Option<Option<EpochKey>> {
        let ahead = epoch.checked_sub(self.key.epoch())?;
        if ahead == 0 {
            return Some(None);
        }
        if self.passed_over && ahead > MOST_SKIPPED {
            return None;
        }
        let mut key = EpochKey::from_parts(self.key.epoch(), Secret::from_bytes(*self.key.expose()));
        while key.epoch() < epoch {
            let ended = self.passed_over || ends.iter().any(|end| self.is_end(end, &key, before));
            key = ended.then(|| key.next())?;
        }
        Some(Some(key))
    }

    fn is_end(&self, end: &EpochEnd, key: &EpochKey, before: &Mark) -> bool {
        (end.epoch, end.size) == (key.epoch(), self.next)
            && bool::from(key.end_mark(self.next, before).ct_eq(&end.mark))
    }

    /// The state, for whoever keeps it sealed: `"CKmc" 01 · first u64 · start 32 · epoch u64 · key 32 · next u64 · flags u8 (1 the
    /// mark is known, 2 entries were passed over) · mark 32`.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        Writer::begin(&CHAIN_FORMAT, 128)
            .u64(self.first)
            .raw(self.start.expose())
            .u64(self.key.epoch())
            .raw(self.key.expose())
            .u64(self.next)
            .u8(u8::from(self.last.is_some()) | u8::from(self.passed_over) << 1)
            .raw(&self.last.unwrap_or_default())
            .into_secret()
    }

    /// Reads what [`MarkChain::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::begin(bytes, &CHAIN_FORMAT)?;
        let (first, start) = (reader.u64()?, StartKey::from_secret(Secret::from_bytes(reader.array()?)));
        let key = EpochKey::from_parts(reader.u64()?, Secret::from_bytes(reader.array()?));
        let next = reader.u64()?;
        let flags = reader.u8()?;
        let mark: Mark = reader.array()?;
        reader.finish()?;
        if flags > 3 {
            return Err(Unreadable::Damaged);
        }
        let last = (flags & 1 == 1).then_some(mark);
        Ok(Self { first, start, key, next, last, passed_over: flags & 2 == 2 })
    }
}

impl fmt::Debug for MarkChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MarkChain(from {}, epoch {}, next {})", self.first, self.key.epoch(), self.next)
    }
}
