//! Twins: a person's keys on one workstation, sealed to the same person's key on another, so that from there a slot can be
//! prepared for the first when passphrase or phone change.
//!
//! ```text
//! "CKtw" 01 · practice 16 · person 16 · of which workstation 16 · for which 16
//! · HPKE(person's key there; signing seed 32 ‖ agreement secret 32) 112 · signature 64
//! ```
//! HPKE `info` is the label and everything before it; the signature, by the key that is inside, covers everything before it.

use uuid::Uuid;

use crate::hazmat::HPKE_OVERHEAD;
use crate::layout::{Format, Reader, Writer};
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, Purpose, Random, Secret, SecretBytes, Signature,
    SigningKey, Unreadable, VerifyingKey, hazmat, label,
};

const FORMAT: Format = Format { magic: *b"CKtw", version: 1 };
const KEYS_LENGTH: usize = 64;

/// Whose keys they are, of which workstation, and where they open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwinPlace {
    /// The practice.
    pub practice: Uuid,
    /// The person.
    pub person: Uuid,
    /// The workstation whose keys are inside.
    pub of: Uuid,
    /// The workstation where the person can open it.
    pub on: Uuid,
}

/// A twin is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TwinRefused {
    /// Not readable as a twin.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Not signed with the person's key on the workstation it says it is of.
    #[error("the person did not make this twin")]
    BadSignature,
    /// Of or for another person, practice or workstation, or sealed to another key.
    #[error("the twin is not for this place")]
    OtherPlace,
    /// What is inside are not the keys that the person has there.
    #[error("the twin holds other keys than the person's")]
    OtherKeys,
}

/// Seals a person's keys of `place.of` to their key on `place.on`.
///
/// # Errors
/// If that is not a usable public key.
pub fn seal(
    place: &TwinPlace,
    (signing, agreement): (&SigningKey, &AgreementSecret),
    to: &AgreementPublic,
    random: &mut Random,
) -> Result<Vec<u8>, BadPublicKey> {
    let writer =
        Writer::begin(&FORMAT, 300).uuid(place.practice).uuid(place.person).uuid(place.of).uuid(place.on);
    let keys = Writer::with_capacity(KEYS_LENGTH).raw(signing.seed().expose()).raw(agreement.expose());
    let info = info(writer.written());
    let sealed = hazmat::hpke_seal(&to.to_bytes(), &info, keys.into_secret().expose(), random);
    let writer = writer.raw(&sealed.ok_or(BadPublicKey)?);
    let signature = signing.sign(Purpose::Twin, writer.written());
    Ok(writer.raw(&signature.to_bytes()).into_vec())
}

/// Checks who made a twin and what it says; needs no secret.
///
/// # Errors
/// [`TwinRefused::Unreadable`] or [`TwinRefused::BadSignature`].
pub fn verify(bytes: &[u8], signing_key: &VerifyingKey) -> Result<TwinPlace, TwinRefused> {
    Ok(parse(bytes, signing_key)?.place)
}

/// Opens a twin of this very place, with the public keys that the person has on the workstation it is of.
///
/// # Errors
/// [`TwinRefused`].
pub fn open(
    bytes: &[u8],
    place: &TwinPlace,
    (signing_key, agreement_key): (&VerifyingKey, &AgreementPublic),
    secret: &AgreementSecret,
) -> Result<(SigningKey, AgreementSecret), TwinRefused> {
    let parsed = parse(bytes, signing_key)?;
    if parsed.place != *place {
        return Err(TwinRefused::OtherPlace);
    }
    let opened = hazmat::hpke_open(secret.expose(), &info(parsed.before_seal), parsed.sealed);
    let opened = SecretBytes::new(opened.ok_or(TwinRefused::OtherPlace)?);
    let (signing, agreement) = opened.expose().split_at_checked(32).ok_or(Unreadable::Damaged)?;
    let signing = SigningKey::from_seed(&Secret::from_slice(signing).ok_or(Unreadable::Damaged)?);
    let agreement = AgreementSecret::from_secret(Secret::from_slice(agreement).ok_or(Unreadable::Damaged)?);
    let fits = signing.verifying_key() == *signing_key && agreement.public() == *agreement_key;
    if fits { Ok((signing, agreement)) } else { Err(TwinRefused::OtherKeys) }
}

struct Parsed<'a> {
    place: TwinPlace,
    before_seal: &'a [u8],
    sealed: &'a [u8],
}

/// Takes a twin apart; nothing of it comes out before the signature has verified.
fn parse<'a>(bytes: &'a [u8], signing_key: &VerifyingKey) -> Result<Parsed<'a>, TwinRefused> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let place = TwinPlace {
        practice: reader.uuid()?,
        person: reader.uuid()?,
        of: reader.uuid()?,
        on: reader.uuid()?,
    };
    let before_seal = reader.read_so_far();
    let sealed = reader.raw(HPKE_OVERHEAD + KEYS_LENGTH)?;
    let signed = reader.read_so_far();
    let signature = Signature::from_bytes(reader.array()?);
    reader.finish()?;
    signing_key.verify(Purpose::Twin, signed, &signature).map_err(|_| TwinRefused::BadSignature)?;
    Ok(Parsed { place, before_seal, sealed })
}

fn info(header: &[u8]) -> Vec<u8> {
    [label::TWIN, header].concat()
}
