//! A page of a drawer's history: a FHIR history Bundle written and read without parsing the resources in it.

use super::{Cursor, path};
use records::Drawer;
use records::id::PatientId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Write as _;

/// What stands behind a patient where an entry is about the whole chart (FHIR `Patient/$everything`).
const EVERYTHING: &str = "/$everything";

/// Puts a history Bundle together from the bytes of the resources.
///
/// `Bundle.identifier` carries the cursor to go on from; a `next` link stands there while more is known to follow, and a `last`
/// one with the cursor at which it ends: how far there is still to go.
#[derive(Debug)]
pub struct HistoryWriter {
    body: Vec<u8>,
    entries: usize,
}

impl HistoryWriter {
    /// Starts a page that will hold about `bytes` bytes of resources.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        let mut body = Vec::with_capacity(bytes + 512);
        body.extend_from_slice(br#"{"resourceType":"Bundle","type":"history","entry":["#);
        Self { body, entries: 0 }
    }

    /// Adds a version of a resource; `resource` is its JSON, copied as it is.
    pub fn put(&mut self, kind: &str, id: &str, version: u64, resource: &[u8]) {
        self.open_entry();
        self.body.extend_from_slice(br#""resource":"#);
        self.body.extend_from_slice(resource);
        self.body.push(b',');
        self.close_entry("PUT", kind, id, version, "200");
    }

    /// Adds the news that a resource is not in this drawer any more, or was deleted, as of `version`.
    pub fn delete(&mut self, kind: &str, id: &str, version: u64) {
        self.open_entry();
        self.close_entry("DELETE", kind, id, version, "204");
    }

    /// Adds the news that workstations do not keep this patient's chart any more, as far as this drawer goes.
    pub fn leave(&mut self, patient: &str) {
        self.chart("DELETE", patient);
    }

    /// Adds the news that all there is of this patient's chart in this drawer has been told, and is kept again.
    pub fn whole(&mut self, patient: &str) {
        self.chart("GET", patient);
    }

    fn chart(&mut self, method: &str, patient: &str) {
        self.open_entry();
        self.push(format_args!(
            r#""request":{{"method":"{method}","url":"Patient/{patient}{EVERYTHING}"}},"response":{{"status":"200"}}}}"#
        ));
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether there is no entry yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// How many bytes the page has already.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.body.len()
    }

    /// Ends the page: `next` is where to go on; where something is known to wait there, `last` is where that ends.
    #[must_use]
    pub fn finish(mut self, next: Cursor, last: Option<Cursor>) -> Vec<u8> {
        self.body.extend_from_slice(br#"],"identifier":{"system":"urn:chartkeep:cursor","value":""#);
        self.push(format_args!("{next}"));
        self.body.extend_from_slice(br#""}"#);
        if let Some(last) = last {
            let path = path::HISTORY;
            self.push(format_args!(
                r#","link":[{{"relation":"next","url":"{path}?_cursor={next}"}},{{"relation":"last","url":"{path}?_cursor={last}"}}]"#
            ));
        }
        self.body.push(b'}');
        self.body
    }

    fn open_entry(&mut self) {
        if self.entries > 0 {
            self.body.push(b',');
        }
        self.entries += 1;
        self.body.push(b'{');
    }

    fn close_entry(&mut self, method: &str, kind: &str, id: &str, version: u64, status: &str) {
        self.push(format_args!(
            r#""request":{{"method":"{method}","url":"{kind}/{id}"}},"response":{{"status":"{status}","etag":"W/\"{version}\""}}}}"#
        ));
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.body.write_fmt(text).expect("writing to memory does not fail");
    }
}

/// Asks for a page of a drawer that is shut at this workstation. The answer is an inbox page (`docs/formats/inbox-page.md`), or
/// nothing where nothing follows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SealedPageRequest {
    /// Where to go on.
    pub cursor: Cursor,
    /// How many entries at most.
    pub count: u32,
}

/// Asks for all that one drawer holds of a patient whose chart workstations do not keep. The answer is a page of history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChartRequest {
    /// The patient.
    pub patient: PatientId,
    /// Which drawer.
    pub drawer: Drawer,
}

/// A page as it arrived: resources point into the body.
#[derive(Debug)]
pub struct HistoryPage<'a> {
    /// The entries, oldest first.
    pub entries: Vec<HistoryEntry<'a>>,
    /// What became of whole charts; each counts after all entries of the page.
    pub charts: Vec<ChartEntry>,
    /// Where to go on.
    pub next: Cursor,
    /// Whether more is known to wait there.
    pub more: bool,
    /// Where that ends, as far as it is told.
    pub last: Option<Cursor>,
}

/// What became of one patient's chart, as far as one drawer goes.
#[derive(Debug, PartialEq, Eq)]
pub struct ChartEntry {
    /// The patient's id.
    pub patient: String,
    /// Whether workstations keep it, and all of it has been told; false: what they have of it is to go.
    pub is_kept: bool,
}

/// One version of a resource, or its departure.
#[derive(Debug)]
pub struct HistoryEntry<'a> {
    /// `Observation/0190…`.
    pub key: Cow<'a, str>,
    /// The version, counted from 1.
    pub version: u64,
    /// What happened.
    pub method: HistoryMethod<'a>,
}

/// What happened to a resource.
#[derive(Debug)]
pub enum HistoryMethod<'a> {
    /// This is its content now: the exact JSON bytes.
    Put(&'a [u8]),
    /// It is not in this drawer any more, or was deleted.
    Delete,
}

/// The body is not a page of history.
#[derive(Debug, thiserror::Error)]
#[error("not a page of history")]
pub struct HistoryPageError;

impl<'a> HistoryPage<'a> {
    /// Reads a page; the resources are found but not parsed.
    ///
    /// # Errors
    /// When the body is not a history Bundle with a cursor, or an entry lacks what its method needs.
    pub fn parse(body: &'a [u8]) -> Result<Self, HistoryPageError> {
        let bundle: Bundle<'a> = serde_json::from_slice(body).map_err(|_| HistoryPageError)?;
        if bundle.resource_type != "Bundle" || bundle.kind != "history" {
            return Err(HistoryPageError);
        }
        let next = bundle.identifier.value.parse().map_err(|_| HistoryPageError)?;
        let more = bundle.link.iter().any(|link| link.relation == "next");
        let last = bundle.link.iter().find(|link| link.relation == "last").and_then(Link::cursor);
        let (mut entries, mut charts) = (Vec::with_capacity(bundle.entry.len()), Vec::new());
        for entry in bundle.entry {
            match entry.chart() {
                Some(chart) => charts.push(chart),
                None => entries.push(entry.read()?),
            }
        }
        Ok(Self { entries, charts, next, more, last })
    }
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(rename = "resourceType", borrow)]
    resource_type: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow)]
    entry: Vec<Entry<'a>>,
    #[serde(borrow)]
    identifier: Identifier<'a>,
    #[serde(default, borrow)]
    link: Vec<Link<'a>>,
}

#[derive(Deserialize)]
struct Identifier<'a> {
    #[serde(borrow)]
    value: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    relation: Cow<'a, str>,
    #[serde(default, borrow)]
    url: Cow<'a, str>,
}

impl Link<'_> {
    fn cursor(&self) -> Option<Cursor> {
        self.url.rsplit_once("_cursor=")?.1.parse().ok()
    }
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default, borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Request<'a>,
    #[serde(borrow)]
    response: Response<'a>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(default, borrow)]
    etag: Cow<'a, str>,
}

impl<'a> Entry<'a> {
    /// What the entry says of a whole chart, where it is about one.
    fn chart(&self) -> Option<ChartEntry> {
        let is_kept = match &*self.request.method {
            "GET" => true,
            "DELETE" => false,
            _ => return None,
        };
        let patient = self.request.url.strip_prefix("Patient/")?.strip_suffix(EVERYTHING)?;
        Some(ChartEntry { patient: patient.to_owned(), is_kept })
    }

    fn read(self) -> Result<HistoryEntry<'a>, HistoryPageError> {
        let method = match (&*self.request.method, self.resource) {
            ("PUT", Some(resource)) => HistoryMethod::Put(resource.get().as_bytes()),
            ("DELETE", None) => HistoryMethod::Delete,
            _ => return Err(HistoryPageError),
        };
        let version = self.response.etag.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"'));
        let version = version.and_then(|v| v.parse().ok()).ok_or(HistoryPageError)?;
        Ok(HistoryEntry { key: self.request.url, version, method })
    }
}
