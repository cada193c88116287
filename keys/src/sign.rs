//! Ed25519 signatures (RFC 8032), each under a label that says what was signed.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;

use crate::{Random, Secret};

/// What a signature is for. A signature made for one purpose never verifies for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An author's signature inside a change's envelope.
    Change,
    /// The rights key's signature under a grant.
    Grant,
    /// The person's answer to the server's challenge.
    SessionChallenge,
    /// A directive of the server to a workstation.
    Directive,
    /// The server's receipt for what was delivered.
    Receipt,
    /// An extension of the offline lease.
    Lease,
    /// An audit entry of legal weight, by the person's own key.
    AuditEntry,
    /// The certificate of a crypto-erasure.
    Erasure,
    /// An export.
    Export,
    /// The start of a recovery epoch after a declared restore.
    RecoveryEpoch,
    /// A person's keys of one workstation, sealed to their key on another.
    Twin,
    /// A slot made for another workstation, by the person's key there.
    PreparedSlot,
    /// A message of the server about an alert.
    Alert,
    /// A page of history for a drawer that is shut.
    InboxPage,
    /// The certificate of a purge of audit events.
    Purge,
    /// A part of an attached file that is carried, by the workstation's checkpoint key.
    CourierFile,
}

impl Purpose {
    /// What stands before the message; ends in a zero byte so that none is the beginning of another.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Change => b"chartkeep/sign/change/v1\0",
            Self::Grant => b"chartkeep/sign/grant/v1\0",
            Self::SessionChallenge => b"chartkeep/sign/session-challenge/v1\0",
            Self::Directive => b"chartkeep/sign/directive/v1\0",
            Self::Receipt => b"chartkeep/sign/receipt/v1\0",
            Self::Lease => b"chartkeep/sign/lease/v1\0",
            Self::AuditEntry => b"chartkeep/sign/audit-entry/v1\0",
            Self::Erasure => b"chartkeep/sign/erasure/v1\0",
            Self::Export => b"chartkeep/sign/export/v1\0",
            Self::RecoveryEpoch => b"chartkeep/sign/recovery-epoch/v1\0",
            Self::Twin => b"chartkeep/sign/twin/v1\0",
            Self::PreparedSlot => b"chartkeep/sign/prepared-slot/v1\0",
            Self::Alert => b"chartkeep/sign/alert/v1\0",
            Self::InboxPage => b"chartkeep/sign/inbox-page/v1\0",
            Self::Purge => b"chartkeep/sign/purge/v1\0",
            Self::CourierFile => b"chartkeep/sign/courier-file/v1\0",
        }
    }

    fn labelled(self, message: &[u8]) -> Vec<u8> {
        [self.label(), message].concat()
    }
}

/// A signature does not belong to this key, purpose and message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// These 32 bytes are not a public key that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a usable public key")]
pub struct BadPublicKey;

/// An Ed25519 private key. Wiped on drop.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A new random key.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self::from_seed(&Secret::make(random))
    }

    /// The key that RFC 8032 derives from this seed.
    #[must_use]
    pub fn from_seed(seed: &Secret<32>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.expose()))
    }

    /// The seed, for the sealed formats that carry a key.
    #[must_use]
    pub fn seed(&self) -> Secret<32> {
        Secret::build(|place| place.copy_from_slice(self.0.as_bytes()))
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs label ‖ message.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        self.sign_unlabelled(&purpose.labelled(message))
    }

    /// Signs exactly these bytes: for formats that fix them, such as signed notes, which hold no zero byte and so
    /// cannot be taken for a labelled message.
    pub(crate) fn sign_unlabelled(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// A second copy, for the few places that need one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::from_seed(&self.seed())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// An Ed25519 public key. Shown and written as base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The key with these bytes.
    ///
    /// # Errors
    /// If they are not a point of the curve, or one of low order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, BadPublicKey> {
        match ed25519_dalek::VerifyingKey::from_bytes(&bytes) {
            Ok(key) if !key.is_weak() => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(BadPublicKey),
        }
    }

    /// The key's 32 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Checks a signature over label ‖ message, strictly (no small-order points).
    ///
    /// # Errors
    /// [`BadSignature`] for a wrong key, purpose, message or signature.
    pub fn verify(
        &self,
        purpose: Purpose,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        self.verify_unlabelled(&purpose.labelled(message), signature)
    }

    pub(crate) fn verify_unlabelled(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        ed25519_dalek::VerifyingKey::from_bytes(&self.0)
            .and_then(|key| key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)))
            .map_err(|_| BadSignature)
    }
}

/// An Ed25519 signature. Shown and written as base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Length in bytes.
    pub const LENGTH: usize = 64;

    /// The signature with these bytes; whether it is one, only verifying tells.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The signature's 64 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 64] {
        self.0
    }
}

/// Text forms of public values: base64, both ways, and through serde.
macro_rules! public_text {
    ($name:ident, $length:literal, $from:expr) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&STANDARD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadPublicKey;

            fn from_str(text: &str) -> Result<Self, BadPublicKey> {
                let bytes = STANDARD.decode(text).map_err(|_| BadPublicKey)?;
                let bytes: [u8; $length] = bytes.try_into().map_err(|_| BadPublicKey)?;
                $from(bytes)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use public_text;

public_text!(VerifyingKey, 32, VerifyingKey::from_bytes);
public_text!(Signature, 64, |bytes| Ok(Signature(bytes)));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_rfc_8032() {
        // §7.1, TEST 2.
        let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        let key = SigningKey::from_seed(&Secret::from_slice(&unhex(seed)).unwrap());
        assert_eq!(key.verifying_key().to_bytes().to_vec(), unhex(public));
        let made = key.sign_unlabelled(&[0x72]);
        assert_eq!(made.to_bytes().to_vec(), unhex(signature));
        assert!(key.verifying_key().verify_unlabelled(&[0x72], &made).is_ok());
        assert!(key.verifying_key().verify_unlabelled(&[0x73], &made).is_err());
    }

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u32> = text.chars().filter_map(|character| character.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    }
}
