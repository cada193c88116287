//! Who is asking: the workstation by its certificate, the person by a session bound to it.

use crate::answer::Refusal;
use crate::certifying;
use crate::fhir::Scopes;
use crate::practice::Practice;
use crate::programs;
use crate::store::{self, AlertKind, DeviceRow, PersonRow, StoreError, ThrottleRow, Transaction};
use crate::trail::ServerTrail;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use keys::certificate;
use keys::token::BearerToken;
use records::id::{DeviceId, SessionId};
use records::{Actor, Purpose};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use sync::wire::ProblemCode;

const REFUSAL_ALERTS: SignedDuration = SignedDuration::from_mins(1);

/// The certificate at the other end of a connection; TLS has verified its chain.
#[derive(Clone, Debug)]
pub(crate) struct PeerCertificate {
    /// DER.
    pub(crate) der: Arc<[u8]>,
}

/// A workstation that is known and not revoked.
#[derive(Clone, Debug)]
pub(crate) struct Workstation {
    /// What is stored of it.
    pub(crate) row: Arc<DeviceRow>,
    /// SHA-256 of the certificate it came with.
    pub(crate) certificate: [u8; 32],
}

impl Workstation {
    /// Its id.
    #[must_use]
    pub(crate) fn id(&self) -> DeviceId {
        self.row.id
    }
}

/// A person at a workstation.
#[derive(Clone, Debug)]
pub(crate) struct SignedInPerson {
    /// The person with their roles of now.
    pub(crate) actor: Actor,
}

/// Who asks over FHIR: a person, or a program without one.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    /// The person with their roles of now, or the program.
    pub(crate) actor: Actor,
    /// What the token of a program is good for; none of a person.
    pub(crate) scopes: Option<Scopes>,
}

/// Runs blocking work on its own thread.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => {
            tracing::error!("a unit of work panicked");
            Err(ProblemCode::Internal.into())
        }
    }
}

/// The workstation behind a certificate, if it is known and not revoked. A refusal is written into the trail.
pub(crate) fn recognise(practice: &Practice, peer: &PeerCertificate) -> Result<Workstation, Refusal> {
    let presented = certificate::fingerprint(&peer.der);
    let id = certificate::device_id(&peer.der).map_err(|_| ProblemCode::DeviceRevoked)?;
    let id = DeviceId::from_uuid(id);
    let row = store::read(practice.store.as_ref(), |tx| tx.device(id).map_err(Refusal::from))?;
    match row {
        Some(row) if row.revoked_at.is_none() && row.certificate.fingerprint == presented => {
            Ok(Workstation { row: Arc::new(row), certificate: presented })
        }
        Some(row)
            if row.revoked_at.is_none()
                && row.renewing.is_some_and(|renewing| renewing.fingerprint == presented) =>
        {
            store::write(practice.store.as_ref(), |tx| {
                certifying::come_into_use(practice, tx, id, &presented)
            })?;
            Ok(Workstation { row: Arc::new(row), certificate: presented })
        }
        Some(_) | None => {
            store::write(practice.store.as_ref(), |tx| record_refusal(practice, tx, id))?;
            Err(ProblemCode::DeviceRevoked.into())
        }
    }
}

/// One alert a minute for each certificate that is refused, however often it comes back.
fn record_refusal(practice: &Practice, tx: &dyn Transaction, id: DeviceId) -> Result<(), StoreError> {
    let now = practice.clock.now();
    let name = Sha256::new().chain_update(b"chartkeep/refused/v1\0").chain_update(id.uuid().as_bytes());
    let name: [u8; 32] = name.finalize().into();
    let before = tx.throttle(&name)?;
    if before.is_some_and(|row| row.not_before > now) {
        return Ok(());
    }
    let failures = before.map_or(0, |row| row.failures).saturating_add(1);
    let not_before = now.checked_add(REFUSAL_ALERTS).unwrap_or(now);
    tx.set_throttle(&name, Some(ThrottleRow { failures, not_before }))?;
    let mut trail = ServerTrail::new(practice, tx, now);
    trail.alert(AlertKind::RevokedDevice, Some(id), None, "refused a request".to_owned())
}

impl<S: Send + Sync> FromRequestParts<S> for Workstation {
    type Rejection = Refusal;

    /// Put there by the layer that asks every request who it is from.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ProblemCode::DeviceRevoked.into())
    }
}

impl FromRequestParts<Practice> for SignedInPerson {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, practice: &Practice) -> Result<Self, Refusal> {
        let asking = Asking::from_request_parts(parts, practice).await?;
        match asking.scopes {
            None => Ok(Self { actor: asking.actor }),
            // A program reads over FHIR, and nothing else.
            Some(_) => Err(ProblemCode::SessionRequired.into()),
        }
    }
}

impl FromRequestParts<Practice> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, practice: &Practice) -> Result<Self, Refusal> {
        let workstation = Workstation::from_request_parts(parts, practice).await?;
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token: Option<BearerToken> = header.and_then(|value| value.strip_prefix("Bearer ")?.parse().ok());
        let token = token.ok_or(ProblemCode::SessionRequired)?;
        let practice = practice.clone();
        blocking(move || {
            let now = practice.clock.now();
            let store = practice.store.clone();
            store::read(store.as_ref(), |tx| from_token(&practice, tx, &workstation, &token, now))
        })
        .await
    }
}

fn from_token(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    token: &BearerToken,
    now: Timestamp,
) -> Result<Asking, Refusal> {
    let session = tx.session(&token.digest())?.ok_or(ProblemCode::SessionRequired)?;
    let is_bound = session.device == workstation.id() && session.certificate == workstation.certificate;
    if !is_bound || session.expires_at <= now {
        return Err(ProblemCode::SessionRequired.into());
    }
    if let Some(person) = tx.person(session.person)? {
        let actor = actor(tx, &person, workstation.id(), session.id, now)?;
        return Ok(Asking { actor, scopes: None });
    }
    let program = programs::of_session(practice, tx, &session)?;
    let (actor, scopes) = program.ok_or(ProblemCode::SessionRequired)?;
    Ok(Asking { actor, scopes: Some(scopes) })
}

/// The person with the roles of a time; refused where they have left, since a right that was taken is gone at once.
pub(crate) fn actor(
    tx: &dyn Transaction,
    person: &PersonRow,
    device: DeviceId,
    session: SessionId,
    at: Timestamp,
) -> Result<Actor, Refusal> {
    if person.ended_at.is_some() {
        return Err(ProblemCode::SessionRequired.into());
    }
    let roles = tx.roles(person.id, at)?;
    let purpose = roles.first().map_or(Purpose::Operations, |role| Purpose::usual(*role));
    Ok(Actor { person: person.id, practice: person.practice, roles, device, session, purpose })
}
