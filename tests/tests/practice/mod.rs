//! The deterministic practice: the same bytes every time, and charts that make sense.

mod charts;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use chartkeep_tests::practice::{Density, Practice};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use records::{DataClass, Document, Drawer, PatientId, classify};
use sha2::{Digest, Sha256};

const TODAY: Date = date(2026, 11, 22);

/// SHA-256 of 40 patients of seed 7 on 22 November 2026, one resource a line. It changes when the generator does, and only then.
const FROZEN_CHART: &str = "84aa006f66d8f2c2ad80c88f93baec493d56b005bc687a350b191eb29ff8d291";
const FROZEN_LIGHT: &str = "8e60e16c52c5b508d644b1b6206aed98a61f98465b19d97e8ede538a912dcd0a";

fn digest(practice: &Practice) -> String {
    let mut bytes = Vec::new();
    practice.write_ndjson(&mut bytes, |_| ()).expect("memory takes every byte");
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn documents(practice: &Practice) -> Vec<Document> {
    practice.resources().map(|bytes| Document::parse(bytes).expect("a resource that parses")).collect()
}

fn charts(documents: &[Document]) -> BTreeMap<PatientId, Vec<&Document>> {
    let mut charts: BTreeMap<PatientId, Vec<&Document>> = BTreeMap::new();
    for document in documents {
        if let Some(patient) = document.patient() {
            charts.entry(patient.clone()).or_default().push(document);
        }
    }
    charts
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_machine() {
    let practice = Practice::new(7, 40, TODAY);
    assert_eq!(digest(&practice), FROZEN_CHART);
    assert_eq!(digest(&practice.density(Density::Light)), FROZEN_LIGHT);
}

#[test]
fn another_seed_or_another_day_gives_another_practice() {
    let first = digest(&Practice::new(7, 3, TODAY));
    assert_ne!(first, digest(&Practice::new(8, 3, TODAY)));
    assert_ne!(first, digest(&Practice::new(7, 3, date(2026, 11, 23))));
}

#[test]
fn a_patient_is_the_same_whatever_the_order_of_asking() {
    let practice = Practice::new(7, 5, TODAY);
    let ids: Vec<String> = documents(&practice)
        .iter()
        .filter(|d| d.kind().as_str() == "Patient")
        .map(|d| d.id().to_string())
        .collect();
    let asked: Vec<String> = (0..5).map(|number| practice.patient_id(number).to_string()).collect();
    assert_eq!(ids, asked);
}

#[test]
fn a_chart_has_as_many_resources_as_promised() {
    let per_patient = |practice: &Practice| practice.resources().count() / 120;
    let practice = Practice::new(11, 120, TODAY);
    assert!((100..=200).contains(&per_patient(&practice)));
    assert!((10..=15).contains(&per_patient(&practice.density(Density::Light))));
}

#[test]
fn a_thick_chart_reaches_the_size_that_was_asked_for_and_belongs_to_one_patient() {
    let practice = Practice::new(7, 40, TODAY);
    let chart: Vec<Document> =
        practice.thick_chart(0, 1000).into_iter().map(|bytes| Document::parse(bytes).unwrap()).collect();
    assert!((1000..1500).contains(&chart.len()));
    let owner = practice.patient_id(0).to_string();
    assert!(
        chart
            .iter()
            .all(|document| document.patient().is_some_and(|patient| patient.to_string().contains(&owner)))
    );
}

#[test]
fn every_drawer_has_its_share_of_a_practice() {
    let documents = documents(&Practice::new(7, 80, TODAY));
    let mut count: BTreeMap<Drawer, usize> = BTreeMap::new();
    for document in &documents {
        *count.entry(classify(document).drawer()).or_default() += 1;
    }
    let share = |drawer| count.get(&drawer).copied().unwrap_or(0) * 1000 / documents.len();
    assert!((5..60).contains(&share(Drawer::Sensitive)), "sensitive records are rare: {count:?}");
    assert!((5..100).contains(&share(Drawer::Billing)), "{count:?}");
    assert!(share(Drawer::Demographics) > 5 && share(Drawer::Clinical) > 700, "{count:?}");
    assert!(documents.iter().any(|document| classify(document) == DataClass::Counselling));
}

#[test]
fn a_clinician_has_fifteen_to_twenty_appointments_today() {
    let documents = documents(&Practice::new(7, 500, TODAY).density(Density::Light));
    let mut lists: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for document in documents.iter().filter(|d| d.kind().as_str() == "Appointment") {
        let value = document.value();
        let start = value["start"].as_str().unwrap().to_owned();
        if start.starts_with("2026-11-22") {
            let clinician = value["participant"][1]["actor"]["reference"].as_str().unwrap().to_owned();
            let before = lists
                .entry(clinician)
                .or_default()
                .insert(start, value["status"].as_str().unwrap().to_owned());
            assert_eq!(before, None, "one appointment at a time");
        }
    }
    assert_eq!(lists.len(), 3);
    for list in lists.values() {
        assert!((15..=20).contains(&list.len()), "{list:?}");
        for status in ["fulfilled", "arrived", "booked"] {
            assert!(list.values().any(|other| other == status), "{list:?}");
        }
    }
}

/// What holds for every practice, however odd its size and day.
fn check(practice: &Practice) {
    let documents = documents(practice);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut numbers: BTreeSet<String> = BTreeSet::new();
    for document in &documents {
        assert!(records::class::is_known(document), "{}", document.key());
        for reference in document.references() {
            assert!(
                seen.contains(reference),
                "{} points at {reference}, which did not come before it",
                document.key()
            );
        }
        assert!(seen.insert(document.key().to_string()), "{} is there twice", document.key());
        if document.kind().as_str() == "Patient" {
            assert!(
                numbers.insert(document.value()["identifier"][0]["value"].to_string()),
                "a record number is there twice"
            );
        }
        let text = std::str::from_utf8(document.bytes()).expect("text");
        for foreign in ["snomed.info", "ama-assn.org/go/cpt", "whocc.no"] {
            assert!(!text.contains(foreign), "{} holds a code that may not ship", document.key());
        }
        assert!(!text.contains("null"), "{} holds an empty element: {text}", document.key());
    }
    assert_eq!(numbers.len(), practice.patients() as usize);
}

#[test]
fn references_resolve_and_codes_may_ship_in_a_whole_practice() {
    check(&Practice::new(7, 60, TODAY));
    check(&Practice::new(7, 300, TODAY).density(Density::Light));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_seed_size_and_day_gives_a_sound_practice(
        seed: u64,
        patients in 1..16_u32,
        day in 0..20_000_i64,
        light: bool,
        offset in -720..840_i16,
    ) {
        let today = date(1990, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        let density = if light { Density::Light } else { Density::Chart };
        check(&Practice::new(seed, patients, today).density(density).utc_offset_minutes(offset));
    }
}
