//! `$export` (FHIR Bulk Data), of all, of all patients, or of a group of patients: what somebody may take out, a file for each
//! type, patient by patient.
//!
//! No file is kept. What is kept for an hour is what was asked for and when; a file is read from the store while it is
//! fetched, as everything stood at that moment. For each patient in it the right to export is decided and an event is in the
//! trail, before a line of that patient goes out. What somebody may not export is not in it, and nothing says what that was.

mod deleted;
mod group;
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
use records::id::{DeviceId, PatientId, RecordKey};
use records::rights::StatedReason;
use records::search::{Range, patient_parameters};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long an export may be fetched.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The name of the file that says what was deleted: that of the type of its lines.
const DELETED: &str = "Bundle";

/// Whose records are taken out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Of {
    /// Everything, also what belongs to no patient.
    All,
    /// Those of all patients.
    Patients,
    /// Those of the members of the group with this id.
    Group(String),
}

/// What is in a file.
enum Wanted {
    /// Records of a type.
    Kind(ResourceKind),
    /// What was deleted.
    Deleted,
}

/// What was asked for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Export {
    of: Of,
    /// The version of the group that counts; 0 where it is of none.
    group_version: u64,
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
pub(crate) fn begin(caller: &Caller<'_>, device: DeviceId, of: &Of, ask: &Ask) -> Result<Begun, Trouble> {
    check(caller)?;
    let mut export = understand(caller, of, ask)?;
    if let Some(group) = of.group()? {
        export.group_version = group::find(caller, &group, ask.conditions.reason)?;
    }
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

/// A file of an export, opened to be written.
pub(crate) struct File {
    export: Export,
    wanted: Wanted,
    /// Who is in the group that it is of; all patients where it is of none.
    members: Option<Vec<PatientId>>,
}

/// Opens a file of an export; also for who has lost the right since it began, or comes with another token. `stated` is why somebody
/// who did not write a group takes its members out.
///
/// # Errors
/// As [`opened`] and [`check`], and when the person is to find no such group any more.
pub(crate) fn open_file(
    caller: &Caller<'_>,
    device: DeviceId,
    (name, kind): (&str, &str),
    stated: Option<StatedReason>,
) -> Result<File, Trouble> {
    let (export, _) = opened(caller, device, name)?;
    let wanted = export.file(kind).ok_or(Trouble::not_found())?;
    check(caller)?;
    let may = caller.scopes.is_none_or(|scopes| match &wanted {
        Wanted::Kind(kind) => scopes.export(kind),
        Wanted::Deleted => export.kinds().all(|kind| scopes.export(&kind)),
    });
    if !may {
        refuse_scope(caller)?;
    }
    let group = export.of.group()?.map(|group| {
        let version = export.group_version;
        group::members(caller, (&group, version), export.at, stated)
    });
    let members = group.transpose()?;
    Ok(File { export, wanted, members })
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
            "deleted": self.since.iter().map(|_| file(&DELETED.to_owned())).collect::<Vec<_>>(),
            "error": [],
        })
    }

    /// The file of this name, where it is one of this export's.
    fn file(&self, name: &str) -> Option<Wanted> {
        if name == DELETED {
            return self.since.map(|_| Wanted::Deleted);
        }
        self.kinds.iter().find(|kind| *kind == name)?.parse().ok().map(Wanted::Kind)
    }

    fn kinds(&self) -> impl Iterator<Item = ResourceKind> {
        self.kinds.iter().filter_map(|kind| kind.parse().ok())
    }
}

impl Of {
    /// What is asked for, after the address of the surface.
    fn path(&self) -> String {
        match self {
            Self::All => "$export".to_owned(),
            Self::Patients => "Patient/$export".to_owned(),
            Self::Group(id) => format!("Group/{id}/$export"),
        }
    }

    fn group(&self) -> Result<Option<RecordKey>, Trouble> {
        let Self::Group(id) = self else { return Ok(None) };
        let id = id.parse().map_err(|_| Trouble::not_found())?;
        Ok(Some(RecordKey { kind: ResourceKind::GROUP, id }))
    }
}

fn id_of(name: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(name).ok()?.try_into().ok()
}

/// Everything of what is asked for but whose it is.
fn understand(caller: &Caller<'_>, of: &Of, ask: &Ask) -> Result<Export, Trouble> {
    let all: Vec<&str> = known_kinds().filter(|kind| *of == Of::All || is_of_patients(kind)).collect();
    let is_lenient = ask.conditions.is_lenient;
    let (mut kinds, mut since): (Option<Vec<String>>, _) = (None, None);
    for (name, value) in &ask.parameters {
        match name.as_str() {
            "_type" => {
                let asked = value.split(',').filter(|kind| all.contains(kind) || !is_lenient);
                kinds.get_or_insert_default().extend(asked.map(str::to_owned));
            }
            "_since" => since = Some(Range::of(value).ok_or_else(unreadable)?.first),
            "_outputFormat" => {
                let known = ["application/fhir+ndjson", "application/ndjson", "ndjson"];
                if !known.contains(&value.as_str()) {
                    return Err(Trouble::not_supported("An export is NDJSON.", "Leave _outputFormat out."));
                }
            }
            _ if is_lenient => {}
            _ => return Err(unknown()),
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
        refuse_scope(caller)?;
    }
    kinds.retain(may);
    kinds.sort();
    kinds.dedup();
    if kinds.is_empty() || kinds.iter().any(|kind| !all.contains(&kind.as_str())) {
        return Err(Trouble::not_supported(
            "There is a type that is not exported.",
            "/fhir/metadata has the types; $export has all, Patient/$export and Group/[id]/$export those of patients.",
        ));
    }
    Ok(Export {
        of: of.clone(),
        group_version: 0,
        kinds,
        since,
        at: caller.now,
        request: request(caller, of, ask),
    })
}

/// The address that was asked for.
fn request(caller: &Caller<'_>, of: &Of, ask: &Ask) -> String {
    let given = ask.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{}/{}{separator}{query}", caller.base, of.path())
}

fn refuse_scope(caller: &Caller<'_>) -> Result<(), Trouble> {
    permits::refuse_scope(caller)?;
    Err(Trouble::not_allowed())
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
        "_type, _since and _outputFormat are known; Prefer: handling=lenient leaves others out.",
    )
}
