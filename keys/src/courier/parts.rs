//! Parts of attached files: sealed as they lie in `blobs/`, and signed by the workstation that the file was attached at.
//!
//! The server keeps one file under an id, the first that it hears of. Over the wire the certificate says who begins it; here the
//! signature does, so that whoever has the carried file in hand cannot put another one in its place.

use uuid::Uuid;

use super::{Item, ItemHeader, ItemKind, ItemRefused};
use crate::layout::{Reader, Writer};
use crate::{KeyId, Purpose, Signature, SigningKey, Unreadable, VerifyingKey};

/// The longest part, in bytes.
pub const PART_LIMIT: usize = 1 << 20;
/// Length and digest of the file, and the signature.
const BEFORE_PART: usize = 8 + 32 + Signature::LENGTH;
/// The longest body of such an item.
pub(super) const BODY_LIMIT: usize = BEFORE_PART + PART_LIMIT;

/// Where a part belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePlace {
    /// The practice.
    pub practice: Uuid,
    /// The workstation that the file was attached at.
    pub device: Uuid,
    /// The change whose record speaks of it.
    pub change: Uuid,
    /// The file.
    pub file: Uuid,
    /// How long it is, sealed.
    pub length: u64,
    /// SHA-256 over all of it, sealed.
    pub digest: [u8; 32],
    /// Where the part begins.
    pub from: u64,
}

/// A part of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FilePart<'a> {
    /// Where it belongs.
    pub place: FilePlace,
    /// Its bytes: at least one.
    pub bytes: &'a [u8],
    signature: Signature,
}

impl Item {
    /// The item that carries a part of a sealed file, signed with the workstation's checkpoint key.
    ///
    /// # Errors
    /// [`Unreadable`] when it is empty, too long, or reaches beyond the end of the file.
    pub fn of_file_part(place: &FilePlace, bytes: &[u8], signer: &SigningKey) -> Result<Self, Unreadable> {
        let header = ItemHeader {
            practice: place.practice,
            device: place.device,
            kind: ItemKind::FilePart,
            name: place.change,
            first: place.from,
            count: u32::try_from(bytes.len()).map_err(|_| Unreadable::Damaged)?,
            sealed_to: KeyId::from_bytes(place.file.into_bytes()),
        };
        let signature = signer.sign(Purpose::CourierFile, &signed(&header, place, bytes));
        let body = Writer::with_capacity(BEFORE_PART + bytes.len())
            .u64(place.length)
            .raw(&place.digest)
            .raw(&signature.to_bytes())
            .raw(bytes)
            .into_vec();
        let item = Self { header, body };
        if item.file_part().is_some() { Ok(item) } else { Err(Unreadable::Damaged) }
    }

    /// The part; `None` when this is something else. Nothing vouches for it yet.
    #[must_use]
    pub fn file_part(&self) -> Option<FilePart<'_>> {
        let header = &self.header;
        let mut reader = Reader::new(&self.body);
        let (length, digest) = (reader.u64().ok()?, reader.array().ok()?);
        let signature = Signature::from_bytes(reader.array().ok()?);
        let bytes = self.body.get(BEFORE_PART..).filter(|bytes| (1..=PART_LIMIT).contains(&bytes.len()))?;
        let end = header.first.checked_add(u64::from(header.count))?;
        let fits = header.kind == ItemKind::FilePart
            && usize::try_from(header.count).is_ok_and(|count| count == bytes.len())
            && end <= length;
        let place = FilePlace {
            practice: header.practice,
            device: header.device,
            change: header.name,
            file: Uuid::from_bytes(header.sealed_to.to_bytes()),
            length,
            digest,
            from: header.first,
        };
        fits.then_some(FilePart { place, bytes, signature })
    }

    /// The part, where one of these keys of its workstation has signed it.
    ///
    /// # Errors
    /// [`ItemRefused`].
    pub fn signed_file_part(&self, keys: &[VerifyingKey]) -> Result<FilePart<'_>, ItemRefused> {
        let part = self.file_part().ok_or(ItemRefused)?;
        let message = signed(&self.header, &part.place, part.bytes);
        let is_signed =
            |key: &VerifyingKey| key.verify(Purpose::CourierFile, &message, &part.signature).is_ok();
        if keys.iter().any(is_signed) { Ok(part) } else { Err(ItemRefused) }
    }
}

impl std::fmt::Debug for FilePart<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FilePart({}, {} bytes)", self.place.file, self.bytes.len())
    }
}

fn signed(header: &ItemHeader, place: &FilePlace, bytes: &[u8]) -> Vec<u8> {
    let mut message = header.context();
    message.extend_from_slice(&place.length.to_be_bytes());
    message.extend_from_slice(&place.digest);
    message.extend_from_slice(bytes);
    message
}
