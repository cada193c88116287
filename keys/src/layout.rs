//! The bytes of every binary format here: magic and version first, big-endian numbers, length-prefixed fields,
//! nothing left over at the end.

use jiff::Timestamp;
use uuid::Uuid;

use crate::SecretBytes;

/// Why bytes cannot be read as the format they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The magic bytes are another format's, or none.
    #[error("this is not the expected kind of data")]
    OtherFormat,
    /// A later release wrote this.
    #[error("written in version {version} of this format, which is newer than this program knows")]
    Newer {
        /// The version found.
        version: u8,
    },
    /// Cut short, too long, or out of bounds.
    #[error("the data is damaged")]
    Damaged,
}

/// Magic and version at the start of a format.
pub(crate) struct Format {
    pub(crate) magic: [u8; 4],
    pub(crate) version: u8,
}

/// Puts a format together. Room is reserved at the start, so that growing leaves no copy of a secret behind.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(crate) fn begin(format: &Format, capacity: usize) -> Self {
        Self::with_capacity(capacity).raw(&format.magic).raw(&[format.version])
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn u8(self, value: u8) -> Self {
        self.raw(&[value])
    }

    pub(crate) fn u16(self, value: u16) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn u32(self, value: u32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn u64(self, value: u64) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn uuid(self, value: Uuid) -> Self {
        self.raw(value.as_bytes())
    }

    /// Milliseconds since 1970, signed.
    pub(crate) fn time(self, value: Timestamp) -> Self {
        self.raw(&value.as_millisecond().to_be_bytes())
    }

    /// Length in two bytes, then the text.
    pub(crate) fn text(self, value: &str) -> Self {
        let length =
            u16::try_from(value.len()).expect("names are checked to be short before they are written");
        self.u16(length).raw(value.as_bytes())
    }

    /// Length in four bytes, then the bytes.
    pub(crate) fn bytes(self, value: &[u8]) -> Self {
        let length = u32::try_from(value.len())
            .expect("contents are checked to be below 4 GiB before they are written");
        self.u32(length).raw(value)
    }

    pub(crate) fn written(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn into_secret(self) -> SecretBytes {
        SecretBytes::new(self.0)
    }
}

/// Takes a format apart, strictly.
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    pub(crate) fn begin(all: &'a [u8], format: &Format) -> Result<Self, Unreadable> {
        let mut reader = Self::new(all);
        match reader.array::<4>() {
            Ok(magic) if magic == format.magic => {}
            Ok(_) | Err(_) => return Err(Unreadable::OtherFormat),
        }
        match reader.u8()? {
            version if version == format.version => Ok(reader),
            version if version > format.version => Err(Unreadable::Newer { version }),
            _ => Err(Unreadable::Damaged),
        }
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let end = self.at.checked_add(length).ok_or(Unreadable::Damaged)?;
        let taken = self.all.get(self.at..end).ok_or(Unreadable::Damaged)?;
        self.at = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.raw(N)?.try_into().map_err(|_| Unreadable::Damaged)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Unreadable> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Unreadable> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Unreadable> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Unreadable> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, Unreadable> {
        Ok(Uuid::from_bytes(self.array()?))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Unreadable> {
        let millis = i64::from_be_bytes(self.array()?);
        Timestamp::from_millisecond(millis).map_err(|_| Unreadable::Damaged)
    }

    pub(crate) fn text(&mut self, limit: usize) -> Result<&'a str, Unreadable> {
        let length = usize::from(self.u16()?);
        if length > limit {
            return Err(Unreadable::Damaged);
        }
        std::str::from_utf8(self.raw(length)?).map_err(|_| Unreadable::Damaged)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Unreadable> {
        let length = usize::try_from(self.u32()?).map_err(|_| Unreadable::Damaged)?;
        self.raw(length)
    }

    /// Everything read so far: what a signature or a seal covers.
    pub(crate) fn read_so_far(&self) -> &'a [u8] {
        self.all.get(..self.at).unwrap_or_default()
    }

    pub(crate) fn finish(self) -> Result<(), Unreadable> {
        if self.at == self.all.len() { Ok(()) } else { Err(Unreadable::Damaged) }
    }
}
