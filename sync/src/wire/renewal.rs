//! A workstation's new certificate: in time with the directives, or late over the enrolment listener.

use super::Base64Bytes;
use records::id::DeviceId;
use serde::{Deserialize, Serialize};

/// A renewed client certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Renewal {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Issuing CA and root, PEM.
    pub chain_pem: String,
}

/// `POST /v1/renew/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LateRenewalStart {
    /// Who asks.
    pub device: DeviceId,
}

/// The answer to [`LateRenewalStart`]; the same for a workstation that nobody knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LateRenewalStarted {
    /// What is to be signed (32 bytes), once and within two minutes.
    pub challenge: Base64Bytes,
}

/// `POST /v1/renew/finish`; the answer is a [`Renewal`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LateRenewalFinish {
    /// Who asks.
    pub device: DeviceId,
    /// The certificate that has ended, PEM.
    pub certificate_pem: String,
    /// The signing request for a new key, PEM.
    pub csr_pem: String,
    /// The challenge.
    pub challenge: Base64Bytes,
    /// The proof (`keys::certificate::LateRenewal`).
    pub signature: Base64Bytes,
}
