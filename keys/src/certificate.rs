//! X.509: the practice's root, its issuing CA, the server's certificate, and a workstation's request and certificate.
//!
//! All keys are ECDSA on P-256: what TLS stacks, smart cards and key stores of every system can hold. rcgen takes the
//! randomness of key generation and of ECDSA from the operating system through ring, not from [`Random`].

mod late;
mod read;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
    SerialNumber,
};
use uuid::Uuid;

pub use late::LateRenewal;
use read::public_key;
pub(crate) use read::verify;
pub use read::{
    CertificateRefused, device_id, fingerprint, from_pem, key_to_pem, made_at, serial, to_pem, validity,
    verify_issued,
};

use crate::{Random, SecretBytes};

/// Days a workstation's certificate lasts.
pub const CLIENT_DAYS: u32 = 90;
/// Days the server's certificate lasts.
pub const SERVER_DAYS: u32 = 397;
/// Days the issuing CA lasts.
pub const ISSUING_DAYS: u32 = 5 * 366;
/// Days the practice's root lasts.
pub const ROOT_DAYS: u32 = 20 * 366;
/// Clocks in a clinic differ: a certificate is valid from this long before it was made.
pub(crate) const BACKDATED: Duration = Duration::from_secs(60 * 60);
pub(crate) const DEVICE_URI_PREFIX: &str = "urn:uuid:";

/// A certificate cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateNotMade {
    /// A name that no certificate can bear, or a time out of range.
    #[error("a name or time cannot stand in a certificate")]
    BadName,
    /// The request is unreadable, unsigned, or asks with another kind of key than P-256.
    #[error("the certificate request is not acceptable")]
    BadRequest,
    /// The key bytes are not a P-256 key in PKCS #8.
    #[error("the key is not a P-256 key")]
    BadKey,
    /// The library could not make it.
    #[error("the certificate could not be made")]
    Failed,
}

/// A private key on P-256 and its certificate, with which others are signed: the root, or the issuing CA.
pub struct Authority {
    certificate: Vec<u8>,
    key: KeyPair,
}

impl Authority {
    /// A new root for a practice; kept offline after the issuing CA is made.
    ///
    /// # Errors
    /// [`CertificateNotMade`].
    pub fn make_root(
        practice: Uuid,
        practice_name: &str,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Self, CertificateNotMade> {
        let key = make_key()?;
        let name = distinguished_name(practice_name, &format!("Chartkeep root {practice}"));
        let params = authority_params(name, 1, Validity { now, days: ROOT_DAYS }, random)?;
        let certificate = params.self_signed(&key).map_err(|_| CertificateNotMade::BadName)?;
        Ok(Self { certificate: certificate.der().to_vec(), key })
    }

    /// An authority as it was kept.
    ///
    /// # Errors
    /// [`CertificateNotMade::BadKey`] if the two do not belong together.
    pub fn from_parts(certificate: Vec<u8>, pkcs8: &SecretBytes) -> Result<Self, CertificateNotMade> {
        let key = key_from_pkcs8(pkcs8)?;
        let public = public_key(&certificate).map_err(|_| CertificateNotMade::BadKey)?;
        if public != key.public_key_raw() {
            return Err(CertificateNotMade::BadKey);
        }
        Ok(Self { certificate, key })
    }

    /// The certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The private key in PKCS #8, for keeping.
    #[must_use]
    pub fn key_pkcs8(&self) -> SecretBytes {
        SecretBytes::new(self.key.serialize_der())
    }

    /// A new issuing CA under this root; it signs only leaves.
    ///
    /// # Errors
    /// [`CertificateNotMade`].
    pub fn make_issuing(
        &self,
        practice_name: &str,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Self, CertificateNotMade> {
        let key = make_key()?;
        let name = distinguished_name(practice_name, "Chartkeep issuing CA");
        let params = authority_params(name, 0, Validity { now, days: ISSUING_DAYS }, random)?;
        let certificate = params.signed_by(&key, &self.issuer()?).map_err(|_| CertificateNotMade::BadName)?;
        Ok(Self { certificate: certificate.der().to_vec(), key })
    }

    /// A new key and certificate for the server, for these DNS names and IP addresses.
    ///
    /// # Errors
    /// [`CertificateNotMade`].
    pub fn make_server(
        &self,
        hosts: &[&str],
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Identity, CertificateNotMade> {
        let key = make_key()?;
        let mut params = leaf_params(Validity { now, days: SERVER_DAYS }, random)?;
        params.distinguished_name = common_name(hosts.first().ok_or(CertificateNotMade::BadName)?);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = hosts.iter().map(|host| host_name(host)).collect::<Result<_, _>>()?;
        let certificate = params.signed_by(&key, &self.issuer()?).map_err(|_| CertificateNotMade::BadName)?;
        Ok(Identity { certificate: certificate.der().to_vec(), key: SecretBytes::new(key.serialize_der()) })
    }

    /// A workstation's certificate for its request: 90 days, client authentication only, named by its device id.
    /// Nothing of the request is taken but its public key.
    ///
    /// # Errors
    /// [`CertificateNotMade`].
    pub fn issue_client(
        &self,
        request_pem: &str,
        device: Uuid,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<Vec<u8>, CertificateNotMade> {
        let request = CertificateSigningRequestParams::from_pem(request_pem)
            .map_err(|_| CertificateNotMade::BadRequest)?;
        if request.public_key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(CertificateNotMade::BadRequest);
        }
        let mut params = leaf_params(Validity { now, days: CLIENT_DAYS }, random)?;
        params.distinguished_name = common_name(&device.to_string());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let uri =
            format!("{DEVICE_URI_PREFIX}{device}").try_into().map_err(|_| CertificateNotMade::BadName)?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        let certificate = params.signed_by(&request.public_key, &self.issuer()?);
        Ok(certificate.map_err(|_| CertificateNotMade::Failed)?.der().to_vec())
    }

    /// Signs label ‖ message with the authority's key (ECDSA P-256, SHA-256, ASN.1): how the root vouches for a
    /// trust bundle.
    pub(crate) fn sign(&self, label: &[u8], message: &[u8]) -> Result<Vec<u8>, CertificateNotMade> {
        rcgen::SigningKey::sign(&self.key, &[label, message].concat()).map_err(|_| CertificateNotMade::Failed)
    }

    fn issuer(&self) -> Result<Issuer<'static, &KeyPair>, CertificateNotMade> {
        Issuer::from_ca_cert_der(&self.certificate.as_slice().into(), &self.key)
            .map_err(|_| CertificateNotMade::BadKey)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(…)")
    }
}

/// A certificate and its private key, both DER; what TLS takes.
pub struct Identity {
    /// The certificate.
    pub certificate: Vec<u8>,
    /// The private key in PKCS #8.
    pub key: SecretBytes,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// A workstation's new key (PKCS #8, DER) and its request for a certificate (PEM).
pub struct CertificateRequest {
    /// The private key; goes to the OS keyring.
    pub key: SecretBytes,
    /// The request; goes to the server.
    pub request_pem: String,
}

impl CertificateRequest {
    /// A new key and a request for it.
    ///
    /// # Errors
    /// [`CertificateNotMade::Failed`].
    pub fn make() -> Result<Self, CertificateNotMade> {
        let key = make_key()?;
        Ok(Self { request_pem: request_pem(&key)?, key: SecretBytes::new(key.serialize_der()) })
    }

    /// A request with a key that is there already: renewal by proof of possession.
    ///
    /// # Errors
    /// [`CertificateNotMade`].
    pub fn for_key(key: &SecretBytes) -> Result<String, CertificateNotMade> {
        request_pem(&key_from_pkcs8(key)?)
    }
}

impl fmt::Debug for CertificateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateRequest(…)")
    }
}

fn make_key() -> Result<KeyPair, CertificateNotMade> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| CertificateNotMade::Failed)
}

fn key_from_pkcs8(pkcs8: &SecretBytes) -> Result<KeyPair, CertificateNotMade> {
    KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.expose().into(), &PKCS_ECDSA_P256_SHA256)
        .map_err(|_| CertificateNotMade::BadKey)
}

fn request_pem(key: &KeyPair) -> Result<String, CertificateNotMade> {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("Chartkeep workstation");
    let request = params.serialize_request(key).map_err(|_| CertificateNotMade::Failed)?;
    request.pem().map_err(|_| CertificateNotMade::Failed)
}

/// When a certificate is made and how long it lasts.
#[derive(Clone, Copy)]
struct Validity {
    now: Timestamp,
    days: u32,
}

fn authority_params(
    name: DistinguishedName,
    path_length: u8,
    validity: Validity,
    random: &mut Random,
) -> Result<CertificateParams, CertificateNotMade> {
    let mut params = base_params(validity, random)?;
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

fn leaf_params(validity: Validity, random: &mut Random) -> Result<CertificateParams, CertificateNotMade> {
    let mut params = base_params(validity, random)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn base_params(validity: Validity, random: &mut Random) -> Result<CertificateParams, CertificateNotMade> {
    let start = validity.now.checked_sub(BACKDATED).map_err(|_| CertificateNotMade::BadName)?;
    let end = SignedDuration::from_hours(24 * i64::from(validity.days));
    let end = validity.now.checked_add(end).map_err(|_| CertificateNotMade::BadName)?;
    let mut params = CertificateParams::default();
    let seconds = |time: Timestamp| u64::try_from(time.as_second()).map_err(|_| CertificateNotMade::BadName);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(seconds(start)?);
    params.not_after = epoch + Duration::from_secs(seconds(end)?);
    // A positive serial number of 16 random bytes (RFC 5280 §4.1.2.2), never beginning with a zero.
    let mut serial: [u8; 16] = random.bytes();
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

fn distinguished_name(organization: &str, common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organization);
    name.push(DnType::CommonName, common);
    name
}

fn common_name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn host_name(host: &str) -> Result<SanType, CertificateNotMade> {
    match IpAddr::from_str(host) {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => host.try_into().map(SanType::DnsName).map_err(|_| CertificateNotMade::BadName),
    }
}
