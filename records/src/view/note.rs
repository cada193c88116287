//! Notes and documents: what has text to read here, and what is attached.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::chart::Chart;
use super::element::{self, concept, first_when, items, text};
use super::{MASKED, NOT_KNOWN};
use crate::class::{DataClass, classify};
use crate::date::When;
use crate::document::Document;
use crate::id::{PersonId, RecordKey, ResourceKind};

/// How far a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoteState {
    /// Not signed yet.
    Draft,
    /// Signed.
    Signed,
    /// Signed, and added to since.
    Amended,
}

impl NoteState {
    /// As it is shown.
    pub const fn text(self) -> &'static str {
        match self {
            NoteState::Draft => "Draft",
            NoteState::Signed => "Signed",
            NoteState::Amended => "Amended",
        }
    }
}

/// One note with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteItem {
    /// The record.
    pub key: RecordKey,
    /// Its title.
    pub title: String,
    /// What kind of note.
    pub kind: String,
    /// Its text.
    pub text: String,
    /// Who wrote it, in words.
    pub author: String,
    /// Who wrote it, where it is one of our people.
    pub author_id: Option<PersonId>,
    /// When it was written.
    pub at: Option<When>,
    /// How far it is.
    pub state: NoteState,
    /// The note that this one adds to.
    pub appends: Option<RecordKey>,
    /// Whether it is of a class kept more closely.
    pub sensitive: bool,
    /// A row that stands for a record which may not be shown.
    pub masked: bool,
}

/// One document that is attached and not text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentItem {
    /// The record.
    pub key: RecordKey,
    /// Its title.
    pub title: String,
    /// What kind of document.
    pub kind: String,
    /// Media type of the attachment, such as `application/pdf`.
    pub media_type: String,
    /// Size in bytes, where it is known.
    pub bytes: Option<u64>,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: Option<When>,
}

impl NoteItem {
    /// All notes of a chart, latest first.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let kinds = [ResourceKind::DOCUMENT_REFERENCE, ResourceKind::COMPOSITION];
        let documents = kinds.iter().flat_map(|kind| chart.of_kind(kind));
        let mut found: Vec<Self> = documents.filter_map(|document| Self::of(document, chart)).collect();
        found.sort_by_key(|item| std::cmp::Reverse(item.at.map(When::sort_key)));
        found
    }

    /// The view of one `DocumentReference` or `Composition` that has text; none of any other.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Option<Self> {
        let value = document.value();
        let masked = document.labels().masked;
        if !masked && element::entered_in_error(value) {
            return None;
        }
        let body = if masked { MASKED.to_owned() } else { body(document.kind(), value)? };
        let kind = value.get("type").and_then(concept).unwrap_or_else(|| "Note".to_owned());
        let (author, author_id) = author(value, chart);
        Some(Self {
            key: document.key().clone(),
            title: if masked { MASKED.to_owned() } else { title(value).unwrap_or_else(|| kind.clone()) },
            kind,
            text: body,
            author,
            author_id,
            at: first_when(value, &["date", "content"]).or_else(|| first_when(value, &["created"])),
            state: state(document.kind(), value),
            appends: items(value, "relatesTo").iter().find_map(appended),
            sensitive: matches!(classify(document), DataClass::Sensitive | DataClass::Counselling),
            masked,
        })
    }
}

impl DocumentItem {
    /// All documents of a chart that are not notes, latest first.
    pub fn all(chart: &Chart<'_>) -> Vec<Self> {
        let documents = chart.of_kind(&ResourceKind::DOCUMENT_REFERENCE);
        let mut found: Vec<Self> = documents.filter_map(|document| Self::of(document, chart)).collect();
        found.sort_by_key(|item| std::cmp::Reverse(item.at.map(When::sort_key)));
        found
    }

    /// The view of one `DocumentReference` whose attachment is not text.
    pub fn of(document: &Document, chart: &Chart<'_>) -> Option<Self> {
        let value = document.value();
        let hidden = document.labels().masked || element::entered_in_error(value);
        if hidden || body(document.kind(), value).is_some() {
            return None;
        }
        let attachment = attachments(value).next();
        let kind = value.get("type").and_then(concept).unwrap_or_else(|| "Document".to_owned());
        Some(Self {
            key: document.key().clone(),
            title: title(value).unwrap_or_else(|| kind.clone()),
            kind,
            media_type: attachment
                .and_then(|a| text(a, "contentType"))
                .unwrap_or_else(|| NOT_KNOWN.to_owned()),
            bytes: attachment.and_then(|a| a.get("size")?.as_u64()),
            author: author(value, chart).0,
            at: first_when(value, &["date"]),
        })
    }
}

/// The person behind an author element of one of our own records.
pub(crate) fn author_id(value: &Value) -> Option<PersonId> {
    let key = element::target(value, "author")?;
    (key.kind == ResourceKind::PRACTITIONER).then(|| key.id.as_str().parse().ok()).flatten()
}

fn author(value: &Value, chart: &Chart<'_>) -> (String, Option<PersonId>) {
    let name = items(value, "author").iter().find_map(|author| chart.name_of(author));
    (name.unwrap_or_else(|| NOT_KNOWN.to_owned()), author_id(value))
}

fn attachments(value: &Value) -> impl Iterator<Item = &Value> {
    items(value, "content").iter().filter_map(|content| content.get("attachment"))
}

fn title(value: &Value) -> Option<String> {
    let attached = || attachments(value).find_map(|a| text(a, "title"));
    text(value, "title").or_else(attached).or_else(|| text(value, "description"))
}

fn state(kind: &ResourceKind, value: &Value) -> NoteState {
    let element = if *kind == ResourceKind::COMPOSITION { "status" } else { "docStatus" };
    value.get(element).and_then(Value::as_str).map_or(NoteState::Signed, doc_status)
}

/// How far a note is, by the code of its status.
pub(super) fn doc_status(code: &str) -> NoteState {
    match code {
        "preliminary" => NoteState::Draft,
        "amended" => NoteState::Amended,
        _ => NoteState::Signed,
    }
}

fn appended(related: &Value) -> Option<RecordKey> {
    let appends = related.get("code").and_then(Value::as_str) == Some("appends");
    appends.then(|| element::target(related, "target")).flatten()
}

/// The readable text: plain attachments, or the narratives of a composition's sections.
fn body(kind: &ResourceKind, value: &Value) -> Option<String> {
    if *kind == ResourceKind::COMPOSITION {
        let mut parts = Vec::new();
        items(value, "section").iter().for_each(|section| section_text(section, &mut parts));
        return (!parts.is_empty()).then(|| parts.join("\n\n"));
    }
    attachments(value).find_map(|attachment| {
        let plain = text(attachment, "contentType").is_some_and(|kind| kind.starts_with("text/plain"));
        let data = attachment.get("data").and_then(Value::as_str).filter(|_| plain)?;
        let bytes = BASE64_STANDARD.decode(data.split_whitespace().collect::<String>()).ok()?;
        String::from_utf8(bytes).ok().filter(|words| !words.trim().is_empty())
    })
}

fn section_text(section: &Value, parts: &mut Vec<String>) {
    let title = text(section, "title");
    let narrative = section.get("text").and_then(|t| t.get("div")?.as_str()).map(without_tags);
    let narrative = narrative.filter(|words| !words.is_empty());
    match (title, narrative) {
        (Some(title), Some(words)) => parts.push(format!("{title}\n{words}")),
        (None, Some(words)) => parts.push(words),
        (Some(_) | None, None) => {}
    }
    items(section, "section").iter().for_each(|inner| section_text(inner, parts));
}

/// The words of an XHTML narrative: tags end words or lines, the five entities are resolved, nothing is rendered.
fn without_tags(html: &str) -> String {
    let mut words = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        let Some((tag, after)) = after.split_once('>') else { break };
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        let ends_line =
            matches!(name, "p" | "br" | "div" | "li" | "tr" | "h1" | "h2" | "h3" | "ul" | "ol" | "table");
        words.push(if ends_line { '\n' } else { ' ' });
        rest = after;
    }
    if !rest.contains('<') {
        words.push_str(rest);
    }
    for (entity, letter) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#160;", " "), ("&amp;", "&")]
    {
        words = words.replace(entity, letter);
    }
    let lines = words.lines().filter_map(element::clean);
    lines.collect::<Vec<_>>().join("\n")
}
