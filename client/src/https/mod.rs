//! Requests to the practice's server: TLS 1.3 only, its root pinned, our certificate shown, no redirects, no proxies.

mod pinned;

pub use pinned::{PinnedRoot, TlsMaterial, TlsMaterialError};

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::wire::{Problem, ProblemCode, SecretText};

use crate::{ClientError, Code};

/// An answer larger than this is not one of ours.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// One server, spoken to in one role: a computer that wants to join, or a workstation that has.
#[derive(Clone, Debug)]
pub struct Server {
    client: reqwest::Client,
    base: Url,
}

/// Why a request came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Nobody answered, or the connection broke. Also what a refused certificate may look like from here.
    #[error("no answer")]
    Away,
    /// TLS failed: the other side is not the pinned server, or it does not accept us.
    #[error("not the pinned server, or it does not accept this workstation")]
    Untrusted,
    /// The server said no and why.
    #[error("refused: {0:?}")]
    Refused(ProblemCode),
    /// The answer is not one that this version knows.
    #[error("the answer cannot be read")]
    Unreadable,
}

impl From<ServerError> for ClientError {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Away => Code::ServerAway.into(),
            ServerError::Untrusted | ServerError::Refused(ProblemCode::DeviceRevoked) => {
                Code::ServerUntrusted.into()
            }
            ServerError::Refused(code) => refusal(code).into(),
            ServerError::Unreadable => Code::ServerAnswer.into(),
        }
    }
}

fn refusal(code: ProblemCode) -> Code {
    match code {
        ProblemCode::SignInRefused => Code::SignInRefused,
        ProblemCode::TooManyTries => Code::WaitBeforeRetry,
        ProblemCode::TokenRefused => Code::TokenRefused,
        ProblemCode::ProofRefused => Code::ProofRefused,
        ProblemCode::ActivationRefused => Code::ActivationRefused,
        ProblemCode::CredentialOver => Code::CredentialOver,
        ProblemCode::NotAllowed => Code::NotYourRole,
        ProblemCode::Busy | ProblemCode::Internal => Code::ServerAway,
        ProblemCode::Malformed
        | ProblemCode::TooLarge
        | ProblemCode::NotFound
        | ProblemCode::WrongMethod
        | ProblemCode::DeviceRevoked
        | ProblemCode::SessionRequired
        | ProblemCode::LogGap
        | ProblemCode::LogFork
        | ProblemCode::CheckpointRefused
        | ProblemCode::MarksRefused
        | ProblemCode::CursorRefused => Code::ServerRefused,
    }
}

/// An answer of the server, good or bad.
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Server {
    /// The server at `address` (`https://host:port`), known by `tls`.
    ///
    /// # Errors
    /// `address-invalid` when the address is not one of a server that speaks HTTPS.
    pub fn at(address: &str, tls: &TlsMaterial) -> Result<Self, ClientError> {
        let base = Url::parse(address.trim()).map_err(|_| Code::AddressInvalid)?;
        let is_plain = base.scheme() == "https"
            && base.host_str().is_some()
            && base.query().is_none()
            && base.fragment().is_none();
        let has_user = !base.username().is_empty() || base.password().is_some();
        if !is_plain || has_user {
            return Err(Code::AddressInvalid.into());
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(Arc::unwrap_or_clone(tls.config()))
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT)
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .map_err(|_| Code::Internal)?;
        Ok(Self { client, base })
    }

    /// Posts a JSON body and reads a JSON answer.
    ///
    /// # Errors
    /// As [`ServerError`] says.
    pub async fn call<Asked: Serialize + Sync, Answered: DeserializeOwned>(
        &self,
        path: &str,
        body: &Asked,
    ) -> Result<Answered, ServerError> {
        self.call_as(None, path, body).await
    }

    /// As [`Server::call`], with a session token.
    ///
    /// # Errors
    /// As [`ServerError`] says.
    pub async fn call_as<Asked: Serialize + Sync, Answered: DeserializeOwned>(
        &self,
        token: Option<&SecretText>,
        path: &str,
        body: &Asked,
    ) -> Result<Answered, ServerError> {
        let body = serde_json::to_vec(body).map_err(|_| ServerError::Unreadable)?;
        let answer = self.send(Method::POST, path, token, HeaderMap::new(), body).await?;
        serde_json::from_slice(answer.ok()?).map_err(|_| ServerError::Unreadable)
    }

    /// Sends one request and reads its whole answer, whatever its status.
    ///
    /// # Errors
    /// [`ServerError::Away`] and [`ServerError::Untrusted`]; a refusal is an answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&SecretText>,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, ServerError> {
        let url = self.base.join(path).map_err(|_| ServerError::Unreadable)?;
        let mut request = self
            .client
            .request(method, url)
            .headers(headers)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, bearer(token)?);
        }
        let response = request.send().await.map_err(|error| reason_of(&error))?;
        read_all(response).await
    }
}

impl Answer {
    /// The body of a good answer.
    ///
    /// # Errors
    /// The problem that the server named, or [`ServerError::Unreadable`] when it named none.
    pub fn ok(&self) -> Result<&[u8], ServerError> {
        if self.status.is_success() {
            return Ok(&self.body);
        }
        Err(Problem::from_json(&self.body)
            .map_or(ServerError::Unreadable, |problem| ServerError::Refused(problem.code)))
    }
}

fn bearer(token: &SecretText) -> Result<HeaderValue, ServerError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| ServerError::Unreadable)?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read_all(mut response: reqwest::Response) -> Result<Answer, ServerError> {
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason_of(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(ServerError::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

/// Looks for an error of rustls by its type: its text is not reliable, and neither is its presence.
fn reason_of(error: &reqwest::Error) -> ServerError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if is_of_tls(inner) {
            return ServerError::Untrusted;
        }
        cause = inner.source();
    }
    ServerError::Away
}

/// An input/output error hides what it carries from `source`, and here one is carried inside another.
fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || carried.is_some_and(|inside| is_of_tls(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn material() -> TlsMaterial {
        TlsMaterial::joining(PinnedRoot::from_fingerprint([7; 32]))
    }

    #[test]
    fn only_the_address_of_an_https_server_is_taken() {
        for wrong in [
            "",
            "server",
            "http://server:1",
            "https://",
            "https://me@server",
            "https://server/?q=1",
            "ftp://server",
        ] {
            assert_eq!(
                Server::at(wrong, &material()).err().map(|error| error.code),
                Some(Code::AddressInvalid),
                "{wrong}"
            );
        }
        assert!(Server::at(" https://localhost:8443 ", &material()).is_ok());
    }

    #[test]
    fn a_closed_port_is_a_server_away() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = Server::at("https://127.0.0.1:9", &material()).unwrap();
        let answer = runtime.block_on(server.call::<_, serde_json::Value>("/healthz", &()));
        assert_eq!(answer, Err(ServerError::Away));
    }

    #[test]
    fn a_revoked_workstation_is_told_apart_from_a_server_away() {
        let revoked: ClientError = ServerError::Refused(ProblemCode::DeviceRevoked).into();
        assert_eq!(revoked.code, Code::ServerUntrusted);
    }
}
