//! Taking in files by others: bundles, NDJSON, single resources. What is not understood is named and counted, the
//! rest comes in.

mod rewrite;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::class::{DataClass, classify, is_known};
use crate::document::{Document, DocumentError};
use crate::id::{RecordKey, ResourceId, ResourceKind};

use rewrite::rewrite;

/// What came of one file.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The documents, references between them resolved.
    pub documents: Vec<Document>,
    /// What was left out, or is worth a look.
    pub problems: Vec<Problem>,
    /// By resource type, how many were taken in and how many left out.
    pub counts: BTreeMap<String, Count>,
}

/// How many of a type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Taken in.
    pub taken: u64,
    /// Left out.
    pub left_out: u64,
}

/// One thing that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The resource: type and id, or its place in the file.
    pub resource: String,
    /// Why.
    pub reason: String,
    /// Whether it was taken in all the same.
    pub taken: bool,
}

impl Imported {
    /// How many resources were taken in.
    pub fn taken(&self) -> u64 {
        self.counts.values().map(|count| count.taken).sum()
    }

    /// How many were left out.
    pub fn left_out(&self) -> u64 {
        self.counts.values().map(|count| count.left_out).sum()
    }

    /// Adds what came of another file.
    pub fn extend(&mut self, other: Imported) {
        self.documents.extend(other.documents);
        self.problems.extend(other.problems);
        for (kind, count) in other.counts {
            let sum = self.counts.entry(kind).or_default();
            sum.taken += count.taken;
            sum.left_out += count.left_out;
        }
    }
}

/// Takes in one file, whatever it is: a bundle, one resource, or one resource a line (NDJSON).
pub fn import(file: &str, bytes: &[u8]) -> Imported {
    let mut intake = Intake::new(file);
    let Ok(text) = std::str::from_utf8(bytes) else {
        intake.leave_out("Unknown", "the file", "it is not UTF-8 text");
        return intake.done;
    };
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str::<Top<'_>>(text) {
        Ok(top) if top.resource_type.as_deref() == Some("Bundle") => intake.bundle(&top.entry),
        Ok(top) => intake.single(top.resource_type.as_deref(), text),
        Err(error) => intake.lines_or_nothing(text, &error),
    }
    intake.done
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Top<'a> {
    resource_type: Option<String>,
    #[serde(borrow, default)]
    entry: Vec<BundleEntry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BundleEntry<'a> {
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Peek {
    resource_type: Option<String>,
    id: Option<String>,
}

struct Intake<'f> {
    file: &'f str,
    seen: BTreeSet<RecordKey>,
    done: Imported,
}

impl<'f> Intake<'f> {
    fn new(file: &'f str) -> Self {
        Self { file, seen: BTreeSet::new(), done: Imported::default() }
    }

    fn bundle(&mut self, entries: &[BundleEntry<'_>]) {
        let ids: BTreeMap<String, RecordKey> = entries.iter().filter_map(named).collect();
        for (nth, entry) in entries.iter().enumerate() {
            let place = format!("entry {}", nth + 1);
            match entry.resource {
                Some(resource) => {
                    let given = entry.full_url.as_ref().and_then(|url| ids.get(url)).map(|key| &key.id);
                    self.resource(&place, resource.get(), &ids, given);
                }
                None => self.leave_out("Unknown", &place, "it holds no resource"),
            }
        }
    }

    fn single(&mut self, kind: Option<&str>, text: &str) {
        match kind {
            Some(_) => self.resource("the file", text.trim(), &BTreeMap::new(), None),
            None => self.leave_out("Unknown", "the file", "it has no resourceType"),
        }
    }

    /// A file that is not one JSON value is NDJSON if its lines are; else the fault of the whole file is named.
    fn lines_or_nothing(&mut self, text: &str, error: &serde_json::Error) {
        let lines = || text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
        let is_resource =
            |line: &str| serde_json::from_str::<Peek>(line).is_ok_and(|p| p.resource_type.is_some());
        if lines().count() < 2 || !lines().any(|(_, line)| is_resource(line)) {
            let reason = format!("it is not valid JSON (line {}, column {})", error.line(), error.column());
            self.leave_out("Unknown", "the file", &reason);
            return;
        }
        for (nth, line) in lines() {
            self.resource(&format!("line {}", nth + 1), line, &BTreeMap::new(), None);
        }
    }

    fn resource(
        &mut self,
        place: &str,
        raw: &str,
        ids: &BTreeMap<String, RecordKey>,
        given: Option<&ResourceId>,
    ) {
        let Ok(peek) = serde_json::from_str::<Peek>(raw) else {
            self.leave_out("Unknown", place, "it is not a JSON object");
            return;
        };
        let kind = peek.resource_type.unwrap_or_else(|| "Unknown".to_owned());
        let insert = given.filter(|_| peek.id.is_none());
        let (bytes, dangling) = rewrite(raw, ids, insert);
        let document = match Document::parse(bytes) {
            Ok(document) => document,
            Err(error) => return self.leave_out(&known_name(&kind), place, &reason(&error)),
        };
        match self.refusal(&document) {
            Some(why) => self.leave_out(&kind, &document.key().to_string(), why),
            None => self.take(document, dangling),
        }
    }

    /// Why a well-formed resource is left out.
    fn refusal(&self, document: &Document) -> Option<&'static str> {
        if !is_known(document) {
            Some("Chartkeep has no place for this resource type")
        } else if needs_patient(document) && document.patient().is_none() {
            Some("it does not say which patient it belongs to")
        } else if self.seen.contains(document.key()) {
            Some("it is in the file twice")
        } else {
            None
        }
    }

    fn take(&mut self, document: Document, dangling: usize) {
        if dangling > 0 {
            self.done.problems.push(Problem {
                file: self.file.to_owned(),
                resource: document.key().to_string(),
                reason: format!("{dangling} of its references lead to nothing in this file"),
                taken: true,
            });
        }
        self.seen.insert(document.key().clone());
        self.done.counts.entry(document.kind().to_string()).or_default().taken += 1;
        self.done.documents.push(document);
    }

    fn leave_out(&mut self, kind: &str, resource: &str, reason: &str) {
        self.done.counts.entry(kind.to_owned()).or_default().left_out += 1;
        self.done.problems.push(Problem {
            file: self.file.to_owned(),
            resource: resource.to_owned(),
            reason: reason.to_owned(),
            taken: false,
        });
    }
}

/// What an entry is called inside its bundle, and what it is called from now on.
fn named(entry: &BundleEntry<'_>) -> Option<(String, RecordKey)> {
    let url = entry.full_url.clone()?;
    let peek: Peek = serde_json::from_str(entry.resource?.get()).ok()?;
    let kind: ResourceKind = peek.resource_type?.parse().ok()?;
    let id = match peek.id {
        Some(id) => id.parse().ok()?,
        None => url.strip_prefix("urn:uuid:")?.parse().ok()?,
    };
    Some((url, RecordKey { kind, id }))
}

/// A type name that came from a broken resource is counted under its own name only if it is one.
fn known_name(kind: &str) -> String {
    kind.parse::<ResourceKind>().map_or_else(|_| "Unknown".to_owned(), |kind| kind.to_string())
}

fn reason(error: &DocumentError) -> String {
    error.to_string()
}

/// Whether a record without a patient could never be found again.
fn needs_patient(document: &Document) -> bool {
    let free = [
        "Binary",
        "Provenance",
        "Contract",
        "PaymentNotice",
        "PaymentReconciliation",
        "InsurancePlan",
        "List",
        "Group",
    ];
    match classify(document) {
        DataClass::Directory | DataClass::Scheduling | DataClass::Messages => false,
        DataClass::Demographics
        | DataClass::Identifiers
        | DataClass::Coverage
        | DataClass::ClinicalSummary
        | DataClass::NotesResults
        | DataClass::Sensitive
        | DataClass::Counselling
        | DataClass::Charges => {
            !free.contains(&document.kind().as_str()) && document.kind().as_str() != "Person"
        }
    }
}
