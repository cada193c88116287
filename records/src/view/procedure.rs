//! Procedures.

use serde::Serialize;

use super::chart::Chart;
use super::element::{self, concept_of, first_when, items, text};
use super::{MASKED, NOT_KNOWN};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// One procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcedureItem {
    /// The record.
    pub key: RecordKey,
    /// What was done.
    pub title: String,
    /// `Completed`, `Not done` …
    pub status: String,
    /// When.
    pub at: Option<When>,
    /// Who did it.
    pub performer: Option<String>,
    /// A row that stands for a record which may not be shown.
    pub masked: bool,
}

impl ProcedureItem {
    /// All procedures of a chart, latest first.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let shown = |d: &&Document| d.labels().masked || !element::entered_in_error(d.value());
        let documents = chart.of_kind(&ResourceKind::PROCEDURE).filter(shown);
        let mut found: Vec<Self> = documents.map(|document| Self::of(document, chart)).collect();
        found.sort_by_key(|item| std::cmp::Reverse(item.at.map(When::sort_key)));
        found
    }

    /// The view of one `Procedure`.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Self {
        let value = document.value();
        let masked = document.labels().masked;
        let status = text(value, "status").map(|code| element::status_words(&code));
        Self {
            key: document.key().clone(),
            title: if masked { MASKED.to_owned() } else { concept_of(value, "code") },
            status: status.unwrap_or_else(|| NOT_KNOWN.to_owned()),
            at: first_when(value, &["performedDateTime", "performedPeriod"]),
            performer: items(value, "performer").iter().find_map(|p| chart.name_of(p.get("actor")?)),
            masked,
        }
    }
}
