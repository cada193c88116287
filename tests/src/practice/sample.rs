//! What the laboratory finds in a person's blood: values that follow from diseases, treatment and constitution.

use jiff::civil::Date;

use super::assay::{Kind, Test, range, test};
use super::course::{effect, years_with};
use super::disease::Chronic;
use super::numbers::{power, rounded};
use super::persona::{Persona, Sex};
use super::random::Random;

/// The values of one sample: those that depend on each other are drawn once.
pub(super) struct Values<'a> {
    persona: &'a Persona,
    on: Date,
    creatinine: i64,
    low_density: i64,
    high_density: i64,
    triglycerides: i64,
    hemoglobin: i64,
    glycated: i64,
}

impl<'a> Values<'a> {
    pub(super) fn new(persona: &'a Persona, on: Date, random: &mut Random) -> Values<'a> {
        let mut values = Values {
            persona,
            on,
            creatinine: 0,
            low_density: 0,
            high_density: 0,
            triglycerides: 0,
            hemoglobin: 0,
            glycated: 0,
        };
        values.creatinine = values.creatinine(random);
        values.glycated = values.glycated(random);
        let untreated = values.usual(Kind::LowDensity) + random.spread(8);
        values.low_density = if persona.has(Chronic::Hyperlipidemia) {
            172 - 85 * effect(persona, Chronic::Hyperlipidemia, on) / 1000 + random.spread(10)
        } else {
            untreated
        };
        values.high_density = if persona.sex == Sex::Female { 58 } else { 49 } + random.spread(8);
        values.triglycerides =
            if persona.has(Chronic::Diabetes) || persona.has(Chronic::Obesity) { 172 } else { 104 }
                + random.spread(35);
        values.hemoglobin = values.hemoglobin(random);
        values
    }

    pub(super) fn value(&self, kind: Kind, random: &mut Random) -> i64 {
        let persona = self.persona;
        let (test, on) = (test(kind), self.on);
        let usual = self.usual(kind);
        match kind {
            Kind::Creatinine => self.creatinine,
            Kind::Filtration => filtration(self.creatinine, persona.age(on), persona.sex),
            Kind::GlycatedHemoglobin => self.glycated,
            Kind::Glucose => (287 * self.glycated / 100 - 47 + random.spread(18)).max(62) * 9 / 10 + 9,
            Kind::LowDensity => self.low_density,
            Kind::HighDensity => self.high_density,
            Kind::Triglycerides => self.triglycerides,
            Kind::Cholesterol => self.low_density + self.high_density + self.triglycerides / 5,
            Kind::Hemoglobin => self.hemoglobin,
            Kind::Hematocrit => self.hemoglobin * 3 - random.between(0, 6),
            Kind::Potassium if persona.has(Chronic::KidneyDisease) => 48 + random.spread(6),
            Kind::Potassium if persona.has(Chronic::HeartFailure) => 37 + random.spread(4),
            Kind::Urea if persona.has(Chronic::KidneyDisease) => 31 + random.spread(6),
            Kind::Thyrotropin if persona.has(Chronic::Hypothyroidism) => {
                (890 - 700 * effect(persona, Chronic::Hypothyroidism, on) / 1000 + random.spread(60)).max(30)
            }
            Kind::Ferritin if persona.has(Chronic::IronDeficiency) => {
                8 + 40 * effect(persona, Chronic::IronDeficiency, on) / 1000
            }
            Kind::CellVolume if persona.has(Chronic::IronDeficiency) => 74 + random.spread(3),
            Kind::UricAcid if persona.has(Chronic::Gout) => {
                86 - 30 * effect(persona, Chronic::Gout, on) / 1000 + random.spread(5)
            }
            Kind::Alanine | Kind::Aspartate if persona.has(Chronic::Alcohol) => 74 + random.spread(25),
            Kind::UrineAlbumin if persona.has(Chronic::KidneyDisease) => 118 + random.spread(50),
            Kind::ViralLoad => {
                if effect(persona, Chronic::Hiv, on) > 400 {
                    20
                } else {
                    18_500 + random.spread(9000)
                }
            }
            Kind::Cd4 => 340 + 320 * effect(persona, Chronic::Hiv, on) / 1000 + random.spread(60),
            Kind::Coagulation => 25 + random.spread(6),
            Kind::Sodium
            | Kind::Potassium
            | Kind::Urea
            | Kind::Calcium
            | Kind::Leukocytes
            | Kind::CellVolume
            | Kind::Platelets
            | Kind::Thyrotropin
            | Kind::Ferritin
            | Kind::UricAcid
            | Kind::Alanine
            | Kind::Aspartate
            | Kind::ProstateAntigen
            | Kind::UrineAlbumin => usual + random.spread(spread(test)),
        }
    }

    /// Where in the reference range this person's values of a test lie.
    fn usual(&self, kind: Kind) -> i64 {
        let (low, high) = range(test(kind), self.persona.sex);
        let low = low.unwrap_or(high.unwrap_or(0) / 3);
        let high = high.unwrap_or(low * 2);
        let own = (self.persona.body.chemistry * (kind as i64 * 7 + 3)) % 700;
        (low + high) / 2 + (high - low) * own / 2000
    }

    fn creatinine(&self, random: &mut Random) -> i64 {
        let base = if self.persona.sex == Sex::Female { 74 } else { 92 };
        let years = years_with(self.persona, Chronic::KidneyDisease, self.on);
        let failing = years.map_or(0, |years| (52 + years * 6 / 100).clamp(20, 130));
        let growing = if self.persona.age(self.on) < 14 { 30 } else { 0 };
        base - growing + failing + random.spread(7)
    }

    fn glycated(&self, random: &mut Random) -> i64 {
        if !self.persona.has(Chronic::Diabetes) {
            return 54 + random.spread(2);
        }
        91 - 24 * effect(self.persona, Chronic::Diabetes, self.on) / 1000 + random.spread(4)
    }

    fn hemoglobin(&self, random: &mut Random) -> i64 {
        let base = if self.persona.sex == Sex::Female { 134 } else { 149 } + random.spread(5);
        if !self.persona.has(Chronic::IronDeficiency) {
            return base;
        }
        101 + 25 * effect(self.persona, Chronic::IronDeficiency, self.on) / 1000 + random.spread(4)
    }
}

/// The four-variable MDRD formula behind LOINC 33914-3, whole mL/min/1.73 m²; creatinine in hundredths of mg/dL.
#[expect(clippy::cast_precision_loss, reason = "clinical values are small")]
fn filtration(creatinine: i64, age: i64, sex: Sex) -> i64 {
    let factor = if sex == Sex::Female { 0.742 } else { 1.0 };
    rounded(175.0 * power(creatinine as f64 / 100.0, -1.154) * power(age.max(18) as f64, -0.203) * factor)
}

fn spread(test: &Test) -> i64 {
    let (low, high) = test.women;
    (high.unwrap_or(0) - low.unwrap_or(0)).abs() / 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filtration_rate_follows_the_published_formula() {
        assert_eq!(filtration(100, 60, Sex::Male), 76);
        assert_eq!(filtration(180, 77, Sex::Female), 27);
    }
}
