//! `POST /v1/courier`: what a workstation brings for another one.

use crate::answer::{Answer, json};
use crate::carrying::take_items;
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, LARGE};
use crate::practice::Practice;
use axum::extract::State;
use sync::wire::{CourierRequest, ProblemCode};

/// The most items in one request.
const MOST_ITEMS: usize = 256;

/// `POST /v1/courier`.
pub(crate) async fn receive(
    State(practice): State<Practice>,
    _bearer: Workstation,
    Json(request): Json<CourierRequest, LARGE>,
) -> Answer {
    if request.items.len() > MOST_ITEMS {
        return Err(ProblemCode::TooLarge.into());
    }
    let items: Vec<Vec<u8>> = request.items.into_iter().map(|item| item.0).collect();
    let answer = blocking(move || {
        take_items(&practice, &items).map_err(|failure| {
            tracing::error!(code = failure.kind.as_str(), "items of a courier were not taken in");
            ProblemCode::Internal.into()
        })
    })
    .await?;
    json(&answer)
}
