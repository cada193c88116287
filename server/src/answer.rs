//! How the server answers: JSON with headers that keep it out of caches, and refusals as `OperationOutcome`.

use crate::store::StoreError;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sync::wire::{Problem, ProblemCode};

/// A refusal or failure on its way out.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: ProblemCode,
    log_size: Option<u64>,
}

impl Refusal {
    /// With the log's size, so that a workstation knows where to go on.
    #[must_use]
    pub(crate) fn at_log_size(code: ProblemCode, size: u64) -> Self {
        Self { code, log_size: Some(size) }
    }
}

impl Refusal {
    /// The status that goes with it.
    pub(crate) fn status(&self) -> u16 {
        self.code.status()
    }

    /// The `OperationOutcome`.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let (sentence, advice) = words(self.code);
        Problem { code: self.code, sentence: sentence.to_owned(), advice: advice.to_owned() }.to_json()
    }
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        Self { code, log_size: None }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Unreachable => ProblemCode::Busy.into(),
            StoreError::Unreadable(_) | StoreError::NoKey(_) | StoreError::Failed(_) => {
                // The error of the store names tables and pages, never their content.
                tracing::error!(%error, cause = error.source_text(), "the store failed");
                ProblemCode::Internal.into()
            }
        }
    }
}

impl StoreError {
    fn source_text(&self) -> String {
        std::error::Error::source(self).map(ToString::to_string).unwrap_or_default()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = bytes(status, FHIR_JSON, self.to_json().to_string().into_bytes());
        if let Some(size) = self.log_size {
            let name = HeaderName::from_static(sync::wire::header::LOG_SIZE);
            response.headers_mut().insert(name, HeaderValue::from(size));
        }
        response
    }
}

/// The content type of everything that FHIR has a form for.
pub(crate) const FHIR_JSON: &str = "application/fhir+json";

/// What every route answers with.
pub(crate) type Answer = Result<Response, Refusal>;

/// A value as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which no type of the wire gives reason for.
pub(crate) fn json<T: Serialize>(value: &T) -> Answer {
    let body = serde_json::to_vec(value).map_err(|_| Refusal::from(ProblemCode::Internal))?;
    Ok(bytes(StatusCode::OK, "application/json", body))
}

/// A FHIR document that is there as bytes.
#[must_use]
pub(crate) fn fhir(body: Vec<u8>) -> Response {
    bytes(StatusCode::OK, FHIR_JSON, body)
}

/// Sealed bytes.
#[must_use]
pub(crate) fn octets(body: Vec<u8>) -> Response {
    bytes(StatusCode::OK, "application/octet-stream", body)
}

fn bytes(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Headers of every answer, whatever it is (OWASP secure headers; requirement 1.29, 1.54).
pub(crate) const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000; includeSubDomains; preload"),
    ),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::PRAGMA, HeaderValue::from_static("no-cache")),
];

fn words(code: ProblemCode) -> (&'static str, &'static str) {
    match code {
        ProblemCode::Malformed => ("The request cannot be read.", "Check that both programs are up to date."),
        ProblemCode::TooLarge => ("The request is too large.", "Send less at once."),
        ProblemCode::NotFound => ("There is no such thing here.", "Check what was asked for."),
        ProblemCode::WrongMethod => ("This path does not know that method.", "See /fhir/metadata."),
        ProblemCode::DeviceRevoked => {
            ("This workstation is not known here any more.", "Ask the IT administrator to enrol it anew.")
        }
        ProblemCode::SessionRequired => ("There is no session, or it has ended.", "Sign in again."),
        ProblemCode::NotAllowed => {
            ("Your roles do not open this.", "Ask the practice manager, if they should.")
        }
        ProblemCode::TokenRefused => {
            ("This enrolment token is unknown, used or expired.", "Ask the IT administrator for a new one.")
        }
        ProblemCode::ActivationRefused => (
            "This activation code is unknown, used or expired, or belongs to another name.",
            "Check the name; else ask the IT administrator for a new code.",
        ),
        ProblemCode::ProofRefused => (
            "This is not the code that the new authenticator shows now.",
            "Wait for the next code and type that one; the activation code is still good.",
        ),
        ProblemCode::SignInRefused => (
            "Name, passphrase or code is wrong, or the code was used before.",
            "Wait for the next code and try again.",
        ),
        ProblemCode::TooManyTries => ("Too many tries failed.", "Wait a little, then try again."),
        ProblemCode::LogGap => {
            ("Audit events are missing before these.", "Send the log from where the server stands.")
        }
        ProblemCode::LogFork => (
            "The audit log differs from what the server holds.",
            "Tell the privacy officer: this is an alarm.",
        ),
        ProblemCode::CheckpointRefused => (
            "The checkpoint does not prove these audit events.",
            "Tell the privacy officer: this is an alarm.",
        ),
        ProblemCode::MarksRefused => {
            ("The marks do not prove these audit events.", "Tell the privacy officer: this is an alarm.")
        }
        ProblemCode::CredentialOver => {
            ("This change of passphrase or phone is over.", "Begin it again; nothing was changed.")
        }
        ProblemCode::CursorRefused => ("This is not a cursor of this server.", "Begin the drawer anew."),
        ProblemCode::Busy => ("The server has more to do than it can.", "Try again in a little while."),
        ProblemCode::Internal => ("The server failed.", "Try again; if it stays, tell the IT administrator."),
    }
}
