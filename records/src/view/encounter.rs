//! Encounters: visits, calls, stays.

use serde::Serialize;
use serde_json::Value;

use super::chart::Chart;
use super::element::{self, concept, first_when, items, text};
use super::{MASKED, NOT_KNOWN};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// One encounter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncounterItem {
    /// The record.
    pub key: RecordKey,
    /// What kind of visit.
    pub title: String,
    /// `Ambulatory`, `Emergency`, `Inpatient` …
    pub setting: String,
    /// `Finished`, `In progress` …
    pub status: String,
    /// When it began.
    pub started: Option<When>,
    /// When it ended.
    pub ended: Option<When>,
    /// Why.
    pub reason: Option<String>,
    /// Who saw the patient.
    pub clinician: Option<String>,
    /// Where.
    pub place: Option<String>,
    /// A row that stands for a record which may not be shown.
    pub masked: bool,
}

impl EncounterItem {
    /// All encounters of a chart, latest first.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let shown = |d: &&Document| d.labels().masked || !element::entered_in_error(d.value());
        let documents = chart.of_kind(&ResourceKind::ENCOUNTER).filter(shown);
        let mut found: Vec<Self> = documents.map(|document| Self::of(document, chart)).collect();
        found.sort_by_key(|item| std::cmp::Reverse(item.started.map(When::sort_key)));
        found
    }

    /// The view of one `Encounter`.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Self {
        let value = document.value();
        let masked = document.labels().masked;
        let setting = setting(value);
        let title = items(value, "type").iter().find_map(concept);
        let status = text(value, "status").map(|code| element::status_words(&code));
        let period = value.get("period");
        let place = value.get("serviceProvider").and_then(|p| chart.name_of(p));
        Self {
            key: document.key().clone(),
            title: if masked { MASKED.to_owned() } else { title.unwrap_or_else(|| setting.clone()) },
            setting,
            status: status.unwrap_or_else(|| NOT_KNOWN.to_owned()),
            started: first_when(value, &["period"]),
            ended: period.and_then(|p| element::when(p, "end")),
            reason: items(value, "reasonCode").iter().find_map(concept),
            clinician: items(value, "participant").iter().find_map(|p| chart.name_of(p.get("individual")?)),
            place: items(value, "location").iter().find_map(|l| chart.name_of(l.get("location")?)).or(place),
            masked,
        }
    }
}

fn setting(value: &Value) -> String {
    let class = value.get("class");
    let code = class.and_then(|c| text(c, "code"));
    let words = match code.as_deref() {
        Some("AMB") => "Ambulatory",
        Some("EMER") => "Emergency",
        Some("IMP" | "ACUTE" | "NONAC") => "Inpatient",
        Some("HH") => "Home health",
        Some("VR") => "Telephone or video",
        Some("OBSENC") => "Observation",
        Some("SS") => "Short stay",
        Some(_) | None => "",
    };
    if words.is_empty() {
        class.and_then(|c| text(c, "display")).or(code).unwrap_or_else(|| NOT_KNOWN.to_owned())
    } else {
        words.to_owned()
    }
}
