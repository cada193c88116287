//! Whom we believe to be the server, and whom we say we are: rustls set up by hand.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

/// The practice's root, known by the fingerprint in the enrolment token before its certificate was ever seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedRoot([u8; 32]);

impl PinnedRoot {
    /// The SHA-256 of the root certificate in DER.
    #[must_use]
    pub fn from_fingerprint(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    fn is(self, certificate: &CertificateDer<'_>) -> bool {
        Sha256::digest(certificate.as_ref()).as_slice() == self.0
    }
}

/// The certificates and the key of one role, ready for connections.
#[derive(Clone, Debug)]
pub struct TlsMaterial(Arc<ClientConfig>);

/// The certificates or the key kept from the enrolment cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate or its key cannot be used")]
pub struct TlsMaterialError;

impl TlsMaterial {
    /// A computer that wants to join: shows no certificate, believes only a chain up to the pinned root.
    #[must_use]
    pub fn joining(root: PinnedRoot) -> Self {
        let verifier = JoiningVerifier { root, provider: provider() };
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("ring speaks TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Self(Arc::new(config))
    }

    /// A workstation: shows `certificate_pem` with its issuer, believes only the root in `chain_pem` that has the pinned fingerprint.
    ///
    /// # Errors
    /// When a certificate or the key (PKCS #8, DER) cannot be read, they do not fit each other, or the pinned root is missing.
    pub fn workstation(
        root: PinnedRoot,
        certificate_pem: &str,
        chain_pem: &str,
        key_pkcs8: &[u8],
    ) -> Result<Self, TlsMaterialError> {
        let chain = certificates(chain_pem)?;
        let anchor = chain.iter().find(|certificate| root.is(certificate)).ok_or(TlsMaterialError)?.clone();
        let mut shown = certificates(certificate_pem)?;
        shown.extend(chain.into_iter().filter(|certificate| !root.is(certificate)));
        let mut roots = RootCertStore::empty();
        roots.add(anchor).map_err(|_| TlsMaterialError)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key_pkcs8.to_vec()));
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|_| TlsMaterialError)?
            .with_root_certificates(roots)
            .with_client_auth_cert(shown, key)
            .map_err(|_| TlsMaterialError)?;
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.0.clone()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsMaterialError> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| TlsMaterialError)?;
    if all.is_empty() { Err(TlsMaterialError) } else { Ok(all) }
}

/// Finds the pinned root among the certificates that the server sends, then lets webpki judge the chain up to it.
#[derive(Debug)]
struct JoiningVerifier {
    root: PinnedRoot,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for JoiningVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let anchor = intermediates.iter().find(|certificate| self.root.is(certificate));
        let anchor = anchor.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(anchor.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|_| Error::InvalidCertificate(CertificateError::UnknownIssuer))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is never spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
