//! Vital signs, laboratory results, and the ranges beside them.

use records::Document;
use records::view::{Chart, Flag, LabSeries, Range, Sex, Subject, VitalSeries};
use serde_json::{Value, json};

use super::people::{adult, coded, document};

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
