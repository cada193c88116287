//! What a courier carries by file: envelopes as they stand, audit events sealed to the server, and the server's answers.
//!
//! ```text
//! item = "CKci" 01 · kind u8 · practice 16 · device 16 · name 16 · first u64 · count u32 · sealed to (key id 16)
//!        · body (u32 + bytes) · SHA-256 over all before 32
//! ```
//! kind 1, an envelope: name = change, first = its sequence, count = 1, body = the envelope.
//! kind 2, events: name = log, first = index of the first, count = how many; body = parcel(note (u32 + text) ‖ FHIR batch).
//! kind 3, answers: name = the device again, first = 0, count = 0; body = parcel(signature 64 ‖ JSON).
//! A parcel's context is everything before its body's length. A file is items one after the other, in any order; the hash
//! finds damage, so that what comes after a damaged item is found again. It proves nothing: what proves who wrote an
//! item lies inside.

use std::fmt;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::envelope::{self, TRANSACTION_LIMIT};
use crate::layout::{Format, Reader, Writer};
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, KeyId, Parcel, Purpose, Random, Signature, SigningKey,
    Unreadable, VerifyingKey,
};

const FORMAT: Format = Format { magic: *b"CKci", version: 1 };
const START: &[u8] = b"CKci\x01";
const HEADER_LENGTH: usize = 5 + 1 + 16 + 16 + 16 + 8 + 4 + 16;
/// An envelope of the largest transaction, and its own parts.
const BODY_LIMIT: usize = TRANSACTION_LIMIT + 1024;
/// How many times its own length a file may make us hash in vain.
const MOST_TIMES_IN_VAIN: usize = 4;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A change in its envelope.
    Envelope,
    /// Audit events.
    Events,
    /// What the server says of items that came before.
    Answers,
}

impl ItemKind {
    const fn number(self) -> u8 {
        match self {
            Self::Envelope => 1,
            Self::Events => 2,
            Self::Answers => 3,
        }
    }

    const fn numbered(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Envelope),
            2 => Some(Self::Events),
            3 => Some(Self::Answers),
            _ => None,
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
    /// The sequence of an envelope, the index of the first event, or 0.
    pub first: u64,
    /// The change, the log, or the device.
    pub name: Uuid,
    /// How many events; 1 for an envelope, 0 for answers.
    pub count: u32,
    /// Whose key opens it.
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

    /// The item's name as people and files have it: `envelope-<change>`, `events-<log>-<first>`, `answers-<device>`.
    #[must_use]
    pub fn text(&self) -> String {
        match self.kind {
            ItemKind::Envelope => format!("envelope-{}", self.name),
            ItemKind::Events => format!("events-{}-{}", self.name, self.first),
            ItemKind::Answers => format!("answers-{}", self.name),
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

/// Where events lie in the log of a workstation.
#[derive(Debug, Clone, Copy)]
pub struct EventsFrom {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// The log.
    pub log: Uuid,
    /// The index of the first.
    pub first: u64,
    /// How many.
    pub count: u32,
}

/// Events as they came out of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedEvents {
    /// The signed note over the log up to the last of them.
    pub note: String,
    /// The FHIR batch Bundle that holds them.
    pub batch: Vec<u8>,
}

/// An item does not open: sealed to another key, or for something else, or changed.
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

    /// The item that carries events, sealed to the server.
    ///
    /// # Errors
    /// [`BadPublicKey`].
    pub fn of_events(
        from: &EventsFrom,
        events: &OpenedEvents,
        to: &AgreementPublic,
        random: &mut Random,
    ) -> Result<Self, BadPublicKey> {
        let header = ItemHeader {
            practice: from.practice,
            device: from.device,
            kind: ItemKind::Events,
            name: from.log,
            first: from.first,
            count: from.count,
            sealed_to: to.id(),
        };
        let plaintext = Writer::with_capacity(events.note.len() + events.batch.len() + 4)
            .bytes(events.note.as_bytes())
            .raw(&events.batch)
            .into_secret();
        let context = header.written(HEADER_LENGTH).into_vec();
        let body = to.seal(Parcel::CourierEvents, &context, plaintext.expose(), random)?;
        Ok(Self { header, body })
    }

    /// The item that carries the server's answers to one workstation: sealed to it, and signed by the server.
    ///
    /// # Errors
    /// [`BadPublicKey`].
    pub fn of_answers(
        practice: Uuid,
        device: Uuid,
        json: &[u8],
        signer: &SigningKey,
        to: &AgreementPublic,
        random: &mut Random,
    ) -> Result<Self, BadPublicKey> {
        let kind = ItemKind::Answers;
        let header =
            ItemHeader { practice, device, kind, name: device, first: 0, count: 0, sealed_to: to.id() };
        let context = header.written(HEADER_LENGTH).into_vec();
        let signature = signer.sign(Purpose::Receipt, &[context.as_slice(), json].concat());
        let plaintext = [signature.to_bytes().as_slice(), json].concat();
        let body = to.seal(Parcel::CourierAnswers, &context, &plaintext, random)?;
        Ok(Self { header, body })
    }

    /// The envelope; `None` when this is something else.
    #[must_use]
    pub fn envelope(&self) -> Option<&[u8]> {
        match self.header.kind {
            ItemKind::Envelope => Some(&self.body),
            ItemKind::Events | ItemKind::Answers => None,
        }
    }

    /// Opens events with the server's sealing key.
    ///
    /// # Errors
    /// [`ItemRefused`].
    pub fn open_events(&self, secret: &AgreementSecret) -> Result<OpenedEvents, ItemRefused> {
        let opened = self.open(ItemKind::Events, Parcel::CourierEvents, secret)?;
        let mut reader = Reader::new(&opened);
        let note = reader.bytes().map_err(|_| ItemRefused)?;
        let note = String::from_utf8(note.to_vec()).map_err(|_| ItemRefused)?;
        let batch = opened.get(reader.read_so_far().len()..).ok_or(ItemRefused)?.to_vec();
        Ok(OpenedEvents { note, batch })
    }

    /// Opens answers with the workstation's own key; what comes out is the server's word.
    ///
    /// # Errors
    /// [`ItemRefused`], also where the server's key has not signed this.
    pub fn open_answers(
        &self,
        secret: &AgreementSecret,
        server: &VerifyingKey,
    ) -> Result<Vec<u8>, ItemRefused> {
        let opened = self.open(ItemKind::Answers, Parcel::CourierAnswers, secret)?;
        let (signature, json) = opened.split_at_checked(Signature::LENGTH).ok_or(ItemRefused)?;
        let signature = Signature::from_bytes(signature.try_into().map_err(|_| ItemRefused)?);
        let context = self.header.written(HEADER_LENGTH).into_vec();
        let signed = [context.as_slice(), json].concat();
        server.verify(Purpose::Receipt, &signed, &signature).map_err(|_| ItemRefused)?;
        Ok(json.to_vec())
    }

    fn open(&self, kind: ItemKind, parcel: Parcel, secret: &AgreementSecret) -> Result<Vec<u8>, ItemRefused> {
        if self.header.kind != kind {
            return Err(ItemRefused);
        }
        let context = self.header.written(HEADER_LENGTH).into_vec();
        let opened = secret.open(parcel, &context, &self.body).map_err(|_| ItemRefused)?;
        Ok(opened.expose().to_vec())
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
        let (item, rest) = Self::parse_first(bytes)?;
        if rest.is_empty() { Ok(item) } else { Err(Unreadable::Damaged) }
    }

    fn parse_first(bytes: &[u8]) -> Result<(Self, &[u8]), Unreadable> {
        Frame::read(bytes)?.checked()
    }

    /// An envelope's item says what the envelope says.
    fn agrees_with_itself(&self) -> bool {
        match self.header.kind {
            ItemKind::Envelope => {
                Self::of_envelope(self.body.clone()).is_ok_and(|made| made.header == self.header)
            }
            ItemKind::Events | ItemKind::Answers => true,
        }
    }
}

/// The parts of an item where one seems to begin; whether it is one, only the hash over all of it tells.
struct Frame<'a> {
    header: ItemHeader,
    body: &'a [u8],
    covered: &'a [u8],
    hash: [u8; 32],
    rest: &'a [u8],
}

impl<'a> Frame<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let header = read_header(&mut reader)?;
        let body = reader.bytes()?;
        if body.len() > BODY_LIMIT {
            return Err(Unreadable::Damaged);
        }
        let covered = reader.read_so_far();
        let hash = reader.array()?;
        let rest = bytes.get(reader.read_so_far().len()..).unwrap_or_default();
        Ok(Self { header, body, covered, hash, rest })
    }

    fn checked(self) -> Result<(Item, &'a [u8]), Unreadable> {
        let expected: [u8; 32] = Sha256::digest(self.covered).into();
        if self.hash != expected {
            return Err(Unreadable::Damaged);
        }
        let item = Item { header: self.header, body: self.body.to_vec() };
        if item.agrees_with_itself() { Ok((item, self.rest)) } else { Err(Unreadable::Damaged) }
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

/// What stands at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An item.
    Item(Item),
    /// Bytes that are none: cut short, changed, or never one.
    Bad {
        /// Where they begin, in bytes from the start of the file.
        offset: usize,
        /// What they say they are, where that much can be read. Nothing vouches for it.
        name: Option<String>,
    },
}

/// Takes a file apart. After bytes that are no item the next one is looked for, so that one bad item costs only itself.
///
/// What begins like an item and is none has been hashed in vain. Damage seldom makes that happen; a file that is made for it
/// could do it at every place, so after some times its own length the rest of the file is one bad place.
#[must_use]
pub fn read_file(bytes: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut in_vain = 0_usize;
    let most_in_vain = bytes.len().saturating_mul(MOST_TIMES_IN_VAIN).saturating_add(BODY_LIMIT);
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let frame = Frame::read(rest);
        let hashed = frame.as_ref().map_or(0, |frame| frame.covered.len());
        match frame.and_then(Frame::checked) {
            Ok((item, after)) => {
                at = bytes.len() - after.len();
                found.push(Found::Item(item));
            }
            Err(_) => {
                let name = Reader::begin(rest, &FORMAT).and_then(|mut reader| read_header(&mut reader));
                found.push(Found::Bad { offset: at, name: name.ok().map(|header| header.text()) });
                in_vain = in_vain.saturating_add(hashed);
                at = if in_vain > most_in_vain { bytes.len() } else { next_start(bytes, at + 1) };
            }
        }
    }
    found
}

fn next_start(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(START.len()).position(|window| window == START).map_or(bytes.len(), |place| from + place)
}
