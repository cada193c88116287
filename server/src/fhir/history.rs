//! History: of a record, of a type, of all. Newest first; what was deleted or erased is an entry of its own.

use super::asked::MOST;
use super::asking::{Ask, Caller};
use super::bundle::{Bundle, history_entry};
use super::permits;
use super::reply::{Reply, Trouble, instant};
use super::searching::patients_of;
use crate::store::{self, ErasureRow, FoundVersion, RecordQuery, Versions};
use records::id::{PatientId, RecordKey, ResourceKind};
use records::rights::{ClassScope, Permit};
use records::search::Range;
use records::{Action, DataClass};
use serde_json::{Value, json};

/// Entries of a page, where nothing is said of it.
const USUAL: u32 = 100;

/// The parameters of a history.
pub(super) const PARAMETERS: [&str; 5] = ["_since", "_at", "_count", "_cursor", "_format"];

/// A history that was understood.
struct Wanted {
    query: RecordQuery,
    /// What stands in the links.
    kept: Vec<(&'static str, String)>,
    /// Only what is older than this is still to come, in milliseconds since 1970.
    until: Option<i64>,
}

/// `GET [type]/[id]/_history`.
pub(super) fn of_record(caller: &Caller<'_>, ask: &Ask, key: &RecordKey) -> Result<Reply, Trouble> {
    let mut wanted = understand(caller, ask, Some(&key.kind))?;
    wanted.query.ids.push(key.id.clone());
    let erased = erased_patient(caller, key)?;
    let permit = match erased {
        Some(_) => permits::of_list(caller, key.to_string().as_bytes())?,
        None => permits::of_record(caller, key, ask.conditions.reason)?,
    };
    let permit = permit.ok_or(Trouble::not_found())?;
    let erasures = erased.into_iter().collect();
    let path = format!("{key}/_history");
    bundle(caller, &permit, wanted, erasures, &path)
}

/// `GET [type]/_history` and `GET _history`.
pub(super) fn of_all(caller: &Caller<'_>, ask: &Ask, kind: Option<&ResourceKind>) -> Result<Reply, Trouble> {
    let wanted = understand(caller, ask, kind)?;
    let path = kind.map_or_else(|| "_history".to_owned(), |kind| format!("{kind}/_history"));
    let permit = permits::of_list(caller, path.as_bytes())?.ok_or_else(Trouble::not_allowed)?;
    let lists_patients = permit.scope().class(DataClass::Demographics) != ClassScope::None;
    let tells = kind.is_none_or(|kind| *kind == ResourceKind::PATIENT) && lists_patients;
    let erasures =
        if tells { store::read(caller.practice.store.as_ref(), |tx| tx.erasures())? } else { Vec::new() };
    bundle(caller, &permit, wanted, erasures, &path)
}

fn understand(caller: &Caller<'_>, ask: &Ask, kind: Option<&ResourceKind>) -> Result<Wanted, Trouble> {
    let mut query = RecordQuery::of(kind.cloned(), ask.count(USUAL, MOST)?.max(1), caller.now);
    query.versions = Versions::All;
    let (mut kept, mut until) = (Vec::new(), None);
    for (name, value) in &ask.parameters {
        let Some(name) = PARAMETERS.into_iter().find(|known| known == name) else {
            if ask.conditions.is_strict {
                return Err(Trouble::not_supported(
                    "There is a parameter that a history does not know.",
                    "It knows _since, _at, _count and _cursor.",
                ));
            }
            continue;
        };
        match name {
            "_since" => {
                let range = Range::of(value).ok_or_else(no_time)?;
                query.received.0 = Some(range.first);
                kept.push((name, value.clone()));
            }
            "_at" => {
                let at = value.strip_prefix("eq").unwrap_or(value);
                query.versions = Versions::At(Range::of(at).ok_or_else(no_time)?);
                kept.push((name, value.clone()));
            }
            "_cursor" => {
                let (before, at) = cursor(value).ok_or_else(no_cursor)?;
                (query.before, until) = (Some(before), Some(at));
            }
            _ => {}
        }
    }
    Ok(Wanted { query, kept, until })
}

fn bundle(
    caller: &Caller<'_>,
    permit: &Permit,
    wanted: Wanted,
    erasures: Vec<ErasureRow>,
    path: &str,
) -> Result<Reply, Trouble> {
    let Wanted { mut query, kept, until } = wanted;
    let most = query.most;
    query.most = most.saturating_add(1);
    let mut found = store::read(caller.practice.store.as_ref(), |tx| tx.find(permit, &query))?;
    let more = found.len() > most as usize;
    found.truncate(most as usize);
    let last = found.last().filter(|_| more).map(|last| (last.seq, last.received_at.as_millisecond()));
    let found = permits::for_program(caller, found)?;
    if permit.action() == Action::Search {
        permits::note_shown(caller, &patients_of(&found), path.as_bytes())?;
    }
    // An erasure stands among the versions that arrived when it was done.
    let from = last.map(|(_, at)| at).or(query.received.0);
    let is_here = |row: &ErasureRow| {
        let at = row.agreed.1.as_millisecond();
        from.is_none_or(|from| at >= from) && until.is_none_or(|until| at < until)
    };
    let is_asked = !matches!(query.versions, Versions::At(_));
    let erased = erasures.iter().filter(|row| is_asked && is_here(row));
    let mut entries: Vec<(i64, Value)> = erased.map(|row| erasure_entry(caller, row)).collect();
    entries.extend(found.iter().map(|record| entry(caller, record)));
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut bundle = Bundle::of("history");
    bundle.link("self", &link(caller, path, &kept, most, None));
    if let Some((seq, at)) = last {
        let cursor = format!("{seq}-{at}");
        bundle.link("next", &link(caller, path, &kept, most, Some(&cursor)));
    }
    entries.into_iter().for_each(|(_, entry)| bundle.entry(entry));
    Ok(Reply::of(bundle.finish()))
}

fn entry(caller: &Caller<'_>, record: &FoundVersion) -> (i64, Value) {
    (record.received_at.as_millisecond(), history_entry(caller, record))
}

fn erasure_entry(caller: &Caller<'_>, row: &ErasureRow) -> (i64, Value) {
    let key = row.patient.key();
    let entry = json!({
        "fullUrl": format!("{}/{key}", caller.base),
        "request": { "method": "DELETE", "url": key.to_string() },
        "response": { "status": "204", "lastModified": instant(row.agreed.1) },
    });
    (row.agreed.1.as_millisecond(), entry)
}

fn erased_patient(caller: &Caller<'_>, key: &RecordKey) -> Result<Option<ErasureRow>, Trouble> {
    if key.kind != ResourceKind::PATIENT {
        return Ok(None);
    }
    let patient = PatientId(key.id.clone());
    Ok(store::read(caller.practice.store.as_ref(), |tx| tx.erasure(&patient))?)
}

fn link(
    caller: &Caller<'_>,
    path: &str,
    kept: &[(&'static str, String)],
    count: u32,
    cursor: Option<&str>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).append_pair("_count", &count.to_string());
    if let Some(cursor) = cursor {
        query.append_pair("_cursor", cursor);
    }
    format!("{}/{path}?{}", caller.base, query.finish())
}

/// Where a page ended: the number in the sequence, and when that arrived.
fn cursor(text: &str) -> Option<(u64, i64)> {
    let (before, at) = text.split_once('-')?;
    Some((before.parse().ok()?, at.parse().ok()?))
}

const fn no_time() -> Trouble {
    Trouble::invalid(
        "_since and _at are dates or times.",
        "Give them as FHIR writes them, such as 2026-11-27.",
    )
}

const fn no_cursor() -> Trouble {
    Trouble::invalid("This is not a cursor of a history.", "Begin the history anew.")
}
