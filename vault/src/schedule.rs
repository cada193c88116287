//! A day's appointments.

use jiff::Timestamp;
use records::rights::{Action, Permit};
use records::view::PatientSummary;
use records::{DataClass, Versioned};

use crate::drawer::DayPart;
use crate::error::ReadError;
use crate::vault::{OwnedScope, Vault};

/// An appointment, and whom it is with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayEntry {
    /// The `Appointment`.
    pub appointment: Versioned,
    /// The patient, if known here.
    pub patient: Option<PatientSummary>,
}

impl Vault {
    /// The appointments that start within a part of a day, in their order.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to see the schedule.
    pub fn schedule(
        &self,
        permit: &Permit,
        part: DayPart<'_>,
        now: Timestamp,
    ) -> Result<Vec<DayEntry>, ReadError> {
        self.check(permit, &[Action::ViewSchedule])?;
        let open = self.drawer(DataClass::Scheduling.drawer())?;
        let scope = OwnedScope::of(self, permit, DataClass::Scheduling, now)?;
        let mut entries = Vec::new();
        for (owner, appointment) in open.appointments(part, scope.borrow())? {
            entries.push(DayEntry { appointment, patient: open.listed(owner)? });
        }
        Ok(entries)
    }
}
