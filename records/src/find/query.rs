//! A typed text, taken apart into what must match.

use jiff::civil::Date;

use super::birth::{self, BirthKey, Reading};
use super::fold::{fold, words};

/// An exact key of a patient. The store keeps it only as a keyed token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A part of the birth date.
    Birth(BirthKey),
    /// A record number, folded: capital letters and digits.
    Number(String),
    /// The last ten, seven or four digits of a telephone number.
    Phone(String),
}

impl Key {
    /// The key of a record number such as `T07-0012`; none for a text without a digit.
    pub fn number(text: &str) -> Option<Key> {
        let folded: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let usable = folded.len() >= 3 && folded.bytes().any(|b| b.is_ascii_digit());
        usable.then(|| Key::Number(folded.to_ascii_uppercase()))
    }

    /// What kind of key it is: the label that a token is derived under.
    pub const fn label(&self) -> &'static str {
        match self {
            Key::Birth(BirthKey::Year(_)) => "birth-year",
            Key::Birth(BirthKey::Month(_)) => "birth-month",
            Key::Birth(BirthKey::Day(_)) => "birth-day",
            Key::Number(_) => "number",
            Key::Phone(_) => "phone",
        }
    }

    /// The bytes that a token is derived from.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Key::Birth(BirthKey::Year(year)) => year.to_string().into_bytes(),
            Key::Birth(BirthKey::Month(part) | BirthKey::Day(part)) => part.to_string().into_bytes(),
            Key::Number(text) | Key::Phone(text) => text.clone().into_bytes(),
        }
    }
}

/// What must match: every name word, and of every group of alternatives at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Folded beginnings of name words; all must match.
    pub names: Vec<String>,
    /// Groups; of each, one alternative must match, and of an alternative, all keys.
    pub groups: Vec<Vec<Vec<Key>>>,
}

impl Query {
    /// Takes a typed text apart: names, a birth date in any usual form, record and telephone numbers. A text with
    /// digits that fits several meanings keeps them all.
    pub fn parse(text: &str, today: Date) -> Self {
        let mut query = Self::default();
        let cleaned = text.replace([',', ';', '(', ')'], " ");
        let mut rest: Vec<&str> = cleaned.split_whitespace().collect();
        if let Some(group) = take_spaced_date(&mut rest, today) {
            query.groups.push(group);
        }
        if let Some(group) = take_spaced_phone(&mut rest) {
            query.groups.push(group);
        }
        for word in rest {
            if word.bytes().any(|b| b.is_ascii_digit()) {
                query.groups.push(meanings(word, today));
            } else {
                query.names.extend(name_words(word));
            }
        }
        query
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.groups.is_empty()
    }

    /// Whether anything of it can be a name only when it has at least this many letters: the shortest word's length.
    pub fn shortest_name(&self) -> Option<usize> {
        self.names.iter().map(|name| name.chars().count()).min()
    }
}

/// What one word with digits may mean.
fn meanings(word: &str, today: Date) -> Vec<Vec<Key>> {
    let mut group: Vec<Vec<Key>> = Vec::new();
    let parts: Vec<&str> = word.split(['-', '/', '.']).filter(|part| !part.is_empty()).collect();
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    if parts.len() > 1 {
        group.extend(birth::of_parts(&parts, today).into_iter().map(birth_alternative));
    }
    if word.len() == digits.len() {
        group.extend(birth::of_digits(&digits, today).into_iter().map(birth_alternative));
    }
    let glued = split_letters(word);
    if glued.len() > 1 {
        group.extend(birth::of_parts(&glued, today).into_iter().map(birth_alternative));
    }
    group.extend(Key::number(word).map(|key| vec![key]));
    if word.chars().all(|c| c.is_ascii_digit() || "+-./".contains(c)) {
        group.extend(phone_key(&digits).map(|key| vec![key]));
    }
    if group.is_empty() {
        // A digit alone narrows nothing down yet, but it must not widen the answer either.
        group.push(vec![Key::Number(fold(word).to_ascii_uppercase())]);
    }
    group
}

/// `14jul1945` stands for `14 jul 1945`.
fn split_letters(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before: Option<bool> = None;
    for (at, c) in word.char_indices() {
        if !c.is_alphanumeric() {
            return Vec::new();
        }
        let digit = c.is_ascii_digit();
        if before.is_some_and(|was| was != digit) {
            parts.extend(word.get(start..at));
            start = at;
        }
        before = Some(digit);
    }
    parts.extend(word.get(start..));
    parts
}

fn birth_alternative(reading: Reading) -> Vec<Key> {
    reading.keys().into_iter().map(Key::Birth).collect()
}

fn phone_key(digits: &str) -> Option<Key> {
    let length = match digits.len() {
        10.. => 10,
        7..=9 => 7,
        4 => 4,
        _ => return None,
    };
    digits.get(digits.len() - length..).map(|tail| Key::Phone(tail.to_owned()))
}

/// Takes the first run of words that is a date written with spaces, such as `14 jul 1945`.
fn take_spaced_date(words: &mut Vec<&str>, today: Date) -> Option<Vec<Vec<Key>>> {
    for length in [3, 2] {
        for start in 0..(words.len() + 1).saturating_sub(length) {
            let run = words.get(start..start + length)?;
            let has_month = run.iter().any(|word| birth::month_of(word).is_some());
            let numbers = run.iter().filter(|word| word.bytes().all(|b| b.is_ascii_digit())).count();
            let written_out = has_month && numbers == length - 1;
            let in_digits =
                length == 3 && numbers == 3 && run.iter().all(|word| matches!(word.len(), 1 | 2 | 4));
            if !written_out && !in_digits {
                continue;
            }
            let readings = birth::of_parts(run, today);
            if !readings.is_empty() {
                words.drain(start..start + length);
                return Some(readings.into_iter().map(birth_alternative).collect());
            }
        }
    }
    None
}

/// Takes a telephone number that was typed with spaces: `555 123 4567`, `(508) 548-5300`.
fn take_spaced_phone(words: &mut Vec<&str>) -> Option<Vec<Vec<Key>>> {
    let numeric = |word: &&str| {
        word.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '+' || c == '.')
            && word.bytes().any(|b| b.is_ascii_digit())
    };
    let start = words.iter().position(numeric)?;
    let length = words.get(start..)?.iter().take_while(|word| numeric(word)).count();
    if length < 2 {
        return None;
    }
    let run: String = words.get(start..start + length)?.concat();
    let digits: String = run.chars().filter(char::is_ascii_digit).collect();
    let key = phone_key(&digits).filter(|_| digits.len() >= 7)?;
    words.drain(start..start + length);
    Some(vec![vec![key]])
}

/// A typed `O'Br` or `Garcia-L` must match as one beginning, not as loose parts.
fn name_words(word: &str) -> Vec<String> {
    let mut found = words(word);
    let whole = found.pop();
    whole.into_iter().collect()
}
