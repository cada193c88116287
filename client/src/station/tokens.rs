//! What is known of the network: the session token, whose it is, and how the last contact went.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use jiff::{SignedDuration, Timestamp};
use keys::session::{CHALLENGE_LENGTH, SessionClaim};
use records::id::PersonId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::LogAlarm;
use sync::wire::{Base64Bytes, Cursor, ProblemCode, SecretText, SessionResponse};

use vault::{Device, Setting};

use super::Station;
use crate::https::ServerError;
use crate::syncing::{SyncState, session};
use crate::{ClientError, Code};

/// A token so near its end is not used any more.
const SPARE: SignedDuration = SignedDuration::from_secs(20);

/// The state of the network, as far as this workstation knows.
#[derive(Default)]
pub(crate) struct Net {
    pub(super) sync: SyncState,
    pub(super) last_contact: Option<Timestamp>,
    /// Attached files that the server does not hold whole.
    pub(super) unsent_files: usize,
    /// What is wrong between the audit log and the server, once it was found; it stays until the program ends.
    pub(super) alarm: Option<LogAlarm>,
    session: Option<Session>,
    asking: Arc<Asking>,
    attaching: Arc<Asking>,
}

/// Whether somebody has the turn, and whether somebody else wanted it since that began.
#[derive(Default)]
struct Asking {
    is_under_way: AtomicBool,
    is_wanted: AtomicBool,
}

impl Net {
    /// Changes and attached files on their way.
    pub(super) fn unsent(&self) -> u64 {
        u64::try_from(self.sync.unsent_changes + self.unsent_files).unwrap_or(u64::MAX)
    }

    /// Nothing is known but when the server was last reached, which outlives the program.
    pub(super) fn since_last_contact(device: &Device) -> Self {
        let kept = device.setting(Setting::LastContact).ok().flatten();
        let last_contact = kept.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
        let unsent_files = device.unsent_attachments().map_or(0, |unsent| unsent.len());
        Self { last_contact, unsent_files, ..Self::default() }
    }
}

struct Session {
    person: PersonId,
    token: SecretText,
    expires_at: Timestamp,
}

/// The right to do what one does at a time: to ask for a session token, or to send attached files.
pub(crate) struct Turn(Arc<Asking>);

impl Turn {
    /// Ends the turn. Returns whether somebody wanted one meanwhile, who may have changed what it was begun with.
    pub(crate) fn end(self) -> bool {
        let asking = self.0.clone();
        drop(self);
        asking.is_wanted.load(Ordering::SeqCst)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_under_way.store(false, Ordering::SeqCst);
    }
}

fn take_turn(asking: &Arc<Asking>) -> Option<Turn> {
    // Said first: a turn that ends now either leaves the way free or sees this.
    asking.is_wanted.store(true, Ordering::SeqCst);
    if asking.is_under_way.swap(true, Ordering::SeqCst) {
        return None;
    }
    asking.is_wanted.store(false, Ordering::SeqCst);
    Some(Turn(asking.clone()))
}

impl Station {
    /// A turn to ask for a session, when somebody is signed in and nobody else is asking.
    pub(crate) fn take_session_turn(&self) -> Option<Turn> {
        if self.mailbox().is_open() { take_turn(&self.net().asking) } else { None }
    }

    /// How many attached files the server does not hold whole.
    pub(crate) fn unsent_files(&self) -> usize {
        self.net().unsent_files
    }

    /// A turn to send attached files, when nobody else is sending them.
    pub(crate) fn take_attaching_turn(&self) -> Option<Turn> {
        take_turn(&self.net().attaching)
    }

    /// The token of the person who is signed in, while it is good.
    pub(crate) fn session_token(&self) -> Option<SecretText> {
        let (person, now) = (self.signed_in()?, self.guessed_time());
        let net = self.net();
        let session = net.session.as_ref()?;
        let is_good = session.person == person && now + SPARE < session.expires_at;
        is_good.then(|| session.token.clone())
    }

    /// Keeps a token for as long as the person is signed in.
    pub(crate) fn keep_session_token(&self, person: PersonId, session: SessionResponse) {
        let SessionResponse { token, expires_at, .. } = session;
        self.net().session = Some(Session { person, token, expires_at });
    }

    /// Forgets the token: the server ended it, or the person left.
    pub(crate) fn forget_session_token(&self) {
        self.net().session = None;
    }

    /// Asks the server as the person who is signed in, and waits for the answer.
    pub(crate) fn call_as_person<Asked, Answered>(
        self: &Arc<Self>,
        path: &'static str,
        asked: Asked,
    ) -> Result<Answered, ClientError>
    where
        Asked: Serialize + Send + Sync + 'static,
        Answered: DeserializeOwned + Send + 'static,
    {
        let station = self.clone();
        crate::net::wait(self.runtime(), async move {
            let token = session::token(&station).await?;
            let answer = station.server().call_as(Some(&token), path, &asked).await;
            if !matches!(answer, Err(ServerError::Refused(ProblemCode::SessionRequired))) {
                return answer.map_err(ClientError::from);
            }
            // It was ended from elsewhere: a change of the person's own at another workstation does so.
            station.forget_session_token();
            let token = session::token(&station).await?;
            station.server().call_as(Some(&token), path, &asked).await.map_err(ClientError::from)
        })
    }

    /// Answers the server's challenge with the key of the person who is signed in.
    pub(crate) fn sign_challenge(&self, challenge: &[u8]) -> Result<Base64Bytes, ClientError> {
        let challenge: [u8; CHALLENGE_LENGTH] = challenge.try_into().map_err(|_| Code::ServerAnswer)?;
        let (identity, certificate) = (self.identity(), self.way().certificate);
        self.ask(move |session| {
            let claim = SessionClaim {
                practice: identity.practice.uuid(),
                device: identity.device.uuid(),
                person: session.actor().person.uuid(),
                certificate,
                challenge,
            };
            Ok(Base64Bytes::from(claim.sign(session.signing_key()).to_bytes()))
        })
    }

    /// Where the open vault stands in the history of each of its drawers.
    pub(crate) fn cursors(&self) -> Result<Vec<Cursor>, ClientError> {
        self.ask(|session| session.cursors())
    }

    pub(super) fn net(&self) -> std::sync::MutexGuard<'_, Net> {
        self.net.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_a_session_while_one_is_asked_for_gets_a_turn_after_it() {
        let asking = Arc::new(Asking::default());
        let first = take_turn(&asking).unwrap();
        assert!(take_turn(&asking).is_none(), "one at a time");
        assert!(first.end());
        let second = take_turn(&asking).unwrap();
        assert!(!second.end(), "once is enough");
    }
}
