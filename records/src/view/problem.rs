//! Problems and diagnoses.

use serde::Serialize;
use serde_json::Value;

use super::MASKED;
use super::chart::Chart;
use super::element::{self, SNOMED, concept_of, first_code, first_when};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemItem {
    /// The record.
    pub key: RecordKey,
    /// What it is.
    pub title: String,
    /// Its SNOMED CT code, where it has one.
    pub code: Option<String>,
    /// `Active`, `Resolved` …; never blank.
    pub status: String,
    /// Whether it is current.
    pub active: bool,
    /// When it began.
    pub onset: Option<When>,
    /// When it ended.
    pub ended: Option<When>,
    /// `Mild`, `Moderate`, `Severe`, where it is recorded.
    pub severity: Option<String>,
    /// A row that stands for a record which may not be shown.
    pub masked: bool,
}

impl ProblemItem {
    /// All problems of a chart: active first, then the latest.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let mut found: Vec<Self> = chart
            .of_kind(&ResourceKind::CONDITION)
            .filter(|document| document.labels().masked || !element::entered_in_error(document.value()))
            .map(Self::of)
            .collect();
        found.sort_by_key(|item| (!item.active, item.onset.map(|at| std::cmp::Reverse(at.sort_key()))));
        found
    }

    /// The view of one `Condition`.
    pub fn of(document: &Document) -> Self {
        let value = document.value();
        let status = first_code(value, "clinicalStatus");
        let ended = first_when(value, &["abatementDateTime", "abatementPeriod"]);
        let active = match status.as_deref() {
            Some(code) => matches!(code, "active" | "recurrence" | "relapse"),
            None => ended.is_none(),
        };
        let masked = document.labels().masked;
        let refuted = element::has_code(value, "verificationStatus", "refuted");
        let words = |code: String| element::status_words(&code);
        Self {
            key: document.key().clone(),
            title: if masked { MASKED.to_owned() } else { concept_of(value, "code") },
            code: value.get("code").and_then(|code| element::code_in(code, SNOMED)),
            status: match (masked, refuted) {
                (true, _) => MASKED.to_owned(),
                (false, true) => "Refuted".to_owned(),
                (false, false) => {
                    status.map_or_else(|| if active { "Active" } else { "Resolved" }.into(), words)
                }
            },
            active: active && !refuted,
            onset: first_when(value, &["onsetDateTime", "onsetPeriod", "recordedDate"]),
            ended,
            severity: value.get("severity").and_then(|s: &Value| element::concept(s)),
            masked,
        }
    }
}
