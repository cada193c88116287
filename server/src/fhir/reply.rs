//! What goes out: a resource with its version, or an `OperationOutcome` that repeats nothing of what was sent.

use crate::answer::{FHIR_JSON, Refusal};
use crate::store::StoreError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};
use sync::wire::ProblemCode;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The resource; none where the asker has it already.
    pub(crate) body: Option<Value>,
    pub(crate) version: Option<u64>,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) location: Option<String>,
}

/// Why there is no answer. Its texts are ours, word for word.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// As every other route says no.
    Refused(Refusal),
    /// As only FHIR says no.
    Outcome {
        status: u16,
        /// Of <http://hl7.org/fhir/issue-type>.
        issue: &'static str,
        text: &'static str,
        advice: &'static str,
    },
}

impl Reply {
    /// A resource that has no version, such as a Bundle.
    pub(crate) fn of(body: Value) -> Self {
        Self { status: 200, body: Some(body), version: None, modified: None, location: None }
    }
}

impl Trouble {
    pub(crate) const fn invalid(text: &'static str, advice: &'static str) -> Self {
        Self::Outcome { status: 400, issue: "invalid", text, advice }
    }

    pub(crate) const fn not_supported(text: &'static str, advice: &'static str) -> Self {
        Self::Outcome { status: 400, issue: "not-supported", text, advice }
    }

    /// There is no such record, or not for this person.
    pub(crate) const fn not_found() -> Self {
        Self::Outcome {
            status: 404,
            issue: "not-found",
            text: "There is no such record here, or it is not yours to see.",
            advice: "Check type and id. A chart that you do not care for may open with the header chartkeep-reason.",
        }
    }

    /// No role of the person's does this.
    pub(crate) fn not_allowed() -> Self {
        Self::Refused(ProblemCode::NotAllowed.into())
    }

    pub(crate) const fn gone() -> Self {
        Self::Outcome {
            status: 410,
            issue: "deleted",
            text: "This record was deleted.",
            advice: "Its history says when.",
        }
    }

    /// Records are written as signed changes.
    pub(crate) const fn not_written_here(status: u16) -> Self {
        Self::Outcome {
            status,
            issue: "not-supported",
            text: "Records are not written over this surface, because a change is signed by its author.",
            advice: "Send it as a signed and sealed transaction to POST /v1/changes; /fhir/metadata says what is here.",
        }
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Outcome { status, .. } => *status,
        }
    }

    /// The `OperationOutcome`.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Refused(refusal) => refusal.to_json(),
            Self::Outcome { issue, text, advice, .. } => outcome("error", issue, text, advice),
        }
    }
}

/// An `OperationOutcome` with one issue.
pub(crate) fn outcome(severity: &str, issue: &str, text: &str, advice: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": severity,
            "code": issue,
            "details": { "text": text },
            "diagnostics": advice,
        }],
    })
}

/// The version of a resource as an entity tag.
pub(crate) fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// A time as FHIR writes an instant.
pub(crate) fn instant(at: Timestamp) -> String {
    format!("{at:.3}")
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let body = self.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let headers = response.headers_mut();
        let mut put = |name, text: Option<String>| {
            headers.extend(text.and_then(|text| HeaderValue::try_from(text).ok()).map(|value| (name, value)));
        };
        put(header::CONTENT_TYPE, self.body.is_some().then(|| FHIR_JSON.to_owned()));
        put(header::ETAG, self.version.map(etag));
        put(header::LOCATION, self.location);
        let modified =
            self.modified.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
        put(header::LAST_MODIFIED, modified);
        response
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, body) = (self.status(), self.to_json().to_string());
        if let Self::Refused(refusal) = self {
            return refusal.into_response();
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
        response
    }
}
