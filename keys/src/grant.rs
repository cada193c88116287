//! Grants: a drawer's keys for one person on one device, sealed to the person, signed by the practice's rights key.
//!
//! ```text
//! "CKgr" 01 · number u64 · practice 16 · device 16 · person 16 · drawer (u16 + text) · generation u32
//! · not before i64 ms · not after i64 ms · HPKE(person; file key 32 ‖ field key 32) 112 · signature 64
//! ```
//! HPKE `info` is the label and everything before it; the signature covers everything before it.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::hazmat::HPKE_OVERHEAD;
use crate::layout::{Format, Reader, Writer};
use crate::row::{FieldKey, FileKey};
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, DrawerKeys, Purpose, Random, Secret, SecretBytes,
    Signature, SigningKey, Unreadable, VerifyingKey, hazmat, label,
};

const FORMAT: Format = Format { magic: *b"CKgr", version: 1 };
const KEYS_LENGTH: usize = 64;
const DRAWER_NAME_LIMIT: usize = 64;

/// What a grant says in the open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantHeader {
    /// Counts the grants of the practice.
    pub number: u64,
    /// The practice.
    pub practice: Uuid,
    /// The device it is for.
    pub device: Uuid,
    /// The person it is for.
    pub person: Uuid,
    /// The drawer, by name; at most 64 bytes.
    pub drawer: String,
    /// The generation of the drawer's keys.
    pub generation: u32,
    /// Not to be used before (to the millisecond).
    pub not_before: Timestamp,
    /// Not to be used after (to the millisecond).
    pub not_after: Timestamp,
}

/// Everything a grant is made of.
pub struct GrantBody {
    /// What it says in the open; its `generation` is that of the keys.
    pub header: GrantHeader,
    /// What it carries.
    pub keys: DrawerKeys,
}

impl fmt::Debug for GrantBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantBody").field("header", &self.header).finish_non_exhaustive()
    }
}

/// A grant cannot be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantNotIssued {
    /// The drawer's name is longer than 64 bytes, the generations differ, or the time runs backwards.
    #[error("the grant contradicts itself")]
    Contradiction,
    /// The person's public key is not usable.
    #[error(transparent)]
    BadPublicKey(#[from] BadPublicKey),
}

/// A grant is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantRefused {
    /// Not readable as a grant.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The rights key did not sign this.
    #[error("the practice did not issue this grant")]
    BadSignature,
    /// Sealed to another person's key.
    #[error("the grant is for somebody else")]
    OtherPerson,
    /// Made for another device.
    #[error("the grant is for another device")]
    OtherDevice,
    /// Its time has not come.
    #[error("the grant is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("the grant has run out")]
    Expired,
}

/// Issues a grant, in the person's absence if need be.
///
/// # Errors
/// [`GrantNotIssued`].
pub fn issue(
    body: &GrantBody,
    rights_key: &SigningKey,
    person_key: &AgreementPublic,
    random: &mut Random,
) -> Result<Vec<u8>, GrantNotIssued> {
    let header = &body.header;
    let coherent = header.drawer.len() <= DRAWER_NAME_LIMIT
        && header.generation == body.keys.generation
        && header.not_before <= header.not_after;
    if !coherent {
        return Err(GrantNotIssued::Contradiction);
    }
    let writer = Writer::begin(&FORMAT, 400)
        .u64(header.number)
        .uuid(header.practice)
        .uuid(header.device)
        .uuid(header.person)
        .text(&header.drawer)
        .u32(header.generation)
        .time(header.not_before)
        .time(header.not_after);
    let keys = Writer::with_capacity(KEYS_LENGTH).raw(body.keys.file.expose()).raw(body.keys.field.expose());
    let sealed = hazmat::hpke_seal(
        &person_key.to_bytes(),
        &info(writer.written()),
        keys.into_secret().expose(),
        random,
    );
    let writer = writer.raw(&sealed.ok_or(BadPublicKey)?);
    let signature = rights_key.sign(Purpose::Grant, writer.written());
    Ok(writer.raw(&signature.to_bytes()).into_vec())
}

/// Checks who issued a grant and what it says; needs no secret, so it works while everything is locked.
///
/// # Errors
/// [`GrantRefused::Unreadable`] or [`GrantRefused::BadSignature`].
pub fn verify(bytes: &[u8], rights_key: &VerifyingKey) -> Result<GrantHeader, GrantRefused> {
    Ok(parse(bytes, rights_key)?.header)
}

/// Opens a grant: signature, device, time and the person's key all have to fit.
///
/// # Errors
/// [`GrantRefused`].
pub fn open(
    bytes: &[u8],
    rights_key: &VerifyingKey,
    person_secret: &AgreementSecret,
    device: Uuid,
    now: Timestamp,
) -> Result<GrantBody, GrantRefused> {
    let Parsed { header, before_seal, sealed } = parse(bytes, rights_key)?;
    if header.device != device {
        return Err(GrantRefused::OtherDevice);
    }
    if now < header.not_before {
        return Err(GrantRefused::NotYetValid);
    }
    if now > header.not_after {
        return Err(GrantRefused::Expired);
    }
    let opened = hazmat::hpke_open(person_secret.expose(), &info(before_seal), sealed);
    let opened = SecretBytes::new(opened.ok_or(GrantRefused::OtherPerson)?);
    let (file, field) = opened.expose().split_at_checked(32).ok_or(Unreadable::Damaged)?;
    let keys = DrawerKeys {
        file: FileKey::from_secret(Secret::from_slice(file).ok_or(Unreadable::Damaged)?),
        field: FieldKey::from_secret(Secret::from_slice(field).ok_or(Unreadable::Damaged)?),
        generation: header.generation,
    };
    Ok(GrantBody { header, keys })
}

struct Parsed<'a> {
    header: GrantHeader,
    before_seal: &'a [u8],
    sealed: &'a [u8],
}

/// Takes a grant apart; nothing of it comes out before the signature has verified.
fn parse<'a>(bytes: &'a [u8], rights_key: &VerifyingKey) -> Result<Parsed<'a>, GrantRefused> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let header = GrantHeader {
        number: reader.u64()?,
        practice: reader.uuid()?,
        device: reader.uuid()?,
        person: reader.uuid()?,
        drawer: reader.text(DRAWER_NAME_LIMIT)?.to_owned(),
        generation: reader.u32()?,
        not_before: reader.time()?,
        not_after: reader.time()?,
    };
    let before_seal = reader.read_so_far();
    let sealed = reader.raw(HPKE_OVERHEAD + KEYS_LENGTH)?;
    let signed = reader.read_so_far();
    let signature = Signature::from_bytes(reader.array()?);
    reader.finish()?;
    rights_key.verify(Purpose::Grant, signed, &signature).map_err(|_| GrantRefused::BadSignature)?;
    Ok(Parsed { header, before_seal, sealed })
}

fn info(header: &[u8]) -> Vec<u8> {
    [label::GRANT, header].concat()
}
