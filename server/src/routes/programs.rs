//! What a program meets before it reads: where to get a token, and the token itself (SMART App Launch, backend services).

use crate::answer::Refusal;
use crate::fhir::asking::base_of;
use crate::fhir::parameters_of;
use crate::identity::{Workstation, blocking};
use crate::intake::{Raw, SMALL};
use crate::practice::Practice;
use crate::programs::{self, TOKEN, TOKEN_LIFE, Token, TokenRefused, TokenRequest};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Where the surface says how programs prove themselves.
pub(crate) const CONFIGURATION: &str = "/fhir/.well-known/smart-configuration";

/// `GET /fhir/.well-known/smart-configuration`.
pub(crate) async fn configuration(
    State(practice): State<Practice>,
    _workstation: Workstation,
    uri: Uri,
    headers: HeaderMap,
) -> Json<Value> {
    let base = base_of(&uri, &headers, &practice.row.host);
    let token = format!("{}{TOKEN}", base.trim_end_matches("/fhir"));
    Json(json!({
        "token_endpoint": token,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": ["system/*.rs", "system/*.r", "system/*.s"],
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
    }))
}

/// `POST /auth/token`.
pub(crate) async fn token(
    State(practice): State<Practice>,
    workstation: Workstation,
    headers: HeaderMap,
    Raw(body): Raw<SMALL>,
) -> Result<Response, Refusal> {
    let form = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !form.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Ok(refused(TokenRefused::Request("a token is asked for with a form")));
    }
    let Some(request) = read(&body) else {
        return Ok(refused(TokenRefused::Request("a parameter is there twice")));
    };
    let outcome = blocking(move || programs::token(&practice, &workstation, &request)).await?;
    Ok(match outcome {
        Ok(token) => given(&token),
        Err(why) => refused(why),
    })
}

/// The parameters that count; `None` where one of them is there twice (RFC 6749 §3.2).
fn read(form: &[u8]) -> Option<TokenRequest> {
    let mut seen: Vec<String> = Vec::new();
    let mut request = TokenRequest::default();
    for (name, value) in parameters_of(form) {
        if seen.contains(&name) {
            return None;
        }
        match name.as_str() {
            "grant_type" => request.grant_type = value,
            "scope" => request.scope = Some(value),
            "client_assertion_type" => request.assertion_type = value,
            "client_assertion" => request.assertion = value,
            _ => {}
        }
        seen.push(name);
    }
    Some(request)
}

fn given(token: &Token) -> Response {
    Json(json!({
        // Handed to the program that proved itself, over its own connection.
        "access_token": token.text.expose(),
        "token_type": "bearer",
        "expires_in": TOKEN_LIFE.as_secs(),
        "scope": token.scopes.to_string(),
    }))
    .into_response()
}

fn refused(why: TokenRefused) -> Response {
    let (status, code, description) = match why {
        TokenRefused::Client(why) => (StatusCode::UNAUTHORIZED, "invalid_client", why),
        TokenRefused::Scope => {
            (StatusCode::BAD_REQUEST, "invalid_scope", "the program was not given all of these scopes")
        }
        TokenRefused::Request(why) => (StatusCode::BAD_REQUEST, "invalid_request", why),
        TokenRefused::GrantType => {
            (StatusCode::BAD_REQUEST, "unsupported_grant_type", "grant_type is client_credentials")
        }
    };
    (status, Json(json!({ "error": code, "error_description": description }))).into_response()
}
