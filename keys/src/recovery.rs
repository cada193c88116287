//! Codes on paper: recovery codes and activation codes, as people read and type them.
//!
//! 20 characters of Crockford's base32 (100 bits) in four groups of five. The last 4 bits are a check digit over the
//! other 96, so that a slip of the pen is told from a wrong code before any key is derived.
//!
//! A sheet has ten recovery codes, whose first characters are 0 to 9: it says which of the ten slots the code is for,
//! so that a try costs one slot and not ten. It says nothing of the other 91 bits, which are random.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::spoken::SpokenCode;
use crate::{Random, Secret, SecretText, label};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS: usize = 20;
const GROUP: usize = 5;
/// Recovery codes a person gets at a time.
pub const CODES_PER_SHEET: usize = 10;

/// One code: 96 random bits.
#[derive(PartialEq, Eq)]
pub struct PaperCode(Secret<12>);

/// What was typed cannot be a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaperCodeMistyped {
    /// Not 20 letters and digits.
    #[error("a code has 20 letters and digits")]
    Length,
    /// A character that no code has.
    #[error("a code has no such character")]
    Character,
    /// The check digit does not fit: something was misread.
    #[error("a letter or digit of the code is wrong")]
    CheckDigit,
}

impl PaperCode {
    /// A new random code.
    #[must_use]
    pub fn make(random: &mut Random) -> Self {
        Self(Secret::make(random))
    }

    /// The code at a place of a sheet, from 0 on: 91 random bits behind a character that says the place.
    ///
    /// # Panics
    /// At [`CODES_PER_SHEET`] and beyond, where a sheet has no place.
    #[must_use]
    pub fn make_for_sheet(place: u8, random: &mut Random) -> Self {
        assert!(usize::from(place) < CODES_PER_SHEET, "a sheet has ten places");
        Self(Secret::build(|code| {
            code.copy_from_slice(Secret::<12>::make(random).expose());
            if let Some(first) = code.first_mut() {
                *first = place << 3 | *first & 7;
            }
        }))
    }

    /// The place of a sheet that the code says it has; `None` for one that stands on no sheet.
    #[must_use]
    pub fn place(&self) -> Option<u8> {
        let [first, ..] = *self.0.expose();
        Some(first >> 3).filter(|place| usize::from(*place) < CODES_PER_SHEET)
    }

    /// The code as it is printed: `XXXXX-XXXXX-XXXXX-XXXXX`.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        let mut number = u128::from(check_digit(self.0.expose()));
        number |= self.0.expose().iter().fold(0, |number, byte| number << 8 | u128::from(*byte)) << 4;
        let mut text = String::with_capacity(CHARACTERS + 3);
        for index in 0..CHARACTERS {
            if index > 0 && index % GROUP == 0 {
                text.push('-');
            }
            let five_bits =
                usize::try_from(number >> (5 * (CHARACTERS - 1 - index)) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET.get(five_bits).copied().unwrap_or_default()));
        }
        SecretText::new(text)
    }

    /// What the server keeps of an activation code: a hash is enough for 96 random bits.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::new().chain_update(label::PAPER_CODE).chain_update(self.0.expose()).finalize().into()
    }

    pub(crate) fn expose(&self) -> &[u8; 12] {
        self.0.expose()
    }
}

/// What lets a person in without the phone: a code of the sheet, or one that was read out on the telephone.
#[derive(Debug, PartialEq, Eq)]
pub enum RecoveryCode {
    /// From the sheet.
    Paper(PaperCode),
    /// By telephone.
    Spoken(SpokenCode),
}

/// What was typed is neither kind of code, or a letter or word of it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no recovery code")]
pub struct NoRecoveryCode;

impl FromStr for RecoveryCode {
    type Err = NoRecoveryCode;

    /// No text is both: a code of the sheet has twenty characters, and seven words of three letters have more.
    fn from_str(typed: &str) -> Result<Self, NoRecoveryCode> {
        let paper = typed.parse().map(Self::Paper);
        paper
            .or_else(|_| typed.parse().map(Self::Spoken))
            .map_err(|_: crate::spoken::SpokenCodeMistyped| NoRecoveryCode)
    }
}

impl FromStr for PaperCode {
    type Err = PaperCodeMistyped;

    /// Reads a code in either case, with or without spaces and dashes; O reads as 0, I and L as 1.
    fn from_str(typed: &str) -> Result<Self, PaperCodeMistyped> {
        let mut number: u128 = 0;
        let mut count = 0;
        for character in typed.chars().filter(|character| !character.is_whitespace() && *character != '-') {
            count += 1;
            if count > CHARACTERS {
                return Err(PaperCodeMistyped::Length);
            }
            number = number << 5 | value_of(character).ok_or(PaperCodeMistyped::Character)?;
        }
        if count != CHARACTERS {
            return Err(PaperCodeMistyped::Length);
        }
        let bytes = (number >> 4).to_be_bytes();
        let code = Secret::from_slice(bytes.split_at(4).1).ok_or(PaperCodeMistyped::Length)?;
        if u128::from(check_digit(code.expose())) == number & 15 {
            Ok(Self(code))
        } else {
            Err(PaperCodeMistyped::CheckDigit)
        }
    }
}

impl fmt::Debug for PaperCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaperCode(…)")
    }
}

/// Four bits of a hash: find fifteen in sixteen slips, and any that matter are found by the key anyway.
fn check_digit(code: &[u8; 12]) -> u8 {
    let hash =
        Sha256::new().chain_update(label::PAPER_CODE).chain_update(b"check").chain_update(code).finalize();
    hash.first().copied().unwrap_or_default() & 15
}

fn value_of(character: char) -> Option<u128> {
    let folded = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let index = ALPHABET.iter().position(|letter| char::from(*letter) == folded)?;
    u128::try_from(index).ok()
}
