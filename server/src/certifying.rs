//! Certificates of workstations: issued, and taken into use.

use crate::answer::Refusal;
use crate::practice::Practice;
use crate::store::{CertificateRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::Timestamp;
use keys::{Random, certificate};
use records::AuditEvent;
use records::event::{Alert, Node};
use records::id::DeviceId;
use records::rights::Trail as _;
use sync::wire::{ProblemCode, Renewal};

/// Issues a workstation's next certificate. The present one counts until this one is used.
pub(crate) fn issue(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    csr_pem: &str,
    now: Timestamp,
) -> Result<Renewal, Refusal> {
    let standing = practice.authorities.standing();
    let made = standing.issuing().issue_client(csr_pem, device.uuid(), now, &mut Random::from_os());
    let made = made.map_err(|_| ProblemCode::Malformed)?;
    tx.begin_renewal(device, &kept(&made)?)?;
    Ok(Renewal { certificate_pem: certificate::to_pem(&[&made]), chain_pem: standing.chain_pem() })
}

/// What is kept of a certificate that was just made.
pub(crate) fn kept(certificate: &[u8]) -> Result<CertificateRow, ProblemCode> {
    let (_, until) = certificate::validity(certificate).map_err(|_| ProblemCode::Internal)?;
    Ok(CertificateRow { fingerprint: certificate::fingerprint(certificate), until })
}

/// The first request over a new certificate: the one before it counts no more.
pub(crate) fn come_into_use(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    certificate: &[u8; 32],
) -> Result<(), StoreError> {
    if tx.end_renewal(device, certificate)? {
        let now = practice.clock.now();
        let mut trail = ServerTrail::new(practice, tx, now);
        let node = Node { practice: practice.row.id, device };
        let event = AuditEvent::security_alert(trail.stamp(), node, Alert::DeviceChanged);
        trail.append(&event)?;
    }
    Ok(())
}
