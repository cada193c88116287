//! An audit log in a file: sealed part by part, so that one of any length is written and read in little memory, and signed at
//! its end by whoever exported it.
//!
//! ```text
//! "CKax" 01 · export 16 · parts
//! part    = kind u8 · blob (u32 + bytes); the blob's context = label ‖ export 16 ‖ number of the part u64 ‖ kind
//! kind 0, the head, first and once: JSON
//! kind 1, entries: (position u64 · leaf hash 32 · event (u32 + bytes))*
//! kind 2, marks of entries that came before: [`crate::marks::Marks`]
//! kind 255, the end, last and once: signature 64 over export 16 ‖ number of parts before u64 ‖ SHA-256(all their
//!          plaintexts, each as kind ‖ length u64 ‖ bytes)
//! ```
//! Number and kind in the context keep parts from being moved, left out or repeated; the end keeps the file from being cut.
//! The key goes another way than the file.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::blob::{self, BlobKey};
use crate::layout::{Format, Reader, Writer};
use crate::token::NotAToken;
use crate::{
    Purpose, Random, Secret, SecretBytes, SecretText, Signature, SigningKey, Unreadable, VerifyingKey, label,
};

const FORMAT: Format = Format { magic: *b"CKax", version: 1 };
/// Longest part that is read, in bytes.
const PART_LIMIT: usize = 64 << 20;

/// What opens one export: 256 random bits, made for it alone.
pub struct ExportKey(BlobKey);

impl ExportKey {
    const PREFIX: &'static str = "ckx1.";

    /// A new random key.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(BlobKey::make(random))
    }

    /// The key with these bytes.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(BlobKey::from_secret(secret))
    }

    /// The key as it is handed over: `ckx1.<base64url without padding>`.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        // EXPOSE: this is how the key leaves, once, for a person who carries it another way than the file.
        SecretText::new(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(self.0.expose())))
    }
}

impl FromStr for ExportKey {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let secret = text.trim().strip_prefix(Self::PREFIX).ok_or(NotAToken)?;
        let secret = SecretBytes::new(URL_SAFE_NO_PAD.decode(secret).map_err(|_| NotAToken)?);
        Secret::from_slice(secret.expose()).map(Self::from_secret).ok_or(NotAToken)
    }
}

impl fmt::Debug for ExportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExportKey(…)")
    }
}

/// What a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// What is exported, and what vouches for it.
    Head,
    /// Entries of the log.
    Entries,
    /// Marks of entries that came before.
    Marks,
    /// The signature over all of it.
    End,
}

impl PartKind {
    const fn number(self) -> u8 {
        match self {
            Self::Head => 0,
            Self::Entries => 1,
            Self::Marks => 2,
            Self::End => 255,
        }
    }

    const fn numbered(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Head),
            1 => Some(Self::Entries),
            2 => Some(Self::Marks),
            255 => Some(Self::End),
            _ => None,
        }
    }
}

/// An entry as it was stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportedEntry {
    /// Its index in the log, from 0.
    pub position: u64,
    /// The leaf hash that was stored with it.
    pub leaf: [u8; 32],
    /// The exact bytes of the event.
    pub event: Vec<u8>,
}

impl fmt::Debug for ExportedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExportedEntry({}, {} bytes)", self.position, self.event.len())
    }
}

/// Entries as they stand in a part.
#[must_use]
pub fn write_entries(entries: &[ExportedEntry]) -> Vec<u8> {
    let length = entries.iter().map(|entry| entry.event.len() + 44).sum();
    let writer = entries.iter().fold(Writer::with_capacity(length), |writer, entry| {
        writer.u64(entry.position).raw(&entry.leaf).bytes(&entry.event)
    });
    writer.into_vec()
}

/// The entries of a part.
///
/// # Errors
/// [`Unreadable`].
pub fn read_entries(bytes: &[u8]) -> Result<Vec<ExportedEntry>, Unreadable> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::new();
    while reader.read_so_far().len() < bytes.len() {
        entries.push(ExportedEntry {
            position: reader.u64()?,
            leaf: reader.array()?,
            event: reader.bytes()?.to_vec(),
        });
    }
    Ok(entries)
}

/// Where a file stands that is written or read: the parts so far.
struct Parts<'a> {
    key: &'a ExportKey,
    export: Uuid,
    number: u64,
    hash: Sha256,
}

impl Parts<'_> {
    fn context(&self, kind: PartKind) -> Vec<u8> {
        let number = self.number.to_be_bytes();
        [label::EXPORT_PART, self.export.as_bytes(), &number, &[kind.number()]].concat()
    }

    fn count(&mut self, kind: PartKind, plaintext: &[u8]) {
        self.number += 1;
        self.hash.update([kind.number()]);
        self.hash.update((plaintext.len() as u64).to_be_bytes());
        self.hash.update(plaintext);
    }

    fn signed(&self) -> Vec<u8> {
        let hash: [u8; 32] = self.hash.clone().finalize().into();
        [self.export.as_bytes().as_slice(), &self.number.to_be_bytes(), &hash].concat()
    }
}

/// Writes an export.
pub struct Exporter<'a>(Parts<'a>);

impl<'a> Exporter<'a> {
    /// Begins one; the bytes are the first of the file.
    #[must_use]
    pub fn begin(key: &'a ExportKey, export: Uuid) -> (Self, Vec<u8>) {
        let start = Writer::begin(&FORMAT, START).uuid(export).into_vec();
        (Self(Parts { key, export, number: 0, hash: Sha256::new() }), start)
    }

    /// The next part, as it stands in the file.
    #[must_use]
    pub fn part(&mut self, kind: PartKind, plaintext: &[u8], random: &mut Random) -> Vec<u8> {
        let sealed = blob::seal(&self.0.key.0, &self.0.context(kind), plaintext, random);
        self.0.count(kind, plaintext);
        Writer::with_capacity(5 + sealed.len()).u8(kind.number()).bytes(&sealed).into_vec()
    }

    /// The last part.
    #[must_use]
    pub fn end(mut self, signer: &SigningKey, random: &mut Random) -> Vec<u8> {
        let signature = signer.sign(Purpose::Export, &self.0.signed());
        self.part(PartKind::End, &signature.to_bytes(), random)
    }
}

impl fmt::Debug for Exporter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exporter({}, {} parts)", self.0.export, self.0.number)
    }
}

/// How many bytes stand before the first part.
pub const START: usize = 4 + 1 + 16;
/// How many bytes stand before a part's blob.
pub const FRAME: usize = 1 + 4;

/// An export does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExportRefused {
    /// Not an export, or one of a later version.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Sealed with another key, or changed, moved or cut.
    #[error("a part of the export does not open")]
    NotOpened,
}

/// The kind of the part that follows, and the length of its blob in bytes.
///
/// # Errors
/// [`ExportRefused::NotOpened`] for what is none.
pub fn read_frame(frame: [u8; FRAME]) -> Result<(PartKind, usize), ExportRefused> {
    let mut reader = Reader::new(&frame);
    let kind = PartKind::numbered(reader.u8()?).ok_or(ExportRefused::NotOpened)?;
    let length = usize::try_from(reader.u32()?).map_err(|_| ExportRefused::NotOpened)?;
    if length > PART_LIMIT { Err(ExportRefused::NotOpened) } else { Ok((kind, length)) }
}

/// Reads an export.
pub struct ExportOpener<'a>(Parts<'a>);

impl<'a> ExportOpener<'a> {
    /// Begins with the first bytes of a file.
    ///
    /// # Errors
    /// [`ExportRefused::Unreadable`].
    pub fn begin(key: &'a ExportKey, start: &[u8]) -> Result<Self, ExportRefused> {
        let mut reader = Reader::begin(start, &FORMAT)?;
        let export = reader.uuid()?;
        reader.finish()?;
        Ok(Self(Parts { key, export, number: 0, hash: Sha256::new() }))
    }

    /// Which export it is.
    #[must_use]
    pub fn export(&self) -> Uuid {
        self.0.export
    }

    /// Opens the next part.
    ///
    /// # Errors
    /// [`ExportRefused::NotOpened`].
    pub fn open(&mut self, kind: PartKind, blob: &[u8]) -> Result<Vec<u8>, ExportRefused> {
        let opened = blob::open(&self.0.key.0, &self.0.context(kind), blob);
        let plaintext = opened.map_err(|_| ExportRefused::NotOpened)?;
        self.0.count(kind, &plaintext);
        Ok(plaintext)
    }

    /// Whether the last part was signed with this key over all that came before.
    ///
    /// # Errors
    /// [`ExportRefused::NotOpened`] where it does not open.
    pub fn is_signed(&self, end: &[u8], signer: &VerifyingKey) -> Result<bool, ExportRefused> {
        let opened = blob::open(&self.0.key.0, &self.0.context(PartKind::End), end);
        let opened = opened.map_err(|_| ExportRefused::NotOpened)?;
        let signature: [u8; Signature::LENGTH] = opened.try_into().map_err(|_| ExportRefused::NotOpened)?;
        let signature = Signature::from_bytes(signature);
        Ok(signer.verify(Purpose::Export, &self.0.signed(), &signature).is_ok())
    }
}

impl fmt::Debug for ExportOpener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExportOpener({}, {} parts)", self.0.export, self.0.number)
    }
}
