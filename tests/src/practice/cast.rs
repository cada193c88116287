//! The scripted first patients: they stand in every practice, however small, so that each case worth showing or testing is there.

use jiff::Span;
use jiff::civil::{Date, date};

use super::allergy::{ALLERGENS, Allergen, AllergyState};
use super::disease::Chronic;
use super::numbers::days_after;
use super::persona::Sex;

/// How many patients follow a script; the numbers from here on are drawn.
pub(super) const SCRIPTED: u32 = 12;

pub(super) struct Script {
    pub(super) sex: Sex,
    /// Age in completed years, and the birthday.
    born: (i64, i8, i8),
    /// Days since death.
    died: Option<i64>,
    pub(super) prefix: &'static str,
    pub(super) given: &'static [&'static str],
    pub(super) family: &'static str,
    pub(super) preferred: Option<&'static str>,
    pub(super) language: Option<(&'static str, &'static str)>,
    /// Those with the same number live together.
    pub(super) household: Option<u64>,
    pub(super) diseases: &'static [Chronic],
    allergic: Allergic,
}

#[derive(Clone, Copy)]
enum Allergic {
    To(&'static [&'static str]),
    NothingKnown,
    NotRecorded,
}

impl Script {
    pub(super) fn birth(&self, today: Date) -> Date {
        let (years, month, day) = self.born;
        let birthday = date(today.year(), month, day);
        let last = if birthday > today { birthday.saturating_sub(Span::new().years(1)) } else { birthday };
        last.saturating_sub(Span::new().years(years))
    }

    pub(super) fn death(&self, today: Date) -> Option<Date> {
        self.died.map(|days| days_after(today, -days))
    }

    pub(super) fn allergies(&self) -> AllergyState {
        match self.allergic {
            Allergic::To(names) => {
                AllergyState::Known(names.iter().filter_map(|name| allergen(name)).collect())
            }
            Allergic::NothingKnown => AllergyState::NoneKnown,
            Allergic::NotRecorded => AllergyState::NotRecorded,
        }
    }
}

/// The script of a patient, if there is one.
pub(super) fn script(index: u32) -> Option<&'static Script> {
    CAST.get(usize::try_from(index).unwrap_or(usize::MAX))
}

fn allergen(name: &str) -> Option<&'static Allergen> {
    ALLERGENS.iter().find(|allergen| allergen.name == name)
}

static CAST: [Script; SCRIPTED as usize] = [
    Script {
        diseases: &[
            Chronic::Obesity,
            Chronic::Hypertension,
            Chronic::Diabetes,
            Chronic::Hyperlipidemia,
            Chronic::KneeArthrosis,
        ],
        allergic: Allergic::To(&["penicillin", "latex"]),
        ..plain(Sex::Female, (58, 3, 14), "Mrs", &["Maria"], "Garcia")
    },
    Script {
        diseases: &[Chronic::Asthma, Chronic::AllergicRhinitis],
        ..plain(Sex::Female, (34, 9, 2), "Ms", &["Maria"], "Garcia")
    },
    Script {
        diseases: &[
            Chronic::Hypertension,
            Chronic::Diabetes,
            Chronic::AtrialFibrillation,
            Chronic::KidneyDisease,
            Chronic::Gout,
            Chronic::ProstateHyperplasia,
        ],
        allergic: Allergic::To(&["sulfonamide antibiotics"]),
        ..plain(Sex::Male, (77, 7, 4), "Mr", &["Adán"], "Treviño Escobedo")
    },
    Script {
        diseases: &[Chronic::Migraine, Chronic::Depression],
        allergic: Allergic::NotRecorded,
        ..plain(Sex::Female, (41, 12, 19), "Ms", &["Siobhán"], "O'Connor")
    },
    Script {
        language: Some(("vi", "Vietnamese")),
        diseases: &[Chronic::Hypothyroidism, Chronic::Osteoporosis],
        allergic: Allergic::To(&["codeine"]),
        ..plain(Sex::Female, (69, 1, 30), "Mrs", &["Thảo"], "Nguyễn")
    },
    Script {
        preferred: Some("Annie"),
        diseases: &[
            Chronic::Hypertension,
            Chronic::Hyperlipidemia,
            Chronic::CoronaryDisease,
            Chronic::HeartFailure,
            Chronic::ObstructiveLungDisease,
            Chronic::Osteoporosis,
            Chronic::Reflux,
        ],
        allergic: Allergic::To(&["naproxen", "iodinated contrast"]),
        ..plain(Sex::Female, (86, 5, 21), "Dr", &["Anne-Marie", "Louise"], "Beauchêne-Dubois")
    },
    Script {
        household: Some(1),
        diseases: &[Chronic::Asthma],
        allergic: Allergic::To(&["peanut"]),
        ..plain(Sex::Female, (6, 6, 8), "Miss", &["Hannah"], "Bennett")
    },
    Script { household: Some(1), ..plain(Sex::Male, (6, 6, 8), "Master", &["Noah"], "Bennett") },
    Script {
        diseases: &[Chronic::Hiv, Chronic::Hyperlipidemia],
        allergic: Allergic::To(&["abacavir"]),
        ..plain(Sex::Male, (50, 10, 11), "Mr", &["Kwabena"], "Mensah")
    },
    Script {
        died: Some(24),
        preferred: Some("Bill"),
        diseases: &[
            Chronic::Hypertension,
            Chronic::CoronaryDisease,
            Chronic::HeartFailure,
            Chronic::AtrialFibrillation,
        ],
        ..plain(Sex::Male, (88, 2, 27), "Mr", &["William", "Henry"], "d'Arcy")
    },
    Script {
        allergic: Allergic::NotRecorded, ..plain(Sex::Male, (1, 4, 5), "Master", &["Jiří"], "Dvořák")
    },
    Script {
        preferred: Some("Rob"),
        diseases: &[Chronic::Nicotine, Chronic::Opioid, Chronic::BackPain],
        allergic: Allergic::To(&["ibuprofen"]),
        ..plain(Sex::Male, (47, 8, 16), "Mr", &["Robert"], "Ellis")
    },
];

const fn plain(
    sex: Sex,
    born: (i64, i8, i8),
    prefix: &'static str,
    given: &'static [&'static str],
    family: &'static str,
) -> Script {
    Script {
        sex,
        born,
        died: None,
        prefix,
        given,
        family,
        preferred: None,
        language: None,
        household: None,
        diseases: &[],
        allergic: Allergic::NothingKnown,
    }
}
