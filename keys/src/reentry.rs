//! Re-entry: within hours of a full unlock the same person returns with the passphrase alone, or by a touch of the security
//! key that they signed in with ([`by_key`]).
//!
//! ```text
//! "CKre" 01 · person 16 · boot 16 · not after i64 ms · slot salt 32 · passphrase and unlock cost 6×u32   = header
//! · commitment 32 · nonce 12 · sealed (u32 + AES-256-GCM(key; contents; AAD = SHA-256(header)))
//! key = HKDF-SHA256[K_re ‖ SHA-256(header), label](A)
//! ```
//! The TOTP seed is not inside. `K_re` and the number of tries live in memory that the caller keeps and erases.

pub mod by_key;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::hazmat::NONCE_LENGTH;
use crate::layout::{Format, Reader, Writer};
use crate::secret::key_type;
use crate::slot::{Anchor, CostRefused, PassphraseShare, SlotCost, read_anchors, secret, write_anchors};
use crate::{
    AgreementSecret, Passphrase, Random, Secret, SecretBytes, SigningKey, Unreadable, hazmat, label,
};

const FORMAT: Format = Format { magic: *b"CKre", version: 1 };
const CONTENTS_VERSION: u8 = 1;

key_type! {
    /// `K_re`: lives only in memory that outlasts the locked process, and is erased after five failures.
    ReentryKey
}

/// What comes back at re-entry: a slot's contents without the seed, and what the session adds (grants, an open
/// break-glass) in the caller's own form.
pub struct ReentryContents {
    /// Whose it is.
    pub person: Uuid,
    /// Signs changes.
    pub signing: SigningKey,
    /// Opens grants.
    pub agreement: AgreementSecret,
    /// Anchors by name, as they stood at the lock.
    pub anchors: BTreeMap<String, Anchor>,
    /// What the session adds.
    pub session: SecretBytes,
}

impl fmt::Debug for ReentryContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReentryContents(person {})", self.person)
    }
}

/// To what a re-entry is tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReentryBounds {
    /// The boot of the machine it belongs to.
    pub boot: Uuid,
    /// When it ends (to the millisecond).
    pub not_after: Timestamp,
}

/// A re-entry is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReentryRefused {
    /// Wrong passphrase, or not this `K_re`.
    #[error("the passphrase does not fit")]
    NotOpened,
    /// Over, or from before a restart: a full unlock is due.
    #[error("a full unlock is due")]
    Over,
    /// Not readable.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The cost in the header is outside what is allowed.
    #[error(transparent)]
    Cost(#[from] CostRefused),
    /// The machine lacks the memory that the cost asks for.
    #[error("not enough memory to derive the key")]
    OutOfMemory,
}

/// Seals what a later re-entry needs.
#[must_use]
pub fn seal(
    contents: &ReentryContents,
    share: &PassphraseShare,
    bounds: ReentryBounds,
    key: &ReentryKey,
    random: &mut Random,
) -> Vec<u8> {
    let session = contents.session.expose();
    let writer = Writer::begin(&FORMAT, 512 + session.len())
        .uuid(contents.person)
        .uuid(bounds.boot)
        .time(bounds.not_after)
        .raw(&share.salt);
    let writer = share.cost.write(writer);
    let plain = write_contents(contents).into_secret();
    seal_behind(writer, share.a_key.expose(), key, &plain, random)
}

/// What the contents are written as, with room for a little more.
fn write_contents(contents: &ReentryContents) -> Writer {
    let session = contents.session.expose();
    let plain = Writer::with_capacity(256 + contents.anchors.len() * 128 + session.len())
        .u8(CONTENTS_VERSION)
        .raw(contents.signing.seed().expose())
        .raw(contents.agreement.expose());
    write_anchors(plain, &contents.anchors).bytes(session)
}

/// Ends a parcel: what it seals, under what the person brings and `K_re`, bound to the header that is written.
fn seal_behind(
    header: Writer,
    brought: &[u8; 32],
    key: &ReentryKey,
    plain: &SecretBytes,
    random: &mut Random,
) -> Vec<u8> {
    let hash = Sha256::digest(header.written()).into();
    let keys = derive_keys(brought, key, &hash);
    let nonce = random.bytes::<NONCE_LENGTH>();
    let sealed = hazmat::aes_seal(keys.key.expose(), &nonce, &hash, plain.expose());
    header.raw(keys.commitment.expose()).raw(&nonce).bytes(&sealed).into_vec()
}

/// Opens it with the passphrase, in the same boot and in time; with what the passphrase gave, for the next one. Counting
/// the tries is the caller's.
///
/// # Errors
/// [`ReentryRefused`].
pub fn open(
    bytes: &[u8],
    passphrase: &Passphrase,
    key: &ReentryKey,
    boot: Uuid,
    now: Timestamp,
) -> Result<(ReentryContents, PassphraseShare), ReentryRefused> {
    let parsed = parse(bytes)?;
    if parsed.bounds.boot != boot || now > parsed.bounds.not_after {
        return Err(ReentryRefused::Over);
    }
    parsed.cost.check()?;
    let a_key = parsed.cost.derive_a(passphrase, &parsed.salt).ok_or(ReentryRefused::OutOfMemory)?;
    let opened = parsed.end.open(a_key.expose(), key).ok_or(ReentryRefused::NotOpened)?;
    let contents = read_contents(parsed.person, opened.expose())?;
    Ok((contents, PassphraseShare { a_key, salt: parsed.salt, cost: parsed.cost }))
}

/// Whose re-entry this is, and until when. Nothing vouches for it until it opens.
///
/// # Errors
/// [`Unreadable`].
pub fn inspect(bytes: &[u8]) -> Result<(Uuid, ReentryBounds), Unreadable> {
    let parsed = parse(bytes)?;
    Ok((parsed.person, parsed.bounds))
}

struct Parsed<'a> {
    person: Uuid,
    bounds: ReentryBounds,
    salt: [u8; 32],
    cost: SlotCost,
    end: SealedEnd<'a>,
}

/// How every parcel ends.
struct SealedEnd<'a> {
    hash: [u8; 32],
    commitment: [u8; 32],
    nonce: [u8; NONCE_LENGTH],
    sealed: &'a [u8],
}

impl<'a> SealedEnd<'a> {
    /// All before it has been read.
    fn read(mut reader: Reader<'a>) -> Result<Self, Unreadable> {
        let hash = Sha256::digest(reader.read_so_far()).into();
        let (commitment, nonce) = (reader.array()?, reader.array()?);
        let sealed = reader.bytes()?;
        reader.finish()?;
        Ok(Self { hash, commitment, nonce, sealed })
    }

    fn open(&self, brought: &[u8; 32], key: &ReentryKey) -> Option<SecretBytes> {
        let keys = derive_keys(brought, key, &self.hash);
        let committed = bool::from(keys.commitment.expose().ct_eq(&self.commitment));
        let opened = hazmat::aes_open(keys.key.expose(), &self.nonce, &self.hash, self.sealed);
        opened.map(SecretBytes::new).filter(|_| committed)
    }
}

fn parse(bytes: &[u8]) -> Result<Parsed<'_>, Unreadable> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let person = reader.uuid()?;
    let bounds = ReentryBounds { boot: reader.uuid()?, not_after: reader.time()? };
    let salt = reader.array()?;
    let cost = SlotCost::read(&mut reader)?;
    Ok(Parsed { person, bounds, salt, cost, end: SealedEnd::read(reader)? })
}

pub(crate) fn read_contents(person: Uuid, bytes: &[u8]) -> Result<ReentryContents, Unreadable> {
    let mut reader = Reader::new(bytes);
    let contents = take_contents(person, &mut reader)?;
    reader.finish()?;
    Ok(contents)
}

fn take_contents(person: Uuid, reader: &mut Reader<'_>) -> Result<ReentryContents, Unreadable> {
    match reader.u8()? {
        CONTENTS_VERSION => {}
        version => return Err(Unreadable::Newer { version }),
    }
    Ok(ReentryContents {
        person,
        signing: SigningKey::from_seed(&secret(reader)?),
        agreement: AgreementSecret::from_secret(secret(reader)?),
        anchors: read_anchors(reader)?,
        session: SecretBytes::new(reader.bytes()?.to_vec()),
    })
}

struct Keys {
    key: Secret<32>,
    commitment: Secret<32>,
}

fn derive_keys(brought: &[u8; 32], key: &ReentryKey, hash: &[u8; 32]) -> Keys {
    let salt = Secret::<64>::build(|salt| {
        let (first, second) = salt.split_at_mut(32);
        first.copy_from_slice(key.expose());
        second.copy_from_slice(hash);
    });
    Keys {
        key: hazmat::hkdf(brought, salt.expose(), &[label::REENTRY_KEY]),
        commitment: hazmat::hkdf(brought, salt.expose(), &[label::REENTRY_COMMITMENT]),
    }
}
