//! Key-encryption keys by their ids, and wrapped data keys: what opens the rows of records, change envelopes and conflicts.

use super::StoreError;
use jiff::Timestamp;
use uuid::Uuid;

/// A key-encryption key; the key itself is with its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KekRow {
    /// Its id.
    pub id: Uuid,
    /// Who keeps it.
    pub provider: String,
    /// Counts what makes a data key that is remembered wrong: a newer one, or one that was deleted.
    pub epoch: u64,
    /// What older keys wrap is not wrapped anew, its rows are sealed anew under new data keys.
    pub is_incident: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// Since when another one wraps.
    pub ended_at: Option<Timestamp>,
    /// When it was destroyed.
    pub destroyed_at: Option<Timestamp>,
}

/// A wrapped data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKeyRow {
    /// Whose records it seals: a patient's id, nothing for records without a patient, or `change/` and a change's id.
    pub subject: String,
    /// Counts the keys of the subject, from 1.
    pub generation: u32,
    /// What wraps it.
    pub kek: Uuid,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// The rows of keys.
pub trait DataKeys {
    /// The key-encryption key that wraps now; none in a store that is being made.
    fn kek(&self) -> Result<Option<KekRow>, StoreError>;
    /// All of them, oldest first.
    fn keks(&self) -> Result<Vec<KekRow>, StoreError>;
    /// From now on this one wraps; the one before it ends.
    fn insert_kek(&self, kek: &KekRow) -> Result<(), StoreError>;
    /// Whoever remembers data keys must ask again.
    fn next_key_epoch(&self) -> Result<(), StoreError>;
    /// The data key that seals now for a subject.
    fn newest_data_key(&self, subject: &str) -> Result<Option<DataKeyRow>, StoreError>;
    /// A certain data key.
    fn data_key(&self, subject: &str, generation: u32) -> Result<Option<DataKeyRow>, StoreError>;
    /// Keeps a new one.
    fn insert_data_key(&self, key: &DataKeyRow) -> Result<(), StoreError>;
    /// How many data keys each key-encryption key wraps.
    fn count_data_keys(&self) -> Result<Vec<(Uuid, u64)>, StoreError>;
    /// Data keys that another key-encryption key than this one wraps, at most so many.
    fn data_keys_beside(&self, kek: Uuid, most: u32) -> Result<Vec<DataKeyRow>, StoreError>;
    /// Those of them that seal now.
    fn newest_data_keys_beside(&self, kek: Uuid, most: u32) -> Result<Vec<DataKeyRow>, StoreError>;
    /// Puts another wrapping in the place of a data key's.
    fn wrap_data_key_anew(&self, key: &DataKeyRow) -> Result<(), StoreError>;
    /// How many versions and changes are sealed by data keys that another key-encryption key wraps.
    fn count_sealed_beside(&self, kek: Uuid) -> Result<u64, StoreError>;
    /// Seals such versions anew, at most so many and from this number on; which was the last, and how many there were.
    fn seal_versions_anew(&self, span: Anew, after: u64) -> Result<Option<(u64, u64)>, StoreError>;
    /// Seals such changes anew, with what they have in conflict, at most so many; how many there were.
    fn seal_changes_anew(&self, span: Anew) -> Result<u64, StoreError>;
    /// Takes out the data keys that another key-encryption key wraps. Whatever they still sealed is gone with them.
    fn delete_data_keys_beside(&self, kek: Uuid) -> Result<(), StoreError>;
    /// A key-encryption key was destroyed.
    fn kek_is_destroyed(&self, kek: Uuid, at: Timestamp) -> Result<(), StoreError>;
}

/// What is to be sealed anew in one unit of work.
#[derive(Clone, Copy, Debug)]
pub struct Anew {
    /// The key-encryption key whose data keys stay.
    pub kek: Uuid,
    /// At most so many rows.
    pub most: u32,
    /// What time it is.
    pub now: Timestamp,
}
