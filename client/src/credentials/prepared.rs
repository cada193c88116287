//! Slots that people prepared for this workstation, put in the place of the ones before, with nobody signed in.
//!
//! Half in the keyring and read back, file, then the generations before go, then every other way in that the old passphrase
//! opens, and last the number is noted. Until that is there the server sends the slot again, so what a crash cut short is
//! done once more, and a slot that opens is there all the time.

use keys::prepared::{self, PreparedFor, PreparedSlot};
use keys::{Unreadable, VerifyingKey};
use records::event::{Alert, AuditEvent};
use records::id::PersonId;
use sync::wire::{Base64Bytes, PreparedStanding};
use vault::Credential;

use crate::sign_in::kept_slot::NewGeneration;
use crate::station::Station;
use crate::{ClientError, recovery};

impl Station {
    /// Takes in prepared slots, and notes what became of each, for the server.
    pub(crate) fn take_prepared(&self, slots: &[Base64Bytes]) {
        for bytes in slots {
            match take(self, bytes.as_slice()) {
                Ok(standing) => self.note_standing(standing),
                Err(Left::NoSlot(refused)) => {
                    tracing::error!(%refused, "the server sent something else than a slot")
                }
                Err(Left::Later(error)) => tracing::warn!(
                    code = error.code.as_str(),
                    "a prepared slot was not put in place; it comes again"
                ),
            }
        }
    }
}

/// Why nothing is said of a slot.
enum Left {
    /// It does not even say whose it is.
    NoSlot(Unreadable),
    /// It is tried again.
    Later(ClientError),
}

impl<E: Into<ClientError>> From<E> for Left {
    fn from(error: E) -> Self {
        Self::Later(error.into())
    }
}

fn take(station: &Station, bytes: &[u8]) -> Result<PreparedStanding, Left> {
    let place = prepared::inspect(bytes).map_err(Left::NoSlot)?;
    let person = PersonId::from_uuid(place.person);
    let standing = |taken| PreparedStanding { person, number: place.number, taken };
    // Whoever is trying a passphrase is let through first: what they opened is what they were let in with.
    let _turn = station.attempt_turn();
    let known = station.device().credential(person)?;
    if known.is_some_and(|known| known.number >= place.number) {
        return Ok(standing(true));
    }
    let Some((known, opened)) = known.and_then(|known| Some((known, open(station, &place, known, bytes)?)))
    else {
        let alarm = AuditEvent::security_alert(station.stamp(), station.node(), Alert::CredentialChanged);
        station.record(&[alarm])?;
        return Ok(standing(false));
    };
    put(station, person, &opened)?;
    let noted = Credential { number: place.number, ..known };
    station.device().note_credential(person, &noted)?;
    tracing::info!(number = place.number, "a slot that was prepared elsewhere is in place");
    Ok(standing(true))
}

/// Opens a slot for this workstation that is signed with the key the person has here.
fn open(station: &Station, place: &PreparedFor, known: Credential, bytes: &[u8]) -> Option<PreparedSlot> {
    let identity = station.identity();
    let here = PreparedFor { practice: identity.practice.uuid(), device: identity.device.uuid(), ..*place };
    let key = VerifyingKey::from_bytes(known.signing_key).ok()?;
    let opened = prepared::open(bytes, &here, &key, &station.keys().agreement);
    opened.inspect_err(|refused| tracing::error!(%refused, "a prepared slot was refused")).ok()
}

/// Puts it in place; what the passphrase before opened opens nothing any more.
fn put(station: &Station, person: PersonId, opened: &PreparedSlot) -> Result<(), ClientError> {
    let new = NewGeneration {
        slot: opened.header.slot,
        generation: opened.header.generation,
        file: &opened.file,
        k_slot: &opened.k_slot,
    };
    {
        let _turn = station.turn_to_put_slot()?;
        station.slots().put(person, &new, || Ok(()))?;
    }
    if station.signed_in() == Some(person) {
        // They go on working, and the next unlock takes what is new.
        station.parking().let_go();
    }
    station.parking().remove(person, station.since_boot());
    // The phone showed the server's time when the change was made, and this workstation has just heard what time it is.
    station.state().note_phone_ahead(person, 0);
    void_other_ways(station, person)
}

/// Every way in beside the slot goes: each was made from the passphrase or the phone before.
pub(crate) fn void_other_ways(station: &Station, person: PersonId) -> Result<(), ClientError> {
    recovery::void(station, person)?;
    let _turn = station.slot_turn();
    station.key_slots().forget_person(person)
}
