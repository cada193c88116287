//! The grants that lie ready for a workstation.

use crate::answer::{Answer, Refusal, json};
use crate::granting::keep_granted;
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store;
use axum::extract::State;
use records::id::DeviceId;
use sync::wire::{GrantsRequest, GrantsResponse};

/// `POST /v1/grants`.
pub(crate) async fn grants(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(_request): Json<GrantsRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || collect(&practice, workstation.id())).await?;
    json(&answer)
}

fn collect(practice: &Practice, device: DeviceId) -> Result<GrantsResponse, Refusal> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        let mut answer = GrantsResponse::default();
        for id in tx.people_on(device)? {
            let person = tx.person(id)?.filter(|person| person.ended_at.is_none());
            let (Some(person), Some(key)) = (person, tx.person_key(id, device)?) else {
                answer.dropped.push(id);
                continue;
            };
            answer.roles.insert(id, tx.roles(id, now)?);
            answer.grants.extend(keep_granted(practice, tx, &person, &key, now)?);
        }
        Ok(answer)
    })
}
