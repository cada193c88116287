//! What is prescribed: medicines with strength, dose, route and frequency. Codes are `RxNorm` ingredients, only where they are certain.

use super::numbers::Decimal;

/// A medicine with its directions.
#[derive(Debug)]
pub(super) struct Prescription {
    /// The generic name, lower case.
    pub(super) name: &'static str,
    /// `RxNorm` concept of the ingredient.
    pub(super) rxnorm: Option<&'static str>,
    /// What one unit holds, "10 mg".
    pub(super) strength: &'static str,
    pub(super) form: Form,
    /// How many units a dose has.
    pub(super) units: i64,
    /// The dose in its own unit.
    pub(super) dose: Decimal,
    pub(super) measure: Measure,
    pub(super) often: Often,
    /// The length of the course; none for what is taken on and on.
    pub(super) days: Option<i64>,
    pub(super) as_needed: Option<&'static str>,
    /// The allergy that rules it out.
    pub(super) family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Tablet,
    Capsule,
    Suspension,
    Inhaler,
    NasalSpray,
    Injection,
    Cream,
    EyeDrops,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Milligram,
    Microgram,
    InternationalUnit,
    Puff,
    Drop,
    Spray,
    Application,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Often {
    Daily,
    Morning,
    Bedtime,
    TwiceDaily,
    ThreeTimesDaily,
    FourTimesDaily,
    EverySixHours,
    Weekly,
}

/// Medicines that one allergy rules out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Penicillin,
    Sulfonamide,
    Opioid,
    AntiInflammatory,
    AceInhibitor,
    Statin,
    Macrolide,
    Abacavir,
    Other,
}

use Often::{Bedtime, Daily, EverySixHours, FourTimesDaily, Morning, ThreeTimesDaily, TwiceDaily, Weekly};

impl Form {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Form::Tablet => "tablet",
            Form::Capsule => "capsule",
            Form::Suspension => "oral suspension",
            Form::Inhaler => "inhaler",
            Form::NasalSpray => "nasal spray",
            Form::Injection => "injection",
            Form::Cream => "cream",
            Form::EyeDrops => "eye drops",
        }
    }

    pub(super) const fn verb(self) -> &'static str {
        match self {
            Form::Tablet | Form::Capsule | Form::Suspension => "Take",
            Form::Inhaler => "Inhale",
            Form::NasalSpray => "Spray",
            Form::Injection => "Inject",
            Form::Cream => "Apply",
            Form::EyeDrops => "Instil",
        }
    }

    /// The route in the words of the directions.
    pub(super) const fn way(self) -> &'static str {
        match self {
            Form::Tablet | Form::Capsule | Form::Suspension => "by mouth",
            Form::Inhaler => "by inhalation",
            Form::NasalSpray => "in each nostril",
            Form::Injection => "under the skin",
            Form::Cream => "to the affected skin",
            Form::EyeDrops => "in the affected eye",
        }
    }

    /// HL7 v3 `RouteOfAdministration` code and display, where there is one that fits.
    pub(super) const fn route(self) -> Option<(&'static str, &'static str)> {
        match self {
            Form::Tablet | Form::Capsule | Form::Suspension => Some(("PO", "Swallow, oral")),
            Form::Inhaler => Some(("IPINHL", "Inhalation, respiratory")),
            Form::Injection => Some(("SQ", "Injection, subcutaneous")),
            Form::NasalSpray | Form::Cream | Form::EyeDrops => None,
        }
    }
}

impl Measure {
    /// The unit as printed, and in UCUM.
    pub(super) const fn unit(self) -> (&'static str, &'static str) {
        match self {
            Measure::Milligram => ("mg", "mg"),
            Measure::Microgram => ("micrograms", "ug"),
            Measure::InternationalUnit => ("units", "[iU]"),
            Measure::Puff => ("puffs", "{puff}"),
            Measure::Drop => ("drops", "[drp]"),
            Measure::Spray => ("sprays", "{spray}"),
            Measure::Application => ("application", "{application}"),
        }
    }
}

impl Often {
    /// The words of the directions.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Daily => "once daily",
            Morning => "once daily in the morning",
            Bedtime => "once daily at bedtime",
            TwiceDaily => "twice daily",
            ThreeTimesDaily => "three times daily",
            FourTimesDaily => "four times daily",
            EverySixHours => "every 6 hours",
            Weekly => "once weekly",
        }
    }

    /// `frequency`, `period` and `periodUnit` of `Timing.repeat`.
    pub(super) const fn repeat(self) -> (i64, i64, &'static str) {
        match self {
            Daily | Morning | Bedtime => (1, 1, "d"),
            TwiceDaily => (2, 1, "d"),
            ThreeTimesDaily => (3, 1, "d"),
            FourTimesDaily => (4, 1, "d"),
            EverySixHours => (1, 6, "h"),
            Weekly => (1, 1, "wk"),
        }
    }

    /// `when` of `Timing.repeat`: in the morning, at bedtime.
    pub(super) const fn when(self) -> Option<&'static str> {
        match self {
            Morning => Some("MORN"),
            Bedtime => Some("HS"),
            Daily | TwiceDaily | ThreeTimesDaily | FourTimesDaily | EverySixHours | Weekly => None,
        }
    }

    /// Doses in 30 days.
    pub(super) const fn monthly(self) -> i64 {
        match self {
            Daily | Morning | Bedtime => 30,
            TwiceDaily => 60,
            ThreeTimesDaily => 90,
            FourTimesDaily | EverySixHours => 120,
            Weekly => 4,
        }
    }
}

impl Prescription {
    /// "lisinopril 10 mg tablet".
    pub(super) fn product(&self) -> String {
        format!("{} {} {}", self.name, self.strength, self.form.word())
    }

    /// "Take 1 tablet (10 mg) by mouth once daily".
    pub(super) fn directions(&self) -> String {
        let (unit, _) = self.measure.unit();
        let way = self.form.way();
        let dose = match self.form {
            Form::Tablet | Form::Capsule => {
                let plural = if self.units == 1 { "" } else { "s" };
                format!("{} {}{plural} ({} {unit})", self.units, self.form.word(), self.dose)
            }
            Form::Suspension => format!("{} mL ({} {unit})", self.units, self.dose),
            Form::Cream => "a thin layer".to_owned(),
            Form::NasalSpray | Form::EyeDrops if self.dose == Decimal::whole(1) => {
                format!("1 {}", unit.trim_end_matches('s'))
            }
            Form::Inhaler | Form::NasalSpray | Form::Injection | Form::EyeDrops => {
                format!("{} {unit}", self.dose)
            }
        };
        let mut words = format!("{} {dose} {way} {}", self.form.verb(), self.often.words());
        if let Some(days) = self.days {
            words.push_str(&format!(" for {days} days"));
        }
        if let Some(reason) = self.as_needed {
            words.push_str(&format!(" as needed for {reason}"));
        }
        words
    }
}
