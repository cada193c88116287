//! Vital signs: the latest set, and one series per sign and unit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chart::Chart;
use super::element::LOINC;
use super::measure::{self, MeasuredValue, Measurement};
use super::range::{Range, Subject};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// Blood pressure, systolic and diastolic: LOINC.
pub(crate) const BLOOD_PRESSURE: &str = "85354-9";
pub(crate) const SYSTOLIC: &str = "8480-6";
pub(crate) const DIASTOLIC: &str = "8462-4";
/// The older code for a blood pressure with components.
const BLOOD_PRESSURE_OLDER: &str = "55284-4";

/// One point of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VitalPoint {
    /// The record.
    pub key: RecordKey,
    /// When.
    pub at: When,
    /// The number; of a blood pressure, the systolic one.
    pub value: f64,
    /// The diastolic number of a blood pressure.
    pub low: Option<f64>,
    /// As it is shown, without the unit: `120/80`.
    pub text: String,
}

/// One vital sign over time, in one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VitalSeries {
    /// The code that it is grouped by.
    pub code: String,
    /// What it is.
    pub title: String,
    /// The unit as it is shown.
    pub unit: String,
    /// What tells units apart.
    pub unit_code: String,
    /// The points, oldest first.
    pub points: Vec<VitalPoint>,
    /// The normal range, where one is known for this patient.
    pub range: Option<Range>,
    /// The normal range of the diastolic pressure.
    pub low_range: Option<Range>,
}

/// The latest value of each vital sign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VitalSet {
    /// What it is.
    pub title: String,
    /// The code.
    pub code: String,
    /// The latest, with its unit: `120/80 mmHg`.
    pub text: String,
    /// When.
    pub at: When,
    /// The one before.
    pub previous: Option<String>,
}

impl VitalSeries {
    /// All series of a chart, in the order in which vital signs are read.
    pub fn all(chart: &Chart<'_>, subject: &Subject) -> Vec<Self> {
        let mut series: BTreeMap<(String, String), Self> = BTreeMap::new();
        for document in chart.of_kind(&ResourceKind::OBSERVATION).filter(|d| is_vital(d)) {
            let Some(found) = Self::of(document) else { continue };
            match series.get_mut(&(found.code.clone(), found.unit_code.clone())) {
                Some(known) => known.points.extend(found.points),
                None => drop(series.insert((found.code.clone(), found.unit_code.clone()), found)),
            }
        }
        let mut all: Vec<Self> = series.into_values().collect();
        for one in &mut all {
            one.points.sort_by_key(|point| point.at.sort_key());
            let latest = one.points.last().map(|point| point.at);
            let (code, low) =
                if one.code == BLOOD_PRESSURE { (SYSTOLIC, Some(DIASTOLIC)) } else { (&*one.code, None) };
            one.range = Range::curated(code, &one.unit_code, subject, latest);
            one.low_range = low.and_then(|low| Range::curated(low, &one.unit_code, subject, latest));
        }
        all.sort_by_cached_key(|one| (order(&one.code), one.title.clone()));
        all
    }

    fn of(document: &Document) -> Option<Self> {
        blood_pressure(document).or_else(|| single(document))
    }

    /// The latest value, with the one before.
    pub fn latest(&self) -> Option<VitalSet> {
        let latest = self.points.last()?;
        let with_unit =
            |text: &str| if self.unit.is_empty() { text.to_owned() } else { format!("{text} {}", self.unit) };
        let previous = self.points.len().checked_sub(2).and_then(|n| self.points.get(n));
        Some(VitalSet {
            title: self.title.clone(),
            code: self.code.clone(),
            text: with_unit(&latest.text),
            at: latest.at,
            previous: previous.map(|point| with_unit(&point.text)),
        })
    }
}

/// Whether an observation belongs with the vital signs: by its category, or by its code.
pub(super) fn is_vital(document: &Document) -> bool {
    let by_category = document.categories().iter().any(|c| c == "vital-signs");
    let code = || super::element::code_in(document.value().get("code")?, LOINC);
    by_category || code().is_some_and(|code| order(&code) < OTHERS)
}

const OTHERS: usize = 99;

/// Sign by LOINC code: the code it is grouped under, its title, its place.
const SIGNS: [(&str, &str, &str); 15] = [
    (BLOOD_PRESSURE, BLOOD_PRESSURE, "Blood pressure"),
    (BLOOD_PRESSURE_OLDER, BLOOD_PRESSURE, "Blood pressure"),
    ("8867-4", "8867-4", "Heart rate"),
    ("9279-1", "9279-1", "Respiratory rate"),
    ("59408-5", "59408-5", "Oxygen saturation"),
    ("2708-6", "59408-5", "Oxygen saturation"),
    ("8310-5", "8310-5", "Temperature"),
    ("8331-1", "8310-5", "Temperature"),
    ("29463-7", "29463-7", "Weight"),
    ("8302-2", "8302-2", "Height"),
    ("39156-5", "39156-5", "BMI"),
    ("72514-3", "72514-3", "Pain score"),
    ("8287-5", "8287-5", "Head circumference"),
    ("9843-4", "8287-5", "Head circumference"),
    ("77606-2", "77606-2", "Weight-for-length percentile"),
];

fn sign(code: &str) -> Option<(&'static str, &'static str)> {
    SIGNS.iter().find(|(known, ..)| *known == code).map(|(_, group, title)| (*group, *title))
}

fn order(code: &str) -> usize {
    SIGNS.iter().position(|(known, ..)| *known == code).unwrap_or(OTHERS)
}

fn single(document: &Document) -> Option<VitalSeries> {
    let measured = Measurement::of(document)?;
    let MeasuredValue::Quantity { value, text, unit, unit_code } = measured.value else { return None };
    let (code, title) = match sign(&measured.code) {
        Some((group, title)) => (group.to_owned(), title.to_owned()),
        None => (measured.code, measured.title),
    };
    let point = VitalPoint { key: measured.key, at: measured.at?, value, low: None, text };
    Some(VitalSeries { code, title, unit, unit_code, points: vec![point], range: None, low_range: None })
}

fn blood_pressure(document: &Document) -> Option<VitalSeries> {
    let value = document.value();
    if super::element::entered_in_error(value) {
        return None;
    }
    let parts = measure::components(value);
    let part = |wanted: &str| {
        parts.iter().find_map(|(code, measured)| match measured {
            MeasuredValue::Quantity { value, text, unit, unit_code } if code == wanted => {
                Some((*value, text, unit, unit_code))
            }
            MeasuredValue::Quantity { .. } | MeasuredValue::Text { .. } => None,
        })
    };
    let (high, high_text, unit, unit_code) = part(SYSTOLIC)?;
    let low = part(DIASTOLIC).filter(|(.., code)| *code == unit_code);
    let at = super::element::first_when(
        value,
        &["effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"],
    )?;
    let text =
        low.as_ref().map_or_else(|| format!("{high_text}/–"), |(_, text, ..)| format!("{high_text}/{text}"));
    let point =
        VitalPoint { key: document.key().clone(), at, value: high, low: low.map(|(value, ..)| value), text };
    Some(VitalSeries {
        code: BLOOD_PRESSURE.to_owned(),
        title: "Blood pressure".to_owned(),
        unit: unit.clone(),
        unit_code: unit_code.clone(),
        points: vec![point],
        range: None,
        low_range: None,
    })
}
