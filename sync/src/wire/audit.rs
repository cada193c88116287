//! Audit events on their way to the server: a FHIR batch Bundle whose events keep their exact bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use records::id::{DeviceId, LogId, PracticeId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The extension of a batch that holds the marks of its events.
const MARKS: &str = "urn:chartkeep:audit-marks";

/// The origin line of a workstation's checkpoints (C2SP tlog-checkpoint).
#[must_use]
pub fn checkpoint_origin(log: LogId) -> String {
    format!("chartkeep/audit/{log}")
}

/// The name of the key that signs them (C2SP signed-note).
#[must_use]
pub fn checkpoint_key_name(device: DeviceId) -> String {
    format!("chartkeep-device/{device}")
}

/// The name of the key with which the server cosigns them as witness (C2SP tlog-cosignature).
#[must_use]
pub fn witness_key_name(practice: PracticeId) -> String {
    format!("chartkeep-witness/{practice}")
}

/// The body of `POST /fhir`: `events` are the exact JSON bytes that the leaves of the log were made of.
///
/// The caller vouches that each is JSON; the bytes are copied as they are, never parsed or written anew. `marks` are theirs
/// (`keys::marks`), where they have any.
#[must_use]
pub fn audit_batch_json<E: AsRef<[u8]>>(events: &[E], marks: Option<&[u8]>) -> Vec<u8> {
    let marks = marks.map(|marks| STANDARD.encode(marks)).unwrap_or_default();
    let size = events.iter().map(|e| e.as_ref().len() + 80).sum::<usize>() + marks.len() + 160;
    let mut body = Vec::with_capacity(size);
    body.extend_from_slice(br#"{"resourceType":"Bundle","#);
    if !marks.is_empty() {
        let meta = format!(r#""meta":{{"extension":[{{"url":"{MARKS}","valueBase64Binary":"{marks}"}}]}},"#);
        body.extend_from_slice(meta.as_bytes());
    }
    body.extend_from_slice(br#""type":"batch","entry":["#);
    for (i, event) in events.iter().enumerate() {
        if i > 0 {
            body.push(b',');
        }
        body.extend_from_slice(br#"{"resource":"#);
        body.extend_from_slice(event.as_ref());
        body.extend_from_slice(br#","request":{"method":"POST","url":"AuditEvent"}}"#);
    }
    body.extend_from_slice(b"]}");
    body
}

/// A batch as it arrived: the events point into the body.
#[derive(Debug)]
pub struct AuditBatch<'a> {
    /// The exact bytes of each event.
    pub events: Vec<&'a [u8]>,
    /// Their marks, as they were sent.
    pub marks: Option<Vec<u8>>,
}

/// The body is not a batch Bundle of creates.
#[derive(Debug, thiserror::Error)]
#[error("not a batch Bundle of AuditEvent creates")]
pub struct AuditBatchError;

impl<'a> AuditBatch<'a> {
    /// Reads a batch.
    ///
    /// # Errors
    /// When the body is no JSON Bundle of type `batch`, or an entry is not a `POST` of a resource to `AuditEvent`. What stands inside
    /// a resource is not looked at: a repository shall not reject an event for what it says (BALP 1:52.1.1.3).
    pub fn parse(body: &'a [u8]) -> Result<Self, AuditBatchError> {
        let bundle: Bundle<'a> = serde_json::from_slice(body).map_err(|_| AuditBatchError)?;
        let is_batch = bundle.resource_type == "Bundle" && bundle.kind == "batch";
        let all_creates =
            bundle.entry.iter().all(|e| e.request.method == "POST" && e.request.url == "AuditEvent");
        if !(is_batch && all_creates) {
            return Err(AuditBatchError);
        }
        let marks = bundle.meta.extension.iter().find(|extension| extension.url == MARKS);
        let marks = marks.map(|marks| STANDARD.decode(marks.value.as_bytes())).transpose();
        let marks = marks.map_err(|_| AuditBatchError)?;
        let events = bundle.entry.iter().map(|e| e.resource.get().as_bytes()).collect();
        Ok(Self { events, marks })
    }
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(rename = "resourceType", borrow)]
    resource_type: std::borrow::Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(default)]
    meta: Meta,
    #[serde(default, borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    extension: Vec<Extension>,
}

#[derive(Deserialize)]
struct Extension {
    #[serde(default)]
    url: String,
    #[serde(default, rename = "valueBase64Binary")]
    value: String,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: &'a RawValue,
    #[serde(borrow)]
    request: Request<'a>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    method: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    url: std::borrow::Cow<'a, str>,
}

/// The server's word that it holds a log up to a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReceipt {
    /// The log.
    pub log: LogId,
    /// How many leaves the server holds.
    pub size: u64,
    /// The root over them, RFC 6962, as lower-case hex.
    pub root: String,
    /// The server's time, to the second, as the cosignature has it.
    pub received_at: Timestamp,
    /// The workstation's signed checkpoint over these leaves, cosigned by the server. It is what counts: the fields above say the
    /// same, and where they do not the receipt is none.
    pub note: String,
    /// The number of the trust bundle that names the key of the cosignature.
    pub trust_bundle: u64,
}
