//! Charts that this workstation does not keep: known by name, fetched when somebody opens them, and gone again after a day.

use jiff::{SignedDuration, Timestamp};
use records::id::PatientId;
use records::rights::Permit;
use records::{Drawer, classify};

use crate::error::{PullError, ReadError, StoreError};
use crate::pull::PageEntry;
use crate::vault::Vault;

/// How long a chart that was fetched stays.
pub const FETCHED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What the server says of a whole chart, as far as one drawer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartNews {
    /// Whose.
    pub patient: PatientId,
    /// Whether workstations keep it, and all of it has been told; false: what is here of it is to go.
    pub is_kept: bool,
}

/// When a chart that is not kept was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// When.
    pub at: Timestamp,
    /// When it goes again.
    pub until: Timestamp,
}

/// A chart that is not kept, in one open drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away {
    /// Which drawer.
    pub drawer: Drawer,
    /// When it was fetched, if it is here nevertheless.
    pub fetched: Option<Fetched>,
}

impl Vault {
    /// The open drawers in which a chart is not kept. Says nothing of a record, so it needs no permit.
    ///
    /// # Errors
    /// When a drawer cannot be read.
    pub fn away(&self, patient: &PatientId) -> Result<Vec<Away>, ReadError> {
        let mut found = Vec::new();
        for (drawer, open) in &self.drawers {
            found.extend(open.away(patient)?.map(|fetched| Away { drawer: *drawer, fetched }));
        }
        Ok(found)
    }

    /// Takes in all that the server has of the permit's patient in one drawer, for [`FETCHED_FOR`]: all of it in one commit.
    ///
    /// # Errors
    /// [`PullError`]; then nothing of it was taken in.
    pub fn put_fetched(
        &mut self,
        permit: &Permit,
        drawer: Drawer,
        entries: &[PageEntry],
        now: Timestamp,
    ) -> Result<(), PullError> {
        if !self.may_replicate(permit, drawer) {
            return Err(PullError::NotPermitted);
        }
        let patient = permit.patient().ok_or(PullError::NotPermitted)?;
        let belongs = |entry: &PageEntry| {
            let document = entry.document.as_ref();
            document.is_some_and(|document| {
                document.patient() == Some(patient) && classify(document).drawer() == drawer
            })
        };
        if !entries.iter().all(belongs) {
            return Err(PullError::WrongDrawer);
        }
        let Self { drawers, random, device, .. } = self;
        if device.is_erased(patient.as_str())? {
            return Ok(());
        }
        let open = drawers.get_mut(&drawer).ok_or(PullError::NotOpen)?;
        let fetched = Fetched { at: now, until: now.saturating_add(FETCHED_FOR).unwrap_or(now) };
        open.write(random, |writing| {
            for entry in entries {
                writing.receive(&entry.key, entry.version, entry.document.as_ref())?;
            }
            writing.note_fetched(patient, fetched)?;
            Ok(())
        })
    }

    /// Takes out the charts that were fetched and whose time is over.
    ///
    /// # Errors
    /// When a drawer cannot be written; they are tried again.
    pub fn drop_overstayed(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let Self { drawers, random, .. } = self;
        for open in drawers.values_mut() {
            if open.has_overstayed(now)? {
                open.write(random, |writing| writing.drop_overstayed(now))?;
            }
        }
        Ok(())
    }
}
