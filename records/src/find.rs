//! Finding a patient: what is indexed of one, and what a typed text may mean.
//!
//! Names are folded to plain lower-case words and matched by their beginnings. Birth dates, record numbers and
//! telephone numbers become exact keys, which the store keeps only as keyed tokens.

mod birth;
mod fold;
mod query;

use std::collections::BTreeSet;

use crate::date::PartialDate;
use crate::document::Document;
use crate::view::PatientSummary;

pub use birth::BirthKey;
pub use fold::{fold, words};
pub use query::{Key, Query};

/// What is indexed of one patient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindTokens {
    /// Folded words of every name the patient has, each once.
    pub names: BTreeSet<String>,
    /// Everything else, as exact keys.
    pub keys: BTreeSet<Key>,
}

impl FindTokens {
    /// The tokens of a `Patient`; of any other document there are none.
    pub fn of(patient: &Document) -> Self {
        let Some(summary) = PatientSummary::of(patient) else { return Self::default() };
        let mut tokens = Self::default();
        for name in &summary.all_names {
            tokens.names.extend(words(name));
        }
        if let Some(born) = summary.born {
            tokens.keys.extend(birth_keys(born).into_iter().map(Key::Birth));
        }
        tokens.keys.extend(summary.numbers.iter().filter_map(|number| Key::number(number)));
        for phone in &summary.phones {
            tokens.keys.extend(phone_keys(phone));
        }
        tokens
    }
}

fn birth_keys(born: PartialDate) -> Vec<BirthKey> {
    match born {
        PartialDate::Year(year) => vec![BirthKey::Year(year)],
        PartialDate::Month(year, month) => vec![BirthKey::Year(year), BirthKey::Month(month)],
        PartialDate::Day(date) => {
            vec![BirthKey::Year(date.year()), BirthKey::Month(date.month()), BirthKey::Day(date.day())]
        }
    }
}

/// The last ten digits, the last seven and the last four: what people type of a number.
fn phone_keys(phone: &str) -> Vec<Key> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let tail = |n: usize| digits.len().checked_sub(n).and_then(|start| digits.get(start..));
    let mut keys: Vec<Key> =
        [10, 7, 4].into_iter().filter_map(tail).map(|d| Key::Phone(d.to_owned())).collect();
    if digits.len() < 10 && digits.len() > 4 {
        keys.push(Key::Phone(digits.clone()));
    }
    keys
}
