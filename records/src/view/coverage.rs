//! Coverage: who pays.

use serde::Serialize;

use super::NOT_KNOWN;
use super::chart::Chart;
use super::element::{self, concept, items, text};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// One coverage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageItem {
    /// The record.
    pub key: RecordKey,
    /// Who pays.
    pub payor: String,
    /// The plan or kind of coverage.
    pub plan: String,
    /// The member's number, where it is recorded.
    pub member: Option<String>,
    /// `Active`, `Cancelled` …
    pub status: String,
    /// Since when.
    pub from: Option<When>,
    /// Until when.
    pub until: Option<When>,
}

impl CoverageItem {
    /// All coverages of a chart, active first.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let documents = chart.of_kind(&ResourceKind::COVERAGE);
        let mut found: Vec<Self> = documents.map(|document| Self::of(document, chart)).collect();
        found.retain(|item| item.status != "Entered in error");
        found.sort_by_key(|item| (item.status != "Active", std::cmp::Reverse(item.from.map(When::sort_key))));
        found
    }

    /// The view of one `Coverage`.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Self {
        let value = document.value();
        let or_not_known = |words: Option<String>| words.unwrap_or_else(|| NOT_KNOWN.to_owned());
        let class = items(value, "class").iter().find_map(|c| text(c, "name").or_else(|| text(c, "value")));
        let period = value.get("period");
        Self {
            key: document.key().clone(),
            payor: or_not_known(items(value, "payor").iter().find_map(|payor| chart.name_of(payor))),
            plan: or_not_known(class.or_else(|| value.get("type").and_then(concept))),
            member: text(value, "subscriberId"),
            status: or_not_known(text(value, "status").map(|code| element::status_words(&code))),
            from: period.and_then(|p| element::when(p, "start")),
            until: period.and_then(|p| element::when(p, "end")),
        }
    }
}
