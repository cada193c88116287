//! Request bodies: read up to a limit, and parsed, with refusals of ours for what is wrong.

use crate::answer::Refusal;
use crate::doorway::TooSlow;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use std::error::Error;
use sync::wire::ProblemCode;

/// A body of at most `MOST` bytes.
#[derive(Debug)]
pub(crate) struct Raw<const MOST: usize>(pub(crate) Bytes);

/// A JSON body of at most `MOST` bytes.
#[derive(Debug)]
pub(crate) struct Json<T, const MOST: usize>(pub(crate) T);

/// Enough for every message but those that carry envelopes or events.
pub(crate) const SMALL: usize = 256 << 10;
/// Enough for a batch of envelopes; one envelope of the largest size fits too.
pub(crate) const LARGE: usize = 96 << 20;

impl<S: Send + Sync, const MOST: usize> FromRequest<S> for Raw<MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let announced = request.headers().get(axum::http::header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > MOST) {
            return Err(ProblemCode::TooLarge.into());
        }
        let body = to_bytes(request.into_body(), MOST).await.map_err(|error| why(&error))?;
        Ok(Self(body))
    }
}

impl<S: Send + Sync, T: DeserializeOwned, const MOST: usize> FromRequest<S> for Json<T, MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Raw(body) = Raw::<MOST>::from_request(request, state).await?;
        let value = serde_json::from_slice(&body).map_err(|_| ProblemCode::Malformed)?;
        Ok(Self(value))
    }
}

/// What is wrong with a body that did not come to its end.
fn why(error: &axum::Error) -> ProblemCode {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return ProblemCode::TooLarge;
        }
        if error.is::<TooSlow>() {
            return ProblemCode::Busy;
        }
        cause = error.source();
    }
    // Cut off in the middle, or not what its own head announced.
    ProblemCode::Malformed
}
