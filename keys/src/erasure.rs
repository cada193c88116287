//! The certificate of an erasure: that a patient was erased at the server and on which workstations, signed by the practice.
//!
//! ```text
//! "CKer" 01 · number u64 · practice 16 · patient (u16 + text) · reason (u16 + text) · asked by 16 · asked at i64 ms
//! · agreed by 16 · erased at i64 ms · issued at i64 ms · records u64 · versions u64
//! · workstations (u16 count; each 16 ‖ fate u8 ‖ at i64 ms) · signature 64
//! ```
//!
//! The signature is the directive key's under the purpose `erasure`, over everything before it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::layout::{Format, Reader, Writer};
use crate::{Purpose, Signature, SigningKey, Unreadable, VerifyingKey};

const FORMAT: Format = Format { magic: *b"CKer", version: 1 };
const TEXT_LIMIT: usize = 64;

/// What became of a patient's data on one workstation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It has reported that nothing is left.
    Confirmed,
    /// It was retired: wiped or revoked. What lies on a disk that never reported is not known.
    Retired,
}

impl Fate {
    const fn code(self) -> u8 {
        match self {
            Self::Confirmed => 1,
            Self::Retired => 2,
        }
    }

    fn of(code: u8) -> Result<Self, Unreadable> {
        [Self::Confirmed, Self::Retired]
            .into_iter()
            .find(|fate| fate.code() == code)
            .ok_or(Unreadable::Damaged)
    }
}

/// One workstation of the practice at the time of the erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedAt {
    /// Which.
    pub device: Uuid,
    /// What became of the data there.
    pub fate: Fate,
    /// When that was known (to the millisecond).
    pub at: Timestamp,
}

/// What the certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureCertificate {
    /// Counts the erasures of the practice.
    pub number: u64,
    /// The practice.
    pub practice: Uuid,
    /// The patient, by the opaque id; at most 64 bytes.
    pub patient: String,
    /// The code of the reason; at most 64 bytes.
    pub reason: String,
    /// Who asked for it, and when.
    pub asked: (Uuid, Timestamp),
    /// Who agreed, and when it was erased at the server.
    pub agreed: (Uuid, Timestamp),
    /// When this was issued: every workstation had confirmed or was retired.
    pub issued_at: Timestamp,
    /// How many records were erased at the server.
    pub records: u64,
    /// How many versions of them.
    pub versions: u64,
    /// Every workstation there was.
    pub workstations: Vec<ErasedAt>,
}

/// A certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ErasureRefused {
    /// Not readable as a certificate.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The practice did not sign this.
    #[error("the practice did not sign this certificate")]
    BadSignature,
    /// Another practice's.
    #[error("the certificate is another practice's")]
    OtherPractice,
}

/// A text of the certificate is too long, or it names too many workstations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the certificate does not fit its format")]
pub struct TooLong;

impl ErasureCertificate {
    /// The signed certificate.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn sign(&self, directive_key: &SigningKey) -> Result<Vec<u8>, TooLong> {
        if self.patient.len() > TEXT_LIMIT || self.reason.len() > TEXT_LIMIT {
            return Err(TooLong);
        }
        let count = u16::try_from(self.workstations.len()).map_err(|_| TooLong)?;
        let writer = Writer::begin(&FORMAT, 512)
            .u64(self.number)
            .uuid(self.practice)
            .text(&self.patient)
            .text(&self.reason)
            .uuid(self.asked.0)
            .time(self.asked.1)
            .uuid(self.agreed.0)
            .time(self.agreed.1)
            .time(self.issued_at)
            .u64(self.records)
            .u64(self.versions)
            .u16(count);
        let writer = self.workstations.iter().fold(writer, |writer, station| {
            writer.uuid(station.device).u8(station.fate.code()).time(station.at)
        });
        let signature = directive_key.sign(Purpose::Erasure, writer.written());
        Ok(writer.raw(&signature.to_bytes()).into_vec())
    }

    /// The certificate, if this practice's directive key signed it. Nothing of it comes out before that has verified.
    ///
    /// # Errors
    /// [`ErasureRefused`].
    pub fn verify(
        bytes: &[u8],
        directive_key: &VerifyingKey,
        practice: Uuid,
    ) -> Result<Self, ErasureRefused> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let certificate = Self::read(&mut reader)?;
        let signed = reader.read_so_far();
        let signature = Signature::from_bytes(reader.array()?);
        reader.finish()?;
        directive_key
            .verify(Purpose::Erasure, signed, &signature)
            .map_err(|_| ErasureRefused::BadSignature)?;
        if certificate.practice != practice {
            return Err(ErasureRefused::OtherPractice);
        }
        Ok(certificate)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            number: reader.u64()?,
            practice: reader.uuid()?,
            patient: reader.text(TEXT_LIMIT)?.to_owned(),
            reason: reader.text(TEXT_LIMIT)?.to_owned(),
            asked: (reader.uuid()?, reader.time()?),
            agreed: (reader.uuid()?, reader.time()?),
            issued_at: reader.time()?,
            records: reader.u64()?,
            versions: reader.u64()?,
            workstations: read_workstations(reader)?,
        })
    }
}

fn read_workstations(reader: &mut Reader<'_>) -> Result<Vec<ErasedAt>, Unreadable> {
    let count = reader.u16()?;
    (0..count)
        .map(|_| Ok(ErasedAt { device: reader.uuid()?, fate: Fate::of(reader.u8()?)?, at: reader.time()? }))
        .collect()
}
