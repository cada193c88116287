//! Whether the server is up.

use crate::answer::{Answer, json};
use serde_json::json;

/// `GET /healthz`.
pub(crate) async fn health() -> Answer {
    json(&json!({ "status": "up" }))
}
