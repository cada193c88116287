//! Two clients that the server must not let in: one without a certificate, one with another authority's.

use client::https::{PinnedRoot, Server, TlsMaterial};
use keys::Random;
use keys::certificate::{Authority, CertificateRequest, fingerprint, to_pem};
use reqwest::Method;
use reqwest::header::HeaderMap;
use uuid::Uuid;

use super::DemoError;
use super::job::timestamp;

/// Whether the server on `port` refuses a client that shows no certificate.
///
/// # Errors
/// Where nothing listens on the port: then a refusal proves nothing.
pub(crate) async fn is_refused_without_certificate(port: u16, root: &[u8]) -> Result<bool, DemoError> {
    let pinned = PinnedRoot::from_fingerprint(fingerprint(root));
    is_refused(port, &TlsMaterial::joining(pinned)).await
}

/// Whether the server on `port` refuses a client whose certificate another authority signed, for a device of its own.
///
/// # Errors
/// As [`is_refused_without_certificate`].
pub(crate) async fn is_refused_with_foreign_certificate(port: u16, root: &[u8]) -> Result<bool, DemoError> {
    let not_made = |_| DemoError::step("make a foreign certificate");
    let mut random = Random::from_os();
    let now = timestamp();
    let elsewhere = Uuid::from_u128(0xbad);
    let authority =
        Authority::make_root(elsewhere, "Another practice", now, &mut random).map_err(not_made)?;
    let issuing = authority.make_issuing("Another practice", now, &mut random).map_err(not_made)?;
    let request = CertificateRequest::make().map_err(not_made)?;
    let shown = issuing.issue_client(&request.request_pem, elsewhere, now, &mut random).map_err(not_made)?;
    let tls = TlsMaterial::workstation(
        PinnedRoot::from_fingerprint(fingerprint(root)),
        &to_pem(&[&shown]),
        &to_pem(&[root, issuing.certificate()]),
        request.key.expose(),
    );
    is_refused(port, &tls.map_err(|_| DemoError::step("use a foreign certificate"))?).await
}

async fn is_refused(port: u16, tls: &TlsMaterial) -> Result<bool, DemoError> {
    std::net::TcpStream::connect(("127.0.0.1", port))?;
    let server = Server::at(&format!("https://localhost:{port}"), tls)
        .map_err(|_| DemoError::step("name the server's address"))?;
    let answer = server.send(Method::GET, "/healthz", None, HeaderMap::new(), Vec::new()).await;
    // What a refused handshake looks like from outside differs from time to time; that there is no answer does not.
    Ok(answer.is_err())
}
