//! An extension of the offline lease: for one workstation and the number on its screen, as a signed file or as seven words.
//!
//! ```text
//! file   "CKle" 01 · practice 16 · device 16 · number u32 · days u16 · issued at i64 ms · signature 64
//! words  the first 9 bytes of HMAC(key, label ‖ practice 16 · device 16 · number u32 · days u16), as a spoken code;
//!        key = HKDF(X25519(one side's private key, the other's public key); salt none, label)
//! ```
//!
//! The words are too few for a signature. What the server and this one workstation can compute, and nobody else, is the
//! secret between the server's sealing key and the workstation's own key. Whoever holds the workstation's own key could
//! extend its lease; that person could also run another program.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::layout::{Format, Reader, Writer};
use crate::spoken::SpokenCode;
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, Purpose, Random, SecretText, Signature, SigningKey,
    Unreadable, VerifyingKey, hazmat, label,
};

const FORMAT: Format = Format { magic: *b"CKle", version: 1 };
/// The longest extension, in days.
pub const MOST_DAYS: u16 = 90;

/// The number on the screen of a workstation whose lease is to be extended: six digits and two that check them (ISO/IEC 7064,
/// MOD 97-10). Used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseNumber(u32);

/// What was typed is not a number of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the number of a lease: a digit is missing or wrong")]
pub struct NumberMistyped;

/// For which workstation and number an extension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeasePlace {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// What its screen shows.
    pub number: LeaseNumber,
}

/// An extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseExtension {
    /// For whom.
    pub place: LeasePlace,
    /// For how many days from when it is taken in.
    pub days: u16,
    /// When it was given (to the millisecond).
    pub issued_at: Timestamp,
}

/// An extension is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeaseRefused {
    /// Not readable as an extension.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The practice's server did not sign this.
    #[error("the practice's server did not sign this")]
    BadSignature,
    /// For another workstation, or for a number that its screen does not show.
    #[error("the extension is for another workstation or another number")]
    OtherPlace,
}

impl LeaseNumber {
    /// A new random number.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        let drawn = u32::from_be_bytes(random.bytes()) % 1_000_000;
        Self(drawn * 100 + (98 - drawn * 100 % 97))
    }

    /// The number with this value.
    ///
    /// # Errors
    /// [`NumberMistyped`] where its digits do not check.
    pub fn from_value(value: u32) -> Result<Self, NumberMistyped> {
        if value < 100_000_000 && value % 97 == 1 { Ok(Self(value)) } else { Err(NumberMistyped) }
    }

    /// Its value.
    #[must_use]
    pub fn value(self) -> u32 {
        self.0
    }
}

impl fmt::Display for LeaseNumber {
    /// Two groups of four.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04} {:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl FromStr for LeaseNumber {
    type Err = NumberMistyped;

    /// Reads eight digits, with anything that is neither a digit nor a letter between them.
    fn from_str(typed: &str) -> Result<Self, NumberMistyped> {
        let digits: String = typed.chars().filter(|c| c.is_alphanumeric()).collect();
        if digits.len() != 8 {
            return Err(NumberMistyped);
        }
        Self::from_value(digits.parse().map_err(|_| NumberMistyped)?)
    }
}

impl LeaseExtension {
    /// The signed extension, for a file.
    #[must_use]
    pub fn sign(&self, directive_key: &SigningKey) -> Vec<u8> {
        let place = &self.place;
        let writer = Writer::begin(&FORMAT, 128)
            .uuid(place.practice)
            .uuid(place.device)
            .u32(place.number.0)
            .u16(self.days)
            .time(self.issued_at);
        let signature = directive_key.sign(Purpose::Lease, writer.written());
        writer.raw(&signature.to_bytes()).into_vec()
    }

    /// The extension, if the server signed it for this place.
    ///
    /// # Errors
    /// [`LeaseRefused`].
    pub fn verify(
        bytes: &[u8],
        directive_key: &VerifyingKey,
        place: &LeasePlace,
    ) -> Result<Self, LeaseRefused> {
        let mut reader = Reader::begin(bytes, &FORMAT)?;
        let (practice, device) = (reader.uuid()?, reader.uuid()?);
        let number = LeaseNumber::from_value(reader.u32()?).map_err(|_| Unreadable::Damaged)?;
        let (days, issued_at) = (reader.u16()?, reader.time()?);
        let signed = reader.read_so_far();
        let signature = Signature::from_bytes(reader.array()?);
        reader.finish()?;
        if days == 0 || days > MOST_DAYS {
            return Err(Unreadable::Damaged.into());
        }
        directive_key.verify(Purpose::Lease, signed, &signature).map_err(|_| LeaseRefused::BadSignature)?;
        let extension = Self { place: LeasePlace { practice, device, number }, days, issued_at };
        if extension.place == *place { Ok(extension) } else { Err(LeaseRefused::OtherPlace) }
    }

    /// The extension as seven words, for the telephone.
    ///
    /// # Errors
    /// If the workstation's key is not a usable public key.
    pub fn to_words(
        &self,
        server: &AgreementSecret,
        workstation: &AgreementPublic,
    ) -> Result<SecretText, BadPublicKey> {
        let key = server.shared(workstation, label::LEASE_KEY).ok_or(BadPublicKey)?;
        Ok(code(key.expose(), &self.place, self.days).to_text())
    }
}

/// For how many days the words that were read out are, for this place; `None` where they are not for it.
#[must_use]
pub fn days_of(
    words: &SpokenCode,
    place: &LeasePlace,
    workstation: &AgreementSecret,
    server: &AgreementPublic,
) -> Option<u16> {
    let key = workstation.shared(server, label::LEASE_KEY)?;
    (1..=MOST_DAYS).find(|days| code(key.expose(), place, *days) == *words)
}

fn code(key: &[u8; 32], place: &LeasePlace, days: u16) -> SpokenCode {
    let (number, days) = (place.number.0.to_be_bytes(), days.to_be_bytes());
    let parts: [&[u8]; 5] =
        [label::LEASE_CODE, place.practice.as_bytes(), place.device.as_bytes(), &number, &days];
    let tag = hazmat::hmac(key, &parts);
    SpokenCode::from_slice(tag.split_at(9).0).expect("nine bytes are a code")
}
