//! What one observation measured: a number with its unit and digits, or words.

use serde::Serialize;
use serde_json::Value;

use super::element::{self, LOINC, UCUM, concept, items, number, text};
use crate::date::When;
use crate::document::Document;
use crate::id::RecordKey;

/// A measured value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum MeasuredValue {
    /// A number with a unit.
    Quantity {
        /// The number, to plot and compare.
        value: f64,
        /// The digits, as they are shown, with `<` or `>` where the source has it.
        text: String,
        /// The unit as it is shown; empty for a plain number.
        unit: String,
        /// What tells units apart: the UCUM code, or the shown unit.
        unit_code: String,
    },
    /// Words.
    Text {
        /// The words.
        text: String,
    },
}

/// What one observation says: what was measured, when, and the outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// The record.
    pub key: RecordKey,
    /// The code, LOINC where there is one.
    pub code: String,
    /// What was measured, in words.
    pub title: String,
    /// When.
    pub at: Option<When>,
    /// The outcome.
    pub value: MeasuredValue,
    /// The source's own verdict, such as `H`.
    pub interpretation: Option<String>,
    /// `Final`, `Preliminary`, `Amended` …
    pub status: String,
}

/// Most digits after the point that are shown of a number whose source has computed it to the last bit.
const MOST_DECIMALS: usize = 2;

impl Measurement {
    /// The view of one `Observation`; none when it is a mistake or has no value at all (a panel, say).
    pub fn of(document: &Document) -> Option<Self> {
        let value = document.value();
        if element::entered_in_error(value) {
            return None;
        }
        let (code, title) = code_and_title(value)?;
        let status = text(value, "status").map(|code| element::status_words(&code));
        Some(Self {
            key: document.key().clone(),
            code,
            title,
            at: element::first_when(
                value,
                &["effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"],
            ),
            value: MeasuredValue::of(value)?,
            interpretation: element::first_code(value, "interpretation"),
            status: status.unwrap_or_else(|| super::NOT_KNOWN.to_owned()),
        })
    }
}

impl MeasuredValue {
    /// The `value[x]` of an observation or component.
    pub(super) fn of(observation: &Value) -> Option<Self> {
        if let Some(quantity) = observation.get("valueQuantity") {
            return quantity_of(quantity);
        }
        let plain = |name: &str| observation.get(name).filter(|v| v.is_number()).map(ToString::to_string);
        let words = observation.get("valueCodeableConcept").and_then(concept);
        let words =
            words.or_else(|| text(observation, "valueString")).or_else(|| text(observation, "valueDateTime"));
        let flag = || match observation.get("valueBoolean")?.as_bool()? {
            true => Some("Yes".to_owned()),
            false => Some("No".to_owned()),
        };
        let text = words.or_else(|| plain("valueInteger")).or_else(flag).or_else(|| ratio(observation))?;
        Some(MeasuredValue::Text { text })
    }

    /// Number and unit in one, or the words.
    pub fn text(&self) -> String {
        match self {
            MeasuredValue::Quantity { text, unit, .. } if unit.is_empty() => text.clone(),
            MeasuredValue::Quantity { text, unit, .. } => format!("{text} {unit}"),
            MeasuredValue::Text { text } => text.clone(),
        }
    }
}

/// The LOINC code (or whatever code there is) and the words of an observation.
pub(super) fn code_and_title(value: &Value) -> Option<(String, String)> {
    let concept_value = value.get("code")?;
    let title = concept(concept_value)?;
    let code = element::code_in(concept_value, LOINC).or_else(|| element::first_code(value, "code"));
    Some((code.unwrap_or_else(|| title.clone()), title))
}

fn quantity_of(quantity: &Value) -> Option<MeasuredValue> {
    let (value, digits) = number(quantity, "value")?;
    let ucum = quantity.get("system").and_then(Value::as_str) == Some(UCUM);
    let code = text(quantity, "code");
    let unit = text(quantity, "unit").or_else(|| code.clone()).unwrap_or_default();
    let comparator = text(quantity, "comparator").unwrap_or_default();
    Some(MeasuredValue::Quantity {
        value,
        text: format!("{comparator}{}", shown_digits(&digits, value)),
        unit_code: code.filter(|_| ucum).unwrap_or_else(|| unit.clone()),
        unit: shown_unit(&unit),
    })
}

/// As recorded; only what no instrument reads (`178.83981355877862`) is shortened.
fn shown_digits(digits: &str, value: f64) -> String {
    let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if decimals <= 3 && !digits.contains(['e', 'E']) {
        return digits.to_owned();
    }
    let short = format!("{value:.MOST_DECIMALS$}");
    if value != 0.0 && short.bytes().all(|b| matches!(b, b'0' | b'.' | b'-')) {
        return digits.to_owned();
    }
    short.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// UCUM annotations and exponents in words that staff know.
fn shown_unit(unit: &str) -> String {
    match unit {
        "Cel" => "°C".to_owned(),
        "[degF]" => "°F".to_owned(),
        "mm[Hg]" => "mmHg".to_owned(),
        "{score}" | "(score)" | "{T-score}" | "1" => "score".to_owned(),
        "{count}" => "count".to_owned(),
        "[lb_av]" => "lb".to_owned(),
        "[in_i]" => "in".to_owned(),
        "kg/m2" => "kg/m²".to_owned(),
        "/min" | "{beats}/min" | "{breaths}/min" => "/min".to_owned(),
        "10*3/uL" => "×10³/µL".to_owned(),
        "10*6/uL" => "×10⁶/µL".to_owned(),
        "mL/min/{1.73_m2}" => "mL/min/1.73 m²".to_owned(),
        unit => unit.to_owned(),
    }
}

fn ratio(observation: &Value) -> Option<String> {
    let side = |name: &str| {
        let quantity = observation.get("valueRatio").or_else(|| observation.get("valueRange"))?.get(name)?;
        Some(quantity_of(quantity)?.text())
    };
    match (side("numerator"), side("denominator"), side("low"), side("high")) {
        (Some(above), Some(below), _, _) => Some(format!("{above} / {below}")),
        (_, _, Some(low), Some(high)) => Some(format!("{low} to {high}")),
        _ => None,
    }
}

/// The components of a panel such as blood pressure: code and value of each that has one.
pub(super) fn components(value: &Value) -> Vec<(String, MeasuredValue)> {
    let parts = items(value, "component").iter();
    parts.filter_map(|part| Some((code_and_title(part)?.0, MeasuredValue::of(part)?))).collect()
}
