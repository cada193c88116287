//! Records at rest: the keys of a drawer, the data key of a patient, and each document sealed inside its row.
//!
//! A sealed row is `version 1 ‖ nonce (12) ‖ AES-256-GCM(patient key; document) ‖ tag (16)`. What is bound to it
//! without being in it: vault, drawer, table, row and version; so a row copied to another place does not open.

use std::fmt;

use uuid::Uuid;

use crate::hazmat::{NONCE_LENGTH, TAG_LENGTH};
use crate::layout::Writer;
use crate::secret::key_type;
use crate::{AgreementSecret, Random, Secret, SecretBytes, Unreadable, hazmat, label};

key_type! {
    /// Opens a drawer's file: SQLCipher's raw key.
    FileKey
}
key_type! {
    /// Wraps the data keys of a drawer's patients; search tokens and the inbox key derive from it.
    FieldKey
}
key_type! {
    /// Makes search tokens of a drawer.
    TokenKey
}

/// The keys of one drawer in one generation; what a grant carries.
pub struct DrawerKeys {
    /// Opens the file.
    pub file: FileKey,
    /// Opens what is in it.
    pub field: FieldKey,
    /// Counts re-keyings, from 1.
    pub generation: u32,
}

impl DrawerKeys {
    /// New random keys.
    #[must_use]
    pub fn make(generation: u32, random: &mut Random) -> Self {
        Self { file: FileKey::make(random), field: FieldKey::make(random), generation }
    }

    /// A second copy, for the few places that need one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { file: self.file.duplicate(), field: self.field.duplicate(), generation: self.generation }
    }
}

impl fmt::Debug for DrawerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DrawerKeys(generation {})", self.generation)
    }
}

const VERSION: u8 = 1;
const OVERHEAD: usize = 1 + NONCE_LENGTH + TAG_LENGTH;

/// Sealed bytes do not open: another key or place, or damaged. Which of these cannot be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealRefused {
    /// Wrong key, wrong place, or changed.
    #[error("the sealed data does not belong here or was changed")]
    WrongKeyOrPlace,
    /// Not readable as sealed data at all.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Where a row lives. A sealed row opens nowhere else, and in no other version.
#[derive(Debug, Clone, Copy)]
pub struct RowAad<'a> {
    /// The vault (or the server's store).
    pub vault: Uuid,
    /// The drawer, by name.
    pub drawer: &'a str,
    /// The table, by name.
    pub table: &'a str,
    /// The row, by its key.
    pub row: &'a str,
    /// The row's version.
    pub version: u64,
}

impl RowAad<'_> {
    fn bytes(&self) -> Vec<u8> {
        Writer::with_capacity(160)
            .raw(label::ROW)
            .uuid(self.vault)
            .text(bounded(self.drawer))
            .text(bounded(self.table))
            .text(bounded(self.row))
            .u64(self.version)
            .into_vec()
    }
}

/// Where a patient's data key lives.
#[derive(Debug, Clone, Copy)]
pub struct PatientKeyAad<'a> {
    /// The vault (or the server's store).
    pub vault: Uuid,
    /// The drawer, by name.
    pub drawer: &'a str,
    /// The patient's id.
    pub patient: &'a str,
    /// The generation of the drawer's keys.
    pub generation: u32,
}

impl PatientKeyAad<'_> {
    fn bytes(&self) -> Vec<u8> {
        Writer::with_capacity(128)
            .raw(label::PATIENT_KEY)
            .uuid(self.vault)
            .text(bounded(self.drawer))
            .text(bounded(self.patient))
            .u32(self.generation)
            .into_vec()
    }
}

/// Names of drawers, tables and rows are at most a few hundred bytes; nothing longer is one.
pub(crate) fn bounded(name: &str) -> &str {
    assert!(name.len() <= usize::from(u16::MAX), "a name of a drawer, table or row is short");
    name
}

/// Seals every document of one patient in one drawer. Erasing it erases the patient there.
#[derive(PartialEq, Eq)]
pub struct PatientKey(Secret<32>);

impl PatientKey {
    /// Length of a wrapped key in bytes.
    pub const WRAPPED_LENGTH: usize = OVERHEAD + 32;

    /// A new random key.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(Secret::make(random))
    }

    /// Wraps the key under the drawer's field key: version ‖ nonce ‖ ciphertext ‖ tag.
    #[must_use]
    pub fn wrap(&self, field: &FieldKey, aad: &PatientKeyAad<'_>, random: &mut Random) -> Vec<u8> {
        seal(field.expose(), &aad.bytes(), self.0.expose(), random)
    }

    /// Unwraps what [`Self::wrap`] made, for the same place.
    ///
    /// # Errors
    /// [`SealRefused`].
    pub fn unwrap(field: &FieldKey, aad: &PatientKeyAad<'_>, wrapped: &[u8]) -> Result<Self, SealRefused> {
        let opened = SecretBytes::new(open(field.expose(), &aad.bytes(), wrapped)?);
        Ok(Self(Secret::from_slice(opened.expose()).ok_or(Unreadable::Damaged)?))
    }

    /// The key with these bytes: a token has unwrapped them.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The key's bytes, for a token that wraps them. Whoever calls this says in a comment why.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// A second copy, for the few places that need one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

impl fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey(…)")
    }
}

/// Seals a document into its row.
#[must_use]
pub fn seal_row(key: &PatientKey, aad: &RowAad<'_>, plaintext: &[u8], random: &mut Random) -> Vec<u8> {
    seal(key.expose(), &aad.bytes(), plaintext, random)
}

/// Opens a document in its row.
///
/// # Errors
/// [`SealRefused`] for another key, another place or version, or changed bytes.
pub fn open_row(key: &PatientKey, aad: &RowAad<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealRefused> {
    open(key.expose(), &aad.bytes(), sealed)
}

pub(crate) fn seal(key: &[u8; 32], aad: &[u8], plaintext: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = Vec::with_capacity(OVERHEAD + plaintext.len());
    out.push(VERSION);
    out.extend_from_slice(&hazmat::aes_seal_with_nonce(key, aad, plaintext, random));
    out
}

pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealRefused> {
    match sealed.split_first() {
        Some((&VERSION, rest)) if rest.len() >= OVERHEAD - 1 => {
            hazmat::aes_open_with_nonce(key, aad, rest).ok_or(SealRefused::WrongKeyOrPlace)
        }
        Some((&version, _)) if version > VERSION => Err(Unreadable::Newer { version }.into()),
        Some(_) | None => Err(Unreadable::Damaged.into()),
    }
}

/// The key of a drawer's search tokens: `HKDF-SHA256[label](field key)`.
#[must_use]
pub fn derive_token_key(field: &FieldKey) -> TokenKey {
    TokenKey::from_secret(hazmat::hkdf(field.expose(), &[], &[label::TOKEN_KEY]))
}

/// A search token: the first 16 bytes of `HMAC-SHA256(token key, length of label ‖ label ‖ value)`.
/// The label names the field (`"birth-date"`, `"mrn"`), so equal values in different fields differ.
#[must_use]
pub fn token(key: &TokenKey, label: &str, value: &[u8]) -> [u8; 16] {
    let prefix = Writer::with_capacity(label.len() + 2).text(bounded(label)).into_vec();
    first_half(hazmat::hmac(key.expose(), &[&prefix, value]))
}

pub(crate) fn first_half(hash: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(hash.split_at(16).0);
    half
}

/// The key pair of a drawer's inbox: its public half seals pages while nobody who can open the drawer is here.
/// `DeriveKeyPair` (RFC 9180) of `HKDF-SHA256[label](field key)`.
#[must_use]
pub fn derive_inbox_key(field: &FieldKey) -> AgreementSecret {
    let seed: Secret<32> = hazmat::hkdf(field.expose(), &[], &[label::INBOX_KEY]);
    AgreementSecret::from_secret(hazmat::hpke_derive_secret(seed.expose()))
}
