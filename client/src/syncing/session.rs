//! A session token for record routes: the person who is signed in signs a challenge, without noticing.

use std::sync::Arc;

use sync::wire::{
    ChallengeRequest, ChallengeResponse, GrantsRequest, GrantsResponse, SecretText, SessionRequest,
    SessionResponse, path,
};

use super::driver::Told;
use crate::ClientError;
use crate::credentials::twins;
use crate::station::Station;

/// Begins to get a session in the background, when somebody is signed in. If one is under way it is got once more after
/// that: the drawers may stand elsewhere now than where that one looked.
pub(super) fn begin(station: &Arc<Station>) {
    let Some(turn) = station.take_session_turn() else { return };
    let station = station.clone();
    tokio::spawn(async move {
        match obtain(&station).await {
            Ok(cursors) => station.driver().tell(Told::Session(cursors)),
            // The server is away, or nobody is signed in any more: the next contact tries again.
            Err(error) => tracing::debug!(code = error.code.as_str(), "no session"),
        }
        if turn.end() {
            begin(&station);
        }
    });
}

async fn obtain(station: &Arc<Station>) -> Result<Vec<sync::wire::Cursor>, ClientError> {
    // Needs no server: what came while the drawers were shut comes first. What could not be applied is fetched in its place.
    if let Err(error) = on_vault(station, |station| station.apply_waiting_pages()).await {
        tracing::warn!(code = error.code.as_str(), "pages that waited were not applied");
    }
    refresh_grants(station).await?;
    token(station).await?;
    if let Err(error) = twins::offer(station).await {
        tracing::debug!(code = error.code.as_str(), "no twins were given to the server");
    }
    on_vault(station, |station| station.cursors()).await
}

/// The token of the person who is signed in; a new one where there is none.
pub(crate) async fn token(station: &Arc<Station>) -> Result<SecretText, ClientError> {
    if station.session_token().is_none() {
        let person = station.signed_in().ok_or(crate::Code::Locked)?;
        let challenge: ChallengeResponse =
            station.server().call(path::SESSION_CHALLENGE, &ChallengeRequest { person }).await?;
        let signature = on_vault(station, {
            let challenge = challenge.challenge.clone();
            move |station| station.sign_challenge(&challenge.0)
        })
        .await?;
        let asked = SessionRequest { person, challenge: challenge.challenge, signature };
        let session: SessionResponse = station.server().call(path::SESSION, &asked).await?;
        station.keep_session_token(person, session);
    }
    Ok(station.session_token().ok_or(crate::Code::Locked)?)
}

/// Asks which grants are in force, so that one that was dropped is gone here too.
pub(super) async fn refresh_grants(station: &Arc<Station>) -> Result<(), ClientError> {
    // An order that comes while the answer is on its way may be of something newer than the answer.
    let ordered = on_vault(station, |station| Ok(station.orders_for_grants()?)).await?;
    let grants: GrantsResponse = station.server().call(path::GRANTS, &GrantsRequest {}).await?;
    let behind = station.clone();
    on_vault(station, move |_| behind.take_grants(&grants, &ordered)).await
}

async fn on_vault<T: Send + 'static>(
    station: &Arc<Station>,
    act: impl FnOnce(&Station) -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ClientError> {
    let station = station.clone();
    tokio::task::spawn_blocking(move || act(&station)).await.map_err(|_| crate::Code::Internal)?
}
