//! `GET /fhir/_history`: what follows a cursor in one drawer, put together from bytes.

use crate::answer::{Answer, Refusal, fhir};
use crate::identity::{SignedInPerson, blocking};
use crate::practice::Practice;
use crate::store::{self, PageLimits};
use crate::trail::ServerTrail;
use axum::extract::{Query, State};
use records::id::PatientId;
use records::rights::{Permit, Rights, decide};
use records::{Action, Actor, Facts};
use serde::Deserialize;
use sync::wire::{Cursor, HistoryWriter, ProblemCode};

/// What may stand after the question mark; there is no place in it for anything about a patient.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    #[serde(rename = "_cursor")]
    cursor: String,
    #[serde(rename = "_count")]
    count: Option<u32>,
}

const MOST_ENTRIES: u32 = 5_000;
const USUAL_ENTRIES: u32 = 500;
const MOST_BYTES: usize = 24 << 20;
/// About what a resource takes, so that a page is put together without growing many times.
const USUAL_RESOURCE: usize = 1_500;
/// About what a chart takes.
pub(super) const USUAL_CHART: usize = 256 << 10;

/// `GET /fhir/_history`.
pub(crate) async fn page(
    State(practice): State<Practice>,
    person: SignedInPerson,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(parameters) = parameters.map_err(|_| ProblemCode::Malformed)?;
    let cursor: Cursor = parameters.cursor.parse().map_err(|_| ProblemCode::CursorRefused)?;
    let limits = PageLimits { entries: entries(parameters.count), bytes: MOST_BYTES };
    let built = blocking(move || {
        let permit = permit(&practice, &person.actor, cursor, None)?;
        build(&practice, &permit, cursor, limits)
    })
    .await?;
    Ok(fhir(built.body))
}

/// How many entries a page has at most, where so many were asked for.
pub(super) fn entries(asked: Option<u32>) -> u32 {
    asked.unwrap_or(USUAL_ENTRIES).clamp(1, MOST_ENTRIES)
}

/// A page, put together.
pub(super) struct Built {
    /// The Bundle.
    pub(super) body: Vec<u8>,
    /// Where to go on.
    pub(super) next: Cursor,
    /// Whether something is known to wait there.
    pub(super) more: bool,
}

/// The event of this page, of one patient or of everybody, is durable before the page is read. A drawer that is not this
/// person's is not found.
pub(super) fn permit(
    practice: &Practice,
    actor: &Actor,
    cursor: Cursor,
    patient: Option<PatientId>,
) -> Result<Permit, Refusal> {
    let now = practice.clock.now();
    let permit = store::write(practice.store.as_ref(), |tx| -> Result<Option<Permit>, Refusal> {
        let mut trail = ServerTrail::new(practice, tx, now);
        let id = trail.event_id();
        let facts = Facts { patient, ..Facts::of_practice(practice.row.id) };
        match decide(Rights::built_in(), actor, Action::Replicate, &facts, now) {
            Ok(allowed) if allowed.classes().touches(cursor.drawer) => {
                let allowed = allowed.with_tokens(cursor.to_string().as_bytes());
                Ok(Some(allowed.permit(&mut trail, id, now)?))
            }
            Ok(_) => Ok(None),
            Err(denied) => {
                let _denied = denied.record(&mut trail, id, now)?;
                Ok(None)
            }
        }
    })?;
    permit.ok_or_else(|| ProblemCode::NotFound.into())
}

/// Puts together what follows a cursor.
pub(super) fn build(
    practice: &Practice,
    permit: &Permit,
    cursor: Cursor,
    limits: PageLimits,
) -> Result<Built, Refusal> {
    let expected = (limits.entries as usize).saturating_mul(USUAL_RESOURCE).min(limits.bytes);
    let mut page = HistoryWriter::with_capacity(expected);
    let (after, last) = store::read(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
        let (after, more) = tx.history(permit, cursor.drawer, cursor.after, limits, &mut page)?;
        let end = if more { Some(tx.feed_end(practice.row.id, cursor.drawer)?) } else { None };
        Ok((after, end.map(|after| Cursor { after, ..cursor })))
    })?;
    let next = Cursor { after, ..cursor };
    Ok(Built { body: page.finish(next, last), next, more: last.is_some() })
}
