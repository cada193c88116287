//! Checkpoints of a log as C2SP signed notes (c2sp.org/tlog-checkpoint, /signed-note, /tlog-cosignature).
//!
//! The device signs the state of its audit log; the server, as witness, cosigns it with its own time. The text:
//!
//! ```text
//! <origin>
//! <size>
//! <root hash, base64>
//! time <Unix seconds>
//! <blank line>
//! — <key name> <base64 of key id (4) ‖ signature (64)>
//! — <witness name> <base64 of key id (4) ‖ time u64 ‖ signature (64)>
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{Signature, SigningKey, VerifyingKey};

const ALGORITHM_ED25519: u8 = 0x01;
const ALGORITHM_COSIGNATURE: u8 = 0x04;
const SIGNATURE_PREFIX: &str = "— ";
const TIME_PREFIX: &str = "time ";
/// Longest note that is read, in bytes.
const NOTE_LIMIT: usize = 16 * 1024;
/// Most signature lines that are read.
const SIGNATURE_LIMIT: usize = 16;

/// The state of a log at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: no blank at its ends, no control characters.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the Merkle tree (RFC 6962).
    pub root: [u8; 32],
    /// When the device says it was (to the second).
    pub at: Timestamp,
}

/// A note is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteRefused {
    /// Not a signed checkpoint.
    #[error("this is not a signed checkpoint")]
    Malformed,
    /// No line of this name and key is under it.
    #[error("the checkpoint bears no signature of this key")]
    NotSigned,
    /// A line of this name and key is under it, but does not verify.
    #[error("the signature under the checkpoint does not verify")]
    BadSignature,
}

/// A name cannot stand in a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a name a note can bear")]
pub struct BadNoteName;

impl Checkpoint {
    /// The text that is signed.
    fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n{TIME_PREFIX}{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root),
            self.at.as_second()
        )
    }

    /// Signs the checkpoint: a whole note.
    ///
    /// # Errors
    /// [`BadNoteName`] if origin or key name cannot stand in a note.
    pub fn sign(&self, key_name: &str, key: &SigningKey) -> Result<String, BadNoteName> {
        if !is_origin(&self.origin) || !is_key_name(key_name) {
            return Err(BadNoteName);
        }
        let text = self.text();
        let signature = key.sign_unlabelled(text.as_bytes());
        let id = key_id(key_name, ALGORITHM_ED25519, &key.verifying_key());
        let line = STANDARD.encode([id.as_slice(), &signature.to_bytes()].concat());
        Ok(format!("{text}\n{SIGNATURE_PREFIX}{key_name} {line}\n"))
    }

    /// The checkpoint of a note that this key signed.
    ///
    /// # Errors
    /// [`NoteRefused`].
    pub fn verify(note: &str, key_name: &str, key: &VerifyingKey) -> Result<Self, NoteRefused> {
        let note = Note::parse(note)?;
        let id = key_id(key_name, ALGORITHM_ED25519, key);
        let bytes: [u8; 64] = note.signature(key_name, id)?.try_into().map_err(|_| NoteRefused::Malformed)?;
        key.verify_unlabelled(note.text.as_bytes(), &Signature::from_bytes(bytes))
            .map_err(|_| NoteRefused::BadSignature)?;
        note.checkpoint()
    }
}

/// Adds the witness's line under a note that it has checked: cosignature/v1, with the witness's own time.
///
/// # Errors
/// [`NoteRefused::Malformed`] if the note, or the name, is none.
pub fn cosign(
    note: &str,
    witness_name: &str,
    witness_key: &SigningKey,
    at: Timestamp,
) -> Result<String, NoteRefused> {
    let parsed = Note::parse(note)?;
    let seconds = u64::try_from(at.as_second()).map_err(|_| NoteRefused::Malformed)?;
    if !is_key_name(witness_name) || parsed.signatures.len() >= SIGNATURE_LIMIT {
        return Err(NoteRefused::Malformed);
    }
    let signature = witness_key.sign_unlabelled(&cosigned_bytes(parsed.text, seconds));
    let id = key_id(witness_name, ALGORITHM_COSIGNATURE, &witness_key.verifying_key());
    let line = STANDARD.encode([id.as_slice(), &seconds.to_be_bytes(), &signature.to_bytes()].concat());
    Ok(format!("{note}{SIGNATURE_PREFIX}{witness_name} {line}\n"))
}

/// The checkpoint of a note that this witness cosigned, and when by the witness's time.
///
/// # Errors
/// [`NoteRefused`].
pub fn verify_cosignature(
    note: &str,
    witness_name: &str,
    witness_key: &VerifyingKey,
) -> Result<(Checkpoint, Timestamp), NoteRefused> {
    let note = Note::parse(note)?;
    let id = key_id(witness_name, ALGORITHM_COSIGNATURE, witness_key);
    let line = note.signature(witness_name, id)?;
    let (seconds, bytes) = line.split_first_chunk::<8>().ok_or(NoteRefused::Malformed)?;
    let seconds = u64::from_be_bytes(*seconds);
    let bytes: [u8; 64] = bytes.try_into().map_err(|_| NoteRefused::Malformed)?;
    witness_key
        .verify_unlabelled(&cosigned_bytes(note.text, seconds), &Signature::from_bytes(bytes))
        .map_err(|_| NoteRefused::BadSignature)?;
    let at = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    Ok((note.checkpoint()?, at.ok_or(NoteRefused::Malformed)?))
}

/// The line by which others configure a key: `<name>+<key id, hex>+<base64 of 01 ‖ key>` (C2SP signed-note).
#[must_use]
pub fn verifier_line(key_name: &str, key: &VerifyingKey) -> String {
    let id = u32::from_be_bytes(key_id(key_name, ALGORITHM_ED25519, key));
    let mut bytes = vec![ALGORITHM_ED25519];
    bytes.extend_from_slice(&key.to_bytes());
    format!("{key_name}+{id:08x}+{}", STANDARD.encode(bytes))
}

/// `SHA-256(name ‖ "\n" ‖ algorithm ‖ key)`, the first four bytes.
fn key_id(name: &str, algorithm: u8, key: &VerifyingKey) -> [u8; 4] {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', algorithm])
        .chain_update(key.to_bytes())
        .finalize()
        .into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

fn cosigned_bytes(text: &str, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

/// A note taken apart.
struct Note<'a> {
    text: &'a str,
    signatures: Vec<(&'a str, Vec<u8>)>,
}

impl<'a> Note<'a> {
    fn parse(note: &'a str) -> Result<Self, NoteRefused> {
        let plain = note.chars().all(|character| character == '\n' || !character.is_control());
        if note.len() > NOTE_LIMIT || !plain {
            return Err(NoteRefused::Malformed);
        }
        let (text, lines) = note.split_once("\n\n").ok_or(NoteRefused::Malformed)?;
        let text = note.get(..=text.len()).ok_or(NoteRefused::Malformed)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteRefused::Malformed)?;
        let signatures: Vec<_> = lines.split('\n').map(read_signature_line).collect::<Result<_, _>>()?;
        if signatures.len() > SIGNATURE_LIMIT {
            return Err(NoteRefused::Malformed);
        }
        Ok(Self { text, signatures })
    }

    /// What follows the key id in the line of this name and key. A name stands under a note once.
    fn signature(&self, name: &str, id: [u8; 4]) -> Result<&[u8], NoteRefused> {
        let mut found = self.signatures.iter().filter_map(|(line_name, bytes)| {
            (*line_name == name).then(|| bytes.strip_prefix(id.as_slice())).flatten()
        });
        match (found.next(), found.next()) {
            (Some(bytes), None) => Ok(bytes),
            (None, _) => Err(NoteRefused::NotSigned),
            (Some(_), Some(_)) => Err(NoteRefused::Malformed),
        }
    }

    fn checkpoint(&self) -> Result<Checkpoint, NoteRefused> {
        self.read_checkpoint().ok_or(NoteRefused::Malformed)
    }

    fn read_checkpoint(&self) -> Option<Checkpoint> {
        let lines: Vec<&str> = self.text.strip_suffix('\n')?.split('\n').collect();
        let [origin, size, root, time] = lines.as_slice() else { return None };
        let checkpoint = Checkpoint {
            origin: (*origin).to_owned(),
            size: size.parse().ok()?,
            root: STANDARD.decode(root).ok()?.try_into().ok()?,
            at: Timestamp::from_second(time.strip_prefix(TIME_PREFIX)?.parse().ok()?).ok()?,
        };
        // One state, one text: no leading zeros, no plus signs, no blank origin.
        (is_origin(origin) && checkpoint.text() == self.text).then_some(checkpoint)
    }
}

fn read_signature_line(line: &str) -> Result<(&str, Vec<u8>), NoteRefused> {
    let (name, signature) = line
        .strip_prefix(SIGNATURE_PREFIX)
        .and_then(|rest| rest.split_once(' '))
        .filter(|(name, _)| is_key_name(name))
        .ok_or(NoteRefused::Malformed)?;
    let bytes = STANDARD.decode(signature).map_err(|_| NoteRefused::Malformed)?;
    if bytes.len() < 5 {
        return Err(NoteRefused::Malformed);
    }
    Ok((name, bytes))
}

fn is_origin(origin: &str) -> bool {
    !origin.is_empty() && origin.trim() == origin && !origin.chars().any(char::is_control)
}

/// No blanks, no plus sign (C2SP signed-note).
fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|character| character.is_whitespace() || character.is_control() || character == '+')
}
