//! What a screen shows of records, save for allergies and results.

use jiff::civil::date;
use records::Document;
use records::view::{
    AppointmentItem, Chart, CoverageItem, DocumentItem, EncounterItem, ImmunizationItem, MedicationItem,
    MedicationList, NOT_KNOWN, NoteItem, NoteState, PatientSummary, ProblemItem,
};
use records::write::masked;
use serde_json::{Value, json};

use super::people::{coded, document, of_patient};

fn patient(value: Value) -> PatientSummary {
    let mut patient = json!({"resourceType": "Patient", "id": "p"});
    value.as_object().unwrap().iter().for_each(|(name, member)| patient[name] = member.clone());
    PatientSummary::of(&document(patient)).unwrap()
}

#[test]
fn a_patient_reads_as_the_banner_wants_it() {
    let shown = patient(json!({
        "name": [{"use": "old", "family": "Before"}, {"use": "official", "family": "Treviño", "given": ["Adán", "José"], "prefix": ["Mr."]},
                 {"use": "nickname", "given": ["Pepe"]}],
        "birthDate": "1945-07-14", "gender": "male",
        "identifier": [
            {"type": {"coding": [{"code": "SS"}]}, "value": "999-12-3456"},
            {"type": {"coding": [{"code": "MR"}]}, "value": "d67a0cff-8f7e-46f7-bb99-577a6623e59a"},
            {"system": "urn:chartkeep:mrn", "value": "T07-0012"}],
        "telecom": [{"system": "phone", "value": "555-1"}, {"system": "phone", "use": "mobile", "value": "555-2"}],
        "address": [{"line": ["1 Elm St"], "city": "Salem", "state": "MA", "postalCode": "01970"}],
        "communication": [{"language": {"text": "Spanish"}}],
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": true}],
    }));
    assert_eq!(shown.display_name, "TREVIÑO, Adán José (Mr)");
    assert_eq!(shown.preferred.as_deref(), Some("Pepe"));
    assert_eq!(
        (shown.born_text().as_str(), shown.age_text(date(2006, 8, 1)).as_str()),
        ("14-Jul-1945", "61y")
    );
    assert_eq!((shown.mrn.as_str(), shown.sex.text()), ("T07-0012", "Male"));
    assert_eq!(shown.phone.as_deref(), Some("555-2"));
    assert_eq!(shown.address.as_deref(), Some("1 Elm St, Salem, MA, 01970"));
    assert_eq!((shown.language.as_deref(), shown.interpreter), (Some("Spanish"), true));
    assert_eq!(shown.initials(), "AT");
    let all = format!("{shown:?}{}", serde_json::to_string(&shown).unwrap());
    assert!(!all.contains("999-12-3456"), "no view holds a social security number");
}

#[test]
fn what_is_missing_reads_not_known() {
    let shown = patient(json!({}));
    assert_eq!(shown.display_name, NOT_KNOWN);
    assert_eq!(
        (shown.born_text().as_str(), shown.age_text(date(2026, 1, 1)).as_str()),
        (NOT_KNOWN, NOT_KNOWN)
    );
    assert_eq!((shown.mrn.as_str(), shown.sex.text()), (NOT_KNOWN, NOT_KNOWN));
    assert_eq!(patient(json!({"birthDate": "1945"})).born_text(), "1945");
}

#[test]
fn a_bare_code_of_marital_status_reads_in_words() {
    let told = |status: Value| {
        let patient = json!({"resourceType": "Patient", "id": "p", "maritalStatus": status});
        records::view::marital_status(&Document::from_value(patient).unwrap())
    };
    let code = json!({"coding": [{"code": "M", "display": "M"}], "text": "M"});
    assert_eq!(told(code).as_deref(), Some("Married"));
    assert_eq!(told(json!({"text": "Separated since spring"})).as_deref(), Some("Separated since spring"));
    assert_eq!(told(json!({"coding": [{"code": "UNK"}]})).as_deref(), Some("Not Known"));
    assert_eq!(told(json!({})), None);
}

#[test]
fn the_age_of_the_dead_is_that_at_death() {
    let shown = patient(json!({"birthDate": "1945-07-14", "deceasedDateTime": "2001-07-13T10:00:00Z"}));
    assert!(shown.deceased.is_some());
    assert_eq!(shown.age_text(date(2026, 1, 1)), "55y");
    assert!(patient(json!({"deceasedBoolean": false})).deceased.is_none());
    assert!(patient(json!({"deceasedBoolean": true})).deceased.is_some());
}

#[test]
fn problems_are_active_first_and_never_without_a_status() {
    let documents = [
        of_patient(
            "Condition",
            "a",
            json!({"code": coded("1", "Old"), "abatementDateTime": "2001", "onsetDateTime": "2000"}),
        ),
        of_patient(
            "Condition",
            "b",
            json!({"code": coded("2", "Asthma"), "clinicalStatus": coded("active", "")}),
        ),
        of_patient("Condition", "c", json!({"verificationStatus": coded("entered-in-error", "")})),
    ];
    let problems = ProblemItem::all(&Chart::new(&documents));
    let shown: Vec<(&str, &str)> = problems.iter().map(|p| (p.title.as_str(), p.status.as_str())).collect();
    assert_eq!(shown, [("Asthma", "Active"), ("Old", "Resolved")]);
}

fn medicine(id: &str, more: Value) -> Document {
    of_patient("MedicationRequest", id, more)
}

#[test]
fn a_medicine_has_its_whole_dose_line_and_a_status_in_words() {
    let dose = |dosage: Value| {
        let documents = [medicine(
            "m",
            json!({"status": "active", "medicationCodeableConcept": {"text": "aspirin"},
            "dosageInstruction": [dosage]}),
        )];
        MedicationList::of(&Chart::new(&documents)).current[0].dose.clone()
    };
    let rate = |value: &str, unit: &str| -> Value {
        let quantity = format!(r#"{{"value":{value},"unit":"{unit}"}}"#);
        json!([{"doseQuantity": serde_json::from_str::<Value>(&quantity).unwrap()}])
    };
    assert_eq!(dose(json!({"text": "1 tablet daily"})).as_deref(), Some("1 tablet daily"));
    assert_eq!(
        dose(json!({"doseAndRate": rate("5.0", "mg"), "route": {"text": "oral"},
            "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}}))
        .as_deref(),
        Some("5 mg, oral, twice every day")
    );
    assert_eq!(
        dose(json!({"doseAndRate": rate("0.50", "mcg"), "asNeededBoolean": true})).as_deref(),
        Some("0.5 micrograms, as needed")
    );
    assert_eq!(dose(json!({"doseAndRate": rate("10", "[iU]")})).as_deref(), Some("10 units"));
    assert_eq!(dose(json!({"sequence": 1})), None);
}

#[test]
fn medicines_are_parted_into_current_and_past_and_named_wherever_their_name_is() {
    let documents = [
        medicine(
            "a",
            json!({"status": "active", "medicationReference": {"reference": "#m"},
            "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "Metformin"}}]}),
        ),
        medicine(
            "b",
            json!({"status": "stopped", "medicationReference": {"reference": "Medication/x"}, "authoredOn": "2020-01-01"}),
        ),
        document(
            json!({"resourceType": "Medication", "id": "x", "code": {"coding": [{"display": "Warfarin"}]}}),
        ),
        medicine("c", json!({"status": "completed", "authoredOn": "2021-01-01"})),
        medicine("d", json!({"status": "entered-in-error"})),
        medicine("e", json!({"status": "on-hold", "medicationCodeableConcept": {"text": "Zinc"}})),
        masked(&medicine("f", json!({"status": "active", "medicationCodeableConcept": {"text": "Canary"}})))
            .unwrap(),
    ];
    let list = MedicationList::of(&Chart::new(&documents));
    let shown = |items: &[MedicationItem]| -> Vec<(String, String)> {
        items.iter().map(|item| (item.name.clone(), item.status.clone())).collect()
    };
    let pair = |name: &str, status: &str| (name.to_owned(), status.to_owned());
    assert_eq!(
        shown(&list.current),
        [pair("Metformin", "Started"), pair("Zinc", "On hold"), pair("Masked", "Masked")]
    );
    assert_eq!(shown(&list.past), [pair(NOT_KNOWN, "Completed"), pair("Warfarin", "Discontinued")]);
    assert_eq!(list.masked, 1);
}

#[test]
fn notes_have_their_text_and_documents_theirs_attached() {
    let attached = |kind: &str, data: &str| json!([{"attachment": {"contentType": kind, "data": data, "title": "T", "size": 3}}]);
    let documents = [
        document(
            json!({"resourceType": "Practitioner", "id": "d", "name": [{"prefix": ["Dr."], "given": ["A"], "family": "B"}]}),
        ),
        of_patient(
            "DocumentReference",
            "a",
            json!({"status": "current", "docStatus": "preliminary", "date": "2026-01-01T00:00:00Z",
            "author": [{"reference": "Practitioner/d"}], "content": attached("text/plain", "SGVsbG8="), "type": {"text": "Visit note"}}),
        ),
        of_patient(
            "DocumentReference",
            "b",
            json!({"status": "current", "content": attached("application/pdf", "AAAA")}),
        ),
        of_patient(
            "Composition",
            "c",
            json!({"status": "final", "title": "Summary", "date": "2025-01-01",
            "section": [{"title": "Plan", "text": {"div": "<div><p>Rest &amp; <b>fluids</b></p><p>3 &lt; 4</p></div>"}}]}),
        ),
        of_patient(
            "DocumentReference",
            "e",
            json!({"status": "entered-in-error", "content": attached("text/plain", "SGVsbG8=")}),
        ),
    ];
    let chart = Chart::new(&documents);
    let notes = NoteItem::all(&chart);
    let shown: Vec<(&str, &str, NoteState)> =
        notes.iter().map(|n| (n.title.as_str(), n.text.as_str(), n.state)).collect();
    assert_eq!(
        shown,
        [("T", "Hello", NoteState::Draft), ("Summary", "Plan\nRest & fluids\n3 < 4", NoteState::Signed)]
    );
    assert_eq!(notes[0].author, "Dr. A B");
    let attached = DocumentItem::all(&chart);
    assert_eq!(
        (attached.len(), attached[0].media_type.as_str(), attached[0].bytes),
        (1, "application/pdf", Some(3))
    );
}

#[test]
fn appointments_encounters_immunizations_and_coverage_read_in_words() {
    let documents = [
        document(json!({"resourceType": "Location", "id": "r", "name": "Room 2"})),
        document(
            json!({"resourceType": "Appointment", "id": "a", "status": "noshow", "start": "2026-03-02T09:00:00Z",
            "end": "2026-03-02T09:20:00Z", "reasonCode": [{"text": "Cough"}], "participant": [
                {"actor": {"reference": "Patient/p", "display": "Not the clinician"}},
                {"actor": {"reference": "Practitioner/d", "display": "Dr D"}}, {"actor": {"reference": "Location/r"}}]}),
        ),
        of_patient(
            "Encounter",
            "e",
            json!({"status": "in-progress", "class": {"code": "EMER"}, "period": {"start": "2026-01-01T00:00:00Z"}}),
        ),
        document(
            json!({"resourceType": "Immunization", "id": "i", "status": "not-done", "patient": {"reference": "Patient/p"},
            "vaccineCode": {"coding": [{"code": "140"}]}, "protocolApplied": [{"doseNumberPositiveInt": 2}]}),
        ),
        document(
            json!({"resourceType": "Coverage", "id": "c", "status": "active", "payor": [{"display": "Acme"}], "beneficiary": {"reference": "Patient/p"}}),
        ),
    ];
    let chart = Chart::new(&documents);
    let appointment = &AppointmentItem::all(&chart)[0];
    assert_eq!(
        (appointment.status.as_str(), appointment.minutes, appointment.reason.as_str()),
        ("No show", Some(20), "Cough")
    );
    assert_eq!(
        (appointment.clinician.as_deref(), appointment.room.as_deref()),
        (Some("Dr D"), Some("Room 2"))
    );
    assert_eq!(appointment.patient.as_ref().unwrap().as_str(), "p");
    let encounter = &EncounterItem::all(&chart)[0];
    assert_eq!((encounter.title.as_str(), encounter.status.as_str()), ("Emergency", "In progress"));
    let immunization = &ImmunizationItem::all(&chart)[0];
    assert_eq!(
        (immunization.vaccine.as_str(), immunization.status.as_str(), immunization.dose.as_deref()),
        ("140", "Not done", Some("2"))
    );
    let coverage = &CoverageItem::all(&chart)[0];
    assert_eq!(
        (coverage.payor.as_str(), coverage.plan.as_str(), coverage.status.as_str()),
        ("Acme", NOT_KNOWN, "Active")
    );
}
