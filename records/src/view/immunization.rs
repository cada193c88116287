//! Immunizations.

use serde::Serialize;

use super::chart::Chart;
use super::element::{self, concept, concept_of, first_when, items, text};
use super::{MASKED, NOT_KNOWN};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// One immunization, given or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImmunizationItem {
    /// The record.
    pub key: RecordKey,
    /// The vaccine.
    pub vaccine: String,
    /// When.
    pub at: Option<When>,
    /// `Completed`, `Not done`.
    pub status: String,
    /// Lot number.
    pub lot: Option<String>,
    /// Where on the body.
    pub site: Option<String>,
    /// By which route.
    pub route: Option<String>,
    /// Which dose of a series.
    pub dose: Option<String>,
    /// Who gave it.
    pub performer: Option<String>,
    /// A row that stands for a record which may not be shown.
    pub masked: bool,
}

impl ImmunizationItem {
    /// All immunizations of a chart, latest first.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let shown = |d: &&Document| d.labels().masked || !element::entered_in_error(d.value());
        let documents = chart.of_kind(&ResourceKind::IMMUNIZATION).filter(shown);
        let mut found: Vec<Self> = documents.map(|document| Self::of(document, chart)).collect();
        found.sort_by_key(|item| std::cmp::Reverse(item.at.map(When::sort_key)));
        found
    }

    /// The view of one `Immunization`.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Self {
        let value = document.value();
        let masked = document.labels().masked;
        let protocol = items(value, "protocolApplied").first();
        let dose = protocol.and_then(|p| {
            text(p, "doseNumberString").or_else(|| p.get("doseNumberPositiveInt").map(ToString::to_string))
        });
        let status = text(value, "status").map(|code| element::status_words(&code));
        Self {
            key: document.key().clone(),
            vaccine: if masked { MASKED.to_owned() } else { concept_of(value, "vaccineCode") },
            at: first_when(value, &["occurrenceDateTime", "recorded"]),
            status: status.unwrap_or_else(|| NOT_KNOWN.to_owned()),
            lot: text(value, "lotNumber"),
            site: value.get("site").and_then(concept),
            route: value.get("route").and_then(concept),
            dose,
            performer: items(value, "performer").iter().find_map(|p| chart.name_of(p.get("actor")?)),
            masked,
        }
    }
}
