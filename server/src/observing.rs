//! What whoever runs the server may look at: whether it is up, and its meters. On an address of this machine only, without TLS,
//! because there is nothing of anybody in it.

use crate::backing;
use crate::inventory;
use crate::meters::Standing;
use crate::practice::Practice;
use crate::store::{self, StoreError};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sync::wire::path;

/// A workstation that was not heard of for so many days is away.
const AWAY_DAYS: i64 = 1;
/// The media type of the meters.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The listener of this machine.
pub(crate) fn router(practice: Practice) -> Router {
    Router::new().route(path::HEALTH, get(health)).route("/metrics", get(metrics)).with_state(practice)
}

/// Up is who can read the store.
async fn health(State(practice): State<Practice>) -> Response {
    let read = tokio::task::spawn_blocking(move || {
        store::read(practice.store.as_ref(), |tx| tx.practice()).map(drop)
    });
    match read.await {
        Ok(Ok(())) => (StatusCode::OK, "{\"status\":\"up\"}\n").into_response(),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"store\"}\n").into_response(),
    }
}

async fn metrics(State(practice): State<Practice>) -> Response {
    let text = tokio::task::spawn_blocking(move || {
        let standing = standing(&practice).ok()?;
        practice.meters.to_text(standing).ok()
    });
    match text.await {
        Ok(Some(text)) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Ok(None) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn standing(practice: &Practice) -> Result<Standing, StoreError> {
    let now = practice.clock.now();
    store::read(practice.store.as_ref(), |tx| {
        let backup = backing::age(tx)?.taken_at.unwrap_or(practice.row.made_at);
        let entries = inventory::entries(tx, now)?;
        let known = || entries.iter().filter(|entry| entry.revoked_at.is_none());
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(Standing {
            devices: count(known().count()),
            away: count(known().filter(|entry| entry.days_away >= AWAY_DAYS).count()),
            to_look_at: count(known().filter(|entry| !entry.look_at.is_empty()).count()),
            open_alerts: i64::try_from(tx.open_alerts()?).unwrap_or(i64::MAX),
            open_conflicts: i64::try_from(tx.open_conflicts()?).unwrap_or(i64::MAX),
            backup_age_s: backup.duration_until(now).as_secs(),
        })
    })
}
