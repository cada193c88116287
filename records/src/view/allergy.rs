//! Allergies: the list, and the one title that stands over it.

use serde::Serialize;
use serde_json::Value;

use super::chart::Chart;
use super::element::{self, concept, first_code, has_code, items, text};
use super::{MASKED, NOT_KNOWN};
use crate::date::When;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};

/// How well a section of a chart is known on this workstation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// It has been synced: what is not here was not recorded when it last was.
    Held,
    /// It has not been synced, or its drawer is shut: what is not here may exist.
    NotHeld,
}

/// The exact titles of the NHS Common User Interface guidance (PAB-0064 to 0072).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AllergyTitle {
    /// There are some.
    #[serde(rename = "Known allergies")]
    Known,
    /// Somebody has recorded that there are none.
    #[serde(rename = "No known allergies")]
    NoneKnown,
    /// Nobody has recorded anything.
    #[serde(rename = "Allergies not recorded")]
    NotRecorded,
    /// It cannot be said.
    #[serde(rename = "Allergies unavailable")]
    Unavailable,
}

impl AllergyTitle {
    /// The words, exactly.
    pub const fn text(self) -> &'static str {
        match self {
            AllergyTitle::Known => "Known allergies",
            AllergyTitle::NoneKnown => "No known allergies",
            AllergyTitle::NotRecorded => "Allergies not recorded",
            AllergyTitle::Unavailable => "Allergies unavailable",
        }
    }
}

impl AllergyTitle {
    /// What stands over two charts of one person.
    fn beside(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known, _) | (_, Self::Known) => Self::Known,
            (Self::Unavailable, _) | (_, Self::Unavailable) => Self::Unavailable,
            (Self::NotRecorded, _) | (_, Self::NotRecorded) => Self::NotRecorded,
            (Self::NoneKnown, Self::NoneKnown) => Self::NoneKnown,
        }
    }
}

/// One allergy or intolerance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllergyItem {
    /// The record.
    pub key: RecordKey,
    /// What it is against.
    pub agent: String,
    /// What happens, where it is recorded.
    pub reactions: Vec<String>,
    /// `Mild`, `Moderate` or `Severe`: the worst that is recorded.
    pub severity: Option<String>,
    /// `High`, `Low`, or that it cannot be assessed.
    pub criticality: Option<String>,
    /// `Confirmed`, `Unconfirmed`, `Presumed` …
    pub certainty: Option<String>,
    /// `Active`, `Inactive`, `Resolved`.
    pub status: String,
    /// `Medication`, `Food`, `Environment`, `Biologic`.
    pub category: Option<String>,
    /// When it was recorded.
    pub recorded: Option<When>,
    /// A row that stands for a record which may not be shown.
    pub masked: bool,
}

/// The allergies of one patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllergyList {
    /// The title.
    pub title: AllergyTitle,
    /// What is active, worst first; masked rows last.
    pub items: Vec<AllergyItem>,
    /// What is inactive or resolved.
    pub past: Vec<AllergyItem>,
    /// How many rows are masked; interaction checks are incomplete then.
    pub masked: usize,
    /// When the list was last touched.
    pub as_of: Option<When>,
}

/// SNOMED CT codes that state the absence of allergies; by these somebody has said so.
const NONE_KNOWN: [&str; 4] = ["716186003", "409137002", "428607008", "429625007"];
/// Only this one speaks of all allergies; the others of drugs, environment and food.
const NO_KNOWN_ALLERGY: &str = NONE_KNOWN[0];

impl AllergyList {
    /// The list, from the documents and from how well the section is known here. `hidden` counts allergies that
    /// exist but left no row at all.
    pub fn of(chart: &Chart<'_>, section: Section, hidden: usize) -> Self {
        let mut list = Self {
            title: AllergyTitle::Unavailable,
            items: Vec::new(),
            past: Vec::new(),
            masked: hidden,
            as_of: None,
        };
        let mut none_known = nil_known_list(chart);
        for document in chart.of_kind(&ResourceKind::ALLERGY_INTOLERANCE) {
            list.touch(document);
            if document.labels().masked {
                list.masked += 1;
                list.items.push(AllergyItem::masked(document));
                continue;
            }
            let value = document.value();
            if element::entered_in_error(value) || has_code(value, "verificationStatus", "refuted") {
                continue;
            }
            let item = AllergyItem::of(document);
            match statement_of_absence(value) {
                Some(code) => none_known |= code == NO_KNOWN_ALLERGY && item.is_active(),
                None if item.is_active() => list.items.push(item),
                None => list.past.push(item),
            }
        }
        list.items.sort_by_cached_key(|item| (item.masked, item.rank(), item.agent.to_lowercase()));
        list.title = list.title(section, none_known);
        list
    }

    /// The allergies of one person whose charts were joined. That there are none is known only where each chart says so.
    pub fn of_charts<'a>(charts: impl IntoIterator<Item = &'a Chart<'a>>, section: Section) -> Self {
        let mut lists = charts.into_iter().map(|chart| Self::of(chart, section, 0));
        let mut all = lists.next().unwrap_or_else(|| Self::of(&Chart::new([]), Section::NotHeld, 0));
        for list in lists {
            all.title = all.title.beside(list.title);
            all.items.extend(list.items);
            all.past.extend(list.past);
            all.masked += list.masked;
            all.touch_at(list.as_of);
        }
        all.items.sort_by_cached_key(|item| (item.masked, item.rank(), item.agent.to_lowercase()));
        all
    }

    fn title(&self, section: Section, none_known: bool) -> AllergyTitle {
        let seen = self.items.iter().any(|item| !item.masked);
        match section {
            _ if seen => AllergyTitle::Known,
            Section::NotHeld => AllergyTitle::Unavailable,
            Section::Held if self.masked > 0 => AllergyTitle::Unavailable,
            Section::Held if none_known => AllergyTitle::NoneKnown,
            Section::Held => AllergyTitle::NotRecorded,
        }
    }

    fn touch(&mut self, document: &Document) {
        let updated = document.last_updated().and_then(|at| at.parse().ok());
        let at = updated.or_else(|| element::when(document.value(), "recordedDate"));
        self.touch_at(at);
    }

    fn touch_at(&mut self, at: Option<When>) {
        let later = |a: &When, b: &When| a.sort_key() > b.sort_key();
        if let Some(at) = at
            && self.as_of.as_ref().is_none_or(|before| later(&at, before))
        {
            self.as_of = Some(at);
        }
    }
}

impl AllergyItem {
    /// The view of one `AllergyIntolerance`.
    pub fn of(document: &Document) -> Self {
        let value = document.value();
        let reactions = items(value, "reaction");
        let shown = |reaction: &Value| {
            items(reaction, "manifestation").iter().filter_map(concept).collect::<Vec<_>>()
        };
        let status = first_code(value, "clinicalStatus").unwrap_or_else(|| "active".to_owned());
        Self {
            key: document.key().clone(),
            agent: agent(value),
            reactions: reactions.iter().flat_map(shown).collect(),
            severity: worst(reactions),
            criticality: text(value, "criticality").map(|code| criticality(&code)),
            certainty: first_code(value, "verificationStatus").map(|code| element::status_words(&code)),
            status: element::status_words(&status),
            category: items(value, "category").first().and_then(Value::as_str).map(element::status_words),
            recorded: element::first_when(value, &["recordedDate", "onsetDateTime"]),
            masked: false,
        }
    }

    fn masked(document: &Document) -> Self {
        Self {
            key: document.key().clone(),
            agent: MASKED.to_owned(),
            reactions: Vec::new(),
            severity: None,
            criticality: None,
            certainty: None,
            status: MASKED.to_owned(),
            category: None,
            recorded: None,
            masked: true,
        }
    }

    fn is_active(&self) -> bool {
        !matches!(self.status.as_str(), "Inactive" | "Resolved")
    }

    /// Worst first: by criticality, then by severity.
    fn rank(&self) -> u8 {
        match (self.criticality.as_deref(), self.severity.as_deref()) {
            (Some("High"), _) => 0,
            (_, Some("Severe")) => 1,
            (_, Some("Moderate")) => 2,
            _ => 3,
        }
    }
}

fn agent(value: &Value) -> String {
    let of_reaction = || items(value, "reaction").iter().find_map(|r| concept(r.get("substance")?));
    value.get("code").and_then(concept).or_else(of_reaction).unwrap_or_else(|| NOT_KNOWN.to_owned())
}

fn worst(reactions: &[Value]) -> Option<String> {
    let has = |severity: &str| {
        reactions.iter().any(|r| r.get("severity").and_then(Value::as_str) == Some(severity))
    };
    ["severe", "moderate", "mild"].into_iter().find(|s| has(s)).map(element::status_words)
}

fn criticality(code: &str) -> String {
    match code {
        "unable-to-assess" => "Unable to assess".to_owned(),
        code => element::status_words(code),
    }
}

fn statement_of_absence(value: &Value) -> Option<&'static str> {
    NONE_KNOWN.into_iter().find(|code| has_code(value, "code", code))
}

/// A FHIR `List` of allergies (LOINC 48765-2, 52473-6) that is empty because nothing is known to exist.
fn nil_known_list(chart: &Chart<'_>) -> bool {
    let states_none = |document: &Document| {
        let value = document.value();
        let of_allergies = ["48765-2", "52473-6"].into_iter().any(|code| has_code(value, "code", code));
        let current = value.get("status").and_then(Value::as_str) == Some("current");
        of_allergies && current && !document.labels().masked && has_code(value, "emptyReason", "nilknown")
    };
    chart.of_kind(&ResourceKind::LIST).any(states_none)
}
