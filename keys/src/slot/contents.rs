//! What a slot seals: the person's keys, the seed of their codes, and where their drawers stood.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use crate::layout::{Reader, Writer};
use crate::slot::SlotNotMade;
use crate::totp::SEED_LENGTH;
use crate::{AgreementSecret, Secret, SecretBytes, SigningKey, TotpSeed, Unreadable};

/// Version of the contents inside the seal.
const VERSION: u8 = 1;
const ANCHOR_LIMIT: usize = 256;
const NAME_LIMIT: usize = 64;

/// Where a drawer (or a log) stood when it was last looked at: what is older than this is a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Its sequence number.
    pub sequence: u64,
    /// The digest of what was in it.
    pub digest: [u8; 32],
}

/// What a slot seals.
pub struct SlotContents {
    /// Whose it is.
    pub person: Uuid,
    /// Signs changes and answers the server's challenges.
    pub signing: SigningKey,
    /// Opens grants.
    pub agreement: AgreementSecret,
    /// Seed of the one-time codes.
    pub totp_seed: TotpSeed,
    /// The last step whose code was used; the codes of a new generation begin after it.
    pub last_step: u64,
    /// Anchors by name; at most 256, with names of at most 64 bytes.
    pub anchors: BTreeMap<String, Anchor>,
}

impl fmt::Debug for SlotContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotContents(person {})", self.person)
    }
}

impl SlotContents {
    pub(crate) fn check(&self) -> Result<(), SlotNotMade> {
        let fits =
            self.anchors.len() <= ANCHOR_LIMIT && self.anchors.keys().all(|name| name.len() <= NAME_LIMIT);
        if fits { Ok(()) } else { Err(SlotNotMade::TooManyAnchors) }
    }

    /// `01 · person 16 · signing seed 32 · agreement secret 32 · TOTP seed 20 · last step u64 · anchors`
    pub(crate) fn to_bytes(&self) -> SecretBytes {
        let capacity = 128 + self.anchors.len() * (2 + NAME_LIMIT + 40);
        let writer = Writer::with_capacity(capacity)
            .u8(VERSION)
            .uuid(self.person)
            .raw(self.signing.seed().expose())
            .raw(self.agreement.expose())
            .raw(self.totp_seed.expose())
            .u64(self.last_step);
        write_anchors(writer, &self.anchors).into_secret()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::new(bytes);
        match reader.u8()? {
            VERSION => {}
            version => return Err(Unreadable::Newer { version }),
        }
        let contents = Self {
            person: reader.uuid()?,
            signing: SigningKey::from_seed(&secret(&mut reader)?),
            agreement: AgreementSecret::from_secret(secret(&mut reader)?),
            totp_seed: TotpSeed::from_secret(secret::<SEED_LENGTH>(&mut reader)?),
            last_step: reader.u64()?,
            anchors: read_anchors(&mut reader)?,
        };
        reader.finish()?;
        Ok(contents)
    }
}

/// Takes a secret from the bytes without a copy on the stack.
pub(crate) fn secret<const N: usize>(reader: &mut Reader<'_>) -> Result<Secret<N>, Unreadable> {
    Secret::from_slice(reader.raw(N)?).ok_or(Unreadable::Damaged)
}

/// `count u16 · (name · sequence u64 · digest 32)…`, by name, each name once.
pub(crate) fn write_anchors(writer: Writer, anchors: &BTreeMap<String, Anchor>) -> Writer {
    let count = u16::try_from(anchors.len()).expect("the number of anchors was checked");
    anchors.iter().fold(writer.u16(count), |writer, (name, anchor)| {
        writer.text(name).u64(anchor.sequence).raw(&anchor.digest)
    })
}

pub(crate) fn read_anchors(reader: &mut Reader<'_>) -> Result<BTreeMap<String, Anchor>, Unreadable> {
    let count = usize::from(reader.u16()?);
    if count > ANCHOR_LIMIT {
        return Err(Unreadable::Damaged);
    }
    let mut anchors = BTreeMap::new();
    for _ in 0..count {
        let name = reader.text(NAME_LIMIT)?.to_owned();
        let anchor = Anchor { sequence: reader.u64()?, digest: reader.array()? };
        if anchors.last_key_value().is_some_and(|(last, _)| *last >= name) {
            return Err(Unreadable::Damaged);
        }
        anchors.insert(name, anchor);
    }
    Ok(anchors)
}
