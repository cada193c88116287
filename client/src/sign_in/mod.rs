//! Signing in: offline with what is here, online the first time and after trouble; then the vault is opened.

mod by_key;
mod enter;
pub(crate) mod kept_slot;
mod offline;
mod online;
mod phone_time;
mod recovery;
mod reentry;
mod refresh;
pub(crate) mod tries;

use std::sync::{Arc, MutexGuard};

use keys::Passphrase;
use keys::slot::{KeyAnswer, OpenedSlot};
use records::id::PersonId;
use vault::Throttle;

use crate::mailbox::Ticket;
use crate::station::Station;
use crate::syncing::Told;
use crate::throttle;
use crate::view::OpenedView;
use crate::workstation::SignInForm;
use crate::{ClientError, Code};

pub(crate) use by_key::{prove_again_by_key, sign_in_with_key};
use enter::Entry;
use offline::{Tried, Without};
pub(crate) use recovery::recover;
pub(crate) use reentry::{reenter, reenter_with_key};
pub(crate) use refresh::is_still_theirs;

/// What a person typed.
pub(crate) struct Typed<'a> {
    /// The user name as typed, trimmed.
    pub(crate) username: &'a str,
    /// Its keyed token.
    pub(crate) name: [u8; 16],
    /// The passphrase.
    pub(crate) passphrase: &'a Passphrase,
    /// The code.
    pub(crate) code: &'a str,
    /// What the phone shows, where the person was asked.
    pub(crate) phone_time: Option<jiff::Timestamp>,
}

/// Signs a person in and opens the vault. A lock that comes meanwhile wins.
pub(crate) fn sign_in(station: &Arc<Station>, form: &SignInForm) -> Result<OpenedView, ClientError> {
    let (ticket, _turn) = begin(station)?;
    let name = station.state().username_token(&form.username).ok_or(Code::VaultDamaged)?;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let phone_time = form
        .phone_time
        .as_ref()
        .map(|shown| phone_time::read(shown, station.guessed_time(), &station.clock().time_zone()));
    let typed = Typed {
        username: form.username.trim(),
        name,
        passphrase: &passphrase,
        code: form.code.trim(),
        phone_time: phone_time.transpose()?,
    };
    let failures = tries::of(station, name)?;
    let may_use_slot = admit(station, &failures)?;
    let entry = open(station, &typed, may_use_slot);
    match entry {
        // The code may have proven that it is later than was known before it.
        Ok(entry) => {
            station.admits_opening().and_then(|()| enter::enter(station, ticket, entry, name, &failures))
        }
        Err(error) => {
            if error.code == Code::SignInRefused {
                tries::note_failure(station, name, &failures)?;
                // What was typed may be new, and wait at the server to be put in place here.
                station.driver().tell(Told::SyncNow);
            }
            Err(error)
        }
    }
}

/// Where every way in begins: with a ticket, which a lock makes worthless, and a turn. An attempt is counted by what was
/// known before it, so none begins before the one before it was counted.
fn begin(station: &Station) -> Result<(Ticket, MutexGuard<'_, ()>), ClientError> {
    station.admits_opening()?;
    let ticket = station.mailbox().ticket();
    let turn = station.attempt_turn();
    station.admits_work()?;
    if station.mailbox().is_open() { Err(Code::InUse.into()) } else { Ok((ticket, turn)) }
}

fn open(station: &Station, typed: &Typed<'_>, may_use_slot: bool) -> Result<Entry, ClientError> {
    let tried = if may_use_slot { offline::open(station, typed)? } else { Tried::Without(Without::Disabled) };
    match tried {
        Tried::Opened(opened) => match Entry::offline(station, opened)? {
            Some(entry) => Ok(entry),
            // The slot opened and what else an unlock needs is not here: only the server can help, with a new code.
            None => Err(Code::FirstSignInNeedsServer.into()),
        },
        Tried::Refused => Err(Code::SignInRefused.into()),
        Tried::Without(without) => match online::sign_in(station, typed) {
            Ok(let_in) => Ok(Entry::online(let_in)),
            Err(error) if error.code == Code::ServerAway => {
                match without {
                    Without::Name | Without::Slot(_) | Without::CodesEnded => offline::spend(station, typed),
                    // The slot was tried on the way to the server, to keep its keys.
                    Without::Over | Without::OverByDate | Without::Disabled => {}
                }
                Err(without.code().into())
            }
            Err(error) => Err(error),
        },
    }
}

/// Whether the slot may be tried. A disabled one may not; the server may still let the person in.
fn admit(station: &Station, failures: &Throttle) -> Result<bool, ClientError> {
    match throttle::admit(failures, &station.reading()) {
        Ok(()) => Ok(true),
        Err(error) if error.code == Code::SlotDisabled => Ok(false),
        Err(error) => Err(error),
    }
}

/// What counts against a name, for ways in where the server does not stand in: a slot that is disabled ends them.
fn may_try(station: &Station, name: [u8; 16]) -> Result<Throttle, ClientError> {
    let failures = tries::of(station, name)?;
    if admit(station, &failures)? { Ok(failures) } else { Err(Code::SlotDisabled.into()) }
}

/// Somebody who has proven once more who they are.
pub(crate) struct Proven {
    /// The slot that opened. It is to be refreshed, for what opened it is used up.
    pub(crate) opened: Box<OpenedSlot>,
    /// The security key's answer to the next salt, where one took part.
    next: Option<KeyAnswer>,
}

impl Proven {
    /// Refreshes the slot, behind the screen.
    pub(crate) fn refresh_behind(self, station: &Arc<Station>) {
        match self.next {
            Some(next) => refresh::begin_by_key(station, self.opened, next),
            None => refresh::begin(station, self.opened),
        }
    }
}

/// Proves once more who is signed in, by their slot. A failure counts as one at a sign-in does.
pub(crate) fn prove_again(
    station: &Station,
    person: PersonId,
    passphrase: &Passphrase,
    code: &str,
) -> Result<Proven, ClientError> {
    let name = station.device().username_of(person)?.ok_or(Code::VaultDamaged)?;
    let _turn = station.attempt_turn();
    let failures = may_try(station, name)?;
    match offline::open(station, &Typed { username: "", name, passphrase, code, phone_time: None })? {
        Tried::Opened(opened) => {
            tries::note_success(station, name, &failures)?;
            Ok(Proven { opened, next: None })
        }
        Tried::Refused | Tried::Without(_) => {
            tries::note_failure(station, name, &failures)?;
            Err(Code::SignInRefused.into())
        }
    }
}
