//! `POST /v1/changes`: sealed changes in, a receipt for each out.

use crate::answer::{Answer, Refusal, json};
use crate::applying::receive_envelope;
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, LARGE};
use crate::practice::Practice;
use crate::recovering;
use crate::store;
use axum::extract::State;
use sync::wire::{ChangesRequest, ChangesResponse, ProblemCode};

/// The most envelopes in one request.
const MOST_ENVELOPES: usize = 256;
/// The most versions that are told of in one request.
const MOST_VERSIONS: usize = 10_000;

/// `POST /v1/changes`.
pub(crate) async fn receive(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<ChangesRequest, LARGE>,
) -> Answer {
    if request.envelopes.len() > MOST_ENVELOPES || request.made.len() > MOST_VERSIONS {
        return Err(ProblemCode::TooLarge.into());
    }
    let answer = blocking(move || {
        let now = practice.clock.now();
        // One commit for all of them: a receipt leaves only when everything before it is durable.
        store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            recovering::hear(tx, &request.made)?;
            let take = |envelope: &sync::wire::Base64Bytes| {
                receive_envelope(&practice, tx, workstation.id(), envelope.as_slice(), now)
            };
            Ok(ChangesResponse { receipts: request.envelopes.iter().map(take).collect::<Result<_, _>>()? })
        })
    })
    .await?;
    json(&answer)
}
