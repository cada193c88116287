//! The small parts that FHIR resources are made of: references, codings, quantities, instants, security labels.

use jiff::civil::Date;
use serde_json::{Number, Value, json};
use uuid::Uuid;

use super::numbers::Decimal;

pub(super) const LOINC: &str = "http://loinc.org";
pub(super) const UCUM: &str = "http://unitsofmeasure.org";
pub(super) const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
pub(super) const ICD10CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
pub(super) const CVX: &str = "http://hl7.org/fhir/sid/cvx";
pub(super) const V3_ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub(super) const V3_CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

/// A clock time of the practice on one day; the offset from UTC is that of the practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) date: Date,
    /// Minutes since midnight.
    pub(super) minute: i64,
    /// Minutes east of UTC.
    pub(super) offset: i16,
}

impl Moment {
    pub(super) fn plus(self, minutes: i64) -> Moment {
        Moment { minute: self.minute + minutes, ..self }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}T{:02}:{:02}:00", self.date, self.minute / 60, self.minute % 60)?;
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        let size = self.offset.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", size / 60, size % 60)
    }
}

pub(super) fn reference(kind: &str, id: Uuid) -> Value {
    json!({ "reference": format!("{kind}/{id}") })
}

pub(super) fn named_reference(kind: &str, id: Uuid, display: &str) -> Value {
    json!({ "reference": format!("{kind}/{id}"), "display": display })
}

pub(super) fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

/// A concept with one code and the words a person reads.
pub(super) fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [coding(system, code, display)], "text": display })
}

/// A concept of one of HL7's own code systems, without words of its own.
pub(super) fn hl7(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code }] })
}

pub(super) fn text(words: &str) -> Value {
    json!({ "text": words })
}

pub(super) fn number(value: Decimal) -> Value {
    value.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}

pub(super) fn quantity(value: Decimal, unit: &str, ucum: &str) -> Value {
    json!({ "value": number(value), "unit": unit, "system": UCUM, "code": ucum })
}

pub(super) fn money(cents: i64) -> Value {
    json!({ "value": number(Decimal::new(cents, 2)), "currency": "USD" })
}

/// Why a resource is more than normally confidential: the labels that `meta.security` carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    Hiv,
    MentalHealth,
    SubstanceUse,
    SexuallyTransmitted,
    PsychotherapyNote,
    Restricted,
    VeryRestricted,
}

impl Label {
    fn coding(self) -> Value {
        let (system, code, display) = match self {
            Label::Hiv => (V3_ACT_CODE, "HIV", "HIV/AIDS information sensitivity"),
            Label::MentalHealth => (V3_ACT_CODE, "PSY", "psychiatry disorder information sensitivity"),
            Label::SubstanceUse => (V3_ACT_CODE, "ETH", "substance abuse information sensitivity"),
            Label::SexuallyTransmitted => {
                (V3_ACT_CODE, "STD", "sexually transmitted disease information sensitivity")
            }
            Label::PsychotherapyNote => {
                (V3_ACT_CODE, "PSYTHPN", "psychotherapy note information sensitivity")
            }
            Label::Restricted => (V3_CONFIDENTIALITY, "R", "restricted"),
            Label::VeryRestricted => (V3_CONFIDENTIALITY, "V", "very restricted"),
        };
        coding(system, code, display)
    }
}

/// `meta` with these labels; nothing when there are none.
pub(super) fn meta(labels: &[Label]) -> Value {
    if labels.is_empty() {
        return Value::Null;
    }
    json!({ "security": labels.iter().map(|label| label.coding()).collect::<Vec<_>>() })
}
