//! The forward-secure key that vouches for audit entries: whoever takes it today cannot forge yesterday.
//!
//! `next = HKDF-SHA256[label](epoch key)`, then the old key is forgotten. An entry's mark is
//! `HMAC-SHA256(HKDF-SHA256[label](epoch key), label ‖ epoch ‖ index ‖ leaf hash)`.

use std::fmt;

use subtle::ConstantTimeEq;

use crate::{Random, Secret, hazmat, label};

/// The key of one epoch. There is no way back from it to an earlier one.
pub struct EpochKey {
    epoch: u64,
    key: Secret<32>,
}

impl EpochKey {
    /// The key of epoch 0; a copy goes to the server at enrolment, so that it can check every epoch.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self { epoch: 0, key: Secret::make(random) }
    }

    /// The key of an epoch as it was kept.
    #[must_use]
    pub const fn from_parts(epoch: u64, key: Secret<32>) -> Self {
        Self { epoch, key }
    }

    /// Which epoch this is.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The key's bytes, for the keyring.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.key.expose()
    }

    /// The key of the next epoch. This one is consumed, and wiped.
    #[must_use]
    pub fn advance(self) -> Self {
        Self {
            epoch: self.epoch.saturating_add(1),
            key: hazmat::hkdf(self.key.expose(), &[], &[label::EPOCH_NEXT]),
        }
    }

    /// The mark of an entry.
    #[must_use]
    pub fn mark(&self, index: u64, leaf_hash: &[u8; 32]) -> [u8; 32] {
        let key: Secret<32> = hazmat::hkdf(self.key.expose(), &[], &[label::EPOCH_MAC_KEY]);
        let numbers = [self.epoch.to_be_bytes(), index.to_be_bytes()].concat();
        hazmat::hmac(key.expose(), &[label::EPOCH_ENTRY, &numbers, leaf_hash])
    }

    /// Whether this is the entry's mark; compared in constant time.
    #[must_use]
    pub fn vouches_for(&self, index: u64, leaf_hash: &[u8; 32], mark: &[u8; 32]) -> bool {
        self.mark(index, leaf_hash).ct_eq(mark).into()
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey(epoch {})", self.epoch)
    }
}
