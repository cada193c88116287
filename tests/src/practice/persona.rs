//! Who a patient is, derived from the seed and the patient's number alone: name, age, home, body, diseases, allergies.

use jiff::civil::Date;
use uuid::Uuid;

use super::Setting;
use super::allergy::{AllergyState, choose_allergies};
use super::cast::{self, Script};
use super::clinic::Clinic;
use super::disease::{Chronic, DISEASES, Disease, disease};
use super::names::{CULTURES, Culture, Double, NICKNAMES, STREETS, TOWNS, pick_name};
use super::numbers::{age_at, days_after, days_between};
use super::random::{Random, Topic};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sex {
    Female,
    Male,
}

pub(super) struct Persona {
    pub(super) index: u32,
    pub(super) id: Uuid,
    pub(super) mrn: String,
    pub(super) sex: Sex,
    pub(super) birth: Date,
    pub(super) death: Option<Date>,
    pub(super) name: Name,
    pub(super) home: Home,
    /// The language the person prefers if it is not English: BCP 47 tag and English name.
    pub(super) language: Option<(&'static str, &'static str)>,
    /// The place in `Clinic::clinicians` of who looks after them.
    pub(super) clinician: usize,
    pub(super) problems: Vec<Problem>,
    pub(super) allergies: AllergyState,
    pub(super) body: Body,
}

#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) prefix: &'static str,
    pub(super) given: Vec<&'static str>,
    pub(super) family: String,
    pub(super) preferred: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) line: String,
    pub(super) town: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) phone: String,
}

/// A chronic disease and the day it was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Problem {
    pub(super) disease: &'static Disease,
    pub(super) since: Date,
    /// Which of the treatments, and how well it works in parts of 1000.
    pub(super) treatment: usize,
    pub(super) control: i64,
}

/// What the measurements of a person move around.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    /// Adult height in millimetres.
    pub(super) height: i64,
    /// Adult body mass index in tenths of kg/m².
    pub(super) mass_index: i64,
    /// How a child compares with the median, in parts of 1000.
    pub(super) growth: i64,
    pub(super) systolic: i64,
    pub(super) pulse: i64,
    /// Deviation of every laboratory value from the middle of its range, in parts of 1000.
    pub(super) chemistry: i64,
}

/// The diseases of the scripted patients began within the years that their charts show, so that there are trends to see.
const SCRIPTED_DAYS: (i64, i64) = (700, 1_200);

impl Persona {
    pub(super) fn new(setting: &Setting, clinic: &Clinic, index: u32) -> Persona {
        let mut random = Random::for_topic(setting.seed, Topic::Persona, u64::from(index));
        let script = cast::script(index);
        let culture = culture(&mut random);
        let sex = script.map_or_else(|| either_sex(&mut random), |script| script.sex);
        let birth = birth(setting, &mut random, script);
        let age = age_at(birth, setting.today);
        let booking = clinic.booking(index);
        let mortal = script.is_none() && booking.is_none();
        let death = death(setting, &mut random, birth, mortal)
            .or_else(|| script.and_then(|script| script.death(setting.today)));
        let name = name(&mut random, script, culture, sex, age);
        let home = home(setting, &mut random, script);
        let language = culture.language.filter(|_| random.chance(180)).filter(|_| script.is_none());
        let others = clinic.clinicians.len() as u64;
        let drawn = usize::try_from(random.below(others)).unwrap_or(0);
        let problems = problems(setting, &mut random, script, (birth, death, sex));
        let mut allergic = Random::for_topic(setting.seed, Topic::Allergy, u64::from(index));
        Persona {
            index,
            id: setting.id(index, 0),
            mrn: setting.record_number(index),
            sex,
            birth,
            death,
            name,
            home,
            language: script.map_or(language, |script| script.language),
            clinician: booking.map_or(if script.is_some() { 0 } else { drawn }, |booking| booking.clinician),
            allergies: script
                .map_or_else(|| choose_allergies(&mut allergic, age), |script| script.allergies()),
            body: body(
                &mut random,
                sex,
                problems.iter().any(|problem| problem.disease.kind == Chronic::Obesity),
            ),
            problems,
        }
    }

    pub(super) fn has(&self, kind: Chronic) -> bool {
        self.problems.iter().any(|problem| problem.disease.kind == kind)
    }

    pub(super) fn problem(&self, kind: Chronic) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.disease.kind == kind)
    }

    /// Age in years on a day.
    pub(super) fn age(&self, on: Date) -> i64 {
        age_at(self.birth, on)
    }

    /// The last day on which anything can happen to the person.
    pub(super) fn until(&self, today: Date) -> Date {
        self.death.unwrap_or(today)
    }
}

impl Name {
    pub(super) fn full(&self) -> String {
        format!("{} {}", self.given.join(" "), self.family)
    }
}

fn culture(random: &mut Random) -> &'static Culture {
    let mut draw = random.below(CULTURES.iter().map(|culture| culture.share).sum());
    for culture in &CULTURES {
        if draw < culture.share {
            return culture;
        }
        draw -= culture.share;
    }
    &CULTURES[0]
}

fn either_sex(random: &mut Random) -> Sex {
    if random.chance(520) { Sex::Female } else { Sex::Male }
}

fn birth(setting: &Setting, random: &mut Random, script: Option<&Script>) -> Date {
    if let Some(script) = script {
        return script.birth(setting.today);
    }
    let (low, high) = match random.below(100) {
        0..20 => (0, 17),
        20..47 => (18, 39),
        47..78 => (40, 64),
        78..94 => (65, 79),
        94.. => (80, 97),
    };
    days_after(setting.today, -(random.between(low, high) * 365 + random.between(10, 360)))
}

fn death(setting: &Setting, random: &mut Random, birth: Date, mortal: bool) -> Option<Date> {
    let age = age_at(birth, setting.today);
    let dies = random.chance(match age {
        ..20 => 0,
        20..60 => 4,
        60.. => 60,
    });
    let day = days_after(setting.today, -random.between(20, 900));
    (mortal && dies).then_some(day)
}

fn name(random: &mut Random, script: Option<&Script>, culture: &Culture, sex: Sex, age: i64) -> Name {
    let prefix = prefix(random, sex, age);
    if let Some(script) = script {
        let family = script.family.to_owned();
        return Name {
            prefix: script.prefix,
            given: script.given.to_vec(),
            family,
            preferred: script.preferred,
        };
    }
    let choices = match sex {
        Sex::Female => culture.given_female,
        Sex::Male => culture.given_male,
    };
    let first = pick_name(random, choices);
    let second = pick_name(random, choices);
    let given = if second != first && random.chance(350) { vec![first, second] } else { vec![first] };
    let nickname = NICKNAMES.iter().find(|(full, _)| *full == first).map(|(_, short)| *short);
    let preferred = nickname.filter(|_| random.chance(400));
    Name { prefix, given, family: family_name(random, culture), preferred }
}

fn family_name(random: &mut Random, culture: &Culture) -> String {
    let first = pick_name(random, culture.family);
    let second = pick_name(random, culture.family);
    let (per_mille, joint) = match culture.double {
        Double::Never => (0, ""),
        Double::Usual => (700, " "),
        Double::Hyphen => (60, "-"),
    };
    if first != second && random.chance(per_mille) {
        format!("{first}{joint}{second}")
    } else {
        first.to_owned()
    }
}

fn prefix(random: &mut Random, sex: Sex, age: i64) -> &'static str {
    let doctor = random.chance(12);
    let married = random.chance(450);
    match (sex, age) {
        (Sex::Female, ..18) => "Miss",
        (Sex::Male, ..18) => "Master",
        (Sex::Female | Sex::Male, 30..) if doctor => "Dr",
        (Sex::Female, 25..) if married => "Mrs",
        (Sex::Female, _) => "Ms",
        (Sex::Male, _) => "Mr",
    }
}

fn home(setting: &Setting, random: &mut Random, script: Option<&Script>) -> Home {
    let mut shared = script
        .and_then(|script| script.household)
        .map(|household| Random::for_topic(setting.seed, Topic::Persona, u64::from(u32::MAX) + household));
    let random = shared.as_mut().unwrap_or(random);
    let (town, postal_code) = *random.pick(&TOWNS);
    let mut line = format!("{} {}", random.between(2, 899), random.pick(&STREETS));
    if random.chance(180) {
        line.push_str(&format!(", Apt {}", random.between(1, 48)));
    }
    let phone = format!("(555) {:03}-{:04}", random.between(210, 989), random.between(0, 9999));
    Home { line, town, postal_code, phone }
}

fn problems(
    setting: &Setting,
    random: &mut Random,
    script: Option<&Script>,
    (birth, death, sex): (Date, Option<Date>, Sex),
) -> Vec<Problem> {
    let until = death.unwrap_or(setting.today);
    let age = age_at(birth, until);
    let mut kinds: Vec<&'static Disease> = Vec::new();
    if let Some(script) = script {
        kinds.extend(script.diseases.iter().map(|kind| disease(*kind)));
    } else {
        for disease in &DISEASES {
            let risk = disease.risk(age, sex, |kind| kinds.iter().any(|other| other.kind == kind));
            if random.chance(risk) {
                kinds.push(disease);
            }
        }
    }
    let days = if script.is_some() { SCRIPTED_DAYS } else { (40, i64::MAX) };
    kinds.into_iter().map(|disease| problem(random, disease, (birth, until), days)).collect()
}

fn problem(
    random: &mut Random,
    disease: &'static Disease,
    (birth, until): (Date, Date),
    (shortest, longest): (i64, i64),
) -> Problem {
    let lived = days_between(birth, until);
    let adult = if lived > 25 * 365 { lived - 20 * 365 } else { lived * 2 / 3 };
    let longest = adult.min(disease.longest_years * 365).min(longest).max(60);
    let since = days_after(until, -random.between(shortest.min(longest), longest));
    let ways = disease.treatments.len().max(1) as u64;
    let treatment = usize::try_from(random.below(ways)).unwrap_or(0);
    Problem { disease, since: since.max(birth), treatment, control: 700 + random.spread(300) }
}

fn body(random: &mut Random, sex: Sex, obese: bool) -> Body {
    let (height, variation) = match sex {
        Sex::Female => (1_625, 120),
        Sex::Male => (1_760, 130),
    };
    let mass_index = if obese { 340 + random.spread(50) } else { 246 + random.spread(50) };
    Body {
        height: height + random.spread(variation),
        mass_index,
        growth: 1_000 + random.spread(70),
        systolic: 116 + random.spread(12),
        pulse: 72 + random.spread(12),
        chemistry: random.spread(600),
    }
}
