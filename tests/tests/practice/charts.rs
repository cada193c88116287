//! Charts that make sense: what was found, what was prescribed and what was written agree.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chartkeep_tests::practice::{Density, Practice};
use records::view::{
    AllergyList, AllergyTitle, Chart, LabSeries, MedicationList, NoteItem, PatientSummary, ProblemItem,
    Section, Subject,
};
use records::{Document, Drawer, classify};

use super::{TODAY, charts, documents};

fn titles(documents: &[Document]) -> BTreeMap<AllergyTitle, usize> {
    let mut titles = BTreeMap::new();
    for chart in charts(documents).into_values() {
        let open = chart.iter().copied().filter(|document| classify(document).drawer() != Drawer::Sensitive);
        let closed = chart.iter().filter(|d| {
            d.kind().as_str() == "AllergyIntolerance" && classify(d).drawer() == Drawer::Sensitive
        });
        let list = AllergyList::of(&Chart::new(open), Section::Held, closed.count());
        *titles.entry(list.title).or_default() += 1;
    }
    titles
}

#[test]
fn each_of_the_four_allergy_titles_occurs() {
    let titles = titles(&documents(&Practice::new(7, 14, TODAY)));
    for title in
        [AllergyTitle::Known, AllergyTitle::NoneKnown, AllergyTitle::NotRecorded, AllergyTitle::Unavailable]
    {
        assert!(titles.get(&title).is_some_and(|count| *count > 0), "{title:?}: {titles:?}");
    }
}

#[test]
fn an_entry_made_in_error_is_there_and_is_never_shown() {
    let documents = documents(&Practice::new(7, 400, TODAY).density(Density::Light));
    let mistakes =
        documents.iter().filter(|d| d.bytes().windows(16).any(|word| word == b"entered-in-error")).count();
    assert!(mistakes > 0);
    for chart in charts(&documents).into_values() {
        let list = AllergyList::of(&Chart::new(chart), Section::Held, 0);
        assert!(list.items.iter().all(|item| item.agent != "doxycycline"));
    }
}

/// What must not be prescribed to someone who reacts to the first.
const CROSSED: [(&str, &[&str]); 7] = [
    ("penicillin", &["amoxicillin", "penicillin"]),
    ("amoxicillin", &["amoxicillin", "penicillin"]),
    ("sulfonamide antibiotics", &["sulfamethoxazole"]),
    ("codeine", &["codeine"]),
    ("ibuprofen", &["ibuprofen", "naproxen", "aspirin"]),
    ("lisinopril", &["lisinopril"]),
    ("atorvastatin", &["atorvastatin", "rosuvastatin"]),
];

#[test]
fn nobody_is_prescribed_what_they_react_to() {
    let documents = documents(&Practice::new(3, 120, TODAY));
    let mut looked_at = 0;
    for chart in charts(&documents).into_values() {
        let chart = Chart::new(chart);
        let medicines = MedicationList::of(&chart);
        for allergy in AllergyList::of(&chart, Section::Held, 0).items {
            let Some((_, crossed)) = CROSSED.iter().find(|(agent, _)| *agent == allergy.agent) else {
                continue;
            };
            looked_at += 1;
            for medicine in medicines.current.iter().chain(&medicines.past) {
                assert!(
                    !crossed.iter().any(|name| medicine.name.starts_with(name)),
                    "{} for {}",
                    medicine.name,
                    allergy.agent
                );
            }
        }
    }
    assert!(looked_at > 10);
}

#[test]
fn every_medicine_has_a_full_line_of_directions() {
    for document in
        documents(&Practice::new(5, 60, TODAY)).iter().filter(|d| d.kind().as_str() == "MedicationRequest")
    {
        let dosage = &document.value()["dosageInstruction"][0];
        for path in ["/text", "/timing/repeat/frequency", "/route/text", "/doseAndRate/0/doseQuantity/value"]
        {
            assert!(dosage.pointer(path).is_some(), "{}: {path}", document.key());
        }
        let words = dosage["text"].as_str().unwrap();
        assert!(!words.contains(".0 ") && !words.contains("1 drops"), "{words}");
    }
}

/// Words that only a labelled record may hold.
const CONFIDENTIAL: [&str; 9] = [
    "HIV",
    "bictegravir",
    "abacavir",
    "buprenorphine",
    "naltrexone",
    "opioid",
    "alcohol dependence",
    "depress",
    "sertraline",
];

#[test]
fn what_is_kept_closely_is_in_no_other_drawer() {
    for document in documents(&Practice::new(9, 80, TODAY)) {
        if classify(&document).drawer() == Drawer::Sensitive {
            continue;
        }
        let text = readable(&document);
        for word in CONFIDENTIAL {
            assert!(!text.contains(word), "{} says {word}", document.key());
        }
    }
}

/// The JSON with its attachment as text.
fn readable(document: &Document) -> String {
    let mut value = document.value().clone();
    if let Some(attached) = value.pointer_mut("/content/0/attachment/data") {
        let bytes = BASE64_STANDARD.decode(attached.as_str().expect("text")).expect("base64");
        *attached = String::from_utf8_lossy(&bytes).into();
    }
    value.to_string()
}

#[test]
fn the_first_patient_has_diabetes_that_gets_better_under_treatment() {
    let practice = Practice::new(7, 20, TODAY);
    let documents = documents(&practice);
    let charts = charts(&documents);
    let (_, chart) =
        charts.iter().find(|(id, _)| id.to_string().contains(&practice.patient_id(0).to_string())).unwrap();
    let patient = PatientSummary::of(chart.iter().find(|d| d.kind().as_str() == "Patient").unwrap()).unwrap();
    let chart = Chart::new(chart.iter().copied());
    assert!(ProblemItem::all(&chart).iter().any(|problem| problem.title.contains("diabetes")));
    assert!(MedicationList::of(&chart).current.iter().any(|medicine| medicine.name.starts_with("metformin")));
    assert!(!NoteItem::all(&chart).is_empty());
    let labs = LabSeries::all(&chart, &Subject::of(&patient));
    let glycated = labs.iter().find(|series| series.code == "4548-4").unwrap();
    assert!(glycated.results.len() >= 4, "enough for a trend");
}
