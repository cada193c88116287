//! Passphrases: how they are normalised, and which are refused.

use std::fmt;

use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization;
use zeroize::{ZeroizeOnDrop, Zeroizing};
use zxcvbn::Score;

/// A passphrase as typed, in Unicode form NFKC (NIST SP 800-63B §3.1.1.2). Wiped on drop, never printed.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Longest passphrase that is taken, in bytes of UTF-8 after normalising.
    pub const LONGEST: usize = 1024;

    /// What was typed, normalised and not cut. `None` if it is longer than [`Self::LONGEST`].
    #[must_use]
    pub fn from_typed(typed: &str) -> Option<Self> {
        // NFKC makes a text at most 18 times as long; the room is reserved so that growing leaves no copy behind.
        if typed.len() > Self::LONGEST {
            return None;
        }
        let mut normal = Zeroizing::new(String::with_capacity(typed.len() * 18));
        normal.extend(typed.nfkc());
        (normal.len() <= Self::LONGEST).then_some(Self(normal))
    }

    /// Whether both are the same passphrase, however they were typed.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        bool::from(self.as_bytes().ct_eq(other.as_bytes()))
    }

    /// The bytes that key derivation and sign-in take.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl ZeroizeOnDrop for Passphrase {}

/// What the practice asks of a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphrasePolicy {
    min_characters: usize,
}

impl PassphrasePolicy {
    /// Fewest characters, within 8 and 64.
    #[must_use]
    pub fn with_min_characters(characters: usize) -> Self {
        Self { min_characters: characters.clamp(8, 64) }
    }
}

impl Default for PassphrasePolicy {
    fn default() -> Self {
        Self { min_characters: 12 }
    }
}

/// Why a new passphrase is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseRefused {
    /// Too few characters.
    #[error("shorter than {min_characters} characters")]
    TooShort {
        /// How many it takes.
        min_characters: usize,
    },
    /// Contains a name that others know: the person's, the user name, the practice, the product.
    #[error("contains a name that others know")]
    ContainsKnownWord,
    /// Could be guessed (zxcvbn below 3).
    #[error("too easy to guess")]
    Guessable,
}

/// Words of this product and trade that no passphrase may lean on.
const TRADE_WORDS: [&str; 8] =
    ["chartkeep", "hospital", "clinic", "practice", "patient", "doctor", "medical", "welcome"];

/// Checks a new passphrase: length, known words (`context`: names of the person and the practice, user name),
/// strength by zxcvbn at least 3. No rules of composition, no expiry (NIST SP 800-63B).
///
/// # Errors
/// The first of [`PassphraseRefused`] that applies.
pub fn check(
    passphrase: &Passphrase,
    context: &[&str],
    policy: PassphrasePolicy,
) -> Result<(), PassphraseRefused> {
    if passphrase.0.chars().count() < policy.min_characters {
        return Err(PassphraseRefused::TooShort { min_characters: policy.min_characters });
    }
    let words = known_words(context);
    let folded = Zeroizing::new(passphrase.0.to_lowercase());
    let rest = words.iter().fold(folded, |text, word| Zeroizing::new(text.replace(word.as_str(), "")));
    // A known word may stand inside a long passphrase, as long as what is left would do alone.
    if rest.chars().count() < folded_length(passphrase) && rest.chars().count() < policy.min_characters {
        return Err(PassphraseRefused::ContainsKnownWord);
    }
    let inputs: Vec<&str> = words.iter().map(String::as_str).chain(TRADE_WORDS).collect();
    if zxcvbn::zxcvbn(&passphrase.0, &inputs).score() < Score::Three {
        return Err(PassphraseRefused::Guessable);
    }
    Ok(())
}

fn folded_length(passphrase: &Passphrase) -> usize {
    Zeroizing::new(passphrase.0.to_lowercase()).chars().count()
}

/// The words of the context, folded, of four letters or more.
fn known_words(context: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = context
        .iter()
        .flat_map(|text| text.split(|character: char| !character.is_alphanumeric()))
        .map(|word| word.nfkc().collect::<String>().to_lowercase())
        .chain(["chartkeep".to_owned()])
        .filter(|word| word.chars().count() >= 4)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(typed: &str) -> Vec<u8> {
        Passphrase::from_typed(typed).map(|passphrase| passphrase.as_bytes().to_vec()).unwrap_or_default()
    }

    /// Examples of Unicode Standard Annex #15, tables 4 to 6: whatever the keyboard sends, these are the bytes.
    #[test]
    fn the_normal_form_is_nfkc() {
        for (typed, normal) in [
            ("\u{fb01}", "fi"),
            ("2\u{2075}", "25"),
            ("\u{1e9b}\u{323}", "\u{1e69}"),
            ("A\u{30a}", "\u{c5}"),
            ("\u{212b}", "\u{c5}"),
            ("\u{ff43}\u{ff41}\u{ff54}", "cat"),
            ("\u{ff76}\u{ff9e}", "\u{30ac}"),
            ("two\u{a0}words", "two words"),
            (" kept \t as typed ", " kept \t as typed "),
        ] {
            assert_eq!(bytes(typed), normal.as_bytes(), "{typed}");
        }
    }

    #[test]
    fn every_character_counts_up_to_the_longest() {
        let words = "lantern orchard quietly mended ".chars().cycle();
        let long: String = words.take(Passphrase::LONGEST - 1).collect();
        assert_ne!(bytes(&format!("{long}a")), bytes(&format!("{long}b")));
        assert_eq!(bytes(&format!("{long}a")).len(), Passphrase::LONGEST);
    }
}
