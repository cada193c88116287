//! Allergies: what people react to, and the resources that say so.
//!
//! That no allergy is known is said by a List that is empty for the reason `nilknown`, FHIR's own way without the usual SNOMED CT code,
//! which may not ship. That nothing was recorded is said by saying nothing.

use serde_json::{Value, json};

use super::chart::Chart;
use super::fhir::{LOINC, Label, RXNORM, coding, concept, hl7, meta, text};
use super::medicine::Family;
use super::numbers::days_after;
use super::random::{Random, Topic};

#[derive(Clone, Debug)]
pub(super) enum AllergyState {
    Known(Vec<&'static Allergen>),
    NoneKnown,
    NotRecorded,
}

#[derive(Debug)]
pub(super) struct Allergen {
    pub(super) name: &'static str,
    /// `RxNorm` ingredient, its display.
    rxnorm: Option<(&'static str, &'static str)>,
    category: &'static str,
    /// What it rules out.
    family: Family,
    criticality: &'static str,
    reactions: &'static [(&'static str, &'static str)],
    /// Whom it meets, in parts of 100 of the allergic.
    share: u64,
    labels: &'static [Label],
}

impl AllergyState {
    pub(super) fn rules_out(&self, family: Family) -> bool {
        match self {
            AllergyState::Known(allergens) => {
                family != Family::Other && allergens.iter().any(|allergen| allergen.family == family)
            }
            AllergyState::NoneKnown | AllergyState::NotRecorded => false,
        }
    }
}

pub(super) static ALLERGENS: [Allergen; 18] = [
    drug(
        "penicillin",
        Some(("70618", "penicillin")),
        Family::Penicillin,
        "high",
        &[("hives", "moderate"), ("swelling of the face", "severe")],
        22,
    ),
    drug("amoxicillin", Some(("723", "amoxicillin")), Family::Penicillin, "low", &[("rash", "mild")], 9),
    drug(
        "sulfonamide antibiotics",
        Some(("10180", "sulfamethoxazole")),
        Family::Sulfonamide,
        "high",
        &[("rash", "moderate"), ("fever", "mild")],
        12,
    ),
    drug(
        "codeine",
        Some(("2670", "codeine")),
        Family::Opioid,
        "low",
        &[("nausea and vomiting", "moderate"), ("itching", "mild")],
        7,
    ),
    drug(
        "ibuprofen",
        Some(("5640", "ibuprofen")),
        Family::AntiInflammatory,
        "high",
        &[("wheezing", "severe")],
        5,
    ),
    drug(
        "naproxen",
        Some(("7258", "naproxen")),
        Family::AntiInflammatory,
        "low",
        &[("stomach bleeding", "severe")],
        4,
    ),
    drug(
        "aspirin",
        Some(("1191", "aspirin")),
        Family::AntiInflammatory,
        "high",
        &[("wheezing", "severe"), ("hives", "moderate")],
        5,
    ),
    drug(
        "lisinopril",
        Some(("29046", "lisinopril")),
        Family::AceInhibitor,
        "high",
        &[("angioedema", "severe")],
        4,
    ),
    drug(
        "atorvastatin",
        Some(("83367", "atorvastatin")),
        Family::Statin,
        "low",
        &[("muscle pain", "moderate")],
        3,
    ),
    drug("azithromycin", Some(("18631", "azithromycin")), Family::Macrolide, "low", &[("rash", "mild")], 3),
    drug(
        "iodinated contrast",
        None,
        Family::Other,
        "high",
        &[("hives", "moderate"), ("shortness of breath", "severe")],
        3,
    ),
    Allergen {
        labels: &[Label::Hiv, Label::Restricted],
        ..drug("abacavir", None, Family::Abacavir, "high", &[("hypersensitivity syndrome", "severe")], 0)
    },
    other("peanut", "food", "high", &[("anaphylaxis", "severe")], 5),
    other("shellfish", "food", "high", &[("hives", "moderate"), ("swelling of the lips", "moderate")], 5),
    other("egg", "food", "low", &[("vomiting", "mild")], 2),
    other("latex", "environment", "low", &[("contact rash", "mild")], 5),
    other("bee venom", "environment", "high", &[("anaphylaxis", "severe")], 3),
    other("grass pollen", "environment", "low", &[("sneezing", "mild"), ("itchy eyes", "mild")], 8),
];

const fn drug(
    name: &'static str,
    rxnorm: Option<(&'static str, &'static str)>,
    family: Family,
    criticality: &'static str,
    reactions: &'static [(&'static str, &'static str)],
    share: u64,
) -> Allergen {
    Allergen { name, rxnorm, category: "medication", family, criticality, reactions, share, labels: &[] }
}

const fn other(
    name: &'static str,
    category: &'static str,
    criticality: &'static str,
    reactions: &'static [(&'static str, &'static str)],
    share: u64,
) -> Allergen {
    Allergen {
        name,
        rxnorm: None,
        category,
        family: Family::Other,
        criticality,
        reactions,
        share,
        labels: &[],
    }
}

pub(super) fn choose_allergies(random: &mut Random, age: i64) -> AllergyState {
    let allergic = if age < 12 { 120 } else { 300 };
    match random.below(1000) {
        draw if draw < allergic => AllergyState::Known(known(random)),
        draw if draw < 860 => AllergyState::NoneKnown,
        _ => AllergyState::NotRecorded,
    }
}

fn known(random: &mut Random) -> Vec<&'static Allergen> {
    let mut known: Vec<&'static Allergen> = Vec::new();
    let count = 1 + random.below(3) / 2 + random.below(8) / 7;
    for _ in 0..count {
        let allergen = drawn(random);
        if !known.iter().any(|other| other.name == allergen.name) {
            known.push(allergen);
        }
    }
    known
}

fn drawn(random: &mut Random) -> &'static Allergen {
    let mut draw = random.below(ALLERGENS.iter().map(|allergen| allergen.share).sum());
    for allergen in &ALLERGENS {
        if draw < allergen.share {
            return allergen;
        }
        draw -= allergen.share;
    }
    &ALLERGENS[0]
}

/// The allergies of the chart, or the statement that none is known, or nothing.
pub(super) fn write_allergies(chart: &mut Chart<'_>) {
    let mut random =
        Random::for_topic(chart.setting.seed, Topic::Allergy, u64::from(chart.persona.index) | 1 << 40);
    match chart.persona.allergies.clone() {
        AllergyState::Known(allergens) => {
            for allergen in allergens {
                write_allergy(chart, &mut random, allergen);
            }
            if random.chance(60) {
                write_mistake(chart);
            }
        }
        AllergyState::NoneKnown => write_none_known(chart, &mut random),
        AllergyState::NotRecorded => {}
    }
}

fn write_allergy(chart: &mut Chart<'_>, random: &mut Random, allergen: &'static Allergen) {
    let code = match allergen.rxnorm {
        Some((code, display)) => json!({ "coding": [coding(RXNORM, code, display)], "text": allergen.name }),
        None => text(allergen.name),
    };
    let reactions: Vec<Value> = allergen
        .reactions
        .iter()
        .map(|(manifestation, severity)| json!({ "manifestation": [text(manifestation)], "severity": severity }))
        .collect();
    let certain = if random.chance(850) { "confirmed" } else { "unconfirmed" };
    let recorded = recorded(chart, random);
    chart.add(
        "AllergyIntolerance",
        meta(allergen.labels),
        json!({
            "clinicalStatus": hl7("allergyintolerance-clinical", "active"),
            "verificationStatus": hl7("allergyintolerance-verification", certain),
            "type": "allergy",
            "category": [allergen.category],
            "criticality": allergen.criticality,
            "code": code,
            "patient": chart.subject(),
            "recordedDate": recorded.to_string(),
            "recorder": chart.clinician(),
            "reaction": reactions,
        }),
    );
}

/// An entry made in the wrong chart and taken back: it must never show as an allergy.
fn write_mistake(chart: &mut Chart<'_>) {
    let recorded = days_after(chart.until(), -45).max(chart.persona.birth);
    chart.add(
        "AllergyIntolerance",
        Value::Null,
        json!({
            "verificationStatus": hl7("allergyintolerance-verification", "entered-in-error"),
            "category": ["medication"],
            "code": concept(RXNORM, "3640", "doxycycline"),
            "patient": chart.subject(),
            "recordedDate": recorded.to_string(),
            "recorder": chart.clinician(),
        }),
    );
}

fn write_none_known(chart: &mut Chart<'_>, random: &mut Random) {
    let recorded = recorded(chart, random);
    let day = chart.moment(recorded, 9 * 60 + 40);
    let body = json!({
        "status": "current",
        "mode": "working",
        "title": "No known allergies",
        "code": concept(LOINC, "48765-2", "Allergies and adverse reactions Document"),
        "subject": chart.subject(),
        "date": day.to_string(),
        "source": chart.clinician(),
        "emptyReason": hl7("list-empty-reason", "nilknown"),
    });
    chart.add("List", Value::Null, body);
}

fn recorded(chart: &Chart<'_>, random: &mut Random) -> jiff::civil::Date {
    days_after(chart.until(), -random.between(30, 1400)).max(chart.persona.birth)
}
