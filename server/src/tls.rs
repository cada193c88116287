//! TLS: 1.3 only, on ring; on the main listener every peer shows a certificate of one of our own issuing CAs.

use crate::clock::Clock;
use crate::error::Failure;
use keys::SecretBytes;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;

/// The main listener: a client certificate is required, and only these issuing CAs (DER) count. Whether one has ended goes by
/// the server's own clock. `chain` is the server's own certificate with those above it.
///
/// # Errors
/// When the keys do not fit each other.
pub(crate) fn main_config(
    accepted: &[Vec<u8>],
    chain: &[&[u8]],
    key: &SecretBytes,
    clock: &Clock,
) -> Result<Arc<ServerConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut trusted = RootCertStore::empty();
    for ca in accepted {
        trusted.add(CertificateDer::from(ca.clone())).map_err(|_| unusable())?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), provider.clone());
    let verifier = verifier.build().map_err(|_| unusable())?;
    let builder = ServerConfig::builder_with_details(provider, Arc::new(clock.clone()))
        .with_protocol_versions(&[&rustls::version::TLS13]);
    finish(builder.map_err(|_| unusable())?.with_client_cert_verifier(verifier), chain, key)
}

/// The enrolment listener: a workstation has no certificate yet.
///
/// # Errors
/// When the keys do not fit each other.
pub(crate) fn enrolment_config(chain: &[&[u8]], key: &SecretBytes) -> Result<Arc<ServerConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    finish(builder.map_err(|_| unusable())?.with_no_client_auth(), chain, key)
}

fn finish(
    builder: rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>,
    chain: &[&[u8]],
    key: &SecretBytes,
) -> Result<Arc<ServerConfig>, Failure> {
    let chain = chain.iter().map(|der| CertificateDer::from(der.to_vec())).collect();
    // The key goes to the TLS library, which is what it is for.
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.expose().to_vec()));
    let mut config = builder.with_single_cert(chain, key).map_err(|_| unusable())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A resumed session would not be asked for its certificate again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

fn unusable() -> Failure {
    Failure::internal("The server's certificate and key do not fit each other.")
}
