//! What is indexed of a record is what a question finds.

use proptest::prelude::*;
use records::search::{
    Condition, NotAsked, Parameter, ParameterKind, Test, index_of, millis_bytes, parameters, question,
    with_parameters,
};
use records::{Document, ResourceKind};

fn document(json: &str) -> Document {
    Document::parse(json.as_bytes().to_vec()).unwrap()
}

fn ada() -> Document {
    document(
        r#"{"resourceType":"Patient","id":"ada","gender":"female","birthDate":"1950-02-03",
            "identifier":[{"type":{"coding":[{"code":"MR"}]},"system":"urn:elm","value":"M-77"},
                {"type":{"coding":[{"code":"SS"}]},"system":"http://hl7.org/fhir/sid/us-ssn","value":"999-11-2222"}],
            "name":[{"family":"Treviño-Smith","given":["Ada","Mae"],"prefix":["Dr"]}],
            "telecom":[{"system":"phone","value":"(555) 010-2345"},{"system":"email","value":"Ada@example.org"}]}"#,
    )
}

fn parameter(kind: &str, name: &str) -> Parameter {
    let kind: ResourceKind = kind.parse().unwrap();
    *parameters(&kind).iter().find(|parameter| parameter.name == name).unwrap()
}

/// Whether a store that keeps exactly the index would find the document.
fn finds(document: &Document, name: &str, value: &str) -> bool {
    let rows = index_of(document);
    let parameter = parameter(document.kind().as_str(), name);
    let holds = |condition: &Condition| {
        rows.iter().filter(|row| row.parameter == condition.parameter).any(|row| match &condition.test {
            Test::Is(term) => row.term == *term,
            Test::Within(from, below) => {
                let records::search::Term::Clear(value) = &row.term else { return false };
                from.as_ref().is_none_or(|from| value >= from)
                    && below.as_ref().is_none_or(|below| value < below)
            }
        })
    };
    let group = question(&parameter, value).unwrap();
    group.iter().any(|alternative| alternative.iter().all(holds))
}

#[track_caller]
fn check(document: &Document, name: &str, found: &[&str], not_found: &[&str]) {
    for value in found {
        assert!(finds(document, name, value), "{name}={value} finds it");
    }
    for value in not_found {
        assert!(!finds(document, name, value), "{name}={value} does not find it");
    }
}

#[test]
fn a_patient_is_found_by_the_beginnings_of_names_whatever_their_accents() {
    let ada = ada();
    check(&ada, "family", &["trev", "TREVIÑO", "smith", "trevino-smith"], &["evi", "ada", "trevinox"]);
    check(&ada, "given", &["a", "Mae", "ada,zoe"], &["trev", "adah"]);
    check(&ada, "name", &["ada", "dr", "ada trev", "smith ada"], &["ada zoe", "x"]);
}

#[test]
fn a_patient_is_found_by_number_birth_date_and_telephone_but_never_by_a_social_security_number() {
    let ada = ada();
    check(&ada, "identifier", &["M-77", "m-77", "urn:elm|M-77"], &["M-7", "urn:oak|M-77", "999-11-2222"]);
    check(&ada, "birthdate", &["1950", "1950-02", "1950-02-03", "eq1950-02-03"], &["1951", "1950-02-04"]);
    check(&ada, "phone", &["5550102345", "+1 555 010 2345", "010-2345", "2345"], &["5550102346", "345"]);
    check(&ada, "telecom", &["ada@EXAMPLE.org", "phone|5550102345"], &["zoe@example.org"]);
    check(&ada, "phone", &[], &["ada@example.org"]);
    check(&ada, "gender", &["female", "male,female"], &["fem", "male"]);
}

#[test]
fn what_tells_who_somebody_is_comes_out_of_the_index_only_to_be_keyed() {
    let clear = |row: &records::search::Indexed| matches!(row.term, records::search::Term::Clear(_));
    let names: Vec<_> = index_of(&ada()).into_iter().filter(clear).map(|row| row.parameter).collect();
    assert_eq!(names, ["gender"]);
}

#[test]
fn a_birth_date_is_compared_by_whole_years_months_and_days() {
    let ada = ada();
    check(
        &ada,
        "birthdate",
        &["ge1950", "ge1950-02", "ge1950-02-03", "gt1949", "gt1950-01", "gt1950-02-02", "ge1900"],
        &["ge1950-02-04", "ge1950-03", "ge1951", "gt1950-02-03", "gt1950-02", "gt1950", "ge2100"],
    );
    check(
        &ada,
        "birthdate",
        &["le1950", "le1950-02", "le1950-02-03", "lt1951", "lt1950-03", "lt1950-02-04", "le2050"],
        &["le1950-02-02", "le1950-01", "le1949", "lt1950-02-03", "lt1950-02", "lt1950", "lt1875"],
    );
    // Of one of whom only the year is known, what holds whatever the day was.
    let bo = document(r#"{"resourceType":"Patient","id":"bo","birthDate":"1950"}"#);
    check(
        &bo,
        "birthdate",
        &["1950", "ge1950", "le1950", "gt1949-12-31"],
        &["ge1950-02", "le1950-11", "1950-02"],
    );
}

#[test]
fn what_a_comparison_of_birth_dates_cannot_say_is_refused() {
    let parameter = parameter("Patient", "birthdate");
    for asked in ["ne1950", "sa1950", "ap1950", "ge1950,le1940"] {
        assert_eq!(question(&parameter, asked), Err(NotAsked::Comparison), "{asked}");
    }
    for asked in ["about 1950", "", "ge", "ge1950-02-30", "ge1950-02-03T00:00:00Z", "1950-2"] {
        assert_eq!(question(&parameter, asked), Err(NotAsked::Unreadable), "{asked}");
    }
    let longest = question(&parameter, "ge1875-02-02").unwrap();
    assert!(longest.len() < 300, "a store asks for them one beside the other: {}", longest.len());
}

#[test]
fn a_code_is_found_with_and_without_its_system() {
    let document = document(
        r#"{"resourceType":"Condition","id":"c","code":{"coding":[
            {"system":"http://snomed.info/sct","code":"44054006"},{"code":"E11.9"}]},
            "subject":{"reference":"Patient/ada"},"encounter":{"reference":"Encounter/e1"}}"#,
    );
    check(
        &document,
        "code",
        &["44054006", "http://snomed.info/sct|44054006", "E11.9", "|E11.9", "x,E11.9"],
        &["4405400", "E11", "http://loinc.org|44054006", "|44054006", "e11.9"],
    );
    check(&document, "encounter", &["e1", "Encounter/e1"], &["e2", "Patient/e1"]);
    assert_eq!(
        question(&parameter("Condition", "code"), "http://snomed.info/sct|"),
        Err(NotAsked::Unreadable)
    );
}

#[test]
fn dates_are_compared_as_spans() {
    let at = |date: &str| {
        document(&format!(r#"{{"resourceType":"Observation","id":"o","effectiveDateTime":"{date}"}}"#))
    };
    let day = at("2020-03-05");
    let (same, other) = (["2020-03-05", "eq2020-03", "ge2020-03-05", "le2020-03-05"], ["2020-03-06", "2021"]);
    check(&day, "date", &same, &other);
    check(&day, "date", &["gt2020-03-04", "lt2020-03-06", "ne2020-03-04"], &["gt2020-03-05", "lt2020-03-05"]);
    check(&day, "date", &["sa2020-03-04", "eb2020-03-06"], &["sa2020-03-05", "eb2020-03-05", "ne2020-03-05"]);
    let instant = at("2020-03-05T10:00:00+02:00");
    check(&instant, "date", &["2020-03-05T08:00:00Z", "ge2020-03-05T08:00:00Z"], &["lt2020-03-05T08:00:00Z"]);
    let open = document(r#"{"resourceType":"Encounter","id":"e","period":{"start":"2020-03-05"}}"#);
    check(&open, "date", &["ge2031", "sa2020-03-04"], &["eb2031", "lt2020-03-05"]);
}

#[test]
fn every_parameter_of_the_table_reads_a_value_and_has_a_place_to_read_it_from() {
    for kind in with_parameters() {
        for parameter in parameters(&kind.parse().unwrap()) {
            let value = match parameter.kind {
                ParameterKind::Date | ParameterKind::Birth => "2020",
                ParameterKind::Reference => "Encounter/1",
                ParameterKind::Token | ParameterKind::Name | ParameterKind::Contact => "x",
            };
            assert!(question(parameter, value).is_ok(), "{kind}.{}", parameter.name);
            assert!(!parameter.paths.is_empty(), "{kind}.{}", parameter.name);
        }
    }
}

proptest! {
    #[test]
    fn bytes_of_times_sort_as_the_times_do(a: i64, b: i64) {
        prop_assert_eq!(a.cmp(&b), millis_bytes(a).cmp(&millis_bytes(b)));
    }

    #[test]
    fn every_beginning_of_a_name_finds_it(name in "[a-zA-ZäöéÑß]{1,20}", cut in 1_usize..20) {
        let json = serde_json::json!({"resourceType": "Patient", "id": "p", "name": [{"family": name}]});
        let patient = Document::from_value(json).unwrap();
        let folded = records::find::fold(&name);
        let beginning: String = folded.chars().take(cut).collect();
        prop_assert!(finds(&patient, "family", &beginning));
        prop_assert!(finds(&patient, "name", &name));
    }
}
