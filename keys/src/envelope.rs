//! Envelopes: one change, signed by its author, sealed to the server and to the practice's recovery key.
//!
//! ```text
//! "CKen" 01 · practice 16 · device 16 · sequence u64 · change 16 · sealing key id 16 · recovery key id 16   = header
//! · HPKE(sealing key; CEK 32) 80 · HPKE(recovery key; CEK 32) 80 · nonce 12
//! · payload (u32 + AES-256-GCM(CEK; author 16 ‖ written at i64 ms ‖ signature 64 ‖ FHIR transaction))
//! ```
//! HPKE `info` is the label and the header; the payload's AAD is everything before it; the signature covers
//! header ‖ author ‖ written at ‖ transaction, so what was signed is bound to this device, place in line and server.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::hazmat::{HPKE_OVERHEAD, NONCE_LENGTH, TAG_LENGTH};
use crate::layout::{Format, Reader, Writer};
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, BadSignature, KeyId, Purpose, Random, Secret,
    SecretBytes, Signature, SigningKey, Unreadable, VerifyingKey, hazmat, label,
};

const FORMAT: Format = Format { magic: *b"CKen", version: 1 };
const SEALED_KEY_LENGTH: usize = HPKE_OVERHEAD + 32;
const HEADER_LENGTH: usize = 5 + 16 + 16 + 8 + 16 + 16 + 16;
const PAYLOAD_PREFIX: usize = 16 + 8 + Signature::LENGTH;
/// Largest transaction an envelope takes, in bytes.
pub const TRANSACTION_LIMIT: usize = 64 * 1024 * 1024;

/// What an envelope says in the open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvelopeHeader {
    /// The practice.
    pub practice: Uuid,
    /// The device it was written on.
    pub device: Uuid,
    /// Counts the device's envelopes, from 1.
    pub sequence: u64,
    /// The change inside.
    pub change: Uuid,
    /// Which sealing key of the server opens it.
    pub sealing_key: KeyId,
    /// Which recovery key of the practice opens it.
    pub recovery_key: KeyId,
}

impl EnvelopeHeader {
    fn written(&self, capacity: usize) -> Writer {
        Writer::begin(&FORMAT, capacity)
            .uuid(self.practice)
            .uuid(self.device)
            .u64(self.sequence)
            .uuid(self.change)
            .raw(&self.sealing_key.to_bytes())
            .raw(&self.recovery_key.to_bytes())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            practice: reader.uuid()?,
            device: reader.uuid()?,
            sequence: reader.u64()?,
            change: reader.uuid()?,
            sealing_key: KeyId::from_bytes(reader.array()?),
            recovery_key: KeyId::from_bytes(reader.array()?),
        })
    }
}

/// A change about to be signed and sealed.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    /// The practice.
    pub practice: Uuid,
    /// The device it is written on.
    pub device: Uuid,
    /// Its place among the device's envelopes, from 1.
    pub sequence: u64,
    /// The change.
    pub change: Uuid,
    /// Who wrote it.
    pub author: Uuid,
    /// When (to the millisecond).
    pub written_at: Timestamp,
    /// The FHIR transaction Bundle.
    pub transaction: &'a [u8],
}

impl fmt::Debug for Letter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter(change {}, {} bytes)", self.change, self.transaction.len())
    }
}

/// A change cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeNotSealed {
    /// The transaction is larger than [`TRANSACTION_LIMIT`].
    #[error("the change is too large to be sent")]
    TooLarge,
    /// The server's or the recovery key is not usable.
    #[error(transparent)]
    BadPublicKey(#[from] BadPublicKey),
}

/// An envelope is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeRefused {
    /// Not readable as an envelope.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Sealed to other keys than the one given.
    #[error("the envelope is sealed to another key")]
    OtherKey,
    /// Changed after it was sealed.
    #[error("the envelope was changed after it was sealed")]
    Changed,
}

/// Signs a change and seals it to the server's sealing key and the practice's recovery key.
///
/// # Errors
/// [`EnvelopeNotSealed`].
pub fn seal(
    letter: &Letter<'_>,
    author_key: &SigningKey,
    sealing_key: &AgreementPublic,
    recovery_key: &AgreementPublic,
    random: &mut Random,
) -> Result<Vec<u8>, EnvelopeNotSealed> {
    if letter.transaction.len() > TRANSACTION_LIMIT {
        return Err(EnvelopeNotSealed::TooLarge);
    }
    let header = EnvelopeHeader {
        practice: letter.practice,
        device: letter.device,
        sequence: letter.sequence,
        change: letter.change,
        sealing_key: sealing_key.id(),
        recovery_key: recovery_key.id(),
    };
    let signature = author_key
        .sign(Purpose::Change, &signed_bytes(&header, letter.author, letter.written_at, letter.transaction));
    let payload = Writer::with_capacity(PAYLOAD_PREFIX + letter.transaction.len())
        .uuid(letter.author)
        .time(letter.written_at)
        .raw(&signature.to_bytes())
        .raw(letter.transaction)
        .into_secret();
    let content_key = Secret::<32>::make(random);
    let capacity =
        HEADER_LENGTH + 2 * SEALED_KEY_LENGTH + NONCE_LENGTH + 4 + payload.expose().len() + TAG_LENGTH;
    let writer = header.written(capacity);
    let info = info(writer.written());
    let mut seal_key_to = |public: &AgreementPublic| {
        hazmat::hpke_seal(&public.to_bytes(), &info, content_key.expose(), random).ok_or(BadPublicKey)
    };
    let (for_server, for_recovery) = (seal_key_to(sealing_key)?, seal_key_to(recovery_key)?);
    let nonce = random.bytes::<NONCE_LENGTH>();
    let writer = writer.raw(&for_server).raw(&for_recovery).raw(&nonce);
    let sealed = hazmat::aes_seal(content_key.expose(), &nonce, writer.written(), payload.expose());
    Ok(writer.bytes(&sealed).into_vec())
}

/// What an envelope says in the open. Nothing vouches for it until the envelope is opened and its author verified.
///
/// # Errors
/// [`Unreadable`].
pub fn read_header(bytes: &[u8]) -> Result<EnvelopeHeader, Unreadable> {
    Ok(parse(bytes)?.header)
}

/// Opens an envelope with the server's sealing key or the practice's recovery key, whichever `secret` is.
/// The change comes out only when its author has been verified: [`OpenedEnvelope::verify`].
///
/// # Errors
/// [`EnvelopeRefused`].
pub fn open(bytes: &[u8], secret: &AgreementSecret) -> Result<OpenedEnvelope, EnvelopeRefused> {
    let parsed = parse(bytes)?;
    let id = secret.public().id();
    let sealed_key = if id == parsed.header.sealing_key {
        parsed.for_server
    } else if id == parsed.header.recovery_key {
        parsed.for_recovery
    } else {
        return Err(EnvelopeRefused::OtherKey);
    };
    let content_key = hazmat::hpke_open(secret.expose(), &info(parsed.header_bytes), sealed_key);
    let content_key = SecretBytes::new(content_key.ok_or(EnvelopeRefused::Changed)?);
    let content_key = Secret::<32>::from_slice(content_key.expose()).ok_or(Unreadable::Damaged)?;
    let payload =
        hazmat::aes_open(content_key.expose(), &parsed.nonce, parsed.before_payload, parsed.payload);
    Ok(read_payload(parsed.header, &payload.ok_or(EnvelopeRefused::Changed)?)?)
}

/// Takes apart what was sealed. Any enrolled workstation may have sealed anything.
pub(crate) fn read_payload(header: EnvelopeHeader, payload: &[u8]) -> Result<OpenedEnvelope, Unreadable> {
    let mut reader = Reader::new(payload);
    let (author, written_at) = (reader.uuid()?, reader.time()?);
    let signature = Signature::from_bytes(reader.array()?);
    let transaction = payload.get(PAYLOAD_PREFIX..).ok_or(Unreadable::Damaged)?.to_vec();
    Ok(OpenedEnvelope { header, author, written_at, signature, transaction })
}

/// An opened envelope whose author has not been verified yet: it says who claims to have written it, not what.
pub struct OpenedEnvelope {
    header: EnvelopeHeader,
    author: Uuid,
    written_at: Timestamp,
    signature: Signature,
    transaction: Vec<u8>,
}

impl OpenedEnvelope {
    /// What the envelope said in the open.
    #[must_use]
    pub const fn header(&self) -> &EnvelopeHeader {
        &self.header
    }

    /// Who is said to have written it: whose key to verify with.
    #[must_use]
    pub const fn author(&self) -> Uuid {
        self.author
    }

    /// When it is said to have been written.
    #[must_use]
    pub const fn written_at(&self) -> Timestamp {
        self.written_at
    }

    /// Whether what was sealed names this patient (`Patient/<id>`), whoever wrote it: what is to be erased has to be
    /// found in what was refused as well.
    #[must_use]
    pub fn names_patient(&self, id: &str) -> bool {
        let names = |reference: String| {
            let reference = reference.as_bytes();
            let mut at = 0;
            while let Some(found) = self
                .transaction
                .get(at..)
                .and_then(|rest| rest.windows(reference.len()).position(|window| window == reference))
            {
                at += found + reference.len();
                let next = self.transaction.get(at);
                if next.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-' && *byte != b'.') {
                    return true;
                }
            }
            false
        };
        names(format!("Patient/{id}")) || names(format!("Patient\\/{id}"))
    }

    /// The change, if this key of its author signed it.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(self, author_key: &VerifyingKey) -> Result<SignedChange, BadSignature> {
        let signed = signed_bytes(&self.header, self.author, self.written_at, &self.transaction);
        author_key.verify(Purpose::Change, &signed, &self.signature)?;
        Ok(SignedChange {
            header: self.header,
            author: self.author,
            written_at: self.written_at,
            signature: self.signature,
            transaction: self.transaction,
        })
    }
}

impl fmt::Debug for OpenedEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedEnvelope(change {})", self.header.change)
    }
}

/// A change whose author's signature has verified.
pub struct SignedChange {
    /// What the envelope said in the open.
    pub header: EnvelopeHeader,
    /// Who wrote it.
    pub author: Uuid,
    /// When.
    pub written_at: Timestamp,
    /// The author's signature, kept with the record as evidence.
    pub signature: Signature,
    /// The FHIR transaction Bundle.
    pub transaction: Vec<u8>,
}

impl SignedChange {
    /// Checks kept evidence again: the same signature over the same parts.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify_again(&self, author_key: &VerifyingKey) -> Result<(), BadSignature> {
        let signed = signed_bytes(&self.header, self.author, self.written_at, &self.transaction);
        author_key.verify(Purpose::Change, &signed, &self.signature)
    }
}

impl fmt::Debug for SignedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedChange(change {})", self.header.change)
    }
}

struct Parsed<'a> {
    header: EnvelopeHeader,
    header_bytes: &'a [u8],
    for_server: &'a [u8],
    for_recovery: &'a [u8],
    nonce: [u8; NONCE_LENGTH],
    before_payload: &'a [u8],
    payload: &'a [u8],
}

fn parse(bytes: &[u8]) -> Result<Parsed<'_>, Unreadable> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let header = EnvelopeHeader::read(&mut reader)?;
    let header_bytes = reader.read_so_far();
    let for_server = reader.raw(SEALED_KEY_LENGTH)?;
    let for_recovery = reader.raw(SEALED_KEY_LENGTH)?;
    let nonce = reader.array()?;
    let before_payload = reader.read_so_far();
    let payload = reader.bytes()?;
    if payload.len() < PAYLOAD_PREFIX + TAG_LENGTH {
        return Err(Unreadable::Damaged);
    }
    reader.finish()?;
    Ok(Parsed { header, header_bytes, for_server, for_recovery, nonce, before_payload, payload })
}

fn signed_bytes(header: &EnvelopeHeader, author: Uuid, written_at: Timestamp, transaction: &[u8]) -> Vec<u8> {
    header
        .written(HEADER_LENGTH + 24 + transaction.len())
        .uuid(author)
        .time(written_at)
        .raw(transaction)
        .into_vec()
}

fn info(header: &[u8]) -> Vec<u8> {
    [label::ENVELOPE_CONTENT_KEY, header].concat()
}
