//! Signing in: offline with what is here, online the first time and after trouble; then the vault is opened.

mod enter;
pub(crate) mod kept_slot;
mod offline;
mod online;
mod recovery;
mod reentry;
mod refresh;

use std::sync::Arc;

use keys::Passphrase;
use keys::slot::OpenedSlot;
use records::event::AuditEvent;
use records::id::PersonId;

use crate::station::Station;
use crate::throttle::Failures;
use crate::view::OpenedView;
use crate::workstation::SignInForm;
use crate::{ClientError, Code};

use enter::Entry;
use offline::Tried;
pub(crate) use recovery::recover;
pub(crate) use reentry::reenter;
pub(crate) use refresh::begin as refresh_behind;

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
}

/// Signs a person in and opens the vault. A lock that comes meanwhile wins.
pub(crate) fn sign_in(station: &Arc<Station>, form: &SignInForm) -> Result<OpenedView, ClientError> {
    let ticket = station.mailbox().ticket();
    station.admits_work()?;
    if station.mailbox().is_open() {
        return Err(Code::InUse.into());
    }
    let name = station.state().username_token(&form.username).ok_or(Code::VaultDamaged)?;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let typed =
        Typed { username: form.username.trim(), name, passphrase: &passphrase, code: form.code.trim() };
    let failures = failures_of(station, name)?;
    let may_use_slot = admit(station, name, failures)?;
    let entry = open(station, &typed, may_use_slot);
    match entry {
        Ok(entry) => enter::enter(station, ticket, entry, name, failures.count),
        Err(error) => {
            if error.code == Code::SignInRefused {
                note_failure(station, name)?;
            }
            Err(error)
        }
    }
}

fn open(station: &Station, typed: &Typed<'_>, may_use_slot: bool) -> Result<Entry, ClientError> {
    let tried = if may_use_slot { offline::open(station, typed)? } else { Tried::NoSlot };
    match tried {
        Tried::Opened(opened) => match Entry::offline(station, opened)? {
            Some(entry) => Ok(entry),
            // The slot opened and what else an unlock needs is not here: only the server can help, with a new code.
            None => Err(Code::FirstSignInNeedsServer.into()),
        },
        Tried::Refused => Err(Code::SignInRefused.into()),
        Tried::NoSlot => match online::sign_in(station, typed) {
            Ok(let_in) => Ok(Entry::online(let_in)),
            Err(error) if error.code == Code::ServerAway => {
                offline::spend(station, typed);
                let code = if may_use_slot { Code::FirstSignInNeedsServer } else { Code::SlotDisabled };
                Err(code.into())
            }
            Err(error) => Err(error),
        },
    }
}

/// Whether the slot may be tried. A disabled one may not; the server may still let the person in.
fn admit(station: &Station, name: [u8; 16], failures: Failures) -> Result<bool, ClientError> {
    match station.waits().admit(name, failures, station.moment()) {
        Ok(()) => Ok(true),
        Err(error) if error.code == Code::SlotDisabled => Ok(false),
        Err(error) => Err(error),
    }
}

fn failures_of(station: &Station, name: [u8; 16]) -> Result<Failures, ClientError> {
    let kept = station.device().throttle(vault::Subject(name))?;
    Ok(kept.map_or(Failures { count: 0, last_at: station.now() }, |kept| Failures {
        count: kept.failures,
        last_at: kept.last_at,
    }))
}

/// Counts a failure and records it, before the person learns of it.
fn note_failure(station: &Station, name: [u8; 16]) -> Result<(), ClientError> {
    station.device().record_failure(vault::Subject(name), station.now())?;
    station.waits().failed(name, station.moment());
    station.record(&[AuditEvent::sign_in_failed(station.stamp(), station.node(), Some(&name))])
}

/// Proves once more who is signed in, by their slot. A failure counts as one at a sign-in does.
pub(crate) fn prove_again(
    station: &Station,
    person: PersonId,
    passphrase: &Passphrase,
    code: &str,
) -> Result<Box<OpenedSlot>, ClientError> {
    let name = station.device().username_of(person)?.ok_or(Code::VaultDamaged)?;
    let failures = failures_of(station, name)?;
    if !admit(station, name, failures)? {
        return Err(Code::SlotDisabled.into());
    }
    match offline::open(station, &Typed { username: "", name, passphrase, code })? {
        Tried::Opened(opened) => {
            station.device().clear_failures(vault::Subject(name))?;
            station.waits().succeeded(name);
            Ok(opened)
        }
        Tried::Refused | Tried::NoSlot => {
            note_failure(station, name)?;
            Err(Code::SignInRefused.into())
        }
    }
}
