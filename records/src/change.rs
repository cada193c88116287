//! A change: FHIR transaction made once by one author, and what becomes of it.
//!
//! A create is a `PUT` with the client's id and `If-None-Match: *`. An update names what it was made from: a version
//! (`If-Match`), or an earlier change that no server has answered yet (an extension, resolved by the server), so that
//! edits chained offline need no new signature. A `DELETE` names it in the same way; what was deleted keeps its history, and
//! a create under the same id is its next version.

mod apply;
mod bundle;
mod footing;
mod outcome;

use jiff::Timestamp;

use crate::document::{Document, DocumentError};
use crate::id::{ChangeId, DeviceId, PersonId, PracticeId, RecordKey};
use crate::write::settled_by;

pub use apply::{Decision, History, Standing, Stored, apply};
pub use footing::{Footing, Lost, footing};
pub use outcome::{Outcome, RefusalCode, StoredVersion};

/// What an entry was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// Nothing: the record is new.
    None,
    /// A version that the server gave.
    Version(u64),
    /// What an earlier change made, whatever version that became.
    Change(ChangeId),
}

/// One record of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record as it shall be.
    pub document: Document,
    /// What it was made from.
    pub base: Base,
}

/// One record that a change deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Which.
    pub key: RecordKey,
    /// What was deleted: never [`Base::None`].
    pub base: Base,
}

/// Who changed something, where and when: fixed when the change is written, whoever sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The change's own id.
    pub id: ChangeId,
    /// Who wrote it.
    pub author: PersonId,
    /// On which workstation.
    pub device: DeviceId,
    /// For which practice.
    pub practice: PracticeId,
    /// When.
    pub written_at: Timestamp,
}

/// A change with the bytes that are signed and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    origin: Origin,
    entries: Vec<Entry>,
    deletions: Vec<Deletion>,
    bundle: Vec<u8>,
}

/// Why bytes are not a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No entries.
    #[error("the change has no entries")]
    Empty,
    /// More entries than [`Change::MAX_ENTRIES`].
    #[error("the change has too many entries")]
    TooMany,
    /// The same record twice.
    #[error("the change holds a record twice")]
    Twice,
    /// Not a FHIR transaction bundle.
    #[error("this is not a FHIR transaction bundle")]
    NotATransaction,
    /// The bundle's id is not the change's.
    #[error("the bundle names another change")]
    AnotherChange,
    /// An entry's request does not say what it was made from.
    #[error("entry {0} has no usable request")]
    Request(usize),
    /// An entry's resource is not a document.
    #[error("entry {0}: {1}")]
    Document(usize, DocumentError),
}

impl Change {
    /// Most entries in one change.
    pub const MAX_ENTRIES: usize = 1000;

    /// Makes a change and its bundle.
    ///
    /// # Errors
    /// Without entries, with too many, or with one record twice.
    pub fn new(origin: Origin, entries: Vec<Entry>) -> Result<Self, ChangeError> {
        Self::with_deletions(origin, entries, Vec::new())
    }

    /// The same with records that are deleted.
    ///
    /// # Errors
    /// As [`Self::new`]; and where a deletion does not say what it deletes.
    pub fn with_deletions(
        origin: Origin,
        entries: Vec<Entry>,
        deletions: Vec<Deletion>,
    ) -> Result<Self, ChangeError> {
        check(&entries, &deletions)?;
        let bundle = bundle::write(&origin, &entries, &deletions);
        Ok(Self { origin, entries, deletions, bundle })
    }

    /// Reads a change back from its bundle; the origin comes from the envelope and must fit.
    ///
    /// # Errors
    /// When the bytes are not such a bundle.
    pub fn parse(origin: Origin, bundle: Vec<u8>) -> Result<Self, ChangeError> {
        let (entries, deletions) = bundle::read(&origin, &bundle)?;
        check(&entries, &deletions)?;
        Ok(Self { origin, entries, deletions, bundle })
    }

    /// Who, where and when.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its id.
    pub fn id(&self) -> ChangeId {
        self.origin.id
    }

    /// The records that it writes.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The records that it deletes.
    pub fn deletions(&self) -> &[Deletion] {
        &self.deletions
    }

    /// The keys of the records.
    pub fn keys(&self) -> impl Iterator<Item = &RecordKey> {
        keys(&self.entries, &self.deletions)
    }

    /// The FHIR transaction bundle, as it is signed and sent.
    pub fn bundle(&self) -> &[u8] {
        &self.bundle
    }

    /// The earlier changes in conflict that this one settles, by its `Provenance`.
    pub fn settles(&self) -> impl Iterator<Item = ChangeId> {
        self.entries.iter().filter_map(|entry| settled_by(&entry.document)).flat_map(|(changes, _)| changes)
    }

    /// The changes that must have been applied before this one.
    pub fn depends_on(&self) -> impl Iterator<Item = ChangeId> {
        self.bases().filter_map(|(_, base)| match base {
            Base::Change(id) => Some(id),
            Base::None | Base::Version(_) => None,
        })
    }

    /// The same change, with what `base_of` names in the place of a version that its edit or deletion was made from. The bundle
    /// stays as it was signed.
    #[must_use]
    pub fn rebased(mut self, base_of: impl Fn(&RecordKey, u64) -> Option<ChangeId>) -> Self {
        let rebase = |key: &RecordKey, base: &mut Base| {
            if let Base::Version(version) = *base
                && let Some(change) = base_of(key, version)
            {
                *base = Base::Change(change);
            }
        };
        for entry in &mut self.entries {
            rebase(entry.document.key(), &mut entry.base);
        }
        for deletion in &mut self.deletions {
            rebase(&deletion.key, &mut deletion.base);
        }
        self
    }

    /// Every record, and what its edit or deletion was made from.
    pub fn bases(&self) -> impl Iterator<Item = (&RecordKey, Base)> {
        let written = self.entries.iter().map(|entry| (entry.document.key(), entry.base));
        written.chain(self.deletions.iter().map(|deletion| (&deletion.key, deletion.base)))
    }
}

fn keys<'a>(entries: &'a [Entry], deletions: &'a [Deletion]) -> impl Iterator<Item = &'a RecordKey> {
    entries.iter().map(|entry| entry.document.key()).chain(deletions.iter().map(|deletion| &deletion.key))
}

fn check(entries: &[Entry], deletions: &[Deletion]) -> Result<(), ChangeError> {
    let mut keys: Vec<&RecordKey> = keys(entries, deletions).collect();
    if keys.is_empty() {
        return Err(ChangeError::Empty);
    }
    if keys.len() > Change::MAX_ENTRIES {
        return Err(ChangeError::TooMany);
    }
    if let Some(nth) = deletions.iter().position(|deletion| deletion.base == Base::None) {
        return Err(ChangeError::Request(entries.len() + nth));
    }
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) { Err(ChangeError::Twice) } else { Ok(()) }
}
