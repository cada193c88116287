//! What is read from a certificate, and PEM in and out.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate::{BACKDATED, DEVICE_URI_PREFIX};
use crate::{SecretBytes, SecretText};

/// A certificate is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefused {
    /// Not a certificate.
    #[error("this is not a certificate")]
    Malformed,
    /// Its subject alternative name is not exactly one `urn:uuid:`.
    #[error("the certificate names no device")]
    NoDevice,
    /// Its key is not P-256.
    #[error("the certificate's key is of another kind")]
    OtherKey,
    /// The signature does not verify with its key.
    #[error("the signature does not verify")]
    BadSignature,
}

/// SHA-256 of a certificate's DER bytes.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// The device that a client certificate names. The chain has been verified before, by TLS.
///
/// # Errors
/// [`CertificateRefused::NoDevice`] unless its only alternative name is one `urn:uuid:`.
pub fn device_id(certificate: &[u8]) -> Result<Uuid, CertificateRefused> {
    let parsed = parse(certificate)?;
    let names = parsed.subject_alternative_name().map_err(|_| CertificateRefused::NoDevice)?;
    let names = names.ok_or(CertificateRefused::NoDevice)?;
    let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else {
        return Err(CertificateRefused::NoDevice);
    };
    let text = uri.strip_prefix(DEVICE_URI_PREFIX).ok_or(CertificateRefused::NoDevice)?;
    let device = Uuid::from_str(text).map_err(|_| CertificateRefused::NoDevice)?;
    if device.to_string() == text { Ok(device) } else { Err(CertificateRefused::NoDevice) }
}

/// From when to when a certificate is valid.
///
/// # Errors
/// [`CertificateRefused::Malformed`].
pub fn validity(certificate: &[u8]) -> Result<(Timestamp, Timestamp), CertificateRefused> {
    let parsed = parse(certificate)?;
    let time = |time: x509_parser::time::ASN1Time| {
        Timestamp::from_second(time.timestamp()).map_err(|_| CertificateRefused::Malformed)
    };
    Ok((time(parsed.validity().not_before)?, time(parsed.validity().not_after)?))
}

/// For which moment a certificate was made; it is valid from an hour before.
///
/// # Errors
/// [`CertificateRefused::Malformed`].
pub fn made_at(certificate: &[u8]) -> Result<Timestamp, CertificateRefused> {
    let (start, _) = validity(certificate)?;
    start.checked_add(BACKDATED).map_err(|_| CertificateRefused::Malformed)
}

/// The serial number as lower-case hex, by which a certificate is revoked.
///
/// # Errors
/// [`CertificateRefused::Malformed`].
pub fn serial(certificate: &[u8]) -> Result<String, CertificateRefused> {
    Ok(parse(certificate)?.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether `issuer` signed `certificate`. TLS checks chains itself; this is for bundles and tests.
///
/// # Errors
/// [`CertificateRefused`].
pub fn verify_issued(certificate: &[u8], issuer: &[u8]) -> Result<(), CertificateRefused> {
    let issuer = parse(issuer)?;
    let certificate = parse(certificate)?;
    if certificate.issuer() != issuer.subject() {
        return Err(CertificateRefused::BadSignature);
    }
    certificate.verify_signature(Some(issuer.public_key())).map_err(|_| CertificateRefused::BadSignature)
}

/// Checks a signature of [`super::Authority::sign`].
pub(crate) fn verify(
    certificate: &[u8],
    label: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), CertificateRefused> {
    let key = public_key(certificate)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
        .verify(&[label, message].concat(), signature)
        .map_err(|_| CertificateRefused::BadSignature)
}

/// Certificates as PEM, one after the other.
#[must_use]
pub fn to_pem(certificates: &[&[u8]]) -> String {
    certificates.iter().map(|der| pem_block("CERTIFICATE", der)).collect()
}

/// A private key as PEM. Goes only where a private key may go.
#[must_use]
pub fn key_to_pem(key: &SecretBytes) -> SecretText {
    SecretText::new(pem_block("PRIVATE KEY", key.expose()))
}

/// The certificates (DER) of a PEM text, each readable, at least one.
///
/// # Errors
/// [`CertificateRefused::Malformed`].
pub fn from_pem(text: &str) -> Result<Vec<Vec<u8>>, CertificateRefused> {
    let mut certificates = Vec::new();
    for block in x509_parser::pem::Pem::iter_from_buffer(text.as_bytes()) {
        let block = block.map_err(|_| CertificateRefused::Malformed)?;
        if block.label != "CERTIFICATE" {
            return Err(CertificateRefused::Malformed);
        }
        parse(&block.contents)?;
        certificates.push(block.contents);
    }
    if certificates.is_empty() { Err(CertificateRefused::Malformed) } else { Ok(certificates) }
}

fn pem_block(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push_str(&format!("\n-----END {label}-----\n"));
    out
}

fn parse(certificate: &[u8]) -> Result<X509Certificate<'_>, CertificateRefused> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        Ok(_) | Err(_) => Err(CertificateRefused::Malformed),
    }
}

/// The P-256 point (65 bytes, uncompressed) of a certificate.
pub(super) fn public_key(certificate: &[u8]) -> Result<Vec<u8>, CertificateRefused> {
    let parsed = parse(certificate)?;
    let point = parsed.public_key().subject_public_key.data.to_vec();
    if point.len() == 65 && point.first() == Some(&4) { Ok(point) } else { Err(CertificateRefused::OtherKey) }
}
