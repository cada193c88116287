//! What is being typed, and where the person is: sealed to the person, kept through lock and crash.

use keys::Random;
use records::id::PatientId;
use serde::{Deserialize, Serialize};
use vault::{Draft, DraftError};

use super::{OpenSession, patient_id};
use crate::view::{DraftForm, DraftKind, DraftView, Place};
use crate::{ClientError, Code};

const PLACE: &str = "place";

/// What a draft's file holds: what the window typed, and where the caret was.
#[derive(Serialize, Deserialize)]
struct Kept {
    content: String,
    place: Option<Place>,
    saved_at: jiff::Timestamp,
}

impl OpenSession {
    /// Keeps what is being typed.
    pub(crate) fn save_draft(&mut self, form: &DraftForm) -> Result<(), ClientError> {
        let patient = patient_id(&form.patient_id)?;
        if self.vault()?.device().is_erased(patient.as_str())? {
            return Err(Code::NotFound.into());
        }
        let kept = Kept { content: form.content.clone(), place: form.place.clone(), saved_at: self.now() };
        let owner = self.joined.draft_of(&patient, form.form);
        self.put(form.form.as_str(), Some(owner), &kept)
    }

    /// Forgets a draft: it was saved for good, or thrown away.
    pub(crate) fn discard_draft(&mut self, patient: &str, form: DraftKind) -> Result<(), ClientError> {
        let patient = patient_id(patient)?;
        self.drop_draft(&patient, form)?;
        self.joined.forget_draft(&patient, form);
        Ok(())
    }

    /// Removes the draft that is shown in a patient's chart; where another lies under a chart that was joined to it, that one is
    /// shown at the next opening.
    pub(super) fn drop_draft(&mut self, patient: &PatientId, form: DraftKind) -> Result<(), ClientError> {
        let owner = self.joined.draft_of(patient, form);
        Ok(self.drafts.remove(form.as_str(), Some(&owner))?)
    }

    /// Keeps where the person is.
    pub(crate) fn save_place(&mut self, place: Place) -> Result<(), ClientError> {
        let kept = Kept { content: String::new(), place: Some(place), saved_at: self.now() };
        self.put(PLACE, None, &kept)
    }

    /// Where the person was; a place that does not open, or at somebody who was erased, is no reason to keep anybody out.
    pub(crate) fn place(&self) -> Option<Place> {
        let draft = self.drafts.get(PLACE, None).ok()??;
        let place = read(&draft)?.place?;
        let vault = self.vault().ok()?;
        let is_erased = |patient: &String| vault.device().is_erased(patient).unwrap_or(false);
        (!place.patient_id.as_ref().is_some_and(is_erased)).then_some(place)
    }

    /// The drafts in a chart: one of each form, the leading patient's before those of charts that were joined to it.
    pub(super) fn drafts_in(&mut self, patients: &[PatientId]) -> Result<Vec<DraftView>, ClientError> {
        let mut found: Vec<DraftView> = Vec::new();
        for patient in patients {
            for form in DraftKind::ALL {
                let Some(draft) = self.drafts.get(form.as_str(), Some(patient))? else { continue };
                let Some(Kept { content, place, saved_at }) = read(&draft) else { continue };
                if found.iter().all(|known| known.form != form) {
                    let saved_at = records::date::instant_text(saved_at, &self.clock.time_zone());
                    found.push(DraftView { form, content, place, saved_at });
                    let leads = patients.first().unwrap_or(patient);
                    self.joined.show_draft(leads, form, patient);
                }
            }
        }
        Ok(found)
    }

    fn put(&self, form: &str, patient: Option<PatientId>, kept: &Kept) -> Result<(), ClientError> {
        let content = serde_json::to_string(kept).map_err(|_| Code::Internal)?;
        let draft = Draft { form: form.to_owned(), patient, content };
        Ok(self.drafts.put(&draft, &mut Random::from_os())?)
    }
}

fn read(draft: &Draft) -> Option<Kept> {
    serde_json::from_str(&draft.content).ok()
}

impl From<DraftError> for ClientError {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Unreadable => Code::VaultDamaged.into(),
            DraftError::Io(source) => source.into(),
        }
    }
}
