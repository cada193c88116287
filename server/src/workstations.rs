//! One person on several workstations: twins of their keys, slots prepared for the others, and codes that were used twice.
//!
//! Of twins and prepared slots the server sees whose they are and who signed them. It opens neither, and makes none.

use crate::directing;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::signing_in::note_reuse;
use crate::store::{DeviceRow, PreparedRow, StoreError, Transaction, TwinRow};
use jiff::Timestamp;
use keys::{prepared, twin};
use records::id::{DeviceId, PersonId};
use sync::wire::{Base64Bytes, DirectiveOrder, OwnWorkstation, PreparedStanding, UsedStep, WantedTwin};

/// So many prepared slots go with one answer; more wait for the next.
const AT_ONCE: u32 = 8;
/// So many used codes are taken in at once.
const MOST_STEPS: usize = 256;

/// Why a label or an id names no workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotNamed {
    Nobody,
    Several,
}

impl From<NotNamed> for Failure {
    fn from(refused: NotNamed) -> Self {
        let (sentence, advice) = match refused {
            NotNamed::Nobody => {
                ("There is no such workstation.", "See `device list`; its id will do as well.")
            }
            NotNamed::Several => {
                ("Several workstations have this label.", "Give the id of the one meant: see `device list`.")
            }
        };
        Self::new(Kind::Refused, sentence, advice)
    }
}

/// The workstation with this label or id, of those that are not revoked.
pub(crate) fn named(tx: &dyn Transaction, named: &str) -> Result<Result<DeviceRow, NotNamed>, StoreError> {
    let named = named.trim();
    let is_meant = |device: &DeviceRow| {
        device.revoked_at.is_none()
            && (device.label.eq_ignore_ascii_case(named) || device.id.to_string() == named)
    };
    let mut meant = tx.devices()?.into_iter().filter(is_meant);
    Ok(match (meant.next(), meant.next()) {
        (Some(device), None) => Ok(device),
        (Some(_), Some(_)) => Err(NotNamed::Several),
        (None, _) => Err(NotNamed::Nobody),
    })
}

/// The workstations where a person has keys, each with its twin for the one that asks.
pub(crate) fn of_person(
    tx: &dyn Transaction,
    person: PersonId,
    asking: DeviceId,
) -> Result<Vec<OwnWorkstation>, StoreError> {
    let mut own = Vec::new();
    for device in tx.devices()?.into_iter().filter(|device| device.revoked_at.is_none()) {
        let Some(key) = tx.person_key(person, device.id)? else { continue };
        let twin = tx.twin(person, device.id, asking)?;
        own.push(OwnWorkstation {
            device: device.id,
            label: device.label,
            device_key: device.agreement_key.to_bytes().into(),
            signing_key: key.signing_key.to_bytes().into(),
            agreement_key: key.agreement_key.to_bytes().into(),
            twin: twin.map(|twin| twin.bytes.into()),
        });
    }
    Ok(own)
}

/// Takes in twins of a workstation's keys of a person. One that the person's key there did not sign, or that is for a
/// workstation where they have no keys, is left out.
pub(crate) fn take_twins(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    of: DeviceId,
    twins: &[Base64Bytes],
) -> Result<(), StoreError> {
    let Some(key) = tx.person_key(person, of)? else { return Ok(()) };
    for bytes in twins {
        let Ok(place) = twin::verify(bytes.as_slice(), &key.signing_key) else {
            tracing::warn!(device = %of, "a twin is not signed with the person's key");
            continue;
        };
        let on = DeviceId::from_uuid(place.on);
        let fits = place.practice == practice.row.id.uuid()
            && (place.person, place.of) == (person.uuid(), of.uuid())
            && on != of
            && tx.person_key(person, on)?.is_some();
        if fits {
            tx.put_twin(&TwinRow { person, of, on, bytes: bytes.as_slice().to_vec() })?;
        }
    }
    Ok(())
}

/// The person's other workstations that have no twin of this one yet.
pub(crate) fn wanted(
    tx: &dyn Transaction,
    person: PersonId,
    of: DeviceId,
) -> Result<Vec<WantedTwin>, StoreError> {
    let mut wanted = Vec::new();
    for device in tx.devices()?.into_iter().filter(|device| device.revoked_at.is_none() && device.id != of) {
        let Some(key) = tx.person_key(person, device.id)? else { continue };
        if tx.twin(person, of, device.id)?.is_none() {
            let agreement_key = key.agreement_key.to_bytes().into();
            wanted.push(WantedTwin { device: device.id, agreement_key });
        }
    }
    Ok(wanted)
}

/// Keeps what a person prepared for their workstations. Where nothing fits, the workstation is told to forget the person:
/// there they sign in at the server, with what is new.
pub(crate) fn keep_prepared(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    (number, slots): (u64, &[Base64Bytes]),
    now: Timestamp,
) -> Result<(), StoreError> {
    for device in tx.devices()?.into_iter().filter(|device| device.revoked_at.is_none()) {
        let Some(key) = tx.person_key(person, device.id)? else { continue };
        let fits = |bytes: &&Base64Bytes| {
            prepared::verify(bytes.as_slice(), &key.signing_key).is_ok_and(|place| {
                (place.practice, place.device, place.person, place.number)
                    == (practice.row.id.uuid(), device.id.uuid(), person.uuid(), number)
            })
        };
        match slots.iter().find(fits) {
            Some(bytes) => tx.put_prepared(&PreparedRow {
                person,
                device: device.id,
                number,
                bytes: bytes.as_slice().to_vec(),
            })?,
            None => forget_on(practice, tx, person, (device.id, number), now)?,
        }
    }
    Ok(())
}

/// The prepared slots that wait for a workstation.
pub(crate) fn waiting(tx: &dyn Transaction, device: DeviceId) -> Result<Vec<Base64Bytes>, StoreError> {
    Ok(tx.prepared(device, AT_ONCE)?.into_iter().map(|row| row.bytes.into()).collect())
}

/// Takes in what became of prepared slots. One that could not be taken is of no use, so the person is forgotten there.
pub(crate) fn note_standings(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    standings: &[PreparedStanding],
    now: Timestamp,
) -> Result<(), StoreError> {
    for standing in standings {
        let was_there = tx.forget_prepared(standing.person, device, standing.number)?;
        if was_there && !standing.taken {
            forget_on(practice, tx, standing.person, (device, standing.number), now)?;
        }
    }
    Ok(())
}

fn forget_on(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    (device, number): (DeviceId, u64),
    now: Timestamp,
) -> Result<(), StoreError> {
    let order = DirectiveOrder::DropPerson { person, before: Some(number) };
    directing::give(practice, tx, device, &order, now)?;
    Ok(())
}

/// Takes in the codes that opened something on a workstation; one that was used on another too is an alert.
pub(crate) fn note_steps(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    steps: &[UsedStep],
    now: Timestamp,
) -> Result<(), StoreError> {
    for UsedStep { person, step } in steps.iter().take(MOST_STEPS) {
        // A step that is known of this workstation was looked at already.
        if tx.person_key(*person, device)?.is_some() && tx.use_step(*person, device, *step)? {
            note_reuse(practice, tx, *person, device, *step, now)?;
        }
    }
    Ok(())
}
