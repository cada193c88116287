//! Drafts, attachments and other files: AES-256-GCM in chunks, so that a reader never holds unchecked bytes.
//!
//! ```text
//! "CKbl" 01 · salt 32 · chunk size u32 (65536) · chunks: AES-256-GCM(file key; ≤ chunk size) each with its tag
//! file key = HKDF-SHA256[salt, label ‖ SHA-256(context)](key)
//! nonce    = chunk number u64 ‖ 000000 ‖ 01 for the last chunk, else 00
//! AAD      = magic, version, salt and chunk size
//! ```
//! The salt makes each file key new, so counting nonces never repeat; the last byte keeps a file from being cut
//! short or lengthened at a chunk's edge. `context` says whose and which file it is, and is not inside.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::hazmat::{NONCE_LENGTH, TAG_LENGTH};
use crate::layout::{Format, Reader, Writer};
use crate::row::SealRefused;
use crate::secret::key_type;
use crate::{AgreementSecret, Random, Secret, Unreadable, hazmat, label};

const FORMAT: Format = Format { magic: *b"CKbl", version: 1 };
const CHUNK: usize = 64 * 1024;
const CHUNK_ON_DISK: u32 = 64 * 1024;

key_type! {
    /// Seals files: one attachment, or a person's drafts.
    BlobKey
}

/// The key of a person's drafts: `HKDF-SHA256[label, person](agreement secret)`. Re-entry can derive it too.
#[must_use]
pub fn derive_draft_key(person: Uuid, agreement: &AgreementSecret) -> BlobKey {
    BlobKey::from_secret(hazmat::hkdf(agreement.expose(), &[], &[label::DRAFT_KEY, person.as_bytes()]))
}

/// Seals a file for the place that `context` names.
#[must_use]
pub fn seal(key: &BlobKey, context: &[u8], plaintext: &[u8], random: &mut Random) -> Vec<u8> {
    let salt: [u8; 32] = random.bytes();
    let chunks = chunk_count(plaintext.len());
    let writer = Writer::begin(&FORMAT, 64 + plaintext.len() + chunks * TAG_LENGTH);
    let writer = writer.raw(&salt).u32(CHUNK_ON_DISK);
    let header = writer.written().to_vec();
    let file_key = derive_file_key(key, &salt, context);
    let sealed = (0..chunks).fold(writer, |writer, number| {
        let start = number * CHUNK;
        let chunk = plaintext.get(start..plaintext.len().min(start + CHUNK)).unwrap_or_default();
        writer.raw(&hazmat::aes_seal(file_key.expose(), &nonce(number, number + 1 == chunks), &header, chunk))
    });
    sealed.into_vec()
}

/// Opens a file in the place that `context` names.
///
/// # Errors
/// [`SealRefused`] for another key or place, or when the file was changed, cut or lengthened.
pub fn open(key: &BlobKey, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealRefused> {
    let mut reader = Reader::begin(sealed, &FORMAT)?;
    let salt = reader.array()?;
    if reader.u32()? != CHUNK_ON_DISK {
        return Err(Unreadable::Damaged.into());
    }
    let header = reader.read_so_far();
    let body = sealed.get(header.len()..).unwrap_or_default();
    let file_key = derive_file_key(key, &salt, context);
    let chunks = body.len().div_ceil(CHUNK + TAG_LENGTH);
    let mut plaintext = Vec::with_capacity(body.len());
    for (number, chunk) in body.chunks(CHUNK + TAG_LENGTH).enumerate() {
        let opened = hazmat::aes_open(file_key.expose(), &nonce(number, number + 1 == chunks), header, chunk);
        plaintext.extend_from_slice(&opened.ok_or(SealRefused::WrongKeyOrPlace)?);
    }
    // A file has at least one chunk, an empty one too, and only the whole of nothing is empty.
    if chunks == 0 || chunks != chunk_count(plaintext.len()) {
        return Err(Unreadable::Damaged.into());
    }
    Ok(plaintext)
}

/// At least one, so that an empty file is authenticated too.
fn chunk_count(length: usize) -> usize {
    length.div_ceil(CHUNK).max(1)
}

fn nonce(number: usize, last: bool) -> [u8; NONCE_LENGTH] {
    let mut nonce = [0; NONCE_LENGTH];
    let number = u64::try_from(number).expect("a file has fewer chunks than bytes");
    nonce.split_at_mut(8).0.copy_from_slice(&number.to_be_bytes());
    if let Some(flag) = nonce.last_mut() {
        *flag = u8::from(last);
    }
    nonce
}

fn derive_file_key(key: &BlobKey, salt: &[u8; 32], context: &[u8]) -> Secret<32> {
    let context: [u8; 32] = Sha256::digest(context).into();
    hazmat::hkdf(key.expose(), salt, &[label::BLOB_KEY, &context])
}
