//! Medicines, current and past, each with its whole dose line.

use serde::Serialize;
use serde_json::Value;

use super::chart::Chart;
use super::element::{self, concept, first_when, items, number, text};
use super::{MASKED, NOT_KNOWN};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// One medicine as it was ordered or stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MedicationItem {
    /// The record.
    pub key: RecordKey,
    /// Its name, as the source wrote it.
    pub name: String,
    /// Dose, route and frequency in one line, where they are recorded.
    pub dose: Option<String>,
    /// `Started`, `Completed`, `Discontinued`, `On hold` …; never blank.
    pub status: String,
    /// Whether it is current.
    pub current: bool,
    /// Whether it is taken only as needed.
    pub as_needed: bool,
    /// When it was ordered.
    pub started: Option<When>,
    /// Who ordered it.
    pub prescriber: Option<String>,
    /// What for.
    pub reason: Option<String>,
    /// A row that stands for a record which may not be shown.
    pub masked: bool,
}

/// The medicines of one patient.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MedicationList {
    /// What is taken now, by name.
    pub current: Vec<MedicationItem>,
    /// What was taken, latest first.
    pub past: Vec<MedicationItem>,
    /// How many rows are masked; interaction checks are incomplete then.
    pub masked: usize,
}

impl MedicationList {
    /// The medicines of a chart.
    pub fn of(chart: &Chart<'_>) -> Self {
        let kinds = [ResourceKind::MEDICATION_REQUEST, ResourceKind::MEDICATION_STATEMENT];
        let documents = kinds.iter().flat_map(|kind| chart.of_kind(kind));
        let mut list = Self::default();
        for document in documents {
            let masked = document.labels().masked;
            if !masked && (element::entered_in_error(document.value()) || forbids(document.value())) {
                continue;
            }
            list.masked += usize::from(masked);
            let item = MedicationItem::of(document, chart);
            if item.current { list.current.push(item) } else { list.past.push(item) }
        }
        list.current.sort_by_cached_key(|item| (item.masked, item.name.to_lowercase()));
        list.past.sort_by_key(|item| std::cmp::Reverse(item.started.map(When::sort_key)));
        list
    }
}

impl MedicationItem {
    /// The view of one `MedicationRequest` or `MedicationStatement`.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Self {
        let value = document.value();
        let masked = document.labels().masked;
        let code = text(value, "status");
        let dosages = dosages(value);
        Self {
            key: document.key().clone(),
            name: if masked { MASKED.to_owned() } else { name(value, chart) },
            dose: dose_line(dosages),
            status: if masked { MASKED.to_owned() } else { status(code.as_deref()) },
            current: matches!(code.as_deref(), Some("active" | "on-hold" | "intended" | "unknown") | None),
            as_needed: dosages.iter().any(as_needed),
            started: first_when(
                value,
                &["authoredOn", "effectiveDateTime", "effectivePeriod", "dateAsserted"],
            ),
            prescriber: value.get("requester").and_then(|who| chart.name_of(who)),
            reason: reason(value, chart),
            masked,
        }
    }
}

/// CUI words for the codes of FHIR.
fn status(code: Option<&str>) -> String {
    match code {
        Some("active") => "Started".to_owned(),
        Some("completed") => "Completed".to_owned(),
        Some("stopped") => "Discontinued".to_owned(),
        Some("unknown") | None => NOT_KNOWN.to_owned(),
        Some(code) => element::status_words(code),
    }
}

fn forbids(value: &Value) -> bool {
    value.get("doNotPerform").and_then(Value::as_bool) == Some(true)
}

fn dosages(value: &Value) -> &[Value] {
    let ordered = items(value, "dosageInstruction");
    if ordered.is_empty() { items(value, "dosage") } else { ordered }
}

fn name(value: &Value, chart: &Chart<'_>) -> String {
    let coded = value.get("medicationCodeableConcept").and_then(concept);
    coded.or_else(|| referenced_name(value, chart)).unwrap_or_else(|| NOT_KNOWN.to_owned())
}

fn referenced_name(value: &Value, chart: &Chart<'_>) -> Option<String> {
    let reference = value.get("medicationReference")?;
    let contained = || {
        let id = reference.get("reference")?.as_str()?.strip_prefix('#')?;
        let medicine =
            items(value, "contained").iter().find(|c| c.get("id").and_then(Value::as_str) == Some(id))?;
        concept(medicine.get("code")?)
    };
    let stored = || concept(chart.get(&element::target(value, "medicationReference")?)?.value().get("code")?);
    text(reference, "display").or_else(contained).or_else(stored)
}

fn reason(value: &Value, chart: &Chart<'_>) -> Option<String> {
    let coded = items(value, "reasonCode").iter().find_map(concept);
    coded.or_else(|| concept(chart.get(&element::target(value, "reasonReference")?)?.value().get("code")?))
}

fn as_needed(dosage: &Value) -> bool {
    dosage.get("asNeededBoolean").and_then(Value::as_bool) == Some(true)
        || dosage.get("asNeededCodeableConcept").is_some()
}

fn dose_line(dosages: &[Value]) -> Option<String> {
    let lines: Vec<String> = dosages.iter().filter_map(dosage_line).collect();
    (!lines.is_empty()).then(|| lines.join("; then "))
}

/// What the prescriber wrote, or else amount, route and frequency put together.
fn dosage_line(dosage: &Value) -> Option<String> {
    if let Some(written) = text(dosage, "text").or_else(|| text(dosage, "patientInstruction")) {
        return Some(written);
    }
    let rates = items(dosage, "doseAndRate");
    let parts = [
        rates.iter().find_map(amount),
        dosage.get("route").and_then(concept),
        dosage.get("timing").and_then(timing),
        as_needed(dosage).then(|| "as needed".to_owned()),
    ];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn amount(rate: &Value) -> Option<String> {
    let one = |quantity: &Value| {
        let (_, digits) = number(quantity, "value")?;
        let unit = text(quantity, "unit").or_else(|| text(quantity, "code")).map(|unit| unit_words(&unit));
        let dose = dose_digits(&digits);
        Some(unit.map_or_else(|| dose.clone(), |unit| format!("{dose} {unit}")))
    };
    let range = || {
        let range = rate.get("doseRange")?;
        Some(format!("{} to {}", one(range.get("low")?)?, one(range.get("high")?)?))
    };
    rate.get("doseQuantity").and_then(one).or_else(range)
}

/// A leading zero always, a trailing zero never: `.5` and `5.0` are how tenfold errors are made.
fn dose_digits(digits: &str) -> String {
    let shown = if digits.contains('.') && !digits.contains(['e', 'E']) {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    };
    if shown.starts_with('.') { format!("0{shown}") } else { shown.to_owned() }
}

/// Units that are misread when they are short, in words.
fn unit_words(unit: &str) -> String {
    match unit {
        "ug" | "mcg" | "µg" | "μg" => "micrograms".to_owned(),
        "ng" => "nanograms".to_owned(),
        "[iU]" | "IU" | "U" | "[IU]" => "units".to_owned(),
        "{tbl}" => "tablet".to_owned(),
        unit => unit.to_owned(),
    }
}

fn timing(timing: &Value) -> Option<String> {
    if let Some(words) = timing.get("code").and_then(concept) {
        return Some(words);
    }
    let repeat = timing.get("repeat")?;
    let (_, period) = number(repeat, "period")?;
    let unit = match text(repeat, "periodUnit")?.as_str() {
        "h" => "hour",
        "d" => "day",
        "wk" => "week",
        "mo" => "month",
        _ => return None,
    };
    let (_, times) = number(repeat, "frequency").unwrap_or((1.0, "1".to_owned()));
    let every = match period.as_str() {
        "1" | "1.0" => format!("every {unit}"),
        period => format!("every {} {unit}s", dose_digits(period)),
    };
    Some(match times.as_str() {
        "1" => format!("once {every}"),
        "2" => format!("twice {every}"),
        times => format!("{times} times {every}"),
    })
}
