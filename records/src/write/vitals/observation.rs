//! The observations that a vitals form becomes: FHIR R4 vital signs profile, LOINC and UCUM.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::{Context, Decimal};
use super::{Known, VitalsForm};
use crate::document::{Document, DocumentError};
use crate::id::ResourceKind;
use crate::view::vital_codes::{BLOOD_PRESSURE, DIASTOLIC, SYSTOLIC};

const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";

/// Years from which a height can be trusted to be what it was.
const GROWN_YEARS: u16 = 20;

pub(super) fn documents(
    form: &VitalsForm,
    known: &Known,
    context: &Context,
    next_id: &mut dyn FnMut() -> Uuid,
) -> Result<Vec<Document>, DocumentError> {
    let mut made = Vec::new();
    if let (Some(high), Some(low)) = (&form.systolic, &form.diastolic) {
        made.push(blood_pressure(high, low, context, next_id())?);
    }
    let plain = [
        (&form.heart_rate, "8867-4", "Heart rate", "/min", "/min"),
        (&form.respiratory_rate, "9279-1", "Respiratory rate", "/min", "/min"),
        (
            &form.oxygen_saturation,
            "59408-5",
            "Oxygen saturation in Arterial blood by Pulse oximetry",
            "%",
            "%",
        ),
        (
            &form.pain,
            "72514-3",
            "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
            "{score}",
            "{score}",
        ),
    ];
    for (value, code, title, unit, ucum) in plain {
        if let Some(value) = value {
            made.push(observation(code, title, &quantity(value, unit, ucum), None, context, next_id())?);
        }
    }
    let measured = [
        (form.celsius(), entered(&form.temperature, "°F"), "8310-5", "Body temperature", "°C", "Cel"),
        (form.kilograms(), entered(&form.weight, "lb"), "29463-7", "Body weight", "kg", "kg"),
        (form.centimetres(), entered(&form.height, "in"), "8302-2", "Body height", "cm", "cm"),
    ];
    for (value, entered, code, title, unit, ucum) in measured {
        if let Some((value, converted)) = value {
            let note = entered.filter(|_| converted);
            made.push(observation(code, title, &quantity(&value, unit, ucum), note, context, next_id())?);
        }
    }
    if let Some(bmi) = body_mass_index(form, known) {
        let value = quantity(&bmi, "kg/m2", "kg/m2");
        made.push(observation("39156-5", "Body mass index (BMI) [Ratio]", &value, None, context, next_id())?);
    }
    Ok(made)
}

/// What was typed, where it is stored converted.
fn entered(typed: &Option<Decimal>, unit: &str) -> Option<String> {
    typed.as_ref().map(|value| format!("Entered as {value} {unit}"))
}

/// From the weight of the form and its height, or a grown person's height before.
fn body_mass_index(form: &VitalsForm, known: &Known) -> Option<Decimal> {
    let grown = known.age_years.is_some_and(|years| years >= GROWN_YEARS);
    let before = known.last_height_cm.filter(|_| grown);
    let metres = form.centimetres().map(|(cm, _)| cm.value()).or(before)? / 100.0;
    let kilograms = form.kilograms()?.0.value();
    (metres > 0.0).then(|| Decimal::rounded(kilograms / (metres * metres), 1).ok()).flatten()
}

fn blood_pressure(
    high: &Decimal,
    low: &Decimal,
    context: &Context,
    id: Uuid,
) -> Result<Document, DocumentError> {
    let part = |code: &str, title: &str, value: &Decimal| json!({"code": coded(code, title), "valueQuantity": quantity(value, "mmHg", "mm[Hg]")});
    let mut members = head(BLOOD_PRESSURE, "Blood pressure panel with all children optional", context, id);
    members.insert(
        "component".into(),
        json!([
            part(SYSTOLIC, "Systolic blood pressure", high),
            part(DIASTOLIC, "Diastolic blood pressure", low),
        ]),
    );
    Document::from_value(Value::Object(members))
}

fn observation(
    code: &str,
    title: &str,
    quantity: &Value,
    note: Option<String>,
    context: &Context,
    id: Uuid,
) -> Result<Document, DocumentError> {
    let mut members = head(code, title, context, id);
    members.insert("valueQuantity".into(), quantity.clone());
    if let Some(note) = note {
        members.insert("note".into(), json!([{"text": note}]));
    }
    Document::from_value(Value::Object(members))
}

fn head(code: &str, title: &str, context: &Context, id: Uuid) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("resourceType".into(), ResourceKind::OBSERVATION.as_str().into());
    members.insert("id".into(), id.as_hyphenated().to_string().into());
    members.insert("status".into(), "final".into());
    let category = json!({"coding": [{"system": CATEGORY, "code": "vital-signs", "display": "Vital Signs"}]});
    members.insert("category".into(), json!([category]));
    members.insert("code".into(), coded(code, title));
    members.insert("subject".into(), context.subject());
    if let Some(encounter) = context.encounter() {
        members.insert("encounter".into(), encounter);
    }
    members.insert("effectiveDateTime".into(), context.at.to_string().into());
    members.insert("issued".into(), context.at.to_string().into());
    members.insert("performer".into(), json!([context.author()]));
    members
}

fn coded(code: &str, title: &str) -> Value {
    let mut codings = vec![json!({"system": LOINC, "code": code, "display": title})];
    if code == "59408-5" {
        // The vital signs profile asks for the general code beside that of the pulse oximeter.
        codings.push(
            json!({"system": LOINC, "code": "2708-6", "display": "Oxygen saturation in Arterial blood"}),
        );
    }
    json!({"coding": codings, "text": title})
}

fn quantity(value: &Decimal, unit: &str, ucum: &str) -> Value {
    json!({"value": value.json(), "unit": unit, "system": UCUM, "code": ucum})
}
