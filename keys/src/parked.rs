//! The people parked on a workstation, as the memory keeps them that outlives a lock: who, until when, how many tries.
//!
//! ```text
//! "CKpk" 02 · count u16 · (person 16 · name token 16 · K_re 32 · ends u64 ms since boot · failures u8
//! · shown name (text) · shown role (text) · parcel (bytes) · key parcel (bytes, empty for none))…
//! ```
//! It never reaches a disk, so nothing here is sealed: `K_re` is what the workstation keeps while it is locked, and the
//! parcels ([`crate::reentry`]) need the passphrase, or the security key, beside it.

use std::fmt;

use uuid::Uuid;

use crate::layout::{Format, Reader, Writer};
use crate::reentry::ReentryKey;
use crate::slot::secret;
use crate::{SecretBytes, Unreadable};

const FORMAT: Format = Format { magic: *b"CKpk", version: 2 };
/// So many people are parked at one workstation at the most; whoever was first there gives way.
pub const MOST_PARKED: usize = 16;
/// After so many failures nothing of the person is parked any more.
pub const MOST_TRIES: u8 = 5;
const NAME_LIMIT: usize = 400;
const ENTRY_LENGTH: usize = 16 + 16 + 32 + 8 + 1 + 2 * (2 + NAME_LIMIT) + 8;

/// One person who may come back with the passphrase, or the security key, alone.
pub struct Parked {
    /// Who.
    pub person: Uuid,
    /// The keyed token of the user name, under which failures are counted.
    pub name: [u8; 16],
    /// The key that is erased with the entry.
    pub key: ReentryKey,
    /// When it ends, in milliseconds since the machine started.
    pub ends_ms: u64,
    /// Tries that failed.
    pub failures: u8,
    /// What the lock screen calls the person; at most 400 bytes.
    pub shown_name: String,
    /// What the lock screen says the person works as; at most 400 bytes.
    pub shown_role: String,
    /// What [`crate::reentry::seal`] made.
    pub parcel: Vec<u8>,
    /// What [`crate::reentry::by_key::seal`] made; empty for who did not sign in with a security key.
    pub key_parcel: Vec<u8>,
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parked(person {}, {} failures)", self.person, self.failures)
    }
}

/// Everybody, oldest first. Names are cut to what fits.
#[must_use]
pub fn to_bytes(people: &[Parked]) -> SecretBytes {
    let people = people.get(people.len().saturating_sub(MOST_PARKED)..).unwrap_or_default();
    let parcels: usize = people.iter().map(|parked| parked.parcel.len() + parked.key_parcel.len()).sum();
    let count = u16::try_from(people.len()).expect("there are at most sixteen");
    let writer = Writer::begin(&FORMAT, 7 + people.len() * ENTRY_LENGTH + parcels).u16(count);
    let writer = people.iter().fold(writer, |writer, parked| {
        writer
            .uuid(parked.person)
            .raw(&parked.name)
            .raw(parked.key.expose())
            .u64(parked.ends_ms)
            .u8(parked.failures)
            .text(cut(&parked.shown_name))
            .text(cut(&parked.shown_role))
            .bytes(&parked.parcel)
            .bytes(&parked.key_parcel)
    });
    writer.into_secret()
}

/// Reads it again.
///
/// # Errors
/// [`Unreadable`]: then nobody is parked.
pub fn from_bytes(bytes: &[u8]) -> Result<Vec<Parked>, Unreadable> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let count = usize::from(reader.u16()?);
    if count > MOST_PARKED {
        return Err(Unreadable::Damaged);
    }
    let mut people = Vec::with_capacity(count);
    for _ in 0..count {
        people.push(Parked {
            person: reader.uuid()?,
            name: reader.array()?,
            key: ReentryKey::from_secret(secret(&mut reader)?),
            ends_ms: reader.u64()?,
            failures: reader.u8()?,
            shown_name: reader.text(NAME_LIMIT)?.to_owned(),
            shown_role: reader.text(NAME_LIMIT)?.to_owned(),
            parcel: reader.bytes()?.to_vec(),
            key_parcel: reader.bytes()?.to_vec(),
        });
    }
    reader.finish()?;
    Ok(people)
}

fn cut(name: &str) -> &str {
    let end = (0..=NAME_LIMIT.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    name.get(..end.unwrap_or(0)).unwrap_or_default()
}
