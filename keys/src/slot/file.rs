//! The bytes of a slot file.
//!
//! ```text
//! "CKsl" 01 · kind u8 · slot 16 · person 16 · device 16 · generation u64
//! · passphrase cost (KiB, passes, lanes) 3×u32 · unlock cost 3×u32 · slot salt 32 · salt_n 32
//! · first step u64 · steps u32 · O: steps × 3 bytes
//! · of a security key's slot alone: credential (u16 + bytes) · PIN u8 · salts 2×32          H = SHA-256(all this)
//! · commitment 32 · nonce 12 · sealed contents (u32 + bytes)
//! ```

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::hazmat::NONCE_LENGTH;
use crate::layout::{Format, Reader, Writer};
use crate::slot::{KeyRequest, STEPS_PER_DAY, SlotCost, SlotHeader, WINDOW_DAYS};
use crate::totp::CODES;
use crate::{Random, Unreadable};

const FORMAT: Format = Format { magic: *b"CKsl", version: 1 };
const ENTRY_LENGTH: usize = 3;
/// Header, commitment, nonce and the usual contents, without the table.
const USUAL_LENGTH: usize = 1024;

/// What, beside passphrase and keyring half, opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// A one-time code of the person's phone.
    OneTimeCode,
    /// A code on paper.
    RecoveryCode,
    /// A FIDO2 security key.
    SecurityKey,
}

impl SlotKind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::OneTimeCode => 1,
            Self::RecoveryCode => 2,
            Self::SecurityKey => 3,
        }
    }

    const fn from_byte(byte: u8) -> Result<Self, Unreadable> {
        match byte {
            1 => Ok(Self::OneTimeCode),
            2 => Ok(Self::RecoveryCode),
            3 => Ok(Self::SecurityKey),
            _ => Err(Unreadable::Damaged),
        }
    }
}

/// Which steps the table covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableSpan {
    pub(crate) first: u64,
    pub(crate) steps: u32,
}

impl TableSpan {
    pub(crate) const NONE: Self = Self { first: 0, steps: 0 };

    pub(crate) fn all(self) -> impl Iterator<Item = u64> {
        (0..u64::from(self.steps)).map(move |index| self.first.saturating_add(index))
    }
}

/// What a slot's kind needs in the open to get from its factor to the key.
pub(crate) enum Part<'a> {
    /// One masked number for each coming step.
    Table(&'a [u32]),
    /// A code on paper needs nothing.
    Nothing,
    /// What the security key is asked.
    Request(&'a KeyRequest),
}

/// Everything before the part that is its kind's own.
pub(crate) struct Header {
    pub(crate) kind: SlotKind,
    pub(crate) slot: Uuid,
    pub(crate) person: Uuid,
    pub(crate) device: Uuid,
    pub(crate) generation: u64,
    pub(crate) cost: SlotCost,
    pub(crate) slot_salt: [u8; 32],
    pub(crate) generation_salt: [u8; 32],
    pub(crate) span: TableSpan,
}

impl Header {
    pub(crate) fn next_generation(&self, span: TableSpan, random: &mut Random) -> Self {
        Self { generation: self.generation.saturating_add(1), generation_salt: random.bytes(), span, ..*self }
    }

    pub(crate) fn public(&self) -> SlotHeader {
        SlotHeader {
            kind: self.kind,
            slot: self.slot,
            person: self.person,
            device: self.device,
            generation: self.generation,
            first_step: self.span.first,
            end_step: self.span.first.saturating_add(u64::from(self.span.steps)),
            cost: self.cost,
        }
    }

    /// Header and what is its kind's own, and their hash `H`.
    pub(crate) fn write(&self, part: &Part<'_>) -> (Writer, [u8; 32]) {
        let length = match part {
            Part::Table(table) => table.len() * ENTRY_LENGTH,
            Part::Nothing => 0,
            Part::Request(request) => request.length(),
        };
        let writer = Writer::begin(&FORMAT, USUAL_LENGTH + length)
            .u8(self.kind.to_byte())
            .uuid(self.slot)
            .uuid(self.person)
            .uuid(self.device)
            .u64(self.generation);
        let writer = self.cost.write(writer).raw(&self.slot_salt).raw(&self.generation_salt);
        let writer = writer.u64(self.span.first).u32(self.span.steps);
        let writer = match part {
            Part::Table(table) => table.iter().fold(writer, |writer, entry| {
                let [_, high, middle, low] = entry.to_be_bytes();
                writer.raw(&[high, middle, low])
            }),
            Part::Nothing => writer,
            Part::Request(request) => request.write(writer),
        };
        let hash = Sha256::digest(writer.written()).into();
        (writer, hash)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            kind: SlotKind::from_byte(reader.u8()?)?,
            slot: reader.uuid()?,
            person: reader.uuid()?,
            device: reader.uuid()?,
            generation: reader.u64()?,
            cost: SlotCost::read(reader)?,
            slot_salt: reader.array()?,
            generation_salt: reader.array()?,
            span: TableSpan { first: reader.u64()?, steps: reader.u32()? },
        })
    }
}

/// A slot file taken apart.
pub(crate) struct SlotFile<'a> {
    pub(crate) header: Header,
    table: &'a [u8],
    /// What the security key is asked; in its slots alone.
    pub(crate) request: Option<KeyRequest>,
    /// `H`: the hash of everything before the commitment.
    pub(crate) hash: [u8; 32],
    pub(crate) commitment: [u8; 32],
    pub(crate) nonce: [u8; NONCE_LENGTH],
    pub(crate) sealed: &'a [u8],
}

impl<'a> SlotFile<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let header = Header::read(&mut reader)?;
        let steps = match header.kind {
            SlotKind::OneTimeCode
                if (1..=u32::from(*WINDOW_DAYS.end()) * STEPS_PER_DAY).contains(&header.span.steps) =>
            {
                header.span.steps
            }
            SlotKind::RecoveryCode | SlotKind::SecurityKey if header.span == TableSpan::NONE => 0,
            SlotKind::OneTimeCode | SlotKind::RecoveryCode | SlotKind::SecurityKey => {
                return Err(Unreadable::Damaged);
            }
        };
        let length = usize::try_from(steps).map_err(|_| Unreadable::Damaged)? * ENTRY_LENGTH;
        let table = reader.raw(length)?;
        if table.chunks_exact(ENTRY_LENGTH).any(|entry| entry_value(entry) >= CODES) {
            return Err(Unreadable::Damaged);
        }
        let request = match header.kind {
            SlotKind::SecurityKey => Some(KeyRequest::read(&mut reader)?),
            SlotKind::OneTimeCode | SlotKind::RecoveryCode => None,
        };
        let hash = Sha256::digest(reader.read_so_far()).into();
        let (commitment, nonce) = (reader.array()?, reader.array()?);
        let sealed = reader.bytes()?;
        reader.finish()?;
        Ok(Self { header, table, request, hash, commitment, nonce, sealed })
    }

    /// The masked number for a step, if the table covers it.
    pub(crate) fn table_entry(&self, step: u64) -> Option<u32> {
        let index = usize::try_from(step.checked_sub(self.header.span.first)?).ok()?;
        let start = index.checked_mul(ENTRY_LENGTH)?;
        self.table.get(start..start.checked_add(ENTRY_LENGTH)?).map(entry_value)
    }
}

fn entry_value(entry: &[u8]) -> u32 {
    entry.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}
