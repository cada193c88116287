//! Coming back within hours of a full sign-in, with the passphrase alone.

use std::sync::Arc;

use keys::Passphrase;
use keys::parked::{MOST_TRIES, Parked};
use keys::reentry::{self, ReentryRefused};
use records::id::PersonId;

use super::enter::{Back, Entry};
use super::{admit, begin, enter, tries};
use crate::station::{Span, Station};
use crate::view::OpenedView;
use crate::workstation::ReenterForm;
use crate::{ClientError, Code};

/// Lets a parked person in again. A lock that comes meanwhile wins.
pub(crate) fn reenter(station: &Arc<Station>, form: &ReenterForm) -> Result<OpenedView, ClientError> {
    let (ticket, _turn) = begin(station)?;
    let person: PersonId = form.person.parse().map_err(|_| Code::ReentryOver)?;
    let people = station.parking().people(station.since_boot());
    let name = people.iter().find(|parked| parked.person == person.uuid()).map(|parked| parked.name);
    let name = name.ok_or(Code::ReentryOver)?;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::ReentryRefused)?;
    let failures = tries::of(station, name)?;
    if !admit(station, &failures)? {
        return Err(Code::SlotDisabled.into());
    }
    let parked = station.parking().begin_try(person, station.since_boot())?;
    match open(station, &parked, &passphrase) {
        Ok(entry) => enter::enter(station, ticket, entry, name, &failures),
        Err(Code::ReentryRefused) => {
            tries::note_failure(station, name, &failures)?;
            station.state_changed();
            let over = parked.failures >= MOST_TRIES;
            Err(if over { Code::ReentryOver } else { Code::ReentryRefused }.into())
        }
        Err(code) => Err(code.into()),
    }
}

fn open(station: &Station, parked: &Parked, passphrase: &Passphrase) -> Result<Entry, Code> {
    let boot = station.parking().boot();
    let opened = reentry::open(&parked.parcel, passphrase, &parked.key, boot, station.now());
    let (contents, share) = opened.map_err(|refused| match refused {
        ReentryRefused::NotOpened => Code::ReentryRefused,
        ReentryRefused::OutOfMemory => Code::OutOfMemory,
        ReentryRefused::Over | ReentryRefused::Unreadable(_) | ReentryRefused::Cost(_) => Code::ReentryOver,
    })?;
    let (_, bounds) = reentry::inspect(&parked.parcel).map_err(|_| Code::ReentryOver)?;
    let span = Span::from_bytes(contents.session.expose(), bounds.not_after).ok_or(Code::ReentryOver)?;
    if station.since_boot() >= span.ends {
        return Err(Code::ReentryOver);
    }
    let back = Back { contents, share, span };
    // A profile that is gone was taken away with the person's right to be here.
    Entry::by_passphrase(station, back).ok_or(Code::ReentryOver)
}
