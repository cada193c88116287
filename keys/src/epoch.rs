//! The forward-secure key that vouches for audit entries: whoever takes it today cannot forge yesterday.
//!
//! `next = HKDF-SHA256[label](epoch key)`, then the old key is forgotten. With `mac key = HKDF-SHA256[label](epoch key)` an
//! entry's mark is `HMAC-SHA256(mac key, label ‖ epoch ‖ index ‖ mark before ‖ leaf hash)`; and when an epoch ends,
//! `HMAC-SHA256(mac key, label ‖ epoch ‖ entries so far ‖ last mark)` says where, so that nothing is cut off later.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::token::NotAToken;
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, Parcel, ParcelRefused, Random, Secret, SecretBytes,
    SecretText, hazmat, label,
};

/// The mark of an entry.
pub type Mark = [u8; 32];

/// What stands for the mark before the first entry of a log.
pub const NO_MARK: Mark = [0; 32];

/// The key of one epoch. There is no way back from it to an earlier one.
pub struct EpochKey {
    epoch: u64,
    key: Secret<32>,
    mac_key: Secret<32>,
}

impl EpochKey {
    /// The key of an epoch as it was kept.
    #[must_use]
    pub fn from_parts(epoch: u64, key: Secret<32>) -> Self {
        let mac_key = hazmat::hkdf(key.expose(), &[], &[label::EPOCH_MAC_KEY]);
        Self { epoch, key, mac_key }
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

    /// The key of the next epoch. This one lasts until the next is kept, and is then dropped.
    #[must_use]
    pub fn next(&self) -> Self {
        let key = hazmat::hkdf(self.key.expose(), &[], &[label::EPOCH_NEXT]);
        Self::from_parts(self.epoch.saturating_add(1), key)
    }

    /// The mark of an entry, after the mark of the one before.
    #[must_use]
    pub fn mark(&self, index: u64, before: &Mark, leaf_hash: &[u8; 32]) -> Mark {
        let numbers = [self.epoch.to_be_bytes(), index.to_be_bytes()].concat();
        hazmat::hmac(self.mac_key.expose(), &[label::EPOCH_ENTRY, &numbers, before, leaf_hash])
    }

    /// Says that the epoch ended when the log had `size` entries, the last of them with this mark.
    #[must_use]
    pub fn end_mark(&self, size: u64, last: &Mark) -> Mark {
        let numbers = [self.epoch.to_be_bytes(), size.to_be_bytes()].concat();
        hazmat::hmac(self.mac_key.expose(), &[label::EPOCH_END, &numbers, last])
    }

    /// Whether two are the same key of the same epoch; compared in constant time.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.epoch == other.epoch && bool::from(self.key.expose().ct_eq(other.key.expose()))
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey(epoch {})", self.epoch)
    }
}

/// Whose chain of epochs it is, and where in the log it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainPlace {
    /// The workstation.
    pub device: Uuid,
    /// Its log.
    pub log: Uuid,
    /// The index of the first entry that the chain marks.
    pub first: u64,
}

impl ChainPlace {
    fn context(&self) -> Vec<u8> {
        [self.device.as_bytes().as_slice(), self.log.as_bytes(), &self.first.to_be_bytes()].concat()
    }
}

/// What a chain of epochs begins with: the key of epoch 0. Whoever has it can check every epoch, and forge every one.
pub struct StartKey(Secret<32>);

impl StartKey {
    const PREFIX: &'static str = "ckm1.";

    /// A new random one.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(Secret::make(random))
    }

    /// The one with these bytes.
    #[must_use]
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The key of epoch 0.
    #[must_use]
    pub fn epoch(&self) -> EpochKey {
        EpochKey::from_parts(0, self.0.duplicate())
    }

    /// The bytes, for whoever keeps them sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Seals it to the server, which checks the marks with it.
    ///
    /// # Errors
    /// If this is not a usable public key.
    pub fn seal(
        &self,
        to: &AgreementPublic,
        place: &ChainPlace,
        random: &mut Random,
    ) -> Result<Vec<u8>, BadPublicKey> {
        to.seal(Parcel::EpochStart, &place.context(), self.0.expose(), random)
    }

    /// Opens what [`StartKey::seal`] made for this very place.
    ///
    /// # Errors
    /// [`ParcelRefused`].
    pub fn open(with: &AgreementSecret, place: &ChainPlace, sealed: &[u8]) -> Result<Self, ParcelRefused> {
        let opened = with.open(Parcel::EpochStart, &place.context(), sealed)?;
        Secret::from_slice(opened.expose()).map(Self).ok_or(ParcelRefused)
    }

    /// The key as it is handed to whoever checks an exported log: `ckm1.<base64url without padding>`.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        // EXPOSE: this is how it leaves, for a person who checks a log elsewhere.
        SecretText::new(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(self.0.expose())))
    }
}

impl FromStr for StartKey {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let secret = text.trim().strip_prefix(Self::PREFIX).ok_or(NotAToken)?;
        let secret = SecretBytes::new(URL_SAFE_NO_PAD.decode(secret).map_err(|_| NotAToken)?);
        Secret::from_slice(secret.expose()).map(Self).ok_or(NotAToken)
    }
}

impl fmt::Debug for StartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartKey(…)")
    }
}
