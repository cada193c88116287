//! Vital signs: what was typed, what is odd about it, and the observations it becomes.

mod check;
mod observation;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Check, Context, Decimal, Level};
use crate::document::{Document, DocumentError};

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// Systolic blood pressure.
    Systolic,
    /// Diastolic blood pressure.
    Diastolic,
    /// Heart rate.
    HeartRate,
    /// Oxygen saturation.
    OxygenSaturation,
    /// Respiratory rate.
    RespiratoryRate,
    /// Temperature.
    Temperature,
    /// Weight.
    Weight,
    /// Height.
    Height,
    /// Pain, 0 to 10.
    Pain,
    /// The form as a whole.
    Form,
}

/// In which unit a temperature was typed; it is stored in degrees Celsius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TemperatureUnit {
    /// Degrees Celsius.
    #[default]
    #[serde(rename = "Cel")]
    Celsius,
    /// Degrees Fahrenheit.
    #[serde(rename = "[degF]")]
    Fahrenheit,
}

/// In which unit a weight was typed; it is stored in kilograms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum WeightUnit {
    /// Kilograms.
    #[default]
    #[serde(rename = "kg")]
    Kilogram,
    /// Pounds.
    #[serde(rename = "[lb_av]")]
    Pound,
}

/// In which unit a height was typed; it is stored in centimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum LengthUnit {
    /// Centimetres.
    #[default]
    #[serde(rename = "cm")]
    Centimetre,
    /// Inches.
    #[serde(rename = "[in_i]")]
    Inch,
}

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VitalsForm {
    /// Systolic blood pressure in mmHg.
    pub systolic: Option<Decimal>,
    /// Diastolic blood pressure in mmHg.
    pub diastolic: Option<Decimal>,
    /// Heart rate per minute.
    pub heart_rate: Option<Decimal>,
    /// Oxygen saturation in per cent.
    pub oxygen_saturation: Option<Decimal>,
    /// Breaths per minute.
    pub respiratory_rate: Option<Decimal>,
    /// Temperature.
    pub temperature: Option<Decimal>,
    /// Its unit.
    pub temperature_unit: TemperatureUnit,
    /// Weight.
    pub weight: Option<Decimal>,
    /// Its unit.
    pub weight_unit: WeightUnit,
    /// Height.
    pub height: Option<Decimal>,
    /// Its unit.
    pub height_unit: LengthUnit,
    /// Pain, 0 to 10.
    pub pain: Option<Decimal>,
}

/// What is known of the patient, to check against.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Known {
    /// Completed years.
    pub age_years: Option<u16>,
    /// The weight before, in kilograms.
    pub last_weight_kg: Option<f64>,
    /// The height before, in centimetres; a BMI of an adult is made from it when only the weight is typed.
    pub last_height_cm: Option<f64>,
}

/// Why the form cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VitalsError {
    /// Some fields are impossible; what is merely unusual does not stop it.
    #[error("some values are not possible")]
    NotPossible(Vec<Check>),
    /// It cannot be written down.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl VitalsForm {
    /// What is odd: errors forbid saving, warnings want to be confirmed.
    pub fn check(&self, known: &Known) -> Vec<Check> {
        check::check(self, known)
    }

    /// The observations of the form, each under an id from `next_id`.
    ///
    /// # Errors
    /// When a value is impossible.
    pub fn documents(
        &self,
        known: &Known,
        context: &Context,
        next_id: &mut dyn FnMut() -> Uuid,
    ) -> Result<Vec<Document>, VitalsError> {
        let errors: Vec<Check> = self.check(known).into_iter().filter(|c| c.level == Level::Error).collect();
        if !errors.is_empty() {
            return Err(VitalsError::NotPossible(errors));
        }
        Ok(observation::documents(self, known, context, next_id)?)
    }

    /// The temperature in degrees Celsius, and whether it was converted.
    fn celsius(&self) -> Option<(Decimal, bool)> {
        let typed = self.temperature.clone()?;
        match self.temperature_unit {
            TemperatureUnit::Celsius => Some((typed, false)),
            TemperatureUnit::Fahrenheit => converted((typed.value() - 32.0) / 1.8),
        }
    }

    /// The weight in kilograms, and whether it was converted.
    fn kilograms(&self) -> Option<(Decimal, bool)> {
        let typed = self.weight.clone()?;
        match self.weight_unit {
            WeightUnit::Kilogram => Some((typed, false)),
            WeightUnit::Pound => converted(typed.value() * 0.453_592_37),
        }
    }

    /// The height in centimetres, and whether it was converted.
    fn centimetres(&self) -> Option<(Decimal, bool)> {
        let typed = self.height.clone()?;
        match self.height_unit {
            LengthUnit::Centimetre => Some((typed, false)),
            LengthUnit::Inch => converted(typed.value() * 2.54),
        }
    }
}

/// A value below zero after conversion cannot be written; zero stands for it and is refused by its range.
fn converted(value: f64) -> Option<(Decimal, bool)> {
    Decimal::rounded(value.max(0.0), 1).ok().map(|decimal| (decimal, true))
}
