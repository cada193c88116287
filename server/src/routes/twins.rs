//! A person's keys of one workstation, sealed to the same person on another.

use crate::answer::{Answer, Refusal, json};
use crate::identity::{SignedInPerson, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store;
use crate::workstations::{take_twins, wanted};
use axum::extract::State;
use sync::wire::{TwinsRequest, TwinsResponse};

/// `POST /v1/twins`.
pub(crate) async fn twins(
    State(practice): State<Practice>,
    signed_in: SignedInPerson,
    Json(request): Json<TwinsRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let (person, device) = (signed_in.actor.person, signed_in.actor.device);
        store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            take_twins(&practice, tx, person, device, &request.twins)?;
            Ok(TwinsResponse { wanted: wanted(tx, person, device)? })
        })
    })
    .await?;
    json(&answer)
}
