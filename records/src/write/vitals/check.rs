//! Ranges of what can be and what is usual.
//!
//! Outside the first range a value is a slip of the keyboard and cannot be saved; outside the second it is asked
//! about once. The ranges are wide on purpose: they catch slips, they do not judge patients.

use super::super::{Check, Decimal, Level};
use super::{Field, Known, VitalsForm};

/// Age from which the adult ranges hold, in years.
const ADULT_YEARS: u16 = 16;

/// A change of weight by more than this share is asked about.
const WEIGHT_CHANGE: f64 = 0.10;

struct Limits {
    field: Field,
    name: &'static str,
    unit: &'static str,
    possible: (f64, f64),
    usual_adult: (f64, f64),
    usual_child: (f64, f64),
}

const LIMITS: [Limits; 9] = [
    limits(Field::Systolic, "Systolic pressure", " mmHg", (40.0, 300.0), (80.0, 200.0), (60.0, 160.0)),
    limits(Field::Diastolic, "Diastolic pressure", " mmHg", (20.0, 200.0), (40.0, 120.0), (30.0, 110.0)),
    limits(Field::HeartRate, "Heart rate", " per minute", (20.0, 300.0), (40.0, 150.0), (50.0, 220.0)),
    limits(Field::OxygenSaturation, "Oxygen saturation", " %", (40.0, 100.0), (90.0, 100.0), (90.0, 100.0)),
    limits(
        Field::RespiratoryRate,
        "Respiratory rate",
        " per minute",
        (3.0, 100.0),
        (8.0, 30.0),
        (12.0, 70.0),
    ),
    limits(Field::Temperature, "Temperature", " °C", (25.0, 45.0), (35.0, 40.0), (35.0, 40.5)),
    limits(Field::Weight, "Weight", " kg", (0.2, 650.0), (35.0, 250.0), (1.5, 150.0)),
    limits(Field::Height, "Height", " cm", (20.0, 275.0), (130.0, 220.0), (40.0, 200.0)),
    limits(Field::Pain, "Pain", "", (0.0, 10.0), (0.0, 10.0), (0.0, 10.0)),
];

const fn limits(
    field: Field,
    name: &'static str,
    unit: &'static str,
    possible: (f64, f64),
    usual_adult: (f64, f64),
    usual_child: (f64, f64),
) -> Limits {
    Limits { field, name, unit, possible, usual_adult, usual_child }
}

pub(super) fn check(form: &VitalsForm, known: &Known) -> Vec<Check> {
    let mut found = Vec::new();
    for limits in &LIMITS {
        if let Some(value) = value_of(form, limits.field) {
            found.extend(limits.check(value.value(), known));
        }
    }
    found.extend(pair(form));
    found.extend(whole_pain(form));
    found.extend(weight_change(form, known));
    if LIMITS.iter().all(|limits| value_of(form, limits.field).is_none()) {
        found.push(error(Field::Form, "Nothing has been entered.".to_owned()));
    }
    found
}

impl Limits {
    fn check(&self, value: f64, known: &Known) -> Option<Check> {
        let outside = |(low, high): (f64, f64)| value < low || value > high;
        let child = known.age_years.is_some_and(|years| years < ADULT_YEARS);
        let usual = if child { self.usual_child } else { self.usual_adult };
        let Self { field, name, unit, possible, .. } = self;
        if outside(*possible) {
            let (low, high) = possible;
            Some(error(*field, format!("{name} must lie between {low} and {high}{unit}.")))
        } else if outside(usual) {
            let (low, high) = usual;
            Some(warning(*field, format!("{name} is usually between {low} and {high}{unit}. Is it right?")))
        } else {
            None
        }
    }
}

/// The value of a field in the unit it is stored in.
fn value_of(form: &VitalsForm, field: Field) -> Option<Decimal> {
    match field {
        Field::Systolic => form.systolic.clone(),
        Field::Diastolic => form.diastolic.clone(),
        Field::HeartRate => form.heart_rate.clone(),
        Field::OxygenSaturation => form.oxygen_saturation.clone(),
        Field::RespiratoryRate => form.respiratory_rate.clone(),
        Field::Temperature => form.celsius().map(|(value, _)| value),
        Field::Weight => form.kilograms().map(|(value, _)| value),
        Field::Height => form.centimetres().map(|(value, _)| value),
        Field::Pain => form.pain.clone(),
        Field::Form => None,
    }
}

fn pair(form: &VitalsForm) -> Option<Check> {
    match (&form.systolic, &form.diastolic) {
        (Some(_), None) => Some(error(Field::Diastolic, "Diastolic pressure is missing.".to_owned())),
        (None, Some(_)) => Some(error(Field::Systolic, "Systolic pressure is missing.".to_owned())),
        (Some(high), Some(low)) if low.value() >= high.value() => {
            Some(error(Field::Diastolic, "Diastolic pressure must be below systolic pressure.".to_owned()))
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}

fn whole_pain(form: &VitalsForm) -> Option<Check> {
    let pain = form.pain.as_ref()?.value();
    (pain.fract() != 0.0).then(|| error(Field::Pain, "Pain is a whole number from 0 to 10.".to_owned()))
}

fn weight_change(form: &VitalsForm, known: &Known) -> Option<Check> {
    let adult = known.age_years.is_some_and(|years| years >= ADULT_YEARS);
    let (now, before) = (form.kilograms()?.0.value(), known.last_weight_kg.filter(|kg| adult && *kg > 0.0)?);
    let changed = (now - before).abs() / before > WEIGHT_CHANGE;
    changed.then(|| warning(Field::Weight, format!("Weight was {before:.1} kg before. Is it right?")))
}

fn error(field: Field, message: String) -> Check {
    Check { field, level: Level::Error, message }
}

fn warning(field: Field, message: String) -> Check {
    Check { field, level: Level::Warning, message }
}
