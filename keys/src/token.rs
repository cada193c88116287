//! Secrets that are shown once and kept by the other side as a hash: enrolment tokens and bearer tokens.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{Random, Secret, SecretText, label};

/// Text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token")]
pub struct NotAToken;

/// What lets one workstation enrol, and pins the practice's root: `ck1.<secret>.<SHA-256 of the root certificate>`,
/// both base64url without padding.
#[derive(PartialEq, Eq)]
pub struct EnrolmentToken {
    secret: Secret<32>,
    /// SHA-256 of the root certificate's DER bytes.
    pub root_fingerprint: [u8; 32],
}

impl EnrolmentToken {
    const PREFIX: &'static str = "ck1";

    /// A new random token for a practice with this root.
    #[must_use]
    pub fn make(root_fingerprint: [u8; 32], random: &mut Random) -> Self {
        Self { secret: Secret::make(random), root_fingerprint }
    }

    /// The token as IT hands it over.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        let (secret, root) =
            (URL_SAFE_NO_PAD.encode(self.secret.expose()), URL_SAFE_NO_PAD.encode(self.root_fingerprint));
        SecretText::new(format!("{}.{secret}.{root}", Self::PREFIX))
    }

    /// What the server keeps.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest(label::ENROLMENT_TOKEN, &self.secret)
    }
}

impl FromStr for EnrolmentToken {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let mut parts = text.trim().split('.');
        let (prefix, secret, root, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
        match (prefix, secret, root, rest) {
            (Some(Self::PREFIX), Some(secret), Some(root), None) => {
                let secret = read_secret(secret)?;
                let root = URL_SAFE_NO_PAD.decode(root).map_err(|_| NotAToken)?;
                Ok(Self { secret, root_fingerprint: root.try_into().map_err(|_| NotAToken)? })
            }
            _ => Err(NotAToken),
        }
    }
}

impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentToken(…)")
    }
}

/// What opens record routes for at most 15 minutes: 256 random bits, base64url without padding.
#[derive(PartialEq, Eq)]
pub struct BearerToken(Secret<32>);

impl BearerToken {
    /// A new random token.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(Secret::make(random))
    }

    /// The token as it stands in the `Authorization` header.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        SecretText::new(URL_SAFE_NO_PAD.encode(self.0.expose()))
    }

    /// What the server keeps.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest(label::BEARER_TOKEN, &self.0)
    }
}

impl FromStr for BearerToken {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        read_secret(text).map(Self)
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(…)")
    }
}

fn read_secret(text: &str) -> Result<Secret<32>, NotAToken> {
    let bytes = crate::SecretBytes::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAToken)?);
    Secret::from_slice(bytes.expose()).ok_or(NotAToken)
}

fn digest(label: &[u8], secret: &Secret<32>) -> [u8; 32] {
    Sha256::new().chain_update(label).chain_update(secret.expose()).finalize().into()
}
