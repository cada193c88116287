//! Coming back within hours of a full sign-in: with the passphrase alone, or by a touch of the security key and its PIN.

use std::sync::Arc;

use keys::Passphrase;
use keys::parked::{MOST_TRIES, Parked};
use keys::reentry::{self, ReentryContents, ReentryRefused};
use keys::slot::PassphraseShare;
use records::id::PersonId;

use super::by_key::touch;
use super::enter::{Back, Entry};
use super::{begin, enter, may_try, tries};
use crate::mailbox::Ticket;
use crate::security_key::KeyPin;
use crate::station::{Span, Station};
use crate::view::OpenedView;
use crate::workstation::{KeyReenterForm, ReenterForm};
use crate::{ClientError, Code};

/// What a parcel gives.
type Opened = Result<(ReentryContents, PassphraseShare), ReentryRefused>;

/// Lets a parked person in again, with the passphrase. A lock that comes meanwhile wins.
pub(crate) fn reenter(station: &Arc<Station>, form: &ReenterForm) -> Result<OpenedView, ClientError> {
    let (ticket, _turn) = begin(station)?;
    let parked = find(station, &form.person)?;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::ReentryRefused)?;
    let failures = may_try(station, parked.name)?;
    try_once(station, ticket, &parked, &failures, Code::ReentryRefused, |parked| {
        let boot = station.parking().boot();
        reentry::open(&parked.parcel, &passphrase, &parked.key, boot, station.now())
    })
}

/// Lets a parked person in again by a touch of the security key that they signed in with. Nobody waits for the touch with
/// the turn to try held. What the key says of itself and its PIN is told, and is no try.
pub(crate) fn reenter_with_key(
    station: &Arc<Station>,
    form: &KeyReenterForm,
) -> Result<OpenedView, ClientError> {
    let (ticket, request) = {
        let (ticket, _turn) = begin(station)?;
        let parked = find(station, &form.person)?;
        may_try(station, parked.name)?;
        (ticket, reentry::by_key::request(&parked.key_parcel).map_err(|_| Code::ReentryOver)?)
    };
    let answers = touch(station, &request, &KeyPin::from_typed(&form.pin))?;
    let (_, _turn) = begin(station)?;
    let parked = find(station, &form.person)?;
    let failures = may_try(station, parked.name)?;
    let opened = try_once(station, ticket, &parked, &failures, Code::KeyRefused, |parked| {
        let [answer, _] = answers.as_ref().ok_or(ReentryRefused::NotOpened)?;
        let boot = station.parking().boot();
        reentry::by_key::open(&parked.key_parcel, answer, &parked.key, boot, station.now())
    });
    opened.map_err(|error| if error.code == Code::KeyRefused { another_key() } else { error })
}

fn another_key() -> ClientError {
    let message = "This is not the security key that this person signed in with.";
    ClientError::saying(Code::KeyRefused, message.to_owned())
}

fn find(station: &Station, person: &str) -> Result<Parked, Code> {
    let person: PersonId = person.parse().map_err(|_| Code::ReentryOver)?;
    let people = station.parking().people(station.since_boot());
    people.into_iter().find(|parked| parked.person == person.uuid()).ok_or(Code::ReentryOver)
}

/// One try, which counts before it is made. `refused` is what a wrong factor is called.
fn try_once(
    station: &Arc<Station>,
    ticket: Ticket,
    parked: &Parked,
    failures: &vault::Throttle,
    refused: Code,
    open: impl FnOnce(&Parked) -> Opened,
) -> Result<OpenedView, ClientError> {
    let tried = station.parking().begin_try(PersonId::from_uuid(parked.person), station.since_boot())?;
    let opened = open(&tried).map_err(|why| match why {
        ReentryRefused::NotOpened => refused,
        ReentryRefused::OutOfMemory => Code::OutOfMemory,
        ReentryRefused::Over | ReentryRefused::Unreadable(_) | ReentryRefused::Cost(_) => Code::ReentryOver,
    });
    match opened.and_then(|opened| entry(station, &tried, opened)) {
        Ok(entry) => enter::enter(station, ticket, entry, tried.name, failures),
        Err(code) if code == refused => {
            tries::note_failure(station, tried.name, failures)?;
            station.state_changed();
            Err(if tried.failures >= MOST_TRIES { Code::ReentryOver } else { refused }.into())
        }
        Err(code) => Err(code.into()),
    }
}

fn entry(
    station: &Station,
    parked: &Parked,
    (contents, share): (ReentryContents, PassphraseShare),
) -> Result<Entry, Code> {
    let (_, bounds) = reentry::inspect(&parked.parcel).map_err(|_| Code::ReentryOver)?;
    // EXPOSE: the hours, which the parcel sealed.
    let kept = Span::from_bytes(contents.session.expose(), bounds.not_after);
    let (span, by_key) = kept.ok_or(Code::ReentryOver)?;
    if station.since_boot() >= span.ends {
        return Err(Code::ReentryOver);
    }
    let back = Back { contents, share, span, by_key };
    // A profile that is gone was taken away with the person's right to be here.
    Entry::back(station, back).ok_or(Code::ReentryOver)
}
