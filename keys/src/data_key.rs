//! Keys at the server: a data key per patient seals records, and a key-encryption key wraps data keys.
//!
//! A data key is a [`PatientKey`]; a row is sealed as in [`crate::row`]. A wrapped data key is
//! `version 1 ‖ nonce (12) ‖ AES-256-GCM(key-encryption key; data key) ‖ tag (16)`. What is bound to it without being in it:
//! practice, subject, generation, and the id of the key-encryption key. A token that never hands out its key makes the same
//! bytes, see [`assemble`].

use uuid::Uuid;

use crate::hazmat::{NONCE_LENGTH, TAG_LENGTH};
use crate::layout::Writer;
use crate::row::{self, SealRefused};
use crate::secret::key_type;
use crate::{PatientKey, Random, Secret, SecretBytes, Unreadable, label};

key_type! {
    /// Wraps the data keys of a server's patients.
    KeyEncryptionKey
}

/// Length of a nonce in bytes.
pub const NONCE: usize = NONCE_LENGTH;
/// Length of a tag in bytes.
pub const TAG: usize = TAG_LENGTH;

const VERSION: u8 = 1;

/// Which data key it is, and what wraps it. A wrapped key opens as no other one.
#[derive(Debug, Clone, Copy)]
pub struct DataKeyAad<'a> {
    /// The practice.
    pub practice: Uuid,
    /// Whose records it seals: a patient's id, or what the server puts in the place of one; at most 128 bytes.
    pub subject: &'a str,
    /// Counts the data keys of the subject, from 1.
    pub generation: u32,
    /// The key-encryption key.
    pub kek: Uuid,
}

impl DataKeyAad<'_> {
    /// What a wrapping binds to the key.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        Writer::with_capacity(192)
            .raw(label::DATA_KEY)
            .uuid(self.practice)
            .text(row::bounded(self.subject))
            .u32(self.generation)
            .uuid(self.kek)
            .into_vec()
    }
}

impl KeyEncryptionKey {
    /// Wraps a data key.
    #[must_use]
    pub fn wrap(&self, key: &PatientKey, aad: &DataKeyAad<'_>, random: &mut Random) -> Vec<u8> {
        row::seal(self.expose(), &aad.bytes(), key.expose(), random)
    }

    /// Unwraps what [`Self::wrap`], or a token with the same key, has wrapped.
    ///
    /// # Errors
    /// [`SealRefused`] for another key or another place, or changed bytes.
    pub fn unwrap(&self, aad: &DataKeyAad<'_>, wrapped: &[u8]) -> Result<PatientKey, SealRefused> {
        let opened = SecretBytes::new(row::open(self.expose(), &aad.bytes(), wrapped)?);
        Ok(PatientKey::from_secret(Secret::from_slice(opened.expose()).ok_or(Unreadable::Damaged)?))
    }
}

/// A wrapped key from what a token has made of it: ciphertext and tag under this nonce.
#[must_use]
pub fn assemble(nonce: &[u8; NONCE], sealed: &[u8]) -> Vec<u8> {
    [&[VERSION], nonce.as_slice(), sealed].concat()
}

/// Nonce, and ciphertext with tag, for a token to open.
///
/// # Errors
/// [`Unreadable`] where this is no wrapped key.
pub fn take_apart(wrapped: &[u8]) -> Result<(&[u8; NONCE], &[u8]), Unreadable> {
    match wrapped.split_first() {
        Some((&VERSION, rest)) => rest.split_first_chunk().ok_or(Unreadable::Damaged),
        Some((&version, _)) if version > VERSION => Err(Unreadable::Newer { version }),
        Some(_) | None => Err(Unreadable::Damaged),
    }
}
