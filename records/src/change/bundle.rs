//! The transaction bundle of a change, written and read.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Base, ChangeError, Deletion, Entry, Origin};
use crate::document::Document;
use crate::id::RecordKey;

/// The extension on `entry.request` that names an unanswered change as the base.
pub(super) const BASE_CHANGE: &str = "urn:chartkeep:base-change";

/// Writes the bundle; the documents go in byte for byte.
pub(super) fn write(origin: &Origin, entries: &[Entry], deletions: &[Deletion]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.iter().map(|e| e.document.bytes().len() + 256).sum());
    let head = format!(
        r#"{{"resourceType":"Bundle","id":"{}","type":"transaction","timestamp":"{:.3}","entry":["#,
        origin.id, origin.written_at
    );
    out.extend_from_slice(head.as_bytes());
    for entry in entries {
        out.extend_from_slice(br#"{"resource":"#);
        out.extend_from_slice(entry.document.bytes());
        out.extend_from_slice(br#","request":"#);
        out.extend_from_slice(request(PUT, entry.document.key(), entry.base).to_string().as_bytes());
        out.extend_from_slice(b"},");
    }
    for deletion in deletions {
        out.extend_from_slice(br#"{"request":"#);
        out.extend_from_slice(request(DELETE, &deletion.key, deletion.base).to_string().as_bytes());
        out.extend_from_slice(b"},");
    }
    // There is at least one entry, so the last byte is the comma behind it.
    out.pop();
    out.extend_from_slice(b"]}");
    out
}

const PUT: &str = "PUT";
const DELETE: &str = "DELETE";

fn request(method: &str, key: &RecordKey, base: Base) -> Value {
    let url = key.to_string();
    match base {
        Base::None => json!({"method": method, "url": url, "ifNoneMatch": "*"}),
        Base::Version(version) => {
            json!({"method": method, "url": url, "ifMatch": format!("W/\"{version}\"")})
        }
        Base::Change(change) => json!({
            "extension": [{"url": BASE_CHANGE, "valueUuid": format!("urn:uuid:{change}")}],
            "method": method,
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
    resource: Option<&'a RawValue>,
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
pub(super) fn read(origin: &Origin, bytes: &[u8]) -> Result<(Vec<Entry>, Vec<Deletion>), ChangeError> {
    let bundle: Bundle<'_> = serde_json::from_slice(bytes).map_err(|_| ChangeError::NotATransaction)?;
    if bundle.resource_type != "Bundle" || bundle.kind != "transaction" {
        return Err(ChangeError::NotATransaction);
    }
    if bundle.id != origin.id.to_string() {
        return Err(ChangeError::AnotherChange);
    }
    let (mut entries, mut deletions) = (Vec::with_capacity(bundle.entry.len()), Vec::new());
    for (nth, entry) in bundle.entry.into_iter().enumerate() {
        let base = entry.request.base().ok_or(ChangeError::Request(nth))?;
        match (entry.request.method.as_str(), entry.resource) {
            (PUT, Some(resource)) => {
                let document = Document::parse(resource.get().as_bytes().to_vec());
                let document = document.map_err(|e| ChangeError::Document(nth, e))?;
                if entry.request.url != document.key().to_string() {
                    return Err(ChangeError::Request(nth));
                }
                entries.push(Entry { document, base });
            }
            (DELETE, None) => {
                let key = entry.request.url.parse().map_err(|_| ChangeError::Request(nth))?;
                deletions.push(Deletion { key, base });
            }
            _ => return Err(ChangeError::Request(nth)),
        }
    }
    Ok((entries, deletions))
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
