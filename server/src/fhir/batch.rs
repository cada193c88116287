//! `POST /fhir`: batches of reads and of audit events, each entry by itself; transactions that only read.

use super::asking::{Ask, Caller, Conditions};
use super::feed::{Taken, feed};
use super::reply::{Reply, Trouble, etag, instant};
use crate::answer::Refusal;
use crate::identity::SignedInPerson;
use crate::practice::Practice;
use records::id::DeviceId;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sync::wire::ProblemCode;

/// The most reads of one Bundle.
const MOST_READS: usize = 100;

/// Who sent a Bundle, and how.
pub(crate) struct Posted<'a> {
    pub(crate) practice: &'a Practice,
    pub(crate) device: DeviceId,
    /// The person, where a session came with it: reading asks for one.
    pub(crate) person: &'a Result<SignedInPerson, Refusal>,
    pub(crate) base: &'a str,
    pub(crate) conditions: &'a Conditions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'a> {
    resource_type: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    if_none_match: Option<String>,
}

/// Answers a Bundle.
///
/// # Errors
/// When it is none, or a transaction that cannot be carried out as a whole.
pub(crate) fn take_bundle(posted: &Posted<'_>, body: &[u8]) -> Result<Reply, Trouble> {
    let not_a_bundle =
        Trouble::invalid("This is not a Bundle.", "Send a Bundle of type batch or transaction.");
    let Ok(bundle) = serde_json::from_slice::<Bundle<'_>>(body) else { return Err(not_a_bundle) };
    let entries: Vec<Option<Entry<'_>>> =
        bundle.entry.iter().map(|entry| serde_json::from_str(entry.get()).ok()).collect();
    let is_read = |entry: &Option<Entry<'_>>| entry.as_ref().is_some_and(|e| e.request.method == "GET");
    if entries.iter().filter(|entry| is_read(entry)).count() > MOST_READS {
        return Err(Trouble::Refused(ProblemCode::TooLarge.into()));
    }
    match (bundle.resource_type.as_str(), bundle.kind.as_str()) {
        ("Bundle", "batch") => batch(posted, &entries),
        ("Bundle", "transaction") if entries.iter().all(is_read) => reads(posted, &entries),
        ("Bundle", "transaction") => Err(Trouble::not_written_here(422)),
        _ => Err(not_a_bundle),
    }
}

fn batch(posted: &Posted<'_>, entries: &[Option<Entry<'_>>]) -> Result<Reply, Trouble> {
    let is_event = |entry: &Entry<'_>| entry.request.method == "POST" && entry.request.url == "AuditEvent";
    let event = |entry: &Option<Entry<'_>>| {
        let entry = entry.as_ref().filter(|entry| is_event(entry))?;
        Some(entry.resource.map_or("null", RawValue::get).as_bytes().to_vec())
    };
    let events: Vec<Vec<u8>> = entries.iter().filter_map(event).collect();
    let events: Vec<&[u8]> = events.iter().map(Vec::as_slice).collect();
    let now = posted.practice.clock.now();
    let fed =
        if events.is_empty() { Vec::new() } else { feed(posted.practice, posted.device, &events, now)? };
    let mut fed = fed.into_iter();
    let answers = entries.iter().map(|entry| match entry {
        Some(entry) if is_event(entry) => match fed.next() {
            Some(Ok(taken)) => taken_in(posted, &taken),
            Some(Err(trouble)) => refused(&trouble),
            None => refused(&Trouble::Refused(ProblemCode::Internal.into())),
        },
        Some(entry) if entry.request.method == "GET" => match read(posted, &entry.request) {
            Ok(reply) => answered(reply),
            Err(trouble) => refused(&trouble),
        },
        Some(_) => refused(&Trouble::not_written_here(405)),
        None => refused(&Trouble::invalid(
            "This is not an entry of a batch.",
            "An entry has a request with a method and an address.",
        )),
    });
    Ok(bundle("batch-response", answers.collect()))
}

fn reads(posted: &Posted<'_>, entries: &[Option<Entry<'_>>]) -> Result<Reply, Trouble> {
    let answers = entries.iter().flatten().map(|entry| Ok(answered(read(posted, &entry.request)?)));
    Ok(bundle("transaction-response", answers.collect::<Result<_, Trouble>>()?))
}

fn read(posted: &Posted<'_>, request: &Request) -> Result<Reply, Trouble> {
    let person = posted.person.as_ref().map_err(|_| Trouble::Refused(ProblemCode::SessionRequired.into()))?;
    let none_match = request.if_none_match.clone().into_iter().collect();
    let conditions = Conditions { none_match, modified_since: None, ..posted.conditions.clone() };
    // The address of an entry stands in a body, so what is read out of a record may stand in it.
    let ask = Ask { in_address: false, ..Ask::get(&request.url, conditions)? };
    let now = posted.practice.clock.now();
    let request = posted.conditions.request;
    let practice = posted.practice;
    let caller = Caller { practice, actor: &person.actor, scopes: None, base: posted.base, now, request };
    super::answer(&caller, &ask)
}

fn bundle(kind: &str, entries: Vec<Value>) -> Reply {
    let mut bundle = json!({ "resourceType": "Bundle", "type": kind });
    if !entries.is_empty() {
        bundle["entry"] = entries.into();
    }
    Reply::of(bundle)
}

fn taken_in(posted: &Posted<'_>, taken: &Taken) -> Value {
    let location = format!("{}/AuditEvent/{}", posted.base, taken.id);
    let status = if taken.is_new { "201" } else { "200" };
    json!({ "response": { "status": status, "location": location, "etag": etag(1) } })
}

fn answered(reply: Reply) -> Value {
    let mut response = Map::new();
    response.insert("status".into(), reply.status.to_string().into());
    if let Some(version) = reply.version {
        response.insert("etag".into(), etag(version).into());
    }
    if let Some(at) = reply.modified {
        response.insert("lastModified".into(), instant(at).into());
    }
    let mut entry = Map::new();
    if let Some(body) = reply.body {
        entry.insert("resource".into(), body);
    }
    entry.insert("response".into(), response.into());
    entry.into()
}

fn refused(trouble: &Trouble) -> Value {
    json!({ "response": { "status": trouble.status().to_string(), "outcome": trouble.to_json() } })
}
