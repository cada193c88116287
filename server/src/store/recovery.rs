//! Recovery codes that the server holds for the telephone: one for each person on each workstation.

use super::StoreError;
use jiff::Timestamp;
use records::id::{DeviceId, PersonId, SlotId};

/// A recovery code.
#[derive(Clone)]
pub struct RecoveryCodeRow {
    /// Whose.
    pub person: PersonId,
    /// Where.
    pub device: DeviceId,
    /// The slot it opens.
    pub slot: SlotId,
    /// The code, sealed; none once it was read out.
    pub sealed_code: Option<Vec<u8>>,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was read out.
    pub released_at: Option<Timestamp>,
}

impl std::fmt::Debug for RecoveryCodeRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryCodeRow({})", self.slot)
    }
}

/// The rows of recovery codes.
pub trait RecoveryCodes {
    /// Stores a code in the place of the one that the person had on that workstation.
    fn put_recovery_code(&self, code: &RecoveryCodeRow) -> Result<(), StoreError>;
    /// The code of a person on a workstation.
    fn recovery_code(
        &self,
        person: PersonId,
        device: DeviceId,
    ) -> Result<Option<RecoveryCodeRow>, StoreError>;
    /// Notes that a code was read out, by whom and why, and forgets it.
    fn release_recovery_code(
        &self,
        slot: SlotId,
        by: PersonId,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets the codes of a person, on every workstation: the slots they open are void.
    fn forget_recovery_codes(&self, person: PersonId) -> Result<(), StoreError>;
    /// The codes of a workstation that were read out.
    fn released_recovery_codes(&self, device: DeviceId) -> Result<Vec<SlotId>, StoreError>;
}
