//! Laboratory and other results, grouped by code and unit: two units never share a series.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chart::Chart;
use super::measure::{MeasuredValue, Measurement};
use super::range::{Range, Subject};
use super::vitals::is_vital;
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// Where a result lies against its range: text and arrow, never colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Flag {
    /// Critically low.
    #[serde(rename = "LL")]
    CriticallyLow,
    /// Low.
    #[serde(rename = "L")]
    Low,
    /// High.
    #[serde(rename = "H")]
    High,
    /// Critically high.
    #[serde(rename = "HH")]
    CriticallyHigh,
    /// Abnormal, without a direction.
    #[serde(rename = "A")]
    Abnormal,
}

impl Flag {
    /// As it is shown.
    pub const fn text(self) -> &'static str {
        match self {
            Flag::CriticallyLow => "LL",
            Flag::Low => "L",
            Flag::High => "H",
            Flag::CriticallyHigh => "HH",
            Flag::Abnormal => "A",
        }
    }

    fn of_interpretation(code: &str) -> Option<Flag> {
        match code {
            "LL" | "LU" => Some(Flag::CriticallyLow),
            "L" | "<" => Some(Flag::Low),
            "H" | ">" => Some(Flag::High),
            "HH" | "HU" => Some(Flag::CriticallyHigh),
            "A" | "AA" | "POS" | "DET" => Some(Flag::Abnormal),
            _ => None,
        }
    }
}

/// One result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabResult {
    /// The record.
    pub key: RecordKey,
    /// When.
    pub at: Option<When>,
    /// The number, where it is one.
    pub value: Option<f64>,
    /// As it is shown, without the unit.
    pub text: String,
    /// Against the range.
    pub flag: Option<Flag>,
    /// `Final`, `Preliminary`, `Amended` …
    pub status: String,
    /// The range that this result was judged by.
    pub range: Option<Range>,
}

/// All results of one test in one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabSeries {
    /// The code that it is grouped by.
    pub code: String,
    /// The test, as the latest result words it.
    pub title: String,
    /// The unit as it is shown; empty for words.
    pub unit: String,
    /// What tells units apart.
    pub unit_code: String,
    /// The results, latest first.
    pub results: Vec<LabResult>,
}

impl LabSeries {
    /// All series of a chart, by title. Vital signs are not among them.
    pub fn all(chart: &Chart<'_>, subject: &Subject) -> Vec<Self> {
        let mut groups: BTreeMap<(String, String), Self> = BTreeMap::new();
        for document in
            chart.of_kind(&ResourceKind::OBSERVATION).filter(|d| !d.labels().masked && !is_vital(d))
        {
            let Some(measured) = Measurement::of(document) else { continue };
            let one = Self::of(document, measured, subject);
            match groups.get_mut(&(one.code.clone(), one.unit_code.clone())) {
                Some(group) => group.join(one),
                None => drop(groups.insert((one.code.clone(), one.unit_code.clone()), one)),
            }
        }
        let mut all: Vec<Self> = groups.into_values().collect();
        for series in &mut all {
            series.results.sort_by_key(|result| std::cmp::Reverse(result.at.map(When::sort_key)));
        }
        all.sort_by_cached_key(|one| (one.title.to_lowercase(), one.unit.clone()));
        all
    }

    /// A series of one result.
    fn of(document: &Document, measured: Measurement, subject: &Subject) -> Self {
        let (unit, unit_code) = match &measured.value {
            MeasuredValue::Quantity { unit, unit_code, .. } => (unit.clone(), unit_code.clone()),
            MeasuredValue::Text { .. } => (String::new(), String::new()),
        };
        let (code, title) = (measured.code.clone(), measured.title.clone());
        let results = vec![LabResult::of(document, measured, subject)];
        Self { code, title, unit, unit_code, results }
    }

    /// Adds another result of the same test and unit; the words are those of the latest, which stands first.
    fn join(&mut self, other: Self) {
        let at = |series: &Self| series.latest().and_then(|result| result.at).map(When::sort_key);
        if at(&other) > at(self) {
            let older = std::mem::replace(self, other);
            self.results.extend(older.results);
        } else {
            self.results.extend(other.results);
        }
    }

    /// The latest result.
    pub fn latest(&self) -> Option<&LabResult> {
        self.results.first()
    }

    /// The one before it.
    pub fn previous(&self) -> Option<&LabResult> {
        self.results.get(1)
    }
}

impl LabResult {
    fn of(document: &Document, measured: Measurement, subject: &Subject) -> Self {
        let (value, text, unit_code) = match measured.value {
            MeasuredValue::Quantity { value, text, unit_code, .. } => (Some(value), text, unit_code),
            MeasuredValue::Text { text } => (None, text, String::new()),
        };
        let range = Range::supplied(document.value(), &unit_code)
            .or_else(|| Range::curated(&measured.code, &unit_code, subject, measured.at));
        let judged = || range.as_ref()?.judge(value?);
        let stated = measured.interpretation.as_deref().and_then(Flag::of_interpretation);
        // A source that says "normal" is believed; only its silence is filled by the range.
        let flag = if measured.interpretation.is_some() { stated } else { judged() };
        Self { key: measured.key, at: measured.at, value, text, flag, status: measured.status, range }
    }
}
