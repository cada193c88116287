//! `Patient/$export` (FHIR Bulk Data): what somebody may take out, a file for each type, patient by patient.
//!
//! No file is kept. What is kept for an hour is what was asked for and when; a file is read from the store while it is
//! fetched, as everything stood at that moment. For each patient in it the right to export is decided and an event is in the
//! trail, before a line of that patient goes out. What somebody may not export is not in it, and nothing says what that was.

mod lines;

pub(crate) use lines::write_lines;

use super::asking::{Ask, Caller};
use super::permits;
use super::reply::{Trouble, instant};
use crate::store::{self, AttemptKind, AttemptRow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use keys::Random;
use records::ResourceKind;
use records::class::known_kinds;
use records::id::DeviceId;
use records::search::{Range, patient_parameters};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long an export may be fetched.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What was asked for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Export {
    /// The types, each a file.
    kinds: Vec<String>,
    /// Only what arrived since then, in milliseconds since 1970.
    since: Option<i64>,
    /// Everything as it stood then.
    at: Timestamp,
    /// The address that was asked for.
    request: String,
}

/// An export that was begun: where it is asked about, and until when it may be fetched.
pub(crate) struct Begun {
    /// Names it in its address.
    pub(crate) id: String,
}

/// Begins an export; `device` is the workstation from which it is fetched.
///
/// # Errors
/// When no role of the person's exports anything, or something is asked for that this server does not do.
pub(crate) fn begin(caller: &Caller<'_>, device: DeviceId, ask: &Ask) -> Result<Begun, Trouble> {
    check(caller)?;
    let export = understand(caller, ask)?;
    let id: [u8; 32] = Random::from_os().bytes();
    let row = AttemptRow {
        id,
        kind: AttemptKind::Export,
        device,
        person: Some(caller.actor.person),
        state: serde_json::to_vec(&export).unwrap_or_default(),
        expires_at: caller.now.checked_add(OPEN_FOR).unwrap_or(caller.now),
    };
    store::write(caller.practice.store.as_ref(), |tx| {
        tx.purge_expired(caller.now)?;
        tx.insert_attempt(&row)
    })?;
    Ok(Begun { id: URL_SAFE_NO_PAD.encode(id) })
}

/// Refuses whoever may export nothing.
///
/// # Errors
/// When no role of the person's exports anything; that is in the trail.
pub(crate) fn check(caller: &Caller<'_>) -> Result<(), Trouble> {
    if permits::may_export(caller)? { Ok(()) } else { Err(Trouble::not_allowed()) }
}

/// The same for one file: a program may come with another token than the one that the export was begun with.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_file(caller: &Caller<'_>, kind: &ResourceKind) -> Result<(), Trouble> {
    check(caller)?;
    if caller.scopes.is_some_and(|scopes| !scopes.export(kind)) {
        permits::refuse_scope(caller)?;
        return Err(Trouble::not_allowed());
    }
    Ok(())
}

/// The export of this name that this person began at this workstation, and until when it may be fetched.
///
/// # Errors
/// When there is none, or not any more.
pub(crate) fn opened(
    caller: &Caller<'_>,
    device: DeviceId,
    name: &str,
) -> Result<(Export, Timestamp), Trouble> {
    let row = store::write(caller.practice.store.as_ref(), |tx| {
        let Some(row) =
            id_of(name).map(|id| tx.take_attempt(&id, AttemptKind::Export, device)).transpose()?
        else {
            return Ok(None);
        };
        if let Some(row) = &row {
            tx.insert_attempt(row)?;
        }
        Ok::<_, store::StoreError>(row)
    })?;
    let row = row.filter(|row| row.expires_at > caller.now && row.person == Some(caller.actor.person));
    let row = row.ok_or(Trouble::not_found())?;
    let export = serde_json::from_slice(&row.state).map_err(|_| Trouble::not_found())?;
    Ok((export, row.expires_at))
}

/// Ends an export of this person's; it is fetched no more.
///
/// # Errors
/// When there is none.
pub(crate) fn end(caller: &Caller<'_>, device: DeviceId, name: &str) -> Result<(), Trouble> {
    opened(caller, device, name)?;
    let id = id_of(name).ok_or(Trouble::not_found())?;
    store::write(caller.practice.store.as_ref(), |tx| tx.take_attempt(&id, AttemptKind::Export, device))?;
    Ok(())
}

impl Export {
    /// What there is to fetch. `address` leads to the export.
    pub(crate) fn manifest(&self, address: &str) -> Value {
        let file = |kind: &String| json!({ "type": kind, "url": format!("{address}/{kind}") });
        json!({
            "transactionTime": instant(self.at),
            "request": self.request,
            "requiresAccessToken": true,
            "output": self.kinds.iter().map(file).collect::<Vec<_>>(),
            "error": [],
        })
    }

    /// The type of a file, where it is one of this export's.
    pub(crate) fn kind(&self, name: &str) -> Option<ResourceKind> {
        self.kinds.iter().find(|kind| *kind == name)?.parse().ok()
    }
}

fn id_of(name: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(name).ok()?.try_into().ok()
}

fn understand(caller: &Caller<'_>, ask: &Ask) -> Result<Export, Trouble> {
    let all: Vec<&str> = known_kinds().filter(|kind| is_of_patients(kind)).collect();
    let (mut kinds, mut since): (Option<Vec<String>>, _) = (None, None);
    for (name, value) in &ask.parameters {
        match name.as_str() {
            "_type" => {
                let asked = value.split(',').filter(|kind| all.contains(kind) || ask.conditions.is_strict);
                kinds.get_or_insert_default().extend(asked.map(str::to_owned));
            }
            "_since" => since = Some(Range::of(value).ok_or_else(unreadable)?.first),
            "_outputFormat" => {
                let known = ["application/fhir+ndjson", "application/ndjson", "ndjson"];
                if !known.contains(&value.as_str()) {
                    return Err(Trouble::not_supported("An export is NDJSON.", "Leave _outputFormat out."));
                }
            }
            _ if ask.conditions.is_strict => return Err(unknown()),
            _ => {}
        }
    }
    let mut kinds = kinds.unwrap_or_else(|| all.iter().map(|kind| (*kind).to_owned()).collect());
    // A program that names no type has those that it may export; one that it names and may not is refused.
    let is_named = ask.first("_type").is_some();
    let may = |kind: &String| {
        let kind = kind.parse::<ResourceKind>();
        caller.scopes.is_none_or(|scopes| kind.is_ok_and(|kind| scopes.export(&kind)))
    };
    if is_named && !kinds.iter().all(may) {
        permits::refuse_scope(caller)?;
        return Err(Trouble::not_allowed());
    }
    kinds.retain(may);
    kinds.sort();
    kinds.dedup();
    if kinds.is_empty() || kinds.iter().any(|kind| !all.contains(&kind.as_str())) {
        return Err(Trouble::not_supported(
            "There is a type that is not exported.",
            "/fhir/metadata has the types; those of patients are exported.",
        ));
    }
    let given = ask.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    let separator = if query.is_empty() { "" } else { "?" };
    let request = format!("{}/Patient/$export{separator}{query}", caller.base);
    Ok(Export { kinds, since, at: caller.now, request })
}

fn is_of_patients(kind: &str) -> bool {
    let named: Option<ResourceKind> = kind.parse().ok();
    named.is_some_and(|kind| kind == ResourceKind::PATIENT || !patient_parameters(&kind).is_empty())
}

const fn unreadable() -> Trouble {
    Trouble::invalid("_since is a time.", "Give an instant, such as 2026-11-27T22:00:00Z.")
}

const fn unknown() -> Trouble {
    Trouble::not_supported(
        "There is a parameter that an export does not know here.",
        "_type, _since and _outputFormat are known.",
    )
}
