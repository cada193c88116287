//! Behind the first screen: the next generation of the slot, with a new table of codes; and a code for the telephone.

use std::sync::Arc;

use keys::Random;
use keys::slot::{self, OpenedSlot, PassphraseShare, SlotContents};
use records::id::PersonId;

use super::kept_slot::SlotShelf;
use crate::recovery::{Basis, telephone};
use crate::station::Station;
use crate::{ClientError, Code};

/// Begins the refresh. If it does not come to an end, the present generation still opens, with later codes.
pub(crate) fn begin(station: &Arc<Station>, opened: Box<OpenedSlot>) {
    let behind = station.clone();
    station.in_background("slot-refresh", move || {
        let mut opened = opened;
        if let Err(error) = refresh(&behind, &mut opened) {
            tracing::warn!(
                code = error.code.as_str(),
                "the slot was not refreshed; it is tried again at the next unlock"
            );
        }
        prepare(&behind, &opened.contents, &opened.passphrase_share());
    });
}

/// What a slot was made from, for the recovery slots beside it.
pub(super) struct NewlyMade {
    pub(super) contents: SlotContents,
    pub(super) share: PassphraseShare,
}

/// Makes a code for the telephone, where there is none, after a sign-in that leaves no slot to refresh.
pub(super) fn prepare_for_telephone(station: &Arc<Station>, made: NewlyMade) {
    let behind = station.clone();
    station.in_background("telephone-code", move || prepare(&behind, &made.contents, &made.share));
}

fn prepare(station: &Station, contents: &SlotContents, share: &PassphraseShare) {
    if let Err(error) = telephone::prepare(station, &Basis { contents, share }) {
        tracing::warn!(
            code = error.code.as_str(),
            "no code for the telephone was made; it is tried again at the next unlock"
        );
    }
}

fn refresh(station: &Station, opened: &mut OpenedSlot) -> Result<(), ClientError> {
    let person = PersonId::from_uuid(opened.contents.person);
    let slot_id = opened.header().slot;
    // With nobody signed in any more the anchors stay as they were.
    if let Ok(anchors) = station.ask(|session| session.anchors()) {
        opened.contents.anchors = anchors;
    }
    let mut random = Random::from_os();
    let made = slot::refresh(opened, station.window_days(), &mut random).map_err(|_| Code::OutOfMemory)?;
    let shelf = SlotShelf { files: station.slots(), keyring: station.keyring() };
    shelf.replace(person, slot_id, &made, || Ok(()))
}
