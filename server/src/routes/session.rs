//! A session for a person who unlocked offline: their slot key signs a challenge.

use crate::answer::{Answer, Refusal, json};
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::signing_in::open_session;
use crate::store::{self, AttemptKind, AttemptRow, Transaction};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use keys::session::{SessionClaim, make_challenge};
use keys::{Random, Signature};
use sync::wire::{ChallengeRequest, ChallengeResponse, ProblemCode, SessionRequest, SessionResponse};

const CHALLENGE: SignedDuration = SignedDuration::from_mins(2);

/// `POST /v1/session/challenge`.
pub(crate) async fn challenge(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<ChallengeRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        let challenge = make_challenge(&mut Random::from_os());
        store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            tx.purge_expired(now)?;
            tx.insert_attempt(&AttemptRow {
                id: challenge,
                kind: AttemptKind::Challenge,
                device: workstation.id(),
                person: Some(request.person),
                state: Vec::new(),
                expires_at: now.checked_add(CHALLENGE).unwrap_or(now),
            })?;
            Ok(ChallengeResponse { challenge: challenge.into() })
        })
    })
    .await?;
    json(&answer)
}

/// `POST /v1/session`.
pub(crate) async fn open(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<SessionRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        // The challenge is used up also when its answer is wrong, so that is a value until it is stored.
        store::write(practice.store.as_ref(), |tx| verify(&practice, tx, &workstation, &request, now))
    })
    .await?;
    json(&answer.ok_or(ProblemCode::SessionRequired).map_err(Refusal::from)?)
}

fn verify(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    request: &SessionRequest,
    now: Timestamp,
) -> Result<Option<SessionResponse>, Refusal> {
    let challenge: [u8; 32] = request.challenge.to_array().ok_or(ProblemCode::Malformed)?;
    let signature = Signature::from_bytes(request.signature.to_array().ok_or(ProblemCode::Malformed)?);
    let taken = tx.take_attempt(&challenge, AttemptKind::Challenge, workstation.id())?;
    let is_theirs = |row: &AttemptRow| row.person == Some(request.person) && row.expires_at > now;
    if !taken.is_some_and(|row| is_theirs(&row)) {
        return Ok(None);
    }
    let person = tx.person(request.person)?.filter(|person| person.ended_at.is_none());
    let key = tx.person_key(request.person, workstation.id())?;
    let (Some(person), Some(key)) = (person, key) else { return Ok(None) };
    let claim = SessionClaim {
        practice: practice.row.id.uuid(),
        device: workstation.id().uuid(),
        person: request.person.uuid(),
        certificate: workstation.certificate,
        challenge,
    };
    if claim.verify(&key.signing_key, &signature).is_err() {
        return Ok(None);
    }
    Ok(Some(open_session(tx, workstation, &person, now)?.0))
}
