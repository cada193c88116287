//! Coming back by a touch of the security key and its PIN, for who signed in with it: the parcel beside that of the passphrase.
//!
//! ```text
//! "CKrk" 01 · person 16 · boot 16 · not after i64 ms · credential (u16 + …) · PIN u8 · salts 2×32   = header
//! · commitment 32 · nonce 12 · sealed (u32 + AES-256-GCM(key; contents ‖ A 32 ‖ slot salt 32 ‖ cost 6×u32))
//! S   = HKDF-SHA256[-, label](the key's answer to the first salt)
//! key = HKDF-SHA256[K_re ‖ SHA-256(header), label](S)
//! ```
//! `S` is what a session keeps of the answer: it opens no slot. What the passphrase gave is inside, so that the passphrase is
//! enough again at the next lock.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    ReentryBounds, ReentryContents, ReentryKey, ReentryRefused, SealedEnd, seal_behind, take_contents,
    write_contents,
};
use crate::layout::{Format, Reader, Writer};
use crate::slot::{KeyAnswer, KeyRequest, OpenedSlot, PassphraseKey, PassphraseShare, SlotCost, secret};
use crate::{Random, Secret, SecretBytes, Unreadable, hazmat, label};

const FORMAT: Format = Format { magic: *b"CKrk", version: 1 };

/// What a session keeps of a security key: what the key is asked to come back, and what follows from its answer.
pub struct KeyShare {
    request: KeyRequest,
    answered: Secret<32>,
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyShare({:?})", self.request)
    }
}

impl KeyShare {
    /// Of a slot that a security key opened, with the key's answer to the second salt of its request; `None` for another
    /// slot.
    #[must_use]
    pub fn of(opened: &OpenedSlot, next: &KeyAnswer, random: &mut Random) -> Option<Self> {
        let request = opened.request.as_ref()?.next(random);
        Some(Self { request, answered: derive_share(next) })
    }

    /// A second copy: the session goes on with one when the other is parked.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { request: self.request.clone(), answered: self.answered.duplicate() }
    }

    /// As it lies in what a parcel seals.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        let writer = Writer::with_capacity(self.request.length() + 32);
        self.request.write(writer).raw(self.answered.expose()).into_secret()
    }

    /// Reads it again.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::new(bytes);
        let share = Self { request: KeyRequest::read(&mut reader)?, answered: secret(&mut reader)? };
        reader.finish()?;
        Ok(share)
    }
}

/// Seals what a later return by touch and PIN needs.
#[must_use]
pub fn seal(
    contents: &ReentryContents,
    shares: (&PassphraseShare, &KeyShare),
    bounds: ReentryBounds,
    key: &ReentryKey,
    random: &mut Random,
) -> Vec<u8> {
    let (share, by_key) = shares;
    let header = Writer::begin(&FORMAT, 1_024 + by_key.request.length() + contents.session.expose().len())
        .uuid(contents.person)
        .uuid(bounds.boot)
        .time(bounds.not_after);
    let header = by_key.request.write(header);
    let plain = write_contents(contents).raw(share.a_key.expose()).raw(&share.salt);
    let plain = share.cost.write(plain).into_secret();
    seal_behind(header, by_key.answered.expose(), key, &plain, random)
}

/// What the security key is to be asked. Nothing vouches for it until it opens.
///
/// # Errors
/// [`Unreadable`].
pub fn request(bytes: &[u8]) -> Result<KeyRequest, Unreadable> {
    Ok(parse(bytes)?.request)
}

/// Opens it with the key's answer to the first salt of its request, in the same boot and in time; with what the passphrase
/// gave at the full unlock. Counting the tries is the caller's.
///
/// # Errors
/// [`ReentryRefused`].
pub fn open(
    bytes: &[u8],
    answer: &KeyAnswer,
    key: &ReentryKey,
    boot: Uuid,
    now: Timestamp,
) -> Result<(ReentryContents, PassphraseShare), ReentryRefused> {
    let parsed = parse(bytes)?;
    if parsed.bounds.boot != boot || now > parsed.bounds.not_after {
        return Err(ReentryRefused::Over);
    }
    let opened = parsed.end.open(derive_share(answer).expose(), key).ok_or(ReentryRefused::NotOpened)?;
    let mut reader = Reader::new(opened.expose());
    let contents = take_contents(parsed.person, &mut reader)?;
    let a_key = PassphraseKey::from_secret(secret(&mut reader)?);
    let share = PassphraseShare { a_key, salt: reader.array()?, cost: SlotCost::read(&mut reader)? };
    reader.finish()?;
    Ok((contents, share))
}

struct Parsed<'a> {
    person: Uuid,
    bounds: ReentryBounds,
    request: KeyRequest,
    end: SealedEnd<'a>,
}

fn parse(bytes: &[u8]) -> Result<Parsed<'_>, Unreadable> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let person = reader.uuid()?;
    let bounds = ReentryBounds { boot: reader.uuid()?, not_after: reader.time()? };
    let request = KeyRequest::read(&mut reader)?;
    Ok(Parsed { person, bounds, request, end: SealedEnd::read(reader)? })
}

fn derive_share(answer: &KeyAnswer) -> Secret<32> {
    hazmat::hkdf(answer.expose(), &[], &[label::REENTRY_BY_KEY])
}
