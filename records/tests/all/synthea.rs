//! A public set of 36 synthetic patients by others, through import, classes and every view.

use std::collections::BTreeSet;

use records::find::{FindTokens, Query};
use records::import::import;
use records::view::{
    AllergyList, AllergyTitle, AppointmentItem, Chart, CoverageItem, DocumentItem, EncounterItem,
    ImmunizationItem, LabSeries, MedicationList, NOT_KNOWN, NoteItem, PatientSummary, ProblemItem,
    ProcedureItem, Section, Subject, VitalSeries,
};
use records::{Document, Drawer, ResourceKind, classify};
use serde::Serialize;
use serde_json::Value;

use super::outside_data;

#[test]
fn every_patient_comes_in_whole_and_every_view_has_words() {
    let Some(files) = outside_data::files("synthea-r4", "the walk over 36 patients") else { return };
    assert_eq!(files.len(), 36);
    let mut with_allergies = 0;
    std::thread::scope(|scope| {
        let halves = files.chunks(files.len().div_ceil(2));
        let walks: Vec<_> = halves
            .map(|half| {
                scope.spawn(move || half.iter().map(|path| walk(&std::fs::read(path).unwrap())).sum::<u32>())
            })
            .collect();
        with_allergies = walks.into_iter().map(|walk| walk.join().unwrap()).sum();
    });
    assert_eq!(with_allergies, 14);
}

/// One bundle; returns 1 when the patient has allergies.
fn walk(bytes: &[u8]) -> u32 {
    let imported = import("bundle.json", bytes);
    assert_eq!(imported.problems, []);
    assert_eq!(imported.left_out(), 0);
    assert!(imported.documents.iter().all(|d| d.references().iter().all(|r| !r.starts_with("urn:"))));
    classes_are_sound(&imported.documents);

    let chart = Chart::new(&imported.documents);
    let document = chart.of_kind(&ResourceKind::PATIENT).next().unwrap();
    let patient = PatientSummary::of(document).unwrap();
    let subject = Subject::of(&patient);
    assert_ne!(patient.display_name, NOT_KNOWN);
    assert!(patient.born.is_some());
    let owned = imported.documents.iter().filter(|d| classify(d).drawer() != Drawer::Demographics);
    assert!(owned.into_iter().all(|d| d.patient() == Some(&patient.id)), "every record knows its patient");

    let allergies = AllergyList::of(&chart, Section::Held, 0);
    let vitals = VitalSeries::all(&chart, &subject);
    let labs = LabSeries::all(&chart, &subject);
    one_unit_a_series(&vitals, &labs);
    no_empty_text(&patient);
    no_empty_text(&allergies);
    no_empty_text(&ProblemItem::all(&chart));
    no_empty_text(&MedicationList::of(&chart));
    no_empty_text(&vitals);
    no_empty_text(&vitals.iter().map(|series| series.latest().unwrap()).collect::<Vec<_>>());
    no_empty_text(&labs.iter().flat_map(|series| &series.results).collect::<Vec<_>>());
    assert!(labs.iter().all(|series| !series.title.is_empty()));
    no_empty_text(&ImmunizationItem::all(&chart));
    no_empty_text(&EncounterItem::all(&chart));
    no_empty_text(&ProcedureItem::all(&chart));
    no_empty_text(&NoteItem::all(&chart));
    no_empty_text(&DocumentItem::all(&chart));
    no_empty_text(&AppointmentItem::all(&chart));
    no_empty_text(&CoverageItem::all(&chart));
    found_by_name_and_birth_date(document, &patient);

    match allergies.title {
        AllergyTitle::Known => 1,
        AllergyTitle::NotRecorded => 0,
        title @ (AllergyTitle::NoneKnown | AllergyTitle::Unavailable) => {
            panic!("nobody stated that there are none, and all is held here: {}", title.text())
        }
    }
}

fn classes_are_sound(documents: &[Document]) {
    for document in documents {
        let drawer = classify(document).drawer();
        let expected = match document.kind().as_str() {
            "Claim" | "ExplanationOfBenefit" => Drawer::Billing,
            "Patient" | "Practitioner" | "Organization" => Drawer::Demographics,
            _ => Drawer::Clinical,
        };
        assert_eq!(drawer, expected, "{document:?}");
    }
}

fn one_unit_a_series(vitals: &[VitalSeries], labs: &[LabSeries]) {
    let keys =
        vitals.iter().map(|s| (&s.code, &s.unit_code)).chain(labs.iter().map(|s| (&s.code, &s.unit_code)));
    let distinct: BTreeSet<_> = keys.clone().collect();
    assert_eq!(distinct.len(), keys.count());
    assert!(labs.iter().all(|series| !series.title.contains('\u{200b}')));
}

fn found_by_name_and_birth_date(document: &Document, patient: &PatientSummary) {
    let tokens = FindTokens::of(document);
    let today = jiff::civil::date(2026, 3, 2);
    let typed = format!("{} {}", patient.family, patient.born_text());
    let query = Query::parse(&typed, today);
    let starts = |word: &String| tokens.names.iter().any(|name| name.starts_with(word.as_str()));
    assert!(query.names.iter().all(starts));
    let met = |group: &Vec<Vec<records::find::Key>>| {
        group.iter().any(|keys| keys.iter().all(|k| tokens.keys.contains(k)))
    };
    assert!(query.groups.iter().all(met), "found by what the banner shows");
    assert_eq!(query.groups.len(), 1);
}

/// No text that a view shows is empty; a unit may be.
fn no_empty_text(view: &impl Serialize) {
    fn look(name: &str, value: &Value) {
        match value {
            Value::String(text) => {
                let may_be_empty = matches!(name, "unit" | "unit_code");
                assert!(may_be_empty || !text.trim().is_empty(), "{name} is empty");
                assert!(!text.contains('\u{200b}'), "{name} has an invisible character");
            }
            Value::Array(items) => items.iter().for_each(|item| look(name, item)),
            Value::Object(members) => members.iter().for_each(|(name, member)| look(name, member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    look("view", &serde_json::to_value(view).unwrap());
}
