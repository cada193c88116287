//! Searching and reading the trail (IHE ITI-81): for auditors and privacy officers, and an event itself.

use super::asked::{Continuation, MOST, opened, sealed};
use super::asking::{Ask, Caller};
use super::bundle::Bundle;
use super::matching::Wanted;
use super::permits;
use super::reply::{Reply, Trouble, instant};
use super::searching::terms_of;
use crate::store::{self, EventQuery, FoundEvent};
use records::AuditEvent;
use records::id::{PatientId, ResourceId, ResourceKind};
use serde_json::{Value, json};

/// Entries of a page, where nothing is said of it.
const USUAL: u32 = 100;
/// Events that are looked at for one page; where few of them are asked for, a page may be short and still have a next.
const LOOKED_AT: u32 = 5_000;
/// Parameters whose values are times, codes and opaque ids: the trail shows them as they were asked.
const PLAIN: [&str; 6] = ["date", "patient", "type", "subtype", "action", "outcome"];
/// Marks an event that does not keep to its pattern.
const TAGS: &str = "urn:chartkeep:audit";

/// `GET AuditEvent` and `POST AuditEvent/_search`.
pub(super) fn search(caller: &Caller<'_>, ask: &Ask) -> Result<Reply, Trouble> {
    let most = ask.count(USUAL, MOST)?.max(1);
    let continued =
        ask.first("_cursor").map(|cursor| opened(caller, &ResourceKind::AUDIT_EVENT, cursor)).transpose()?;
    let before = continued.as_ref().map(|continued| continued.before);
    let in_address = ask.in_address && continued.is_none();
    let given = continued.map_or_else(|| ask.parameters.clone(), |continued| continued.kept);
    let wanted = understand(ask, &given, in_address)?;
    let patient = match wanted.patients.as_slice() {
        [one] => one.parse::<PatientId>().ok(),
        _ => None,
    };
    let terms = terms_of(caller, "AuditEvent", &given, |name| PLAIN.contains(&name));
    permits::of_trail(caller, patient, &terms)?.ok_or_else(Trouble::not_allowed)?;
    let (found, next) = page(caller, &wanted, before, most)?;
    let mut bundle = Bundle::of("searchset");
    bundle.link("self", &self_link(caller, &given));
    if let Some(before) = next {
        let continuation = Continuation { kind: ResourceKind::AUDIT_EVENT.to_string(), kept: given, before };
        let cursor = sealed(caller, &continuation);
        bundle.link("next", &format!("{}/AuditEvent?_cursor={cursor}&_count={most}", caller.base));
    }
    for event in &found {
        let Some(resource) = shown(event) else { continue };
        let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
        bundle.entry(json!({
            "fullUrl": format!("{}/AuditEvent/{id}", caller.base),
            "resource": resource,
            "search": { "mode": "match" },
        }));
    }
    Ok(Reply::of(bundle.finish()))
}

/// `GET AuditEvent/[id]`.
pub(super) fn read(caller: &Caller<'_>, _ask: &Ask, id: &ResourceId) -> Result<Reply, Trouble> {
    let asked = format!("AuditEvent/{id}");
    permits::of_trail(caller, None, asked.as_bytes())?.ok_or_else(Trouble::not_allowed)?;
    let query = EventQuery { ids: vec![id.to_string()], most: 1, ..EventQuery::default() };
    let found = store::read(caller.practice.store.as_ref(), |tx| tx.find_events(&query))?;
    let event = found.first().ok_or(Trouble::not_found())?;
    let body = shown(event).ok_or(Trouble::not_found())?;
    Ok(Reply { version: Some(1), modified: Some(event.received_at), ..Reply::of(body) })
}

fn understand(ask: &Ask, given: &[(String, String)], in_address: bool) -> Result<Wanted, Trouble> {
    let mut wanted = Wanted::default();
    for (name, value) in given {
        let of_the_answer = matches!(name.as_str(), "_count" | "_format");
        if !of_the_answer && !wanted.take(name, value, in_address)? && ask.conditions.is_strict {
            return Err(Trouble::not_supported(
                "There is a parameter that a search for audit events does not know.",
                "/fhir/metadata names those there are.",
            ));
        }
    }
    match wanted.recorded {
        (Some(_), Some(_)) => Ok(wanted),
        _ => Err(Trouble::Outcome {
            status: 400,
            issue: "required",
            text: "A search for audit events names the time from which and the time to which.",
            advice: "Give date twice, such as date=ge2026-11-01 and date=le2026-11-30.",
        }),
    }
}

/// Where a page ended: recorded when, and the number of the row.
type Place = (i64, u64);

fn page(
    caller: &Caller<'_>,
    wanted: &Wanted,
    before: Option<Place>,
    most: u32,
) -> Result<(Vec<FoundEvent>, Option<Place>), Trouble> {
    let query = EventQuery {
        recorded: wanted.recorded,
        received: wanted.received,
        ids: wanted.ids.clone(),
        patients: wanted.patients.clone(),
        before,
        most: LOOKED_AT,
    };
    let looked_at = store::read(caller.practice.store.as_ref(), |tx| tx.find_events(&query))?;
    let is_all = looked_at.len() < LOOKED_AT as usize;
    let mut found = Vec::new();
    let mut last = None;
    for event in looked_at {
        if found.len() == most as usize {
            return Ok((found, last));
        }
        last = Some((event.recorded_at, event.number));
        let value = serde_json::from_slice::<Value>(&event.event).ok();
        if value.is_some_and(|value| wanted.takes(&value)) {
            found.push(event);
        }
    }
    Ok((found, last.filter(|_| !is_all)))
}

/// An event as it is shown: as it came, with when it was received, and flagged where it does not keep to its pattern.
fn shown(event: &FoundEvent) -> Option<Value> {
    let parsed = AuditEvent::parse(event.event.clone()).ok()?;
    let mut value = parsed.value();
    let members = value.as_object_mut()?;
    let mut meta = members.get("meta").and_then(Value::as_object).cloned().unwrap_or_default();
    meta.insert("versionId".into(), "1".into());
    meta.insert("lastUpdated".into(), instant(event.received_at).into());
    if event.is_odd {
        let tag = json!({ "system": TAGS, "code": "odd" });
        match meta.get_mut("tag").and_then(Value::as_array_mut) {
            Some(tags) => tags.push(tag),
            None => drop(meta.insert("tag".into(), json!([tag]))),
        }
    }
    members.insert("meta".into(), meta.into());
    Some(value)
}

/// What was searched by, as far as it may stand in an address.
fn self_link(caller: &Caller<'_>, given: &[(String, String)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in given {
        if name == "_count" || Wanted::default().take(name, value, true).unwrap_or(false) {
            query.append_pair(name, value);
        }
    }
    format!("{}/AuditEvent?{}", caller.base, query.finish())
}
