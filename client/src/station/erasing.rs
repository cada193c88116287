//! Erasing a patient on the server's order: what is open goes at once, the rest when somebody who can open it signs in.

use std::sync::Arc;

use records::id::PatientId;
use vault::Drafts;

use super::Station;
use crate::view::DraftKind;
use crate::{ClientError, Code, workstation};

impl Station {
    /// Goes as far as it can go now. True once nothing of the patient is left: every drawer was written anew without them,
    /// and the server has answered each change that was made for them here.
    pub(super) fn erase_patient(self: &Arc<Self>, patient: &PatientId) -> Result<bool, ClientError> {
        let is_news = !self.device().is_erased(patient.as_str())?;
        if is_news {
            // What is in sealed pages nobody here can tell; the server has none of the patient any more.
            self.device().remove_pages(|_| true)?;
        }
        let now = self.now();
        let of_session = patient.clone();
        match self.ask(move |session| session.erase_patient(&of_session)) {
            Err(locked) if locked.code == Code::Locked => self.device().erase_patient(patient, now)?,
            done => done?,
        }
        // After that nobody can keep another.
        let folder = self.device().folder().clone();
        Drafts::forget_patient(&folder, &DraftKind::ALL.map(DraftKind::as_str), patient)?;
        if is_news {
            self.tell(workstation::Event::PatientErased { patient_id: patient.to_string() });
            self.sync_page_changed();
        }
        let is_done = self.device().is_erasure_done(patient)?;
        if is_done {
            // One that was on its way when the order came.
            self.device().remove_pages(|_| true)?;
        }
        Ok(is_done)
    }
}
