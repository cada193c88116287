//! The next certificate of this computer: asked for from 30 days before the present one ends, with a new key, and late where
//! it has ended.
//!
//! Each step is durable before the next, and at each of them one certificate works: the new key lies in the keyring beside
//! the old; the answer is kept; the new certificate is used once, and from then on the server takes no other; it takes the
//! place of the old in `device.db`; its key takes the place of the old in the keyring.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use keys::SecretBytes;
use keys::certificate::{self, CertificateRequest, LateRenewal};
use records::event::{Alert, AuditEvent};
use reqwest::Method;
use reqwest::header::HeaderMap;
use sync::wire::{LateRenewalFinish, LateRenewalStart, LateRenewalStarted, ProblemCode, Renewal, path};
use vault::Setting;

use crate::device_keys::DeviceKeys;
use crate::https::{PinnedRoot, Server, ServerError, TlsMaterial};
use crate::station::{Station, Way, kept_text};
use crate::{ClientError, Code};

/// So long before its end a certificate is renewed (design §7).
const BEFORE_END: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is under way.
#[derive(Default)]
pub(crate) struct Renewing(Mutex<State>);

#[derive(Default)]
struct State {
    /// The key that lies in the keyring beside the one in use, and the request for it, while no answer is kept.
    asked: Option<CertificateRequest>,
    /// The server did not take the present certificate, whatever the date of this computer says of it.
    is_refused: bool,
}

impl Renewing {
    /// The server did not take the present certificate in the handshake.
    pub(crate) fn note_refused(&self) {
        self.state().is_refused = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request for the next certificate, where it is time for one and none is kept.
pub(crate) fn request(station: &Station) -> Option<String> {
    let is_time = is_due(station.way().ends, station.guessed_time());
    if !is_time || kept(station).is_some() { None } else { ask(station) }
}

/// Takes the server's answer: kept, and tried in the next round.
pub(crate) fn take(station: &Station, renewal: &Renewal) {
    if let Err(error) = keep(station, renewal) {
        tracing::error!(code = error.code.as_str(), "a new certificate was not taken; it is asked for again");
    }
}

/// Goes on with what was begun, and begins a late renewal where the present certificate has ended.
pub(crate) async fn go_on(station: &Arc<Station>) {
    if let Err(error) = try_to_go_on(station).await {
        tracing::warn!(code = error.code.as_str(), "the certificate of this computer is renewed later");
    }
}

async fn try_to_go_on(station: &Arc<Station>) -> Result<(), ClientError> {
    let next = on_disk(station, |station| {
        settle(station)?;
        next_way(station)
    })
    .await?;
    let next = match next {
        Some(next) => Some(next),
        None if has_ended(station) => Some(late(station).await?),
        None => None,
    };
    match next {
        Some(next) => prove(station, next).await,
        None => Ok(()),
    }
}

fn is_due(ends: Timestamp, now: Timestamp) -> bool {
    now.duration_until(ends) <= BEFORE_END
}

fn has_ended(station: &Station) -> bool {
    let is_refused = std::mem::take(&mut station.renewing().state().is_refused);
    is_refused || station.way().ends <= station.guessed_time()
}

/// The answer that was kept and whose certificate has not taken the place of the present one.
fn kept(station: &Station) -> Option<Renewal> {
    let kept = station.device().setting(Setting::Renewing).ok().flatten()?;
    serde_json::from_slice(&kept).ok()
}

/// Makes a new key, puts it into the keyring beside the present one, and asks for a certificate of it.
fn ask(station: &Station) -> Option<String> {
    // Beside a key that has not taken its place yet nothing may lie.
    if !station.way().is_settled {
        return None;
    }
    let mut state = station.renewing().state();
    if state.asked.is_none() {
        let made = CertificateRequest::make().ok()?;
        if let Err(problem) = DeviceKeys::stage_tls(station.keyring(), &made.key) {
            tracing::warn!(%problem, "the keyring took no new key; the certificate is renewed later");
            return None;
        }
        state.asked = Some(made);
    }
    state.asked.as_ref().map(|asked| asked.request_pem.clone())
}

fn keep(station: &Station, renewal: &Renewal) -> Result<(), ClientError> {
    let staged = DeviceKeys::staged_tls(station.keyring())?.ok_or(Code::Internal)?;
    let way = way(station, renewal, staged).map_err(|_| Code::ServerAnswer)?;
    let shown = certificate::from_pem(&renewal.certificate_pem).map_err(|_| Code::ServerAnswer)?;
    let named = shown.first().and_then(|shown| certificate::device_id(shown).ok());
    if named != Some(station.identity().device.uuid()) || way.certificate == station.way().certificate {
        return Err(Code::ServerAnswer.into());
    }
    let json = serde_json::to_vec(renewal).unwrap_or_default();
    station.device().set(Setting::Renewing, &json)?;
    station.renewing().state().asked = None;
    Ok(())
}

/// The way with the certificate that was kept, where it has not ended meanwhile.
fn next_way(station: &Station) -> Result<Option<Way>, ClientError> {
    let Some(renewal) = kept(station) else { return Ok(None) };
    let staged = DeviceKeys::staged_tls(station.keyring())?;
    let next = staged.and_then(|staged| way(station, &renewal, staged).ok());
    match next.filter(|next| next.ends > station.guessed_time()) {
        Some(next) => Ok(Some(next)),
        None => {
            forget(station)?;
            Ok(None)
        }
    }
}

fn way(station: &Station, renewal: &Renewal, key: SecretBytes) -> Result<Way, ClientError> {
    let address = kept_text(&station.device(), Setting::ServerAddress)?;
    Way::with(renewal, &address, root(station)?, key)
}

fn root(station: &Station) -> Result<PinnedRoot, ClientError> {
    let fingerprint = station.state().root_fingerprint().ok_or(Code::VaultDamaged)?;
    Ok(PinnedRoot::from_fingerprint(fingerprint))
}

/// Uses the new certificate once. From then on it is the one that counts.
async fn prove(station: &Arc<Station>, next: Way) -> Result<(), ClientError> {
    let answered = next.server.send(Method::GET, path::HEALTH, None, HeaderMap::new(), Vec::new()).await;
    match answered.and_then(|answer| answer.ok().map(drop)) {
        Ok(()) => on_disk(station, |station| switch(station, next)).await,
        // Another one was issued after it, or the server was put back to a time before it.
        Err(ServerError::Refused(ProblemCode::DeviceRevoked)) => on_disk(station, forget).await,
        Err(error) => Err(error.into()),
    }
}

fn forget(station: &Station) -> Result<(), ClientError> {
    tracing::warn!("a new certificate came to nothing; another one is asked for");
    station.device().set(Setting::Renewing, b"")?;
    Ok(())
}

fn switch(station: &Station, next: Way) -> Result<(), ClientError> {
    let Some(renewal) = kept(station) else { return Ok(()) };
    station.device().set_all(&[
        (Setting::Certificate, renewal.certificate_pem.as_bytes()),
        (Setting::CertificateChain, renewal.chain_pem.as_bytes()),
        (Setting::Renewing, b""),
    ])?;
    station.take_way(next);
    let changed = AuditEvent::security_alert(station.stamp(), station.node(), Alert::DeviceChanged);
    station.record(&[changed])?;
    settle(station)
}

/// Puts the key of the certificate in use where the next start looks first; the old one is gone with that.
fn settle(station: &Station) -> Result<(), ClientError> {
    let way = station.way();
    if !way.is_settled {
        DeviceKeys::settle_tls(station.keyring(), &way.key)?;
        station.way_is_settled();
    }
    Ok(())
}

/// Renews a certificate that has ended, at the enrolment listener.
async fn late(station: &Arc<Station>) -> Result<Way, ClientError> {
    let (server, csr_pem) = on_disk(station, |station| {
        let address = kept_text(&station.device(), Setting::EnrolmentAddress)?;
        let server = Server::at(&address, &TlsMaterial::joining(root(station)?))?;
        Ok((server, ask(station).ok_or(Code::KeyringError)?))
    })
    .await?;
    let identity = station.identity();
    let start = LateRenewalStart { device: identity.device };
    let started: LateRenewalStarted = server.call(path::RENEW_START, &start).await?;
    let challenge = started.challenge.to_array().ok_or(Code::ServerAnswer)?;
    let present = station.way();
    let claim = LateRenewal {
        practice: identity.practice.uuid(),
        device: identity.device.uuid(),
        challenge,
        request_pem: &csr_pem,
    };
    let signature = claim.sign(&present.key).map_err(|_| Code::Internal)?;
    let finish = LateRenewalFinish {
        device: identity.device,
        certificate_pem: present.certificate_pem.clone(),
        csr_pem: csr_pem.clone(),
        challenge: challenge.into(),
        signature: signature.into(),
    };
    let renewal: Renewal = server.call(path::RENEW_FINISH, &finish).await?;
    on_disk(station, move |station| {
        keep(station, &renewal)?;
        next_way(station)?.ok_or_else(|| Code::ServerAnswer.into())
    })
    .await
}

/// Runs what touches the disk or the keyring where it does not hold up the network.
async fn on_disk<T: Send + 'static>(
    station: &Arc<Station>,
    act: impl FnOnce(&Station) -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ClientError> {
    let station = station.clone();
    tokio::task::spawn_blocking(move || act(&station)).await.map_err(|_| Code::Internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_from_thirty_days_before_its_end() {
        let ends = Timestamp::from_second(2_000_000_000).unwrap();
        let before = |seconds| ends - SignedDuration::from_secs(seconds);
        let month = 30 * 24 * 3600;
        assert!(!is_due(ends, before(month + 1)) && is_due(ends, before(month)));
        assert!(is_due(ends, ends) && is_due(ends, before(-month)));
    }
}
