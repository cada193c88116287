//! Signing in without the phone: passphrase and a recovery code, with no network needed.

use std::sync::Arc;

use keys::Passphrase;
use keys::recovery::RecoveryCode;
use keys::slot::{self, OpenedSlot, SlotRefused};
use records::event::SignIn;
use vault::RecoveryPlace;

use super::enter::{self, Entry};
use super::{begin, may_try, tries};
use crate::recovery;
use crate::station::Station;
use crate::view::OpenedView;
use crate::workstation::RecoveryForm;
use crate::{ClientError, Code};

/// Signs a person in with a recovery code, which is dead before anything is shown. What cannot be a code is told apart
/// from a wrong one, and is no try: whoever typed it could have found that out alone.
pub(crate) fn recover(station: &Arc<Station>, form: &RecoveryForm) -> Result<OpenedView, ClientError> {
    let (ticket, _turn) = begin(station)?;
    let code: RecoveryCode = form.recovery_code.parse().map_err(|_| Code::RecoveryCodeMistyped)?;
    let name = station.state().username_token(&form.username).ok_or(Code::VaultDamaged)?;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let failures = may_try(station, name)?;
    match open(station, name, &passphrase, &code)? {
        Some(entry) => enter::enter(station, ticket, entry, name, &failures),
        None => {
            tries::note_failure(station, name, &failures)?;
            Err(Code::SignInRefused.into())
        }
    }
}

/// `None` alike, and after as long, for a wrong name, passphrase, code or device, and for a code that was used.
fn open(
    station: &Station,
    name: [u8; 16],
    passphrase: &Passphrase,
    code: &RecoveryCode,
) -> Result<Option<Entry>, ClientError> {
    let (place, how) = match code {
        RecoveryCode::Paper(code) => (code.place().map(RecoveryPlace::Sheet), SignIn::RecoveryCode),
        RecoveryCode::Spoken(_) => (Some(RecoveryPlace::Telephone), SignIn::ReleasedCode),
    };
    let person = station.device().person_of(name)?;
    let Some(kept) = recovery::find(station, person, place)? else {
        spend(station, passphrase);
        return Ok(None);
    };
    let opened = match slot::open_recovery(&kept.file, passphrase, code, &kept.k_slot) {
        Ok(opened) if is_of(&opened, &kept, person) => opened,
        Ok(_) | Err(SlotRefused::NotOpened) => return Ok(None),
        Err(SlotRefused::OutOfMemory) => return Err(Code::OutOfMemory.into()),
        Err(refused @ (SlotRefused::Unreadable(_) | SlotRefused::Cost(_))) => {
            tracing::warn!(%refused, "a recovery slot cannot be used");
            spend(station, passphrase);
            return Ok(None);
        }
    };
    let entry = Entry::recovered(station, Box::new(opened), how)?.ok_or(Code::FirstSignInNeedsServer)?;
    Ok(recovery::use_up(station, kept.slot)?.then_some(entry))
}

fn is_of(opened: &OpenedSlot, kept: &recovery::KeptRecovery, person: Option<records::id::PersonId>) -> bool {
    opened.header().slot == kept.slot.uuid()
        && person.is_some_and(|person| person.uuid() == opened.contents.person)
}

fn spend(station: &Station, passphrase: &Passphrase) {
    let refused = slot::refuse_without_slot(passphrase, station.settings().key_cost.slot());
    tracing::debug!(%refused, "no recovery slot to try");
}
