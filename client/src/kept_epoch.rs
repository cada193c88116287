//! The key that marks entries of the audit log, in the keyring: that of the present epoch, and for a moment the next beside it.
//!
//! Two items take turns, by whether the epoch is even. The next key is written and read back, then the epoch ends in
//! `device.db`, then the old key is deleted: whatever cuts that short, one of the two goes on, and none marks before it is
//! kept.

use keys::Secret;
use keys::epoch::EpochKey;
use records::id::LogId;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keyring::{Keyring, KeyringProblem};

/// The names of the items.
const ITEMS: [&str; 2] = ["audit-epoch.even", "audit-epoch.odd"];
const VERSION: u8 = 1;
/// A key that is further behind than this is none of the log.
const MOST_BEHIND: u64 = 100_000;
const LENGTH: usize = 1 + 16 + 8 + 8 + 32;

/// A key as it is kept.
pub(crate) struct KeptEpoch {
    /// The log whose entries it marks.
    pub(crate) log: LogId,
    /// The index at which its chain of epochs begins.
    pub(crate) chain: u64,
    /// The key.
    pub(crate) key: EpochKey,
}

impl KeptEpoch {
    /// The keys of a log, at most two.
    ///
    /// # Errors
    /// The state of the keyring; an item that cannot be read is a failure, and is not written over.
    pub(crate) fn read_all(keyring: &dyn Keyring, log: LogId) -> Result<Vec<Self>, KeyringProblem> {
        let mut kept = Vec::new();
        for item in ITEMS {
            let Some(bytes) = keyring.read(item)? else { continue };
            let read = Self::from_bytes(&bytes).ok_or(KeyringProblem::Unreadable)?;
            kept.extend((read.log == log).then_some(read));
        }
        Ok(kept)
    }

    /// Writes the key and reads it back. That of the epoch before stays.
    ///
    /// # Errors
    /// The state of the keyring.
    pub(crate) fn write(&self, keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        let (item, bytes) = (self.item(), self.to_bytes());
        keyring.write(item, &bytes)?;
        match keyring.read(item)? {
            Some(kept) if *kept == *bytes => Ok(()),
            Some(_) | None => Err(KeyringProblem::NotKept),
        }
    }

    /// Deletes the key that is not this one.
    ///
    /// # Errors
    /// The state of the keyring.
    pub(crate) fn forget_the_other(&self, keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        let own = self.item();
        ITEMS.iter().filter(|item| **item != own).try_for_each(|item| keyring.delete(item))
    }

    /// Deletes both, with the log that they marked.
    ///
    /// # Errors
    /// The state of the keyring.
    pub(crate) fn forget(keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        ITEMS.iter().try_for_each(|item| keyring.delete(item))
    }

    /// The key of a later epoch, or of the same; `None` of an earlier one, or one too far.
    #[must_use]
    pub(crate) fn moved_on_to(&self, epoch: u64) -> Option<EpochKey> {
        let behind = epoch.checked_sub(self.key.epoch()).filter(|behind| *behind <= MOST_BEHIND)?;
        let present = EpochKey::from_parts(self.key.epoch(), Secret::from_bytes(*self.key.expose()));
        Some((0..behind).fold(present, |key, _| key.next()))
    }

    fn item(&self) -> &'static str {
        if self.key.epoch().is_multiple_of(2) { ITEMS[0] } else { ITEMS[1] }
    }

    /// `01 · log 16 · chain u64 · epoch u64 · key 32`; numbers big-endian.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        bytes.push(VERSION);
        bytes.extend_from_slice(self.log.uuid().as_bytes());
        bytes.extend_from_slice(&self.chain.to_be_bytes());
        bytes.extend_from_slice(&self.key.epoch().to_be_bytes());
        // EXPOSE: into the keyring, the one place where it is kept.
        bytes.extend_from_slice(self.key.expose());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        (*version == VERSION && bytes.len() == LENGTH).then_some(())?;
        let (log, rest) = rest.split_first_chunk()?;
        let (chain, rest) = rest.split_first_chunk()?;
        let (epoch, key) = rest.split_first_chunk()?;
        let key = EpochKey::from_parts(u64::from_be_bytes(*epoch), Secret::from_slice(key)?);
        let log = LogId::from_uuid(Uuid::from_bytes(*log));
        Some(Self { log, chain: u64::from_be_bytes(*chain), key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::MemoryKeyring;

    fn kept(epoch: u64) -> KeptEpoch {
        let log = LogId::from_uuid(Uuid::from_u128(7));
        KeptEpoch { log, chain: 2, key: EpochKey::from_parts(epoch, Secret::from_bytes([9; 32])) }
    }

    #[test]
    fn an_item_is_written_like_this_for_ever() {
        let hex: String = kept(258).to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let log = "00000000000000000000000000000007";
        let expected = ["01", log, "0000000000000002", "0000000000000102", &"09".repeat(32)];
        assert_eq!(hex, expected.concat());
        let again = KeptEpoch::from_bytes(&kept(258).to_bytes()).unwrap();
        assert!(again.key.is_same(&kept(258).key) && again.chain == 2);
    }

    #[test]
    fn what_is_no_item_is_a_failure_and_stays() {
        let whole = kept(1).to_bytes();
        for length in 0..whole.len() {
            assert!(KeptEpoch::from_bytes(&whole[..length]).is_none(), "{length}");
        }
        let keyring = MemoryKeyring::default();
        keyring.write("audit-epoch.odd", b"something else").unwrap();
        let read = KeptEpoch::read_all(&keyring, kept(1).log);
        assert_eq!(read.err(), Some(KeyringProblem::Unreadable));
    }

    #[test]
    fn the_next_key_stands_beside_the_present_one_until_that_is_forgotten() {
        let keyring = MemoryKeyring::default();
        let epochs = |keyring: &MemoryKeyring| -> Vec<u64> {
            let all = KeptEpoch::read_all(keyring, kept(0).log).unwrap();
            all.iter().map(|kept| kept.key.epoch()).collect()
        };
        kept(3).write(&keyring).unwrap();
        kept(4).write(&keyring).unwrap();
        assert_eq!(epochs(&keyring), [4, 3]);
        kept(4).forget_the_other(&keyring).unwrap();
        assert_eq!(epochs(&keyring), [4]);
        let other = LogId::from_uuid(Uuid::from_u128(8));
        assert!(KeptEpoch::read_all(&keyring, other).unwrap().is_empty(), "a key of another log is none");
    }
}
