//! Two charts of one person.

use super::Workstation;
use crate::ClientError;
use crate::view::{AlikePairsForm, AlikePairsView, AlikeRow, ChartsCompared, JoinForm, SaveView};

impl Workstation {
    /// Charts on this workstation that may be of the same person, the likeliest first.
    ///
    /// # Errors
    /// `locked`, `not-your-role`, `not-found`, and what could not be read or recorded.
    pub fn alike_charts(&self, patient_id: &str) -> Result<Vec<AlikeRow>, ClientError> {
        let patient_id = patient_id.to_owned();
        self.desk()?.ask(move |session| session.alike_charts(&patient_id))
    }

    /// How many pairs of charts on this workstation may be of one person, as far as they were compared; 0 for whoever may not
    /// join charts.
    ///
    /// # Errors
    /// `locked`, and what could not be read.
    pub fn count_alike(&self) -> Result<u64, ClientError> {
        self.desk()?.ask(|session| session.count_alike())
    }

    /// These pairs, the likeliest first, or those that were told apart.
    ///
    /// # Errors
    /// As [`Workstation::alike_charts`].
    pub fn alike_pairs(&self, form: AlikePairsForm) -> Result<AlikePairsView, ClientError> {
        self.desk()?.ask(move |session| session.alike_pairs(&form))
    }

    /// Both patients side by side.
    ///
    /// # Errors
    /// `locked`, `not-your-role`, `not-found`, `form-invalid` where both are the same.
    pub fn compare_charts(&self, form: JoinForm) -> Result<ChartsCompared, ClientError> {
        self.desk()?.ask(move |session| session.compare_charts(&form))
    }

    /// Makes one chart part of another: whoever opens either is shown both. No record is rewritten.
    ///
    /// # Errors
    /// As [`Workstation::compare_charts`] and a save; `changed-meanwhile` where one of them is part of another already.
    pub fn join_charts(&self, form: JoinForm) -> Result<SaveView, ClientError> {
        self.save(move |session| session.join_charts(&form))
    }

    /// Says of two charts that they are of two people: they are not proposed again, on any workstation.
    ///
    /// # Errors
    /// As [`Workstation::compare_charts`] and a save; `changed-meanwhile` where it was said already.
    pub fn tell_charts_apart(&self, form: JoinForm) -> Result<SaveView, ClientError> {
        self.save(move |session| session.tell_charts_apart(&form))
    }

    /// Takes that back.
    ///
    /// # Errors
    /// As [`Workstation::tell_charts_apart`]; `changed-meanwhile` where nobody said so.
    pub fn take_back_apart(&self, form: JoinForm) -> Result<SaveView, ClientError> {
        self.save(move |session| session.take_back_apart(&form))
    }

    /// Takes them apart again: each has what was written for it.
    ///
    /// # Errors
    /// As [`Workstation::join_charts`]; `changed-meanwhile` where they are not joined.
    pub fn separate_charts(&self, form: JoinForm) -> Result<SaveView, ClientError> {
        self.save(move |session| session.separate_charts(&form))
    }
}
