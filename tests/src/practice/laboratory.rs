//! Laboratory results with their reference ranges: which tests a visit calls for, and what they show.

use serde_json::{Value, json};
use uuid::Uuid;

use super::assay::{Kind, Test, flag, range, test};
use super::chart::Chart;
use super::disease::Chronic;
use super::fhir::{LOINC, Label, Moment, coding, concept, hl7, meta, quantity, reference};
use super::numbers::Decimal;
use super::people::PRACTICE_ID;
use super::persona::{Persona, Sex};
use super::random::Random;
use super::sample::Values;
use super::visit::{Reason, Visit};

/// A group of tests that is ordered and reported together.
struct Panel {
    code: &'static str,
    display: &'static str,
    tests: &'static [Kind],
    labels: &'static [Label],
}

static BASIC: Panel = panel(
    "24320-4",
    "Basic metabolic 1998 panel - Serum or Plasma",
    &[
        Kind::Sodium,
        Kind::Potassium,
        Kind::Urea,
        Kind::Creatinine,
        Kind::Filtration,
        Kind::Glucose,
        Kind::Calcium,
    ],
);
static LIPIDS: Panel = panel(
    "57698-3",
    "Lipid panel with direct LDL - Serum or Plasma",
    &[Kind::Cholesterol, Kind::HighDensity, Kind::LowDensity, Kind::Triglycerides],
);
static BLOOD_COUNT: Panel = panel(
    "58410-2",
    "CBC panel - Blood by Automated count",
    &[Kind::Leukocytes, Kind::Hemoglobin, Kind::Hematocrit, Kind::CellVolume, Kind::Platelets],
);
static LIVER: Panel =
    panel("24325-3", "Hepatic function 2000 panel - Serum or Plasma", &[Kind::Alanine, Kind::Aspartate]);
static GLYCATED: Panel = single(&[Kind::GlycatedHemoglobin]);
static THYROID: Panel = single(&[Kind::Thyrotropin]);
static IRON: Panel = single(&[Kind::Ferritin]);
static URATE: Panel = single(&[Kind::UricAcid]);
static CLOTTING: Panel = single(&[Kind::Coagulation]);
static PROSTATE: Panel = single(&[Kind::ProstateAntigen]);
static ALBUMIN: Panel = single(&[Kind::UrineAlbumin]);
static IMMUNITY: Panel =
    Panel { labels: &[Label::Hiv, Label::Restricted], ..single(&[Kind::Cd4, Kind::ViralLoad]) };

const fn panel(code: &'static str, display: &'static str, tests: &'static [Kind]) -> Panel {
    Panel { code, display, tests, labels: &[] }
}

/// Tests that are reported one by one, without a `DiagnosticReport`.
const fn single(tests: &'static [Kind]) -> Panel {
    panel("", "", tests)
}

/// Writes the results of a visit; returns the lines in which a note mentions the abnormal ones.
pub(super) fn write_laboratory(
    chart: &mut Chart<'_>,
    random: &mut Random,
    visit: &Visit,
    encounter: Uuid,
    number: usize,
) -> Vec<String> {
    let taken = visit.at.plus(25);
    let mut lines = Vec::new();
    for panel in ordered(chart, random, visit, number) {
        let mut ids = Vec::new();
        let values = Values::new(chart.persona, visit.at.date, random);
        for kind in panel.tests {
            let test = test(*kind);
            let value = values.value(*kind, random);
            ids.push(write_result(chart, (test, value), taken, encounter, panel.labels));
            let flag = flag(test, chart.persona.sex, value);
            if flag != "N" && panel.labels.is_empty() {
                lines.push(format!(
                    "{} {} {} ({flag})",
                    test.display,
                    Decimal::new(value, test.places),
                    test.unit
                ));
            }
        }
        if !panel.code.is_empty() {
            write_report(chart, panel, taken, encounter, &ids);
        }
    }
    lines
}

fn ordered(chart: &Chart<'_>, random: &mut Random, visit: &Visit, number: usize) -> Vec<&'static Panel> {
    let persona = chart.persona;
    let on = visit.at.date;
    let has = |kind| persona.problem(kind).is_some_and(|problem| problem.since <= on);
    if !chart.full() {
        return if has(Chronic::Diabetes) { vec![&GLYCATED] } else { Vec::new() };
    }
    let age = persona.age(on);
    match visit.reason {
        Reason::WellChild => Vec::new(),
        Reason::Illness(_) => {
            if random.chance(120) {
                vec![&BLOOD_COUNT]
            } else {
                Vec::new()
            }
        }
        Reason::CheckUp => {
            let mut panels: Vec<&'static Panel> =
                if age >= 40 { vec![&BASIC, &LIPIDS] } else { vec![&LIPIDS] };
            if random.chance(500) {
                panels.push(&BLOOD_COUNT);
            }
            if persona.sex == Sex::Male && (50..75).contains(&age) {
                panels.push(&PROSTATE);
            }
            panels
        }
        Reason::FollowUp => {
            let second = number.is_multiple_of(2);
            let kidney =
                [Chronic::Hypertension, Chronic::KidneyDisease, Chronic::HeartFailure].into_iter().any(has);
            [
                (has(Chronic::Diabetes), &GLYCATED),
                (kidney && (second || has(Chronic::KidneyDisease)), &BASIC),
                (
                    (has(Chronic::Hyperlipidemia) || has(Chronic::Diabetes)) && number.is_multiple_of(3),
                    &LIPIDS,
                ),
                (has(Chronic::Diabetes) && number.is_multiple_of(4), &ALBUMIN),
                (has(Chronic::Hypothyroidism) && second, &THYROID),
                (has(Chronic::IronDeficiency), &BLOOD_COUNT),
                (has(Chronic::IronDeficiency), &IRON),
                (has(Chronic::Gout) && second, &URATE),
                (has(Chronic::AtrialFibrillation) && second, &BLOOD_COUNT),
                (anticoagulated(persona) && has(Chronic::AtrialFibrillation), &CLOTTING),
                ((has(Chronic::Alcohol) || has(Chronic::Hyperlipidemia)) && second, &LIVER),
                (has(Chronic::Hiv), &IMMUNITY),
            ]
            .into_iter()
            .filter_map(|(due, panel)| due.then_some(panel))
            .collect()
        }
    }
}

/// Warfarin is the second way to treat atrial fibrillation.
fn anticoagulated(persona: &Persona) -> bool {
    persona.problem(Chronic::AtrialFibrillation).is_some_and(|problem| problem.treatment == 1)
}

fn write_result(
    chart: &mut Chart<'_>,
    (test, value): (&Test, i64),
    at: Moment,
    encounter: Uuid,
    labels: &[Label],
) -> Uuid {
    let flag = flag(test, chart.persona.sex, value);
    let meaning = match flag {
        "LL" => "Critical low",
        "HH" => "Critical high",
        "L" => "Low",
        "H" => "High",
        _ => "Normal",
    };
    let mut body = json!({
        "status": "final",
        "category": [hl7("observation-category", "laboratory")],
        "code": concept(LOINC, test.code, test.display),
        "subject": chart.subject(),
        "encounter": reference("Encounter", encounter),
        "effectiveDateTime": at.to_string(),
        "issued": at.plus(240).to_string(),
        "performer": [reference("Organization", PRACTICE_ID)],
        "valueQuantity": quantity(Decimal::new(value, test.places), test.unit, test.ucum),
        "interpretation": [{
            "coding": [coding("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", flag, meaning)],
        }],
        "referenceRange": [reference_range(test, chart.persona.sex)],
    });
    if test.kind == Kind::ViralLoad && value <= 20 {
        body["valueQuantity"]["comparator"] = json!("<");
    }
    chart.add("Observation", meta(labels), body)
}

fn reference_range(test: &Test, sex: Sex) -> Value {
    let (low, high) = range(test, sex);
    let end = |value: i64| quantity(Decimal::new(value, test.places), test.unit, test.ucum);
    let words = |value: i64| Decimal::new(value, test.places).to_string();
    match (low, high) {
        (Some(low), Some(high)) => {
            json!({ "low": end(low), "high": end(high), "text": format!("{} - {} {}", words(low), words(high), test.unit) })
        }
        (Some(low), None) => {
            json!({ "low": end(low), "text": format!("at least {} {}", words(low), test.unit) })
        }
        (None, Some(high)) => {
            json!({ "high": end(high), "text": format!("up to {} {}", words(high), test.unit) })
        }
        (None, None) => json!({ "text": "not established" }),
    }
}

fn write_report(chart: &mut Chart<'_>, panel: &Panel, at: Moment, encounter: Uuid, results: &[Uuid]) {
    let body = json!({
        "status": "final",
        "category": [hl7("v2-0074", "LAB")],
        "code": concept(LOINC, panel.code, panel.display),
        "subject": chart.subject(),
        "encounter": reference("Encounter", encounter),
        "effectiveDateTime": at.to_string(),
        "issued": at.plus(240).to_string(),
        "performer": [reference("Organization", PRACTICE_ID)],
        "result": results.iter().map(|id| reference("Observation", *id)).collect::<Vec<_>>(),
    });
    chart.add("DiagnosticReport", meta(panel.labels), body);
}
