//! Prepared slots: a person's slot for one workstation, made where they changed their passphrase or phone, and put in the
//! place of the old one there with nobody signed in.
//!
//! ```text
//! "CKps" 01 · practice 16 · device 16 · person 16 · number u64 · slot file (u32 + bytes)
//! · K_slot, a parcel for the device 81 · signature 64
//! ```
//! The parcel's context is everything before it. The signature is of the key that the person has *on that workstation* and
//! covers everything before it: the workstation knows its public half by itself, and no server can make one.

use std::fmt;

use uuid::Uuid;

use crate::hazmat::HPKE_OVERHEAD;
use crate::layout::{Format, Reader, Writer};
use crate::slot::{self, MadeSlot, SlotHeader, SlotKey, SlotKind};
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, Parcel, Purpose, Random, Secret, Signature, SigningKey,
    Unreadable, VerifyingKey,
};

const FORMAT: Format = Format { magic: *b"CKps", version: 1 };
/// A parcel begins with its version.
const PARCEL_LENGTH: usize = 1 + HPKE_OVERHEAD + 32;

/// Where a prepared slot belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreparedFor {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// Whose slot it is.
    pub person: Uuid,
    /// Counts the person's passphrases and phones: a slot of an earlier one is never put in the place of a later one.
    pub number: u64,
}

/// A prepared slot, opened on its workstation.
pub struct PreparedSlot {
    /// What the file says in the open.
    pub header: SlotHeader,
    /// The bytes of the slot file.
    pub file: Vec<u8>,
    /// Its half for the keyring.
    pub k_slot: SlotKey,
}

impl fmt::Debug for PreparedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedSlot({}, {} bytes)", self.header.slot, self.file.len())
    }
}

/// A prepared slot is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PreparedRefused {
    /// Not readable as a prepared slot, or the slot inside is none.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Not signed with the person's key on this workstation.
    #[error("the person did not prepare this slot")]
    BadSignature,
    /// For another workstation, or the slot inside is of another person or place.
    #[error("the slot was prepared for another place")]
    OtherPlace,
}

/// Puts a slot into the form in which it travels.
///
/// # Errors
/// If the device's key is not a usable public key.
pub fn make(
    place: &PreparedFor,
    made: &MadeSlot,
    device_key: &AgreementPublic,
    signing: &SigningKey,
    random: &mut Random,
) -> Result<Vec<u8>, BadPublicKey> {
    let writer = Writer::begin(&FORMAT, 300 + made.file.len())
        .uuid(place.practice)
        .uuid(place.device)
        .uuid(place.person)
        .u64(place.number)
        .bytes(&made.file);
    let sealed = device_key.seal(Parcel::PreparedSlotKey, writer.written(), made.k_slot.expose(), random)?;
    let writer = writer.raw(&sealed);
    let signature = signing.sign(Purpose::PreparedSlot, writer.written());
    Ok(writer.raw(&signature.to_bytes()).into_vec())
}

/// Where a prepared slot says it belongs. Nothing vouches for it.
///
/// # Errors
/// [`Unreadable`].
pub fn inspect(bytes: &[u8]) -> Result<PreparedFor, Unreadable> {
    Ok(parse(bytes)?.place)
}

/// Checks who prepared a slot; needs no secret.
///
/// # Errors
/// [`PreparedRefused::Unreadable`] or [`PreparedRefused::BadSignature`].
pub fn verify(bytes: &[u8], signing_key: &VerifyingKey) -> Result<PreparedFor, PreparedRefused> {
    let parsed = parse(bytes)?;
    parsed.verify(signing_key)?;
    Ok(parsed.place)
}

/// Opens a prepared slot on its workstation; whether its number is newer is the caller's to know.
///
/// # Errors
/// [`PreparedRefused`].
pub fn open(
    bytes: &[u8],
    place: &PreparedFor,
    signing_key: &VerifyingKey,
    device: &AgreementSecret,
) -> Result<PreparedSlot, PreparedRefused> {
    let parsed = parse(bytes)?;
    parsed.verify(signing_key)?;
    let header = slot::inspect(parsed.file)?;
    let is_theirs = parsed.place == *place
        && header.kind == SlotKind::OneTimeCode
        && (header.person, header.device) == (place.person, place.device);
    if !is_theirs {
        return Err(PreparedRefused::OtherPlace);
    }
    let half = device.open(Parcel::PreparedSlotKey, parsed.before_seal, parsed.sealed);
    let half = half.map_err(|_| PreparedRefused::OtherPlace)?;
    let k_slot = Secret::from_slice(half.expose()).ok_or(Unreadable::Damaged)?;
    Ok(PreparedSlot { header, file: parsed.file.to_vec(), k_slot: SlotKey::from_secret(k_slot) })
}

struct Parsed<'a> {
    place: PreparedFor,
    file: &'a [u8],
    before_seal: &'a [u8],
    sealed: &'a [u8],
    signed: &'a [u8],
    signature: Signature,
}

impl Parsed<'_> {
    fn verify(&self, signing_key: &VerifyingKey) -> Result<(), PreparedRefused> {
        let verified = signing_key.verify(Purpose::PreparedSlot, self.signed, &self.signature);
        verified.map_err(|_| PreparedRefused::BadSignature)
    }
}

fn parse(bytes: &[u8]) -> Result<Parsed<'_>, Unreadable> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let place = PreparedFor {
        practice: reader.uuid()?,
        device: reader.uuid()?,
        person: reader.uuid()?,
        number: reader.u64()?,
    };
    let file = reader.bytes()?;
    let before_seal = reader.read_so_far();
    let sealed = reader.raw(PARCEL_LENGTH)?;
    let signed = reader.read_so_far();
    let signature = Signature::from_bytes(reader.array()?);
    reader.finish()?;
    Ok(Parsed { place, file, before_seal, sealed, signed, signature })
}
