//! What a person decides between two edits: what is asked, and what the answer makes.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use records::id::{ChangeId, PersonId};
use records::merge::{Merge, Side, changed_elements, merge, parts, settle};
use records::view::{ElementLine, element_lines};
use records::write::{Context, Settlement, settled_by};
use records::{DataClass, Document, classify};
use serde_json::{Value, json};
use uuid::Uuid;

use super::merges::any_document;
use super::people::document;

fn medicine(changes: &[(&str, Value)]) -> Document {
    let mut value = json!({
        "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": {"text": "Lisinopril"},
        "dosageInstruction": [{"text": "5 mg once a day"}],
    });
    for (name, change) in changes {
        value[*name] = change.clone();
    }
    document(value)
}

#[test]
fn a_medicine_and_its_dose_are_decided_as_one() {
    let base = medicine(&[]);
    let ours = medicine(&[
        ("dosageInstruction", json!([{"text": "10 mg once a day"}])),
        ("note", json!([{"text": "with food"}])),
    ]);
    let theirs = medicine(&[("status", json!("stopped"))]);

    let asked = parts(Some(&base), &ours, &theirs);

    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].title, Some("Medicine and dose"));
    assert_eq!(asked[0].elements, ["dosageInstruction", "status"]);
    let mine = settle(Some(&base), &ours, &theirs, |_| Side::Ours).unwrap();
    assert_eq!(mine.value()["status"], "active", "a dose of one and a status of the other would be neither");
    assert_eq!(mine.value()["dosageInstruction"], ours.value()["dosageInstruction"]);
    let stands = settle(Some(&base), &ours, &theirs, |_| Side::Theirs).unwrap();
    assert_eq!(stands.value()["status"], "stopped");
    assert_eq!(stands.value()["note"], ours.value()["note"], "what nobody disagrees on is kept either way");
}

#[test]
fn both_versions_are_shown_in_words() {
    let note = |text: &str, status: &str| {
        document(json!({
            "resourceType": "DocumentReference", "id": "n", "docStatus": status, "date": "2026-11-22T09:05:00Z",
            "authenticator": {"reference": "Practitioner/x", "display": "Rosa Quintanilla"},
            "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "title": "Cough", "data": text}}],
        }))
    };
    // "Dry cough.\nNo fever."
    let shown = note("RHJ5IGNvdWdoLgpObyBmZXZlci4=", "final");
    let elements = ["authenticator", "content", "date", "docStatus", "section"].map(str::to_owned);

    let lines = element_lines(&shown, &elements, &TimeZone::UTC);

    let line = |label: &str, text: &str| ElementLine { label: label.to_owned(), text: text.to_owned() };
    let expected = [
        line("Signed by", "Rosa Quintanilla"),
        line("Text", "Cough\nDry cough.\nNo fever."),
        line("Date", "22-Nov-2026 09:05"),
        line("Signed or draft", "Signed"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn values_have_their_unit_and_what_is_masked_says_nothing() {
    // The zero that somebody wrote is a statement, which a literal here would lose.
    let weight: Value = serde_json::from_str(r#"{"value": 11.50, "unit": "kg", "code": "kg"}"#).unwrap();
    let value = json!({"resourceType": "Observation", "id": "o", "valueQuantity": weight,
        "component": [{"code": {"text": "Left"}, "valueInteger": 3}]});
    let masked = json!({"resourceType": "Observation", "id": "o", "valueString": "Canary",
        "meta": {"security": [{"code": "MASKED"}]}});
    let elements = ["component", "valueQuantity", "valueString"].map(str::to_owned);

    let lines = element_lines(&document(value), &elements, &TimeZone::UTC);

    let words: Vec<(&str, &str)> = lines.iter().map(|line| (&*line.label, &*line.text)).collect();
    assert_eq!(words, [("Component", "Left; 3"), ("Value", "11.50 kg")]);
    assert!(!format!("{:?}", element_lines(&document(masked), &elements, &TimeZone::UTC)).contains("Canary"));
}

#[test]
fn a_settlement_is_read_back_and_kept_as_closely_as_its_record() {
    let patient = "p".parse().unwrap();
    let at = "2026-11-22T10:00:00Z".parse().unwrap();
    let author = PersonId::from_uuid(Uuid::from_u128(7));
    let context = Context { patient, encounter: None, author, author_name: None, at };
    let changes = [ChangeId::from_uuid(Uuid::from_u128(1)), ChangeId::from_uuid(Uuid::from_u128(2))];
    let kept_closely =
        json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]});
    for (record, class) in [
        (medicine(&[]), DataClass::ClinicalSummary),
        (medicine(&[("meta", kept_closely)]), DataClass::Sensitive),
        (document(json!({"resourceType": "Patient", "id": "p"})), DataClass::Demographics),
    ] {
        let records = [&record];
        let settlement = Settlement { id: "s".parse().unwrap(), records: &records, changes: &changes };

        let made = settlement.document(&context).unwrap();

        assert_eq!(made.patient(), Some(&context.patient));
        assert_eq!(classify(&made), class);
        assert_eq!(classify(&made).drawer(), classify(&record).drawer());
        let (settled, of) = settled_by(&made).unwrap();
        assert_eq!(settled, changes);
        assert!(of.contains(record.key()));
    }
    assert!(settled_by(&medicine(&[])).is_none());
}

proptest! {
    #[test]
    fn a_choice_always_makes_a_record_with_the_chosen_side_and_all_that_nobody_disputes(
        base in any_document(), ours in any_document(), theirs in any_document(), mine in any::<bool>(),
    ) {
        let asked = parts(Some(&base), &ours, &theirs);
        let needs_person = matches!(merge(&base, &ours, &theirs), Merge::NeedsPerson(_));
        prop_assert_eq!(!asked.is_empty(), needs_person);
        let side = if mine { Side::Ours } else { Side::Theirs };
        let made = settle(Some(&base), &ours, &theirs, |_| side).unwrap();
        let decided: Vec<&String> = asked.iter().flat_map(|part| &part.elements).collect();
        let from = if mine { &ours } else { &theirs };
        for name in &decided {
            prop_assert_eq!(made.value().get(name.as_str()), from.value().get(name.as_str()));
        }
        let (by_ours, by_theirs) = (changed_elements(&base, &ours), changed_elements(&base, &theirs));
        for name in by_ours.iter().filter(|name| !by_theirs.contains(name) && !decided.contains(name)) {
            prop_assert_eq!(made.value().get(name), ours.value().get(name));
        }
        for name in by_theirs.iter().filter(|name| !by_ours.contains(name) && !decided.contains(name)) {
            prop_assert_eq!(made.value().get(name), theirs.value().get(name));
        }
    }
}
