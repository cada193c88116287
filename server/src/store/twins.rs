//! What a person's workstations hold ready for each other: twins of their keys, and slots that were prepared.

use super::StoreError;
use records::id::{DeviceId, PersonId};

/// A person's keys of one workstation, sealed to the same person on another.
#[derive(Clone)]
pub struct TwinRow {
    /// Whose.
    pub person: PersonId,
    /// The workstation whose keys are inside.
    pub of: DeviceId,
    /// The workstation where it opens.
    pub on: DeviceId,
    /// The twin.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for TwinRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TwinRow({} of {} on {})", self.person, self.of, self.on)
    }
}

/// A slot that a person prepared for a workstation.
#[derive(Clone)]
pub struct PreparedRow {
    /// Whose.
    pub person: PersonId,
    /// Where it belongs.
    pub device: DeviceId,
    /// Its number.
    pub number: u64,
    /// The prepared slot.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for PreparedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedRow({} on {}, {})", self.person, self.device, self.number)
    }
}

/// The rows of twins and prepared slots.
pub trait Twins {
    /// Stores a twin in the place of the one before.
    fn put_twin(&self, twin: &TwinRow) -> Result<(), StoreError>;
    /// The twin of a workstation for another.
    fn twin(&self, person: PersonId, of: DeviceId, on: DeviceId) -> Result<Option<TwinRow>, StoreError>;
    /// Stores a prepared slot in the place of the one before.
    fn put_prepared(&self, prepared: &PreparedRow) -> Result<(), StoreError>;
    /// The prepared slots that wait for a workstation, at most so many.
    fn prepared(&self, device: DeviceId, at_most: u32) -> Result<Vec<PreparedRow>, StoreError>;
    /// Deletes a prepared slot of this number or an earlier one; whether there was one.
    fn forget_prepared(&self, person: PersonId, device: DeviceId, number: u64) -> Result<bool, StoreError>;
    /// The person's keys on a workstation are others now: deletes its twins and what was prepared for it.
    fn forget_keys_on(&self, person: PersonId, device: DeviceId) -> Result<(), StoreError>;
    /// Deletes all twins and prepared slots of a person.
    fn forget_twins_of(&self, person: PersonId) -> Result<(), StoreError>;
    /// Deletes all twins and prepared slots of a workstation.
    fn forget_twins_on(&self, device: DeviceId) -> Result<(), StoreError>;
}
