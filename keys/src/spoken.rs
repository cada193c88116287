//! Codes that are read out on the telephone: seven words.
//!
//! Seven of 2048 words (BIP-39, `data/words.txt`) carry 77 bits: 72 random ones and a check of five over them. A word is
//! known by its first four letters, so that is all a person has to type of it, in either case.
//!
//! The server keeps one such code for each person on each workstation. It is made on the workstation, sealed to the
//! server there ([`SpokenCode::escrow`]), and never kept where it opens something.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, Parcel, ParcelRefused, Random, Secret, SecretBytes,
    SecretText, label,
};

const LIST: &str = include_str!("../data/words.txt");
const WORD_BITS: usize = 11;
const CHECK_BITS: usize = 5;
const BYTES: usize = 9;
/// Letters by which a word is told from all others.
const TELLING: usize = 4;
/// Words in a code.
pub const WORDS_PER_CODE: usize = 7;

/// One code: 72 random bits.
#[derive(PartialEq, Eq)]
pub struct SpokenCode(Secret<BYTES>);

/// What was typed cannot be a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpokenCodeMistyped {
    /// Not seven words.
    #[error("a code has seven words")]
    Length,
    /// A word that is not in the list.
    #[error("a word of the code is not in the list")]
    Word,
    /// The check does not fit: a word was misheard, or two changed places.
    #[error("a word of the code is wrong")]
    Check,
}

/// Where an escrowed code opens something: it opens as the code of no other slot, person, workstation or practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscrowPlace {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// Whose code it is.
    pub person: Uuid,
    /// The slot it opens.
    pub slot: Uuid,
}

/// Every word there is, in the order of the alphabet.
pub fn words() -> impl Iterator<Item = &'static str> {
    LIST.lines()
}

impl SpokenCode {
    /// A new random code.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(Secret::make(random))
    }

    /// The code as it is read out.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        let number = self.0.expose().iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let number = number << CHECK_BITS | u128::from(check(self.0.expose()));
        let mut text = String::with_capacity(WORDS_PER_CODE * 9);
        for place in (0..WORDS_PER_CODE).rev() {
            let index = usize::try_from(number >> (place * WORD_BITS) & 2047).unwrap_or_default();
            text.push_str(words().nth(index).unwrap_or_default());
            if place > 0 {
                text.push(' ');
            }
        }
        SecretText::new(text)
    }

    /// The code's bytes, for the store that keeps it sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8; BYTES] {
        self.0.expose()
    }

    /// The code with these bytes; `None` unless there are nine.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Secret::from_slice(bytes).map(Self)
    }

    /// Seals the code to the server.
    ///
    /// # Errors
    /// If that is not a usable public key.
    pub fn escrow(
        &self,
        server: &AgreementPublic,
        place: &EscrowPlace,
        random: &mut Random,
    ) -> Result<Vec<u8>, BadPublicKey> {
        server.seal(Parcel::RecoveryCode, &place.context(), self.0.expose(), random)
    }

    /// Opens what [`SpokenCode::escrow`] made, at the server.
    ///
    /// # Errors
    /// [`ParcelRefused`], also for the code of another place.
    pub fn from_escrow(
        server: &AgreementSecret,
        place: &EscrowPlace,
        sealed: &[u8],
    ) -> Result<Self, ParcelRefused> {
        let opened: SecretBytes = server.open(Parcel::RecoveryCode, &place.context(), sealed)?;
        Self::from_slice(opened.expose()).ok_or(ParcelRefused)
    }
}

impl EscrowPlace {
    fn context(&self) -> [u8; 64] {
        let mut context = [0; 64];
        let ids = [self.practice, self.device, self.person, self.slot];
        for (part, id) in context.chunks_exact_mut(16).zip(ids) {
            part.copy_from_slice(id.as_bytes());
        }
        context
    }
}

impl FromStr for SpokenCode {
    type Err = SpokenCodeMistyped;

    /// Reads seven words or their first four letters, in either case, with anything but letters between them.
    fn from_str(typed: &str) -> Result<Self, SpokenCodeMistyped> {
        let mut number: u128 = 0;
        let mut count = 0;
        for word in typed.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty())
        {
            count += 1;
            if count > WORDS_PER_CODE {
                return Err(SpokenCodeMistyped::Length);
            }
            let index = index_of(word).ok_or(SpokenCodeMistyped::Word)?;
            number = number << WORD_BITS | index;
        }
        if count != WORDS_PER_CODE {
            return Err(SpokenCodeMistyped::Length);
        }
        let bytes = (number >> CHECK_BITS).to_be_bytes();
        let code = Secret::from_slice(bytes.split_at(16 - BYTES).1).ok_or(SpokenCodeMistyped::Length)?;
        if u128::from(check(code.expose())) == number & 31 {
            Ok(Self(code))
        } else {
            Err(SpokenCodeMistyped::Check)
        }
    }
}

impl fmt::Debug for SpokenCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpokenCode(…)")
    }
}

/// The place of a word in the list: the word itself, or a beginning of at least four letters.
fn index_of(typed: &str) -> Option<u128> {
    let typed = typed.to_lowercase();
    let means = |word: &str| word == typed || typed.len() >= TELLING && word.starts_with(&typed);
    u128::try_from(words().position(means)?).ok()
}

/// Five bits of a hash: find thirty-one in thirty-two slips, and the key finds the rest.
fn check(code: &[u8; BYTES]) -> u8 {
    let hash = Sha256::new().chain_update(label::SPOKEN_CODE).chain_update(code).finalize();
    hash.first().copied().unwrap_or_default() & 31
}
