//! What two people changed at once, for a third to decide.

use super::Workstation;
use crate::ClientError;
use crate::view::{ConflictForm, ConflictView, SaveView};

impl Workstation {
    /// Both versions of a change that met another one.
    ///
    /// # Errors
    /// `locked`; `changed-meanwhile` where it was decided since; `needs-reason` where the chart has to be opened with a reason
    /// first; `not-found`, and what opening a chart may say.
    pub fn conflict(&self, change_id: &str) -> Result<ConflictView, ClientError> {
        let change_id = change_id.to_owned();
        self.desk()?.ask(move |session| session.conflict(&change_id))
    }

    /// Saves what a person has decided between them.
    ///
    /// # Errors
    /// As [`Workstation::conflict`] and a save; `form-invalid` where a part has no answer, or one that is not possible.
    pub fn settle_conflict(&self, form: ConflictForm) -> Result<SaveView, ClientError> {
        self.save(move |session| session.settle_conflict(&form))
    }
}
