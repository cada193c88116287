//! Whether two charts may be of one person: what speaks for it and against it, for a person to judge. Nothing is joined by this.
//!
//! A number that somebody else gave (an insurance, a hospital) says most, then name and birth date together. Chartkeep's own record
//! numbers say nothing: each registration gets a new one. Twins share all but their given names.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::date::PartialDate;
use crate::document::Document;
use crate::find::{BirthKey, Key, Query, fold};
use crate::view::{PatientSummary, RECORD_NUMBER, Sex};

/// How likely two charts are of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// Nothing that is worth a person's time.
    No,
    /// A person should look.
    Likely,
    /// Everything that is known agrees. A person decides all the same.
    Certain,
}

/// What speaks for or against it. The names are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Family and given name are the same.
    SameName,
    /// The family name of one is the given name of the other, both ways.
    NamesSwapped,
    /// One name is the same, the other differs in one letter.
    SimilarName,
    /// The family name is the same, the given names are others.
    OtherGivenName,
    /// The names are others.
    OtherName,
    /// Born on the same day.
    SameBirthDate,
    /// Day and month stand in each other's place.
    BirthDateSwapped,
    /// The birth dates differ in one digit.
    BirthDateOneDigit,
    /// Born on another day.
    OtherBirthDate,
    /// The same sex.
    SameSex,
    /// Another sex.
    OtherSex,
    /// A telephone number in common.
    SamePhone,
    /// A number of another issuer in common.
    SameNumber,
    /// The same issuer gave them different numbers.
    OtherNumber,
}

impl Reason {
    /// The name that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::SameName => "same-name",
            Reason::NamesSwapped => "names-swapped",
            Reason::SimilarName => "similar-name",
            Reason::OtherGivenName => "other-given-name",
            Reason::OtherName => "other-name",
            Reason::SameBirthDate => "same-birth-date",
            Reason::BirthDateSwapped => "birth-date-swapped",
            Reason::BirthDateOneDigit => "birth-date-one-digit",
            Reason::OtherBirthDate => "other-birth-date",
            Reason::SameSex => "same-sex",
            Reason::OtherSex => "other-sex",
            Reason::SamePhone => "same-phone",
            Reason::SameNumber => "same-number",
            Reason::OtherNumber => "other-number",
        }
    }

    /// What it adds; name and birth date together are enough to look, neither of them alone is.
    const fn weight(self) -> i32 {
        match self {
            Reason::SameNumber => 60,
            Reason::SameName => 45,
            Reason::SameBirthDate => 40,
            Reason::NamesSwapped => 35,
            Reason::SimilarName => 30,
            Reason::BirthDateSwapped => 25,
            Reason::BirthDateOneDigit => 20,
            Reason::SamePhone => 15,
            Reason::SameSex => 5,
            Reason::OtherGivenName => -5,
            Reason::OtherSex => -20,
            Reason::OtherBirthDate | Reason::OtherNumber => -40,
            Reason::OtherName => -45,
        }
    }

    /// What keeps two charts from being certainly of one person, whatever else agrees.
    const fn is_against(self) -> bool {
        self.weight() < 0
    }
}

/// From this on a person should look.
const LIKELY: i32 = 60;
/// From this on it is certain, where nothing speaks against it.
const CERTAIN: i32 = 100;

/// What came of comparing two charts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// How likely.
    pub likeness: Likeness,
    /// Why.
    pub reasons: BTreeSet<Reason>,
}

/// Compares two patients; `None` where one of the documents is none, or both are the same.
pub fn compare(one: &Document, other: &Document) -> Option<Comparison> {
    if one.key() == other.key() {
        return None;
    }
    let (one, other) = (Person::of(one)?, Person::of(other)?);
    let found = [
        one.name_against(&other),
        birth_dates(one.born, other.born),
        sexes(one.sex, other.sex),
        (!one.phones.is_disjoint(&other.phones)).then_some(Reason::SamePhone),
        numbers(&one.numbers, &other.numbers),
    ];
    let reasons: BTreeSet<Reason> = found.into_iter().flatten().collect();
    Some(Comparison { likeness: likeness(&reasons), reasons })
}

fn likeness(reasons: &BTreeSet<Reason>) -> Likeness {
    let score: i32 = reasons.iter().map(|reason| reason.weight()).sum();
    let has = |reason| reasons.contains(&reason);
    // One number on two charts is two charts of one person or a number that is wrong: both are worth a look.
    let is_wholly_other = has(Reason::OtherName) && has(Reason::OtherBirthDate);
    let by_number = has(Reason::SameNumber) && !is_wholly_other;
    if score >= CERTAIN && !reasons.iter().any(|reason| reason.is_against()) {
        Likeness::Certain
    } else if score >= LIKELY || by_number {
        Likeness::Likely
    } else {
        Likeness::No
    }
}

/// Where to look for charts that may be of the same person: what each of these finds is worth comparing. Never all pairs.
///
/// Of two charts that are likely, each finds the other, unless what they have in common is a number of another issuer, or a name
/// that is written together in one and apart in the other.
pub fn searches(patient: &Document) -> Vec<Query> {
    let Some(person) = Person::of(patient) else { return Vec::new() };
    let birth = |date: jiff::civil::Date| {
        let parts = [BirthKey::Year(date.year()), BirthKey::Month(date.month()), BirthKey::Day(date.day())];
        Query { names: Vec::new(), groups: vec![vec![parts.map(Key::Birth).to_vec()]] }
    };
    let mut found = Vec::new();
    if let Some(PartialDate::Day(born)) = person.born {
        found.push(birth(born));
        found.extend(jiff::civil::Date::new(born.year(), born.day(), born.month()).ok().map(birth));
    }
    for name in &person.names {
        let Some(family) = &name.first_of_family else { continue };
        let both = name.given.iter().map(|given| vec![family.clone(), given.clone()]);
        found.extend(both.map(|names| Query { names, groups: Vec::new() }));
    }
    let phones = person.phones.iter().filter_map(|digits| digits.get(digits.len().checked_sub(7)?..));
    found.extend(
        phones.map(|end| Query { names: Vec::new(), groups: vec![vec![vec![Key::Phone(end.to_owned())]]] }),
    );
    found.dedup();
    found
}

/// What is compared of a patient.
struct Person {
    names: Vec<Name>,
    born: Option<PartialDate>,
    sex: Sex,
    phones: BTreeSet<String>,
    /// Issuer and number.
    numbers: BTreeSet<(String, String)>,
}

/// A name in plain letters.
struct Name {
    family: String,
    /// What comes before a space or a hyphen.
    first_of_family: Option<String>,
    given: Vec<String>,
}

impl Person {
    fn of(patient: &Document) -> Option<Self> {
        let summary = PatientSummary::of(patient)?;
        let value = patient.value();
        Some(Self {
            names: items(value, "name").filter_map(Name::of).collect(),
            born: summary.born,
            sex: summary.sex,
            phones: summary.phones.iter().filter_map(|phone| phone_end(phone)).collect(),
            numbers: items(value, "identifier").filter_map(number).collect(),
        })
    }

    /// The best that any two of their names give: people keep an old name beside a new one.
    fn name_against(&self, other: &Self) -> Option<Reason> {
        let pairs = self.names.iter().flat_map(|one| other.names.iter().map(move |two| one.against(two)));
        pairs.max_by_key(|reason| reason.weight())
    }
}

impl Name {
    fn of(name: &Value) -> Option<Self> {
        let text = |member: &str| name.get(member).and_then(Value::as_str).unwrap_or_default();
        let mut given: Vec<String> = items(name, "given").filter_map(Value::as_str).flat_map(words).collect();
        let mut family = letters(text("family"));
        if family.is_empty() && given.is_empty() {
            given = words(text("text"));
            family = given.pop().unwrap_or_default();
        }
        let parts = text("family").split(|c: char| c.is_whitespace() || c == '-').map(letters);
        let mut parts = parts.filter(|part| !part.is_empty());
        let first_of_family =
            parts.next().or_else(|| Some(family.clone()).filter(|family| !family.is_empty()));
        let is_known = !family.is_empty() || !given.is_empty();
        is_known.then_some(Self { family, first_of_family, given })
    }

    fn against(&self, other: &Self) -> Reason {
        let same_family = !self.family.is_empty() && self.family == other.family;
        let same_given = self.shares_given(other);
        let is_swapped = |one: &Self, two: &Self| two.given.contains(&one.family);
        if same_family && same_given {
            Reason::SameName
        } else if is_swapped(self, other) && is_swapped(other, self) {
            Reason::NamesSwapped
        } else if (same_family && self.has_close_given(other))
            || (same_given && is_close(&self.family, &other.family))
        {
            Reason::SimilarName
        } else if same_family {
            Reason::OtherGivenName
        } else {
            Reason::OtherName
        }
    }

    /// Whether the given names of one are among those of the other: many people go by one of two.
    fn shares_given(&self, other: &Self) -> bool {
        let within = |few: &[String], many: &[String]| few.iter().all(|name| many.contains(name));
        let is_known = !self.given.is_empty() && !other.given.is_empty();
        is_known && (within(&self.given, &other.given) || within(&other.given, &self.given))
    }

    fn has_close_given(&self, other: &Self) -> bool {
        matches!((self.given.first(), other.given.first()), (Some(one), Some(two)) if is_close(one, two))
    }
}

/// Nothing is said where one of them is not known, or not to the day.
fn birth_dates(one: Option<PartialDate>, other: Option<PartialDate>) -> Option<Reason> {
    let (one, other) = (one?, other?);
    let (PartialDate::Day(one), PartialDate::Day(other)) = (one, other) else {
        let year = |date: PartialDate| match date {
            PartialDate::Year(year) | PartialDate::Month(year, _) => year,
            PartialDate::Day(date) => date.year(),
        };
        return (year(one) != year(other)).then_some(Reason::OtherBirthDate);
    };
    if one == other {
        return Some(Reason::SameBirthDate);
    }
    let is_swapped = one.year() == other.year() && one.month() == other.day() && one.day() == other.month();
    let digits = |date: jiff::civil::Date| date.to_string();
    let differing = digits(one).bytes().zip(digits(other).bytes()).filter(|(a, b)| a != b).count();
    Some(match (is_swapped, differing) {
        (true, _) => Reason::BirthDateSwapped,
        (false, 1) => Reason::BirthDateOneDigit,
        (false, _) => Reason::OtherBirthDate,
    })
}

fn sexes(one: Sex, other: Sex) -> Option<Reason> {
    let is_known = one != Sex::Unknown && other != Sex::Unknown;
    is_known.then_some(if one == other { Reason::SameSex } else { Reason::OtherSex })
}

/// One number in common outweighs another issuer's that differ: people have had several.
fn numbers(one: &BTreeSet<(String, String)>, other: &BTreeSet<(String, String)>) -> Option<Reason> {
    if !one.is_disjoint(other) {
        return Some(Reason::SameNumber);
    }
    let share_issuer = one.iter().any(|(issuer, _)| other.iter().any(|(known, _)| known == issuer));
    share_issuer.then_some(Reason::OtherNumber)
}

/// Issuer and number of an identifier, where somebody else gave it.
fn number(identifier: &Value) -> Option<(String, String)> {
    let issuer = identifier.get("system")?.as_str()?;
    let value: String = identifier.get("value")?.as_str()?.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_number = issuer != RECORD_NUMBER && !value.is_empty();
    is_number.then(|| (issuer.to_owned(), value.to_uppercase()))
}

/// The last digits of a telephone number, without what people leave out before them.
fn phone_end(phone: &str) -> Option<String> {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= 7).then(|| digits.iter().skip(digits.len().saturating_sub(9)).collect())
}

fn words(name: &str) -> Vec<String> {
    name.split_whitespace().map(letters).filter(|word| !word.is_empty()).collect()
}

fn letters(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether two names of some length differ in one letter that was left out, put in, taken for another or put before its
/// neighbour.
fn is_close(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().min(other.len()) < 3 || one == other {
        return one == other;
    }
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(start..).unwrap_or_default(), other.get(start..).unwrap_or_default());
    match (one, other) {
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([a, b, one @ ..], [c, d, other @ ..]) if a == d && b == c && one == other => true,
        ([_, longer @ ..], shorter) | (shorter, [_, longer @ ..]) if longer == shorter => true,
        _ => false,
    }
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}
