//! How the measurements of a person move with age, disease and treatment.

use jiff::civil::Date;

use super::disease::Chronic;
use super::illness::Illness;
use super::numbers::days_between;
use super::persona::{Persona, Sex};
use super::random::Random;

/// One set of vital signs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vitals {
    pub(super) systolic: i64,
    pub(super) diastolic: i64,
    pub(super) pulse: i64,
    pub(super) respiration: i64,
    /// Tenths of a degree Celsius.
    pub(super) temperature: i64,
    /// Per cent.
    pub(super) saturation: i64,
    /// Millimetres.
    pub(super) height: i64,
    /// Tenths of a kilogram.
    pub(super) weight: i64,
    /// Tenths of kg/m².
    pub(super) mass_index: i64,
}

pub(super) fn measure_vitals(
    persona: &Persona,
    on: Date,
    illness: Option<&Illness>,
    random: &mut Random,
) -> Vitals {
    let age = persona.age(on);
    let fever = illness.is_some_and(|illness| illness.fever);
    let systolic = systolic(persona, on) + random.spread(9);
    let diastolic = if age < 16 { 50 + age * 3 / 2 } else { systolic / 2 + 17 } + random.spread(6);
    let height = height(persona, on);
    let weight = weight(persona, on, height) + random.spread(4);
    let temperature = 367 + random.spread(4) + if fever { random.between(8, 19) } else { 0 };
    let respiration = if age < 12 { 24 - age / 2 } else { 15 } + random.spread(2) + if fever { 3 } else { 0 };
    Vitals {
        systolic,
        diastolic,
        pulse: pulse(persona, age) + random.spread(6) + if fever { 14 } else { 0 },
        respiration: respiration + if persona.has(Chronic::ObstructiveLungDisease) { 3 } else { 0 },
        temperature,
        saturation: saturation(persona, random),
        height,
        weight,
        mass_index: weight * 1_000_000 / (height * height).max(1),
    }
}

/// How far a treatment has come since the problem was found: 0 at first, 1000 after a year.
pub(super) fn effect(persona: &Persona, kind: Chronic, on: Date) -> i64 {
    let Some(problem) = persona.problem(kind) else { return 0 };
    let days = days_between(problem.since, on).clamp(0, 365);
    days * 1000 / 365 * problem.control / 1000
}

/// Years since the problem was found, in hundredths; negative before.
pub(super) fn years_with(persona: &Persona, kind: Chronic, on: Date) -> Option<i64> {
    persona.problem(kind).map(|problem| days_between(problem.since, on) * 100 / 365)
}

fn systolic(persona: &Persona, on: Date) -> i64 {
    let age = persona.age(on);
    if age < 16 {
        return 84 + age * 2;
    }
    let aged = persona.body.systolic + (age - 40).max(0) / 5;
    if !persona.has(Chronic::Hypertension) {
        return aged;
    }
    aged + 34 - 30 * effect(persona, Chronic::Hypertension, on) / 1000
}

fn pulse(persona: &Persona, age: i64) -> i64 {
    let base = match age {
        0 => 128,
        1..3 => 112,
        3..6 => 100,
        6..12 => 88,
        12.. => persona.body.pulse,
        _ => 130,
    };
    let fibrillation = if persona.has(Chronic::AtrialFibrillation) { 8 } else { 0 };
    let slowed =
        if persona.has(Chronic::HeartFailure) || persona.has(Chronic::CoronaryDisease) { 10 } else { 0 };
    base + fibrillation - slowed
}

fn saturation(persona: &Persona, random: &mut Random) -> i64 {
    let base = if persona.has(Chronic::ObstructiveLungDisease) {
        93
    } else if persona.has(Chronic::HeartFailure) {
        95
    } else {
        98
    };
    (base + random.spread(2)).min(100)
}

fn height(persona: &Persona, on: Date) -> i64 {
    let days = days_between(persona.birth, on).max(0);
    if days >= 18 * 365 {
        return persona.body.height;
    }
    let table = match persona.sex {
        Sex::Female => &HEIGHT_GIRLS,
        Sex::Male => &HEIGHT_BOYS,
    };
    interpolated(table, days) * persona.body.growth / 1000
}

fn weight(persona: &Persona, on: Date, height: i64) -> i64 {
    let days = days_between(persona.birth, on).max(0);
    if days < 18 * 365 {
        let table = match persona.sex {
            Sex::Female => &WEIGHT_GIRLS,
            Sex::Male => &WEIGHT_BOYS,
        };
        let slim = interpolated(table, days) * persona.body.growth / 1000 * persona.body.growth / 1000;
        return if persona.has(Chronic::Obesity) { slim * 135 / 100 } else { slim };
    }
    let treated = effect(persona, Chronic::Diabetes, on) * 15 / 1000;
    let drift = days_between(persona.birth, on) / 365 % 5;
    (persona.body.mass_index - treated + drift) * height / 1000 * height / 1000
}

/// The value of a table of whole years at an age in days, below the end of the table.
fn interpolated(table: &[i64; 19], days: i64) -> i64 {
    let year = usize::try_from(days / 365).unwrap_or(0).min(17);
    table[year] + (table[year + 1] - table[year]) * (days % 365) / 365
}

// Rounded medians of the CDC growth charts (2000), at birth and each birthday: millimetres, and tenths of a kilogram.
const HEIGHT_GIRLS: [i64; 19] = [
    495, 740, 860, 950, 1010, 1080, 1150, 1220, 1280, 1330, 1380, 1450, 1510, 1570, 1600, 1620, 1625, 1630,
    1630,
];
const HEIGHT_BOYS: [i64; 19] = [
    500, 760, 870, 960, 1030, 1090, 1160, 1220, 1280, 1340, 1390, 1440, 1490, 1560, 1640, 1700, 1740, 1760,
    1760,
];
const WEIGHT_GIRLS: [i64; 19] =
    [34, 95, 121, 139, 159, 180, 203, 229, 258, 291, 330, 374, 418, 460, 498, 529, 551, 567, 580];
const WEIGHT_BOYS: [i64; 19] =
    [35, 103, 127, 144, 163, 185, 208, 232, 258, 287, 321, 361, 407, 458, 512, 565, 611, 647, 673];
