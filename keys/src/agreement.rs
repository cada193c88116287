//! X25519 keys (RFC 7748) that things are sealed to, and sealing to them (HPKE, RFC 9180).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::sign::{BadPublicKey, public_text};
use crate::{Random, Secret, SecretBytes, hazmat, label};

/// An X25519 private key. Wiped on drop.
#[derive(PartialEq, Eq)]
pub struct AgreementSecret(Secret<32>);

impl AgreementSecret {
    /// A new random key.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(hazmat::hpke_derive_secret(Secret::make(random).expose()))
    }

    /// The key with these bytes.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The key's bytes, for the sealed formats that carry it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> AgreementPublic {
        let secret = x25519_dalek::StaticSecret::from(*self.0.expose());
        AgreementPublic(x25519_dalek::PublicKey::from(&secret).to_bytes())
    }

    /// A second copy, for the few places that need one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// A key that only the two sides can derive, under a label of its own; `None` for a point of low order.
    pub(crate) fn shared(&self, other: &AgreementPublic, label: &[u8]) -> Option<Secret<32>> {
        let own = x25519_dalek::StaticSecret::from(*self.0.expose());
        let shared = own.diffie_hellman(&x25519_dalek::PublicKey::from(other.0));
        shared.was_contributory().then(|| hazmat::hkdf(shared.as_bytes(), &[], &[label]))
    }
}

impl fmt::Debug for AgreementSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreementSecret(…)")
    }
}

/// An X25519 public key. Shown and written as base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementPublic([u8; 32]);

impl AgreementPublic {
    /// The key with these bytes. A point of low order is found out, and refused, when something is sealed to it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's 32 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// The key's name in headers: the first 16 bytes of `SHA-256(label ‖ key)`.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash: [u8; 32] = Sha256::new().chain_update(label::KEY_ID).chain_update(self.0).finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(hash.split_at(16).0);
        KeyId(id)
    }
}

/// The name of a public key: 16 bytes of its hash. Shown as base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// The name with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The name's 16 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

public_text!(AgreementPublic, 32, |bytes| Ok(AgreementPublic(bytes)));
public_text!(KeyId, 16, |bytes| Ok(KeyId(bytes)));

/// What is sealed to a public key. What was sealed as one thing never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parcel {
    /// The key of `device.db`, kept by the server for a lost keyring.
    DeviceKeyEscrow,
    /// The keyring half of a slot prepared on another workstation, sealed to that device.
    PreparedSlotKey,
    /// A page of records for a drawer that is shut.
    InboxPage,
    /// A note only its author, or the recovery key, may read.
    CounsellingNote,
    /// A share or copy of a recovery code kept by the server.
    RecoveryCode,
    /// Audit events on their way to the server by file.
    CourierEvents,
    /// The server's answers on their way back to a workstation by file.
    CourierAnswers,
    /// The server's keys in a backup, for the recovery key.
    BackupKeys,
    /// What a chain of audit epochs begins with.
    EpochStart,
}

impl Parcel {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::DeviceKeyEscrow => b"chartkeep/parcel/device-key-escrow/v1\0",
            Self::PreparedSlotKey => b"chartkeep/parcel/prepared-slot-key/v1\0",
            Self::InboxPage => b"chartkeep/parcel/inbox-page/v1\0",
            Self::CounsellingNote => b"chartkeep/parcel/counselling-note/v1\0",
            Self::RecoveryCode => b"chartkeep/parcel/recovery-code/v1\0",
            Self::CourierEvents => b"chartkeep/parcel/courier-events/v1\0",
            Self::CourierAnswers => b"chartkeep/parcel/courier-answers/v1\0",
            Self::BackupKeys => b"chartkeep/parcel/backup-keys/v1\0",
            Self::EpochStart => b"chartkeep/parcel/epoch-start/v1\0",
        }
    }

    /// HPKE's `info`: the label and a hash of the context, so that the context may be of any length.
    fn info(self, context: &[u8]) -> Vec<u8> {
        let hash: [u8; 32] = Sha256::digest(context).into();
        [self.label(), &hash].concat()
    }
}

/// A parcel does not open: another key, another kind or context, or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was sealed to this key cannot be opened")]
pub struct ParcelRefused;

const PARCEL_VERSION: u8 = 1;

impl AgreementPublic {
    /// Seals `plaintext` to this key: version ‖ encapsulated key ‖ ciphertext ‖ tag. `context` (who, where, which
    /// one) is not part of the result and has to be given again to open it.
    ///
    /// # Errors
    /// If this is not a usable public key.
    pub fn seal(
        &self,
        parcel: Parcel,
        context: &[u8],
        plaintext: &[u8],
        random: &mut Random,
    ) -> Result<Vec<u8>, BadPublicKey> {
        let sealed =
            hazmat::hpke_seal(&self.0, &parcel.info(context), plaintext, random).ok_or(BadPublicKey)?;
        let mut out = Vec::with_capacity(1 + sealed.len());
        out.push(PARCEL_VERSION);
        out.extend_from_slice(&sealed);
        Ok(out)
    }
}

impl AgreementSecret {
    /// Opens what was sealed to the public half of this key.
    ///
    /// # Errors
    /// [`ParcelRefused`], whatever it was that did not fit.
    pub fn open(&self, parcel: Parcel, context: &[u8], sealed: &[u8]) -> Result<SecretBytes, ParcelRefused> {
        let (version, rest) = sealed.split_first().ok_or(ParcelRefused)?;
        if *version != PARCEL_VERSION {
            return Err(ParcelRefused);
        }
        let opened = hazmat::hpke_open(self.0.expose(), &parcel.info(context), rest).ok_or(ParcelRefused)?;
        Ok(SecretBytes::new(opened))
    }
}
