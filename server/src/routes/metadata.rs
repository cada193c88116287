//! What the FHIR surface can do, and whether the server is up.

use crate::answer::{Answer, fhir, json};
use crate::identity::SignedInPerson;
use crate::practice::Practice;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;

/// `GET /fhir/metadata`: what is there, and nothing else.
pub(crate) async fn metadata(State(practice): State<Practice>, _person: SignedInPerson) -> Response {
    let statement = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": practice.row.made_at.to_string(),
        "kind": "instance",
        "software": { "name": "chartkeep-server", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "Chartkeep central server" },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{
            "mode": "server",
            "documentation": "Records are written as signed and sealed changes over POST /v1/changes, not over this surface.",
            "security": {
                "description": "TLS 1.3 with a client certificate of the practice; records also ask for a session token.",
            },
            "interaction": [
                { "code": "history-system", "documentation": "One drawer at a time: GET _history with _cursor and _count." },
                { "code": "batch", "documentation": "A Bundle of AuditEvent creates (IHE ITI-20)." },
            ],
            "resource": [{ "type": "AuditEvent", "interaction": [{ "code": "create" }] }],
        }],
    });
    fhir(statement.to_string().into_bytes())
}

/// `GET /healthz`.
pub(crate) async fn health() -> Answer {
    json(&json!({ "status": "up" }))
}
