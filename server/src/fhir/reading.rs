//! One record: as it stands, or as it stood.

use super::asking::{Ask, Caller};
use super::bundle::shown;
use super::permits;
use super::reply::{Reply, Trouble, etag};
use crate::store::{self, FoundVersion, RecordQuery, Versions};
use records::ResourceKind;
use records::id::RecordKey;
use records::rights::Permit;

/// `GET [type]/[id]`.
pub(super) fn read(caller: &Caller<'_>, ask: &Ask, key: &RecordKey) -> Result<Reply, Trouble> {
    if is_erased(caller, key)? {
        return Err(Trouble::gone());
    }
    let permit = permits::of_record(caller, key, ask.conditions.reason)?.ok_or(Trouble::not_found())?;
    // The newest version that the permit reaches is the one that stands: what closed it would have closed the permit.
    let found = version(caller, &permit, key, None)?.ok_or(Trouble::not_found())?;
    reply(caller, ask, &found)
}

/// `GET [type]/[id]/_history/[version]`.
pub(super) fn vread(caller: &Caller<'_>, ask: &Ask, key: &RecordKey, number: u64) -> Result<Reply, Trouble> {
    if is_erased(caller, key)? {
        return Err(Trouble::gone());
    }
    let permit = permits::of_record(caller, key, ask.conditions.reason)?.ok_or(Trouble::not_found())?;
    let found = version(caller, &permit, key, Some(number))?.ok_or(Trouble::not_found())?;
    reply(caller, ask, &found)
}

/// Whether this is a patient who was erased: that there was one may be known to who lists patients.
fn is_erased(caller: &Caller<'_>, key: &RecordKey) -> Result<bool, Trouble> {
    if key.kind != ResourceKind::PATIENT {
        return Ok(false);
    }
    let patient = records::PatientId(key.id.clone());
    let erasure = store::read(caller.practice.store.as_ref(), |tx| tx.erasure(&patient))?;
    Ok(erasure.is_some() && permits::of_list(caller, key.to_string().as_bytes())?.is_some())
}

fn version(
    caller: &Caller<'_>,
    permit: &Permit,
    key: &RecordKey,
    number: Option<u64>,
) -> Result<Option<FoundVersion>, Trouble> {
    let mut query = RecordQuery::of(Some(key.kind.clone()), 1, caller.now);
    query.ids.push(key.id.clone());
    query.versions = Versions::All;
    query.version = number;
    let found = store::read(caller.practice.store.as_ref(), |tx| tx.find(permit, &query))?;
    Ok(found.into_iter().next())
}

fn reply(caller: &Caller<'_>, ask: &Ask, found: &FoundVersion) -> Result<Reply, Trouble> {
    let body = shown(caller, found).ok_or(Trouble::gone())?;
    let conditions = &ask.conditions;
    let tag = etag(found.version);
    let has_it = if conditions.none_match.is_empty() {
        // HTTP's dates know no fractions of a second.
        conditions.modified_since.is_some_and(|since| found.received_at.as_second() <= since.as_second())
    } else {
        conditions.none_match.iter().any(|known| *known == tag || known == "*")
    };
    Ok(Reply {
        status: if has_it { 304 } else { 200 },
        body: (!has_it).then_some(body),
        version: Some(found.version),
        modified: Some(found.received_at),
        location: None,
    })
}
