//! `POST /v1/outcomes`: what became of changes; of a conflict also what differs, for whom may see it.

use crate::answer::{Answer, Refusal, json};
use crate::identity::{SignedInPerson, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store::{self, Transaction};
use crate::trail::ServerTrail;
use axum::extract::State;
use jiff::Timestamp;
use records::change::Outcome;
use records::id::ChangeId;
use records::rights::{Rights, StatedReason, decide};
use records::{Action, Actor, Facts, Relation};
use sync::wire::{ChangeOutcome, OutcomesRequest, OutcomesResponse, ProblemCode};

/// The most changes in one request.
const MOST_CHANGES: usize = 256;

/// `POST /v1/outcomes`.
pub(crate) async fn outcomes(
    State(practice): State<Practice>,
    person: SignedInPerson,
    Json(request): Json<OutcomesRequest, SMALL>,
) -> Answer {
    if request.changes.len() > MOST_CHANGES {
        return Err(ProblemCode::TooLarge.into());
    }
    let answer = blocking(move || {
        let now = practice.clock.now();
        store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            let mut outcomes = Vec::new();
            for change in request.changes {
                outcomes.extend(outcome(&practice, tx, &person.actor, change, now)?);
            }
            Ok(OutcomesResponse { outcomes })
        })
    })
    .await?;
    json(&answer)
}

/// The outcome of one change, where it is the person's own.
fn outcome(
    practice: &Practice,
    tx: &dyn Transaction,
    actor: &Actor,
    change: ChangeId,
    now: Timestamp,
) -> Result<Option<ChangeOutcome>, Refusal> {
    let Some(row) = tx.change(change)?.filter(|row| row.author == Some(actor.person)) else {
        return Ok(None);
    };
    let outcome = match row.outcome {
        Outcome::Conflict { key, current, fields } => {
            let Some(facts) = tx.facts(&key)? else { return Ok(None) };
            let until = facts.patient.as_ref().map(|patient| tx.relation_until(actor.person, patient, now));
            let relation = match until.transpose()?.flatten() {
                Some(until) => Relation::Care { until },
                None => Relation::Stated(StatedReason::Results),
            };
            let practice_facts = Facts::of_practice(practice.row.id);
            let facts =
                Facts { patient: facts.patient, classes: vec![facts.class], relation, ..practice_facts };
            let mut trail = ServerTrail::new(practice, tx, now);
            let id = trail.event_id();
            match decide(Rights::built_in(), actor, Action::Read, &facts, now) {
                Ok(allowed) => {
                    allowed.naming([key.clone()]).permit(&mut trail, id, now)?;
                    Outcome::Conflict { key, current, fields }
                }
                Err(denied) => {
                    let _denied = denied.record(&mut trail, id, now)?;
                    return Ok(None);
                }
            }
        }
        settled @ (Outcome::Applied { .. } | Outcome::Refused { .. }) => settled,
    };
    Ok(Some(ChangeOutcome { change, outcome }))
}
