//! What a screen shows of records.

use jiff::civil::date;
use records::view::{
    AllergyList, AllergyTitle, AppointmentItem, Chart, CoverageItem, DocumentItem, EncounterItem, Flag,
    ImmunizationItem, LabSeries, MedicationList, NOT_KNOWN, NoteItem, NoteState, PatientSummary, ProblemItem,
    Range, Section, Sex, Subject, VitalSeries,
};
use records::write::masked;
use records::{DataClass, Document, classify};
use serde_json::{Value, json};

use super::people::document;

fn of_patient(kind: &str, id: &str, more: Value) -> Document {
    let mut value = json!({"resourceType": kind, "id": id, "subject": {"reference": "Patient/p"}});
    more.as_object().unwrap().iter().for_each(|(name, member)| value[name] = member.clone());
    document(value)
}

fn adult() -> Subject {
    Subject { sex: Sex::Male, born: Some("1970-01-01".parse().unwrap()) }
}

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
fn the_age_of_the_dead_is_that_at_death() {
    let shown = patient(json!({"birthDate": "1945-07-14", "deceasedDateTime": "2001-07-13T10:00:00Z"}));
    assert!(shown.deceased.is_some());
    assert_eq!(shown.age_text(date(2026, 1, 1)), "55y");
    assert!(patient(json!({"deceasedBoolean": false})).deceased.is_none());
    assert!(patient(json!({"deceasedBoolean": true})).deceased.is_some());
}

fn coded(code: &str, text: &str) -> Value {
    json!({"coding": [{"code": code}], "text": text})
}

fn allergy(id: &str, more: Value) -> Document {
    let mut value =
        json!({"resourceType": "AllergyIntolerance", "id": id, "patient": {"reference": "Patient/p"}});
    more.as_object().unwrap().iter().for_each(|(name, member)| value[name] = member.clone());
    document(value)
}

fn list(documents: &[Document], section: Section) -> AllergyList {
    AllergyList::of(&Chart::new(documents), section, 0)
}

#[test]
fn the_four_titles_are_exact() {
    let titles =
        [AllergyTitle::Known, AllergyTitle::NoneKnown, AllergyTitle::NotRecorded, AllergyTitle::Unavailable];
    assert_eq!(
        titles.map(AllergyTitle::text),
        ["Known allergies", "No known allergies", "Allergies not recorded", "Allergies unavailable"]
    );
    for title in titles {
        assert_eq!(serde_json::to_value(title).unwrap(), title.text());
    }
}

#[test]
fn no_known_allergies_takes_a_statement_and_nothing_against_it() {
    let none = || allergy("n", json!({"code": coded("716186003", "No known allergy")}));
    let stated = [none()];
    assert_eq!(list(&[], Section::Held).title, AllergyTitle::NotRecorded);
    assert_eq!(list(&stated, Section::Held).title, AllergyTitle::NoneKnown);
    assert_eq!(
        list(&stated, Section::NotHeld).title,
        AllergyTitle::Unavailable,
        "not from data that was not synced"
    );
    assert_eq!(list(&[], Section::NotHeld).title, AllergyTitle::Unavailable);
    let with_one = [none(), allergy("a", json!({"code": coded("7980", "Penicillin")}))];
    assert_eq!(list(&with_one, Section::Held).title, AllergyTitle::Known);
    let only_drugs = [allergy("n", json!({"code": coded("409137002", "No known drug allergy")}))];
    assert_eq!(list(&only_drugs, Section::Held).title, AllergyTitle::NotRecorded);
    let empty_list = [of_patient(
        "List",
        "l",
        json!({"status": "current", "code": coded("52473-6", "Allergies"),
        "emptyReason": coded("nilknown", "None")}),
    )];
    assert_eq!(list(&empty_list, Section::Held).title, AllergyTitle::NoneKnown);
}

#[test]
fn no_known_allergies_never_stands_over_a_masked_row() {
    let secret = allergy("s", json!({"code": coded("1", "Canary"), "meta": {"security": [{"code": "ETH"}]}}));
    assert_eq!(classify(&secret), DataClass::Sensitive);
    let stub = masked(&secret).unwrap();
    assert_eq!(classify(&stub), DataClass::ClinicalSummary);
    assert!(!String::from_utf8_lossy(stub.bytes()).contains("Canary"));
    let stated = [allergy("n", json!({"code": coded("716186003", "No known allergy")})), stub];
    let list_with_stub = list(&stated, Section::Held);
    assert_eq!((list_with_stub.title, list_with_stub.masked), (AllergyTitle::Unavailable, 1));
    assert_eq!(list_with_stub.items[0].agent, "Masked");
    let hidden = AllergyList::of(&Chart::new(&stated[..1]), Section::Held, 1);
    assert_eq!(hidden.title, AllergyTitle::Unavailable);
}

#[test]
fn known_allergies_are_shown_even_from_data_that_is_not_all_here() {
    let some = [allergy("a", json!({"code": coded("7980", "Penicillin")}))];
    assert_eq!(list(&some, Section::NotHeld).title, AllergyTitle::Known);
}

#[test]
fn an_allergy_shows_agent_reactions_severity_and_certainty() {
    let documents = [
        allergy(
            "a",
            json!({"code": {"coding": [{"display": "Latex\u{200b}"}]}, "criticality": "low",
            "meta": {"lastUpdated": "2025-01-02T03:04:05Z"}}),
        ),
        allergy(
            "b",
            json!({"code": coded("7980", "Penicillin"), "criticality": "high", "category": ["medication"],
            "clinicalStatus": coded("active", ""), "verificationStatus": coded("confirmed", ""),
            "reaction": [{"manifestation": [{"text": "Hives"}], "severity": "mild"},
                         {"manifestation": [{"text": "Wheeze"}], "severity": "severe"}]}),
        ),
        allergy("c", json!({"code": coded("x", "Old"), "clinicalStatus": coded("resolved", "")})),
        allergy(
            "d",
            json!({"code": coded("x", "Wrong"), "verificationStatus": coded("entered-in-error", "")}),
        ),
        allergy("e", json!({"code": coded("x", "Refuted"), "verificationStatus": coded("refuted", "")})),
    ];
    let list = list(&documents, Section::Held);
    let agents: Vec<&str> = list.items.iter().map(|item| item.agent.as_str()).collect();
    assert_eq!(agents, ["Penicillin", "Latex"], "worst first, without invisible letters");
    let first = &list.items[0];
    assert_eq!(first.reactions, ["Hives", "Wheeze"]);
    assert_eq!((first.severity.as_deref(), first.certainty.as_deref()), (Some("Severe"), Some("Confirmed")));
    assert_eq!(first.category.as_deref(), Some("Medication"));
    assert_eq!(list.past.iter().map(|item| item.agent.as_str()).collect::<Vec<_>>(), ["Old"]);
    assert_eq!(list.as_of.unwrap().to_string(), "2025-01-02T03:04:05Z");
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
    let shown = |items: &[records::view::MedicationItem]| -> Vec<(String, String)> {
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

fn observed(id: &str, code: &str, at: &str, more: Value) -> Document {
    let mut value = json!({"resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": at,
        "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": format!("Test {code}")}]}});
    more.as_object().unwrap().iter().for_each(|(name, member)| value[name] = member.clone());
    document(value)
}

fn quantity(value: f64, unit: &str) -> Value {
    json!({"valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}})
}

fn pressure(id: &str, code: &str, at: &str, high: i32, low: i32) -> Document {
    let part = |code: &str, value: i32| {
        let mut part = quantity(f64::from(value), "mm[Hg]");
        part["valueQuantity"]["value"] = value.into();
        part["code"] = json!({"coding": [{"system": "http://loinc.org", "code": code}]});
        part
    };
    observed(id, code, at, json!({"component": [part("8462-4", low), part("8480-6", high)]}))
}

#[test]
fn blood_pressures_of_both_codes_are_one_series_with_two_values_a_point() {
    let documents = [
        pressure("new", "85354-9", "2026-02-01T10:00:00Z", 128, 82),
        pressure("old", "55284-4", "2020-02-01T10:00:00Z", 120, 80),
    ];
    let series = VitalSeries::all(&Chart::new(&documents), &adult());
    assert_eq!(series.len(), 1);
    let latest = series[0].latest().unwrap();
    assert_eq!((latest.title.as_str(), latest.text.as_str()), ("Blood pressure", "128/82 mmHg"));
    assert_eq!(latest.previous.as_deref(), Some("120/80 mmHg"));
    assert_eq!((series[0].points[1].value, series[0].points[1].low), (128.0, Some(82.0)));
    assert_eq!(series[0].range.as_ref().unwrap().text, "≤ 119");
    assert_eq!(series[0].low_range.as_ref().unwrap().text, "≤ 79");
}

#[test]
fn vital_signs_in_two_units_are_two_series() {
    let documents = [
        observed("a", "29463-7", "2026-01-01", quantity(80.0, "kg")),
        observed("b", "29463-7", "2026-01-02", quantity(176.0, "[lb_av]")),
        observed("c", "8331-1", "2026-01-02", quantity(37.5, "Cel")),
        observed("d", "8310-5", "2026-01-03", quantity(36.9, "Cel")),
    ];
    let series = VitalSeries::all(&Chart::new(&documents), &adult());
    let shown: Vec<(&str, &str, usize)> =
        series.iter().map(|s| (s.title.as_str(), s.unit.as_str(), s.points.len())).collect();
    assert_eq!(shown, [("Temperature", "°C", 2), ("Weight", "lb", 1), ("Weight", "kg", 1)]);
}

#[test]
fn results_are_grouped_by_code_and_never_mix_units() {
    let documents = [
        observed("a", "33914-3", "2020-01-01", quantity(80.0, "mL/min")),
        observed("b", "33914-3", "2021-01-01", quantity(50.0, "mL/min/{1.73_m2}")),
        observed("c", "718-7", "2020-01-01", quantity(13.0, "g/dL")),
        observed("d", "718-7", "2021-01-01", {
            let mut more = quantity(15.0, "g/dL");
            more["code"] = json!({"coding": [{"system": "http://loinc.org", "code": "718-7"}], "text": "Hemoglobin [Mass/\u{200b}volume]"});
            more
        }),
    ];
    let series = LabSeries::all(&Chart::new(&documents), &adult());
    let hemoglobin = series.iter().find(|s| s.code == "718-7").unwrap();
    assert_eq!((hemoglobin.title.as_str(), hemoglobin.results.len()), ("Hemoglobin [Mass/volume]", 2));
    assert_eq!(hemoglobin.latest().unwrap().flag, None);
    assert_eq!(hemoglobin.previous().unwrap().flag, Some(Flag::Low));
    let rates: Vec<&LabSeries> = series.iter().filter(|s| s.code == "33914-3").collect();
    assert_eq!(rates.len(), 2);
    let judged = rates.iter().find(|s| s.unit_code != "mL/min").unwrap();
    assert_eq!(judged.results[0].flag, Some(Flag::Low));
    let other = rates.iter().find(|s| s.unit_code == "mL/min").unwrap();
    assert_eq!(other.results[0].range, None, "the range is for another unit");
}

#[test]
fn a_range_that_came_with_the_result_goes_before_the_curated_one() {
    let mut more = quantity(5.2, "mmol/L");
    more["referenceRange"] = json!([{"low": {"value": 3.6}, "high": {"value": 5.3}}]);
    let documents = [
        observed("a", "6298-4", "2021-01-01", more),
        observed("b", "6298-4", "2020-01-01", quantity(5.2, "mmol/L")),
        observed("c", "2947-0", "2020-01-01", {
            let mut more = quantity(150.0, "mmol/L");
            more["interpretation"] = json!([coded("HH", "")]);
            more
        }),
    ];
    let series = LabSeries::all(&Chart::new(&documents), &adult());
    let potassium = series.iter().find(|s| s.code == "6298-4").unwrap();
    let supplied = potassium.latest().unwrap();
    assert_eq!(supplied.flag, None);
    assert_eq!(supplied.range.as_ref().unwrap().text, "3.6 – 5.3");
    assert_eq!(supplied.range.as_ref().unwrap().source, "Supplied with the result");
    let curated = potassium.previous().unwrap();
    assert_eq!(
        (curated.flag, curated.range.as_ref().unwrap().text.as_str()),
        (Some(Flag::High), "3.5 – 5.0")
    );
    let sodium = series.iter().find(|s| s.code == "2947-0").unwrap();
    assert_eq!(sodium.latest().unwrap().flag, Some(Flag::CriticallyHigh));
}

#[test]
fn curated_ranges_hold_only_for_whom_they_were_made() {
    let at = Some("2026-01-01".parse().unwrap());
    let of = |subject: &Subject| Range::curated("718-7", "g/dL", subject, at).map(|range| range.text);
    let of_sex = |sex| Subject { sex, ..adult() };
    assert_eq!(of(&of_sex(Sex::Male)).as_deref(), Some("14 – 18"));
    assert_eq!(of(&of_sex(Sex::Female)).as_deref(), Some("12 – 16"));
    assert_eq!(of(&of_sex(Sex::Unknown)), None);
    assert_eq!(of(&Subject { born: Some("2015-01-01".parse().unwrap()), ..adult() }), None, "a child");
    assert_eq!(of(&Subject { born: None, ..adult() }), None, "of unknown age");
    assert_eq!(Range::curated("718-7", "g/L", &adult(), at), None, "another unit");
    let source = Range::curated("9279-1", "/min", &adult(), at).unwrap().source;
    assert!(source.contains("NEWS2"), "{source}");
}

#[test]
fn results_in_words_are_shown_and_long_computed_numbers_shortened() {
    let documents = [
        observed("a", "72166-2", "2020-01-01", json!({"valueCodeableConcept": {"text": "Never smoker"}})),
        observed("b", "2093-3", "2020-01-01", quantity(178.839_813_558_778_62, "mg/dL")),
        observed(
            "c",
            "5671-3",
            "2020-01-01",
            json!({"valueQuantity": {"value": 0.001, "comparator": "<", "unit": "mg/L"}}),
        ),
        observed("d", "1-8", "2020-01-01", json!({"dataAbsentReason": {"text": "unknown"}})),
        observed("e", "2-8", "2020-01-01", json!({"valueString": "x", "status": "entered-in-error"})),
    ];
    let series = LabSeries::all(&Chart::new(&documents), &adult());
    let text = |code: &str| series.iter().find(|s| s.code == code).map(|s| s.results[0].text.as_str());
    assert_eq!(text("72166-2"), Some("Never smoker"));
    assert_eq!(text("2093-3"), Some("178.84"));
    assert_eq!(text("5671-3"), Some("<0.001"));
    assert_eq!((text("1-8"), text("2-8")), (None, None));
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
