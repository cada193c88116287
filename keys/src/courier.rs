//! What a courier carries by file: envelopes as they stand, audit events sealed to the server, attached files in parts, and the
//! server's answers.
//!
//! ```text
//! item = "CKci" 01 · kind u8 · practice 16 · device 16 · name 16 · first u64 · count u32 · sealed to (key id 16)
//!        · body (u32 + bytes) · SHA-256 over all before 32
//! ```
//! kind 1, an envelope: name = change, first = its sequence, count = 1, body = the envelope.
//! kind 2, events: name = log, first = index of the first, count = how many; body = parcel(note (u32 + text) ‖ FHIR batch).
//! kind 3, answers: name = the device again, first = 0, count = 0; body = parcel(signature 64 ‖ JSON).
//! kind 4, a part of an attached file: name = change, first = where it begins, count = its length, sealed to = the file's id, for
//! its key is in its record; body = length of the file u64 ‖ SHA-256 of the file 32 ‖ signature 64 ‖ the part.
//! A parcel's context, and what the signature of a part begins with, is everything before the body's length. A file is items
//! one after the other, in any order; the hash finds damage, so that what comes after a damaged item is found again. It
//! proves nothing: what proves who wrote an item lies inside.

mod parts;
mod scanning;
mod sealed;

pub use parts::{FilePart, FilePlace, PART_LIMIT};
pub use scanning::{Found, Placed, Scanner, read_file, scan};
pub use sealed::{EventsFrom, OpenedEvents};

use std::fmt;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::envelope::{self, TRANSACTION_LIMIT};
use crate::layout::{Format, Reader, Writer};
use crate::{KeyId, Unreadable};

const FORMAT: Format = Format { magic: *b"CKci", version: 1 };
const START: &[u8] = b"CKci\x01";
const HEADER_LENGTH: usize = 5 + 1 + 16 + 16 + 16 + 8 + 4 + 16;
/// An envelope of the largest transaction, and its own parts.
const BODY_LIMIT: usize = TRANSACTION_LIMIT + 1024;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A change in its envelope.
    Envelope,
    /// Audit events.
    Events,
    /// What the server says of items that came before.
    Answers,
    /// A part of a file that a change speaks of.
    FilePart,
}

impl ItemKind {
    const fn number(self) -> u8 {
        match self {
            Self::Envelope => 1,
            Self::Events => 2,
            Self::Answers => 3,
            Self::FilePart => 4,
        }
    }

    const fn numbered(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Envelope),
            2 => Some(Self::Events),
            3 => Some(Self::Answers),
            4 => Some(Self::FilePart),
            _ => None,
        }
    }

    const fn body_limit(self) -> usize {
        match self {
            Self::Envelope | Self::Events | Self::Answers => BODY_LIMIT,
            Self::FilePart => parts::BODY_LIMIT,
        }
    }
}

/// Which item it is: what is read of it without opening it. Sorted, what something stands on comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemHeader {
    /// The practice.
    pub practice: Uuid,
    /// The workstation it is from, or for.
    pub device: Uuid,
    /// What it is.
    pub kind: ItemKind,
    /// The sequence of an envelope, the index of the first event, where a part begins, or 0.
    pub first: u64,
    /// The change, the log, or the device.
    pub name: Uuid,
    /// How many events, or bytes of a part; 1 for an envelope, 0 for answers.
    pub count: u32,
    /// Whose key opens it; of a part, the id of its file.
    pub sealed_to: KeyId,
}

impl ItemHeader {
    fn written(&self, capacity: usize) -> Writer {
        Writer::begin(&FORMAT, capacity)
            .u8(self.kind.number())
            .uuid(self.practice)
            .uuid(self.device)
            .uuid(self.name)
            .u64(self.first)
            .u32(self.count)
            .raw(&self.sealed_to.to_bytes())
    }

    /// What a parcel is bound to, and a part's signature is over.
    fn context(&self) -> Vec<u8> {
        self.written(HEADER_LENGTH).into_vec()
    }

    /// The item's name as people and files have it: `envelope-<change>`, `events-<log>-<first>`, `answers-<device>`,
    /// `file-<change>-<file>-<from>`.
    #[must_use]
    pub fn text(&self) -> String {
        match self.kind {
            ItemKind::Envelope => format!("envelope-{}", self.name),
            ItemKind::Events => format!("events-{}-{}", self.name, self.first),
            ItemKind::Answers => format!("answers-{}", self.name),
            ItemKind::FilePart => {
                let file = Uuid::from_bytes(self.sealed_to.to_bytes());
                format!("file-{}-{file}-{}", self.name, self.first)
            }
        }
    }
}

/// One item.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Which it is.
    pub header: ItemHeader,
    body: Vec<u8>,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({}, {} bytes)", self.header.text(), self.body.len())
    }
}

/// An item does not open: sealed to another key, not signed by its workstation, for something else, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the item does not open")]
pub struct ItemRefused;

impl Item {
    /// The item that carries an envelope as it stands.
    ///
    /// # Errors
    /// [`Unreadable`] when these bytes are no envelope.
    pub fn of_envelope(envelope: Vec<u8>) -> Result<Self, Unreadable> {
        let read = envelope::read_header(&envelope)?;
        if envelope.len() > BODY_LIMIT {
            return Err(Unreadable::Damaged);
        }
        let header = ItemHeader {
            practice: read.practice,
            device: read.device,
            kind: ItemKind::Envelope,
            name: read.change,
            first: read.sequence,
            count: 1,
            sealed_to: read.sealing_key,
        };
        Ok(Self { header, body: envelope })
    }

    /// The envelope; `None` when this is something else.
    #[must_use]
    pub fn envelope(&self) -> Option<&[u8]> {
        match self.header.kind {
            ItemKind::Envelope => Some(&self.body),
            ItemKind::Events | ItemKind::Answers | ItemKind::FilePart => None,
        }
    }

    /// The item as it stands in a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let writer = self.header.written(HEADER_LENGTH + 4 + self.body.len() + 32).bytes(&self.body);
        let hash: [u8; 32] = Sha256::digest(writer.written()).into();
        writer.raw(&hash).into_vec()
    }

    /// Reads one item and nothing else.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (item, length) = scanning::first(bytes)?;
        if length == bytes.len() { Ok(item) } else { Err(Unreadable::Damaged) }
    }

    /// An envelope's item says what the envelope says, and a part's what the part is.
    fn agrees_with_itself(&self) -> bool {
        match self.header.kind {
            ItemKind::Envelope => {
                Self::of_envelope(self.body.clone()).is_ok_and(|made| made.header == self.header)
            }
            ItemKind::FilePart => self.file_part().is_some(),
            ItemKind::Events | ItemKind::Answers => true,
        }
    }
}

fn read_header(reader: &mut Reader<'_>) -> Result<ItemHeader, Unreadable> {
    let kind = ItemKind::numbered(reader.u8()?).ok_or(Unreadable::Damaged)?;
    Ok(ItemHeader {
        kind,
        practice: reader.uuid()?,
        device: reader.uuid()?,
        name: reader.uuid()?,
        first: reader.u64()?,
        count: reader.u32()?,
        sealed_to: KeyId::from_bytes(reader.array()?),
    })
}
