//! A certificate that has ended is renewed late, by proof that the workstation holds its key. In time it is renewed with the
//! directives.

use crate::answer::{Answer, Refusal, json};
use crate::certifying;
use crate::identity::blocking;
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::routes::enrolment::Enrolment;
use crate::store::{self, AlertKind, AttemptKind, AttemptRow, Transaction};
use crate::trail::ServerTrail;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use keys::Random;
use keys::certificate::{self, LateRenewal};
use keys::session::make_challenge;
use records::AuditEvent;
use records::id::DeviceId;
use records::rights::Trail as _;
use sync::wire::{LateRenewalFinish, LateRenewalStart, LateRenewalStarted, ProblemCode, Renewal};

/// How long a challenge is good.
const CHALLENGE: SignedDuration = SignedDuration::from_mins(2);

/// `POST /v1/renew/start`.
pub(crate) async fn start(
    State(enrolment): State<Enrolment>,
    Json(request): Json<LateRenewalStart, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let practice = &enrolment.practice;
        let now = practice.clock.now();
        let challenge = make_challenge(&mut Random::from_os());
        store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            tx.purge_expired(now)?;
            // Whoever asks for nobody, or for one that was revoked, gets a challenge that nothing answers.
            if tx.device(request.device)?.is_some_and(|row| row.revoked_at.is_none()) {
                tx.insert_attempt(&AttemptRow {
                    id: challenge,
                    kind: AttemptKind::LateRenewal,
                    device: request.device,
                    person: None,
                    state: Vec::new(),
                    expires_at: now.checked_add(CHALLENGE).unwrap_or(now),
                })?;
            }
            Ok(LateRenewalStarted { challenge: challenge.into() })
        })
    })
    .await?;
    json(&answer)
}

/// `POST /v1/renew/finish`.
pub(crate) async fn finish(
    State(enrolment): State<Enrolment>,
    Json(request): Json<LateRenewalFinish, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let practice = &enrolment.practice;
        let now = practice.clock.now();
        // The challenge is used up also when its answer is wrong, so a refusal is a value until it is stored.
        store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            if proves(practice, tx, &request, now)? {
                return renew_late(practice, tx, request.device, &request.csr_pem, now).map(Some);
            }
            let mut trail = ServerTrail::new(practice, tx, now);
            let event = AuditEvent::node_refused(trail.stamp(), trail.node(), "late renewal");
            trail.append(&event)?;
            Ok(None)
        })
    })
    .await?;
    json(&answer.ok_or(ProblemCode::DeviceRevoked).map_err(Refusal::from)?)
}

/// Whether the request comes from the workstation whose certificate in use it shows, and that certificate has
/// ended, or its authority has.
fn proves(
    practice: &Practice,
    tx: &dyn Transaction,
    request: &LateRenewalFinish,
    now: Timestamp,
) -> Result<bool, Refusal> {
    let challenge: [u8; 32] = request.challenge.to_array().ok_or(ProblemCode::Malformed)?;
    let shown = certificate::from_pem(&request.certificate_pem).map_err(|_| ProblemCode::Malformed)?;
    let shown = shown.first().ok_or(ProblemCode::Malformed)?;
    let taken = tx.take_attempt(&challenge, AttemptKind::LateRenewal, request.device)?;
    if taken.is_none_or(|row| row.expires_at <= now) {
        return Ok(false);
    }
    let Some(row) = tx.device(request.device)?.filter(|row| row.revoked_at.is_none()) else {
        return Ok(false);
    };
    let fingerprint = certificate::fingerprint(shown);
    let in_use = [Some(row.certificate), row.renewing].into_iter().flatten();
    // One that is still taken is renewed over itself.
    let is_taken = practice.authorities.standing().accepts(shown);
    let mut in_use = in_use.filter(|known| known.fingerprint == fingerprint);
    let has_ended = in_use.any(|known| known.until <= now || !is_taken);
    let claim = LateRenewal {
        practice: practice.row.id.uuid(),
        device: request.device.uuid(),
        challenge,
        request_pem: &request.csr_pem,
    };
    Ok(has_ended && claim.verify(shown, request.signature.as_slice()).is_ok())
}

fn renew_late(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    csr_pem: &str,
    now: Timestamp,
) -> Result<Renewal, Refusal> {
    let renewal = certifying::issue(practice, tx, device, csr_pem, now)?;
    let detail = "its certificate had ended, or the authority of it".to_owned();
    ServerTrail::new(practice, tx, now).alert(AlertKind::LateRenewal, Some(device), None, detail)?;
    Ok(renewal)
}
