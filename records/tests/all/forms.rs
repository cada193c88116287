//! What is typed becomes documents, after it was checked.

use records::view::{Chart, NoteItem, NoteState, PatientSummary, Subject, VitalSeries};
use records::write::{
    Check, Context, Decimal, Field, Known, LengthUnit, Level, NoteError, NoteForm, TemperatureUnit,
    VitalsError, VitalsForm, WeightUnit, with_record_number,
};
use records::{DataClass, Document, classify};
use serde_json::json;
use uuid::Uuid;

use super::people::{PERSON, document, now, patient};

fn context() -> Context {
    Context {
        patient: patient(),
        encounter: None,
        author: PERSON,
        author_name: Some("Nurse N".into()),
        at: now(),
    }
}

fn number(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

fn made(form: &VitalsForm, known: &Known) -> Result<Vec<Document>, VitalsError> {
    let mut next = 0;
    form.documents(known, &context(), &mut || {
        next += 1;
        Uuid::from_u128(next)
    })
}

const ADULT: Known = Known { age_years: Some(50), last_weight_kg: None, last_height_cm: None };

fn full_form() -> VitalsForm {
    VitalsForm {
        systolic: number("128"),
        diastolic: number("82"),
        heart_rate: number("72"),
        oxygen_saturation: number("98"),
        respiratory_rate: number("16"),
        temperature: number("36.60"),
        weight: number("80.5"),
        height: number("179"),
        pain: number("3"),
        ..VitalsForm::default()
    }
}

#[test]
fn a_full_form_becomes_observations_that_the_views_read_back() {
    assert_eq!(full_form().check(&ADULT), []);
    let documents = made(&full_form(), &ADULT).unwrap();
    assert!(
        documents
            .iter()
            .all(|d| classify(d) == DataClass::ClinicalSummary && d.patient() == Some(&patient()))
    );
    let series = VitalSeries::all(&Chart::new(&documents), &Subject::unknown());
    let shown: Vec<String> =
        series.iter().map(|s| s.latest().unwrap()).map(|v| format!("{} {}", v.title, v.text)).collect();
    assert_eq!(
        shown,
        [
            "Blood pressure 128/82 mmHg",
            "Heart rate 72 /min",
            "Respiratory rate 16 /min",
            "Oxygen saturation 98 %",
            "Temperature 36.60 °C",
            "Weight 80.5 kg",
            "Height 179 cm",
            "BMI 25.1 kg/m²",
            "Pain score 3 score",
        ]
    );
}

#[test]
fn the_blood_pressure_document_is_frozen() {
    let form = VitalsForm { systolic: number("128"), diastolic: number("82"), ..VitalsForm::default() };
    let documents = made(&form, &ADULT).unwrap();
    let frozen = r#"{"resourceType":"Observation","id":"00000000-0000-0000-0000-000000000001","status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel with all children optional"}],"text":"Blood pressure panel with all children optional"},
"subject":{"reference":"Patient/pat-1"},"effectiveDateTime":"2026-03-02T09:30:00Z","issued":"2026-03-02T09:30:00Z",
"performer":[{"reference":"Practitioner/00000000-0000-0000-0000-0000000000b1","display":"Nurse N"}],
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolic blood pressure"}],"text":"Systolic blood pressure"},
"valueQuantity":{"value":128,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4","display":"Diastolic blood pressure"}],"text":"Diastolic blood pressure"},
"valueQuantity":{"value":82,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}"#;
    assert_eq!(std::str::from_utf8(documents[0].bytes()).unwrap(), frozen.replace('\n', ""));
}

#[test]
fn other_units_are_converted_and_the_record_says_so() {
    let form = VitalsForm {
        temperature: number("98.6"),
        temperature_unit: TemperatureUnit::Fahrenheit,
        weight: number("176"),
        weight_unit: WeightUnit::Pound,
        height: number("70"),
        height_unit: LengthUnit::Inch,
        ..VitalsForm::default()
    };
    assert_eq!(form.check(&ADULT), []);
    let documents = made(&form, &ADULT).unwrap();
    let value = |n: usize| documents[n].value()["valueQuantity"]["value"].to_string();
    assert_eq!([value(0), value(1), value(2)], ["37.0", "79.8", "177.8"]);
    assert_eq!(documents[0].value()["note"][0]["text"], "Entered as 98.6 °F");
    assert_eq!(documents[1].value()["note"][0]["text"], "Entered as 176 lb");
}

fn found(form: &VitalsForm, known: &Known) -> Vec<(Field, Level)> {
    form.check(known).into_iter().map(|Check { field, level, .. }| (field, level)).collect()
}

#[test]
fn impossible_values_are_errors_and_unusual_ones_warnings() {
    let heart = |text: &str| VitalsForm { heart_rate: number(text), ..VitalsForm::default() };
    assert_eq!(found(&heart("720"), &ADULT), [(Field::HeartRate, Level::Error)]);
    assert_eq!(found(&heart("170"), &ADULT), [(Field::HeartRate, Level::Warning)]);
    let child = Known { age_years: Some(1), ..Known::default() };
    assert_eq!(found(&heart("170"), &child), [], "usual for a child");
    assert!(
        matches!(made(&heart("720"), &ADULT), Err(VitalsError::NotPossible(checks)) if checks.len() == 1)
    );
    assert!(made(&heart("170"), &ADULT).is_ok(), "what is unusual can be confirmed");
    assert_eq!(heart("720").check(&ADULT)[0].message, "Heart rate must lie between 20 and 300 per minute.");
}

#[test]
fn a_blood_pressure_needs_both_halves_the_right_way_round() {
    let form = |high, low| VitalsForm { systolic: high, diastolic: low, ..VitalsForm::default() };
    assert_eq!(found(&form(number("120"), None), &ADULT), [(Field::Diastolic, Level::Error)]);
    assert_eq!(found(&form(None, number("80")), &ADULT), [(Field::Systolic, Level::Error)]);
    assert_eq!(found(&form(number("80"), number("120")), &ADULT), [(Field::Diastolic, Level::Error)]);
}

#[test]
fn an_empty_form_half_a_pain_and_a_sudden_weight_are_asked_about() {
    assert_eq!(found(&VitalsForm::default(), &ADULT), [(Field::Form, Level::Error)]);
    let pain = VitalsForm { pain: number("3.5"), ..VitalsForm::default() };
    assert_eq!(found(&pain, &ADULT), [(Field::Pain, Level::Error)]);
    let weight = VitalsForm { weight: number("80"), ..VitalsForm::default() };
    let before = |kg| Known { last_weight_kg: Some(kg), ..ADULT };
    assert_eq!(found(&weight, &before(100.0)), [(Field::Weight, Level::Warning)]);
    assert_eq!(found(&weight, &before(84.0)), []);
}

#[test]
fn a_grown_persons_height_from_before_makes_the_bmi() {
    let weight = VitalsForm { weight: number("80"), ..VitalsForm::default() };
    let grown = Known { last_height_cm: Some(180.0), ..ADULT };
    assert_eq!(made(&weight, &grown).unwrap().len(), 2);
    let growing = Known { age_years: Some(10), last_height_cm: Some(130.0), last_weight_kg: None };
    assert_eq!(made(&weight, &growing).unwrap().len(), 1);
}

#[test]
fn numbers_keep_their_digits_and_odd_ones_are_refused() {
    for (typed, kept) in [("36.60", "36.60"), ("36,6", "36.6"), (" 080 ", "80"), ("0", "0"), ("0.5", "0.5")] {
        assert_eq!(typed.parse::<Decimal>().unwrap().to_string(), kept);
    }
    for typed in ["", ".", "5.", ".5", "-1", "1e3", "12a", "1.2.3", "1234567890"] {
        assert!(typed.parse::<Decimal>().is_err(), "{typed}");
    }
    let form: VitalsForm =
        serde_json::from_value(json!({"heartRate": "72", "weightUnit": "[lb_av]"})).unwrap();
    assert_eq!((form.heart_rate, form.weight_unit), (number("72"), WeightUnit::Pound));
}

fn note(text: &str, sign: bool) -> NoteForm {
    NoteForm { id: "n1".parse().unwrap(), title: "Visit".into(), text: text.into(), sign, appends: None }
}

#[test]
fn a_note_is_written_revised_signed_and_then_only_added_to() {
    let draft = note("Cough.\nÄlter", false).document(&context()).unwrap();
    let read = |document: &Document| {
        let documents = [document.clone()];
        NoteItem::of(&documents[0], &Chart::new(&documents)).unwrap()
    };
    let shown = read(&draft);
    assert_eq!(
        (shown.text.as_str(), shown.state, shown.author.as_str()),
        ("Cough.\nÄlter", NoteState::Draft, "Nurse N")
    );
    assert_eq!((shown.author_id, shown.title.as_str()), (Some(PERSON), "Visit"));
    assert_eq!(classify(&draft), DataClass::NotesResults);

    let signed = note("Cough, better.", true).revise(&draft, &context()).unwrap();
    assert_eq!((read(&signed).text.as_str(), read(&signed).state), ("Cough, better.", NoteState::Signed));
    assert_eq!(note("Changed", false).revise(&signed, &context()).unwrap_err(), NoteError::Signed);

    let mut addendum = note("Also: fever.", true);
    addendum.id = "n2".parse().unwrap();
    addendum.appends = Some(signed.key().clone());
    assert_eq!(read(&addendum.document(&context()).unwrap()).appends, Some(signed.key().clone()));
    assert_eq!(addendum.revise(&draft, &context()).unwrap_err(), NoteError::AnotherNote);
}

#[test]
fn a_note_without_text_or_with_too_much_is_refused() {
    assert_eq!(note(" \n", false).document(&context()).unwrap_err(), NoteError::Empty);
    let long = "x".repeat(NoteForm::MOST_CHARACTERS + 1);
    assert_eq!(note(&long, false).document(&context()).unwrap_err(), NoteError::TooLong);
}

#[test]
fn a_short_record_number_takes_the_place_of_one_before() {
    let before = document(json!({"resourceType": "Patient", "id": "p", "identifier": [{"value": "x"}]}));
    let first = with_record_number(&before, "CK-1001").unwrap();
    let second = with_record_number(&first, "CK-1002").unwrap();
    assert_eq!(PatientSummary::of(&second).unwrap().mrn, "CK-1002");
    assert_eq!(second.value()["identifier"].as_array().unwrap().len(), 2);
    let without = document(json!({"resourceType": "Patient", "id": "p"}));
    assert_eq!(PatientSummary::of(&with_record_number(&without, "7").unwrap()).unwrap().mrn, "7");
}
