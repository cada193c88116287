//! Renewing a certificate that has ended: the workstation signs the server's challenge with the key of that certificate.
//!
//! ```text
//! practice 16 · device 16 · challenge 32 · SHA-256 of the request's PEM 32
//! ```

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{CertificateNotMade, CertificateRefused, key_from_pkcs8, verify};
use crate::{SecretBytes, label};

/// What a workstation proves when its certificate has ended: that it holds the key of it, now, and asks with this request.
#[derive(Debug, Clone, Copy)]
pub struct LateRenewal<'a> {
    /// The practice.
    pub practice: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// What the server drew for this one proof.
    pub challenge: [u8; 32],
    /// The request for the new certificate.
    pub request_pem: &'a str,
}

impl LateRenewal<'_> {
    /// Signs label ‖ message with the key (PKCS #8) of the certificate that has ended (ECDSA P-256, SHA-256, ASN.1).
    ///
    /// # Errors
    /// [`CertificateNotMade::BadKey`] for another kind of key, [`CertificateNotMade::Failed`].
    pub fn sign(&self, key: &SecretBytes) -> Result<Vec<u8>, CertificateNotMade> {
        let key = key_from_pkcs8(key)?;
        rcgen::SigningKey::sign(&key, &[label::LATE_RENEWAL, &self.message()].concat())
            .map_err(|_| CertificateNotMade::Failed)
    }

    /// Checks the proof against the certificate (DER) that has ended. Whose that is, and that it is the one in use, is for
    /// the caller to know.
    ///
    /// # Errors
    /// [`CertificateRefused`].
    pub fn verify(&self, certificate: &[u8], signature: &[u8]) -> Result<(), CertificateRefused> {
        verify(certificate, label::LATE_RENEWAL, &self.message(), signature)
    }

    fn message(&self) -> Vec<u8> {
        let request: [u8; 32] = Sha256::digest(self.request_pem).into();
        [self.practice.as_bytes(), self.device.as_bytes(), &self.challenge[..], &request].concat()
    }
}
