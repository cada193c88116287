//! The transaction bundle of a change, written and read.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Base, ChangeError, Entry, Origin};
use crate::document::Document;

/// The extension on `entry.request` that names an unanswered change as the base.
pub(super) const BASE_CHANGE: &str = "urn:chartkeep:base-change";

/// Writes the bundle; the documents go in byte for byte.
pub(super) fn write(origin: &Origin, entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.iter().map(|e| e.document.bytes().len() + 256).sum());
    let head = format!(
        r#"{{"resourceType":"Bundle","id":"{}","type":"transaction","timestamp":"{:.3}","entry":["#,
        origin.id, origin.written_at
    );
    out.extend_from_slice(head.as_bytes());
    for (nth, entry) in entries.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"resource":"#);
        out.extend_from_slice(entry.document.bytes());
        out.extend_from_slice(br#","request":"#);
        out.extend_from_slice(request(entry).to_string().as_bytes());
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

fn request(entry: &Entry) -> Value {
    let url = entry.document.key().to_string();
    match entry.base {
        Base::None => json!({"method": "PUT", "url": url, "ifNoneMatch": "*"}),
        Base::Version(version) => json!({"method": "PUT", "url": url, "ifMatch": format!("W/\"{version}\"")}),
        Base::Change(change) => json!({
            "extension": [{"url": BASE_CHANGE, "valueUuid": format!("urn:uuid:{change}")}],
            "method": "PUT",
            "url": url,
        }),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'a> {
    resource_type: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    entry: Vec<BundleEntry<'a>>,
}

#[derive(Deserialize)]
struct BundleEntry<'a> {
    #[serde(borrow)]
    resource: &'a RawValue,
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    extension: Vec<Extension>,
    method: String,
    url: String,
    if_match: Option<String>,
    if_none_match: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    url: String,
    value_uuid: Option<String>,
}

/// Reads the bundle of a change.
pub(super) fn read(origin: &Origin, bytes: &[u8]) -> Result<Vec<Entry>, ChangeError> {
    let bundle: Bundle<'_> = serde_json::from_slice(bytes).map_err(|_| ChangeError::NotATransaction)?;
    if bundle.resource_type != "Bundle" || bundle.kind != "transaction" {
        return Err(ChangeError::NotATransaction);
    }
    if bundle.id != origin.id.to_string() {
        return Err(ChangeError::AnotherChange);
    }
    let mut entries = Vec::with_capacity(bundle.entry.len());
    for (nth, entry) in bundle.entry.into_iter().enumerate() {
        let bytes = entry.resource.get().as_bytes().to_vec();
        let document = Document::parse(bytes).map_err(|e| ChangeError::Document(nth, e))?;
        let base = entry.request.base().ok_or(ChangeError::Request(nth))?;
        if entry.request.method != "PUT" || entry.request.url != document.key().to_string() {
            return Err(ChangeError::Request(nth));
        }
        entries.push(Entry { document, base });
    }
    Ok(entries)
}

impl Request {
    fn base(&self) -> Option<Base> {
        let named =
            self.extension.iter().find(|e| e.url == BASE_CHANGE).and_then(|e| e.value_uuid.as_deref());
        match (self.if_none_match.as_deref(), self.if_match.as_deref(), named) {
            (Some("*"), None, None) => Some(Base::None),
            (None, Some(tag), None) => {
                tag.strip_prefix("W/\"")?.strip_suffix('"')?.parse().ok().map(Base::Version)
            }
            (None, None, Some(urn)) => urn.strip_prefix("urn:uuid:")?.parse().ok().map(Base::Change),
            _ => None,
        }
    }
}
