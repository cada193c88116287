//! A workstation's certificate: renewed in time, renewed late, and by nobody else.

use crate::clinic::{Answer, Clinic};
use crate::workstation::Workstation;
use chartkeep_server::people;
use chartkeep_server::store::AlertKind;
use keys::SecretBytes;
use keys::certificate::{self, CertificateRequest, LateRenewal};
use sync::wire::{
    DirectivesRequest, DirectivesResponse, LateRenewalFinish, LateRenewalStart, LateRenewalStarted,
    ProblemCode, Renewal, path,
};

const DAY_S: i64 = 24 * 3600;

pub(crate) fn certificate_of(renewal: &Renewal) -> Vec<u8> {
    certificate::from_pem(&renewal.certificate_pem).unwrap().remove(0)
}

/// Whether the main listener answers whoever has this certificate; none where it did not even shake hands.
pub(crate) fn health(clinic: &Clinic, certificate: &[u8], key: &SecretBytes) -> Option<u16> {
    let client = clinic.connection(Some((vec![certificate.to_vec()], key)));
    clinic.send(client.get(clinic.url(path::HEALTH))).ok().map(|answer| answer.status)
}

pub(crate) fn in_time(workstation: &Workstation<'_>, request: &CertificateRequest) -> Renewal {
    let request = DirectivesRequest {
        renewal_csr_pem: Some(request.request_pem.clone()),
        ..DirectivesRequest::default()
    };
    let answer: DirectivesResponse = workstation.post(path::DIRECTIVES, &request).json();
    answer.renewal.unwrap()
}

pub(crate) fn challenge(workstation: &Workstation<'_>) -> [u8; 32] {
    let clinic = workstation.clinic;
    let asked = LateRenewalStart { device: workstation.id };
    let url = clinic.enrolment_url(path::RENEW_START);
    let started: LateRenewalStarted =
        clinic.send(clinic.connection(None).post(url).json(&asked)).unwrap().json();
    started.challenge.to_array().unwrap()
}

/// Shows a certificate and signs the challenge with a key.
pub(crate) fn late(
    workstation: &Workstation<'_>,
    challenge: [u8; 32],
    (shown, key): (&[u8], &SecretBytes),
    request_pem: &str,
) -> Answer {
    let clinic = workstation.clinic;
    let claim = LateRenewal {
        practice: clinic.practice.row.id.uuid(),
        device: workstation.id.uuid(),
        challenge,
        request_pem,
    };
    let asked = LateRenewalFinish {
        device: workstation.id,
        certificate_pem: certificate::to_pem(&[shown]),
        csr_pem: request_pem.to_owned(),
        challenge: challenge.into(),
        signature: claim.sign(key).unwrap().into(),
    };
    let url = clinic.enrolment_url(path::RENEW_FINISH);
    clinic.send(clinic.connection(None).post(url).json(&asked)).unwrap()
}

fn own(workstation: &Workstation<'_>) -> (Vec<u8>, CertificateRequest) {
    (workstation.certificate.clone(), CertificateRequest::make().unwrap())
}

pub(crate) fn late_alerts(clinic: &Clinic) -> u64 {
    clinic.look(|tx| tx.count_alerts(AlertKind::LateRenewal))
}

#[test]
fn both_certificates_count_until_the_new_one_was_used() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let (old, request) = own(&workstation);
    let renewed = certificate_of(&in_time(&workstation, &request));
    assert_eq!(health(&clinic, &old, &workstation.key), Some(200));
    assert_eq!(health(&clinic, &renewed, &request.key), Some(200));
    assert_eq!(health(&clinic, &old, &workstation.key), Some(403));
    let row = clinic.look(|tx| tx.device(workstation.id)).unwrap();
    assert_eq!(row.certificate.fingerprint, certificate::fingerprint(&renewed));
    assert_eq!(row.certificate.until, certificate::validity(&renewed).unwrap().1);
    assert_eq!(row.renewing, None);
}

#[test]
fn an_answer_that_was_lost_is_asked_for_again_and_the_last_one_counts() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let (_, first) = own(&workstation);
    let (_, second) = own(&workstation);
    let lost = certificate_of(&in_time(&workstation, &first));
    let kept = certificate_of(&in_time(&workstation, &second));
    assert_eq!(health(&clinic, &lost, &first.key), Some(403));
    assert_eq!(health(&clinic, &kept, &second.key), Some(200));
}

#[test]
fn a_certificate_that_has_ended_is_renewed_by_its_key_alone_and_that_is_an_alert() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let (old, request) = own(&workstation);
    clinic.advance(91 * DAY_S);
    assert_eq!(health(&clinic, &old, &workstation.key), None, "it has ended");
    let answer = late(&workstation, challenge(&workstation), (&old, &workstation.key), &request.request_pem);
    let renewed = certificate_of(&answer.json());
    assert_eq!(late_alerts(&clinic), 1);
    assert_eq!(health(&clinic, &renewed, &request.key), Some(200));
    // Over and done: the old one renews nothing any more.
    let again = late(&workstation, challenge(&workstation), (&old, &workstation.key), &request.request_pem);
    assert_eq!(again.problem(), Some(ProblemCode::DeviceRevoked));
    assert_eq!(late_alerts(&clinic), 1);
}

#[test]
fn a_challenge_is_good_once_and_for_two_minutes() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let (old, request) = own(&workstation);
    clinic.advance(91 * DAY_S);
    let (first, second) = (challenge(&workstation), challenge(&workstation));
    assert_eq!(late(&workstation, first, (&old, &request.key), &request.request_pem).status, 403);
    assert_eq!(late(&workstation, first, (&old, &workstation.key), &request.request_pem).status, 403);
    clinic.advance(121);
    assert_eq!(late(&workstation, second, (&old, &workstation.key), &request.request_pem).status, 403);
    let third = challenge(&workstation);
    assert_eq!(late(&workstation, third, (&old, &workstation.key), &request.request_pem).status, 200);
}

#[test]
fn nobody_renews_late_who_was_revoked_or_is_in_time_or_shows_what_is_not_theirs() {
    let clinic = Clinic::open();
    let (workstation, other) = (clinic.enrol(), clinic.enrol());
    let (old, request) = own(&workstation);
    let pem = &request.request_pem;
    let refused = |answer: Answer| assert_eq!(answer.problem(), Some(ProblemCode::DeviceRevoked));
    refused(late(&workstation, challenge(&workstation), (&old, &workstation.key), pem));
    clinic.advance(91 * DAY_S);
    // The other one's certificate has ended too, and proves nothing about this one.
    refused(late(&workstation, challenge(&workstation), (&other.certificate, &other.key), pem));
    // One that the same CA made for the same workstation, and that was never in use.
    let mut random = keys::Random::from_os();
    let long_ago = clinic.now().checked_sub(jiff::SignedDuration::from_hours(24 * 200)).unwrap();
    let standing = clinic.practice.authorities.standing();
    let issuing = standing.issuing();
    let stray = issuing.issue_client(pem, workstation.id.uuid(), long_ago, &mut random).unwrap();
    refused(late(&workstation, challenge(&workstation), (&stray, &request.key), pem));
    people::revoke_device(&clinic.practice, workstation.id).unwrap();
    refused(late(&workstation, challenge(&workstation), (&old, &workstation.key), pem));
    assert_eq!(late_alerts(&clinic), 0);
}
