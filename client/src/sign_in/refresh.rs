//! Behind the first screen: the next generation of the slot, with a new table of codes; and a code for the telephone.

use std::sync::Arc;

use keys::Random;
use keys::slot::{self, KeyAnswer, MadeSlot, OpenedSlot, PassphraseShare, SlotContents, SlotHeader, by_key};
use records::id::PersonId;
use uuid::Uuid;

use super::kept_slot::SlotShelf;
use crate::recovery::{Basis, telephone};
use crate::station::Station;
use crate::{ClientError, Code};

/// Begins the refresh. If it does not come to an end, the present generation still opens, with later codes.
pub(super) fn begin(station: &Arc<Station>, opened: Box<OpenedSlot>) {
    let behind = station.clone();
    station.in_background("slot-refresh", move || {
        let mut opened = opened;
        if let Err(error) = refresh(&behind, &mut opened) {
            tracing::warn!(
                code = error.code.as_str(),
                "the slot was not refreshed; it is tried again at the next unlock"
            );
        }
        let slot = opened.header().slot;
        prepare(&behind, &opened.contents, &opened.passphrase_share(), |station, person| {
            is_still_theirs(station, person, slot)
        });
    });
}

/// The same for the slot of a security key, with the key's answer to the next salt.
pub(super) fn begin_by_key(station: &Arc<Station>, opened: Box<OpenedSlot>, next: KeyAnswer) {
    let behind = station.clone();
    station.in_background("slot-refresh", move || {
        let mut opened = opened;
        if let Err(error) = refresh_by_key(&behind, &mut opened, &next) {
            tracing::warn!(
                code = error.code.as_str(),
                "the security key's slot was not refreshed; it is tried again at the next unlock"
            );
        }
        let slot = opened.header().slot;
        prepare(&behind, &opened.contents, &opened.passphrase_share(), |station, person| {
            station.key_slots().knows(person, slot).unwrap_or(false)
        });
    });
}

/// What a slot was made from, for the recovery slots beside it.
pub(super) struct NewlyMade {
    pub(super) contents: SlotContents,
    pub(super) share: PassphraseShare,
    /// The slot that was made with it.
    pub(super) slot: Option<Uuid>,
}

/// Makes a code for the telephone, where there is none, after a sign-in that leaves no slot to refresh.
pub(super) fn prepare_for_telephone(station: &Arc<Station>, made: NewlyMade) {
    let behind = station.clone();
    let number = number_of(station, PersonId::from_uuid(made.contents.person));
    station.in_background("telephone-code", move || {
        prepare(&behind, &made.contents, &made.share, |station, person| match made.slot {
            Some(slot) => is_still_theirs(station, person, slot),
            None => number_of(station, person) == number,
        });
    });
}

/// Whether this slot is still what the person signs in with here: a change of passphrase or phone puts another in its place,
/// and nothing is made any more from what it held.
pub(crate) fn is_still_theirs(station: &Station, person: PersonId, slot: Uuid) -> bool {
    let shelves = [station.slots(), station.key_slots()];
    shelves.iter().any(|shelf| shelf.knows(person, slot).unwrap_or(false))
}

fn number_of(station: &Station, person: PersonId) -> Option<u64> {
    station.device().credential(person).ok().flatten().map(|known| known.number)
}

fn prepare(
    station: &Station,
    contents: &SlotContents,
    share: &PassphraseShare,
    is_current: impl Fn(&Station, PersonId) -> bool,
) {
    if let Err(error) = telephone::prepare(station, &Basis { contents, share }, is_current) {
        tracing::warn!(
            code = error.code.as_str(),
            "no code for the telephone was made; it is tried again at the next unlock"
        );
    }
}

fn refresh(station: &Station, opened: &mut OpenedSlot) -> Result<(), ClientError> {
    bring_up_to_date(station, opened);
    let before = opened.header();
    let made = slot::refresh(opened, station.window_days(), &mut Random::from_os());
    put(station, station.slots(), &before, &made.map_err(|_| Code::OutOfMemory)?)
}

fn refresh_by_key(station: &Station, opened: &mut OpenedSlot, next: &KeyAnswer) -> Result<(), ClientError> {
    bring_up_to_date(station, opened);
    let before = opened.header();
    let made = by_key::refresh(opened, next, &mut Random::from_os());
    put(station, station.key_slots(), &before, &made.map_err(|_| Code::OutOfMemory)?)
}

fn bring_up_to_date(station: &Station, opened: &mut OpenedSlot) {
    // With nobody signed in any more the anchors stay as they were.
    if let Ok(anchors) = station.ask(|session| session.anchors()) {
        opened.contents.anchors = anchors;
    }
}

/// Puts the next generation in place, unless this one was replaced or taken away meanwhile.
fn put(
    station: &Station,
    shelf: SlotShelf<'_>,
    before: &SlotHeader,
    made: &MadeSlot,
) -> Result<(), ClientError> {
    let _turn = station.turn_to_put_slot()?;
    let person = PersonId::from_uuid(before.person);
    if shelf.still_has(person, before.slot, before.generation)? {
        shelf.replace(person, before.slot, made, || Ok(()))?;
    }
    Ok(())
}
