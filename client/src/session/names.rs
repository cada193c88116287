//! Names of patients for lists that hold ids only. A name is looked up once a session, under a permit, and then remembered.

use std::collections::BTreeMap;

use records::id::PatientId;
use records::rights::{Action, Rights};
use vault::MOST_SHOWN;

use super::OpenSession;
use crate::ClientError;

/// Names that this person has seen, or may not see (`None`).
#[derive(Default)]
pub(super) struct SeenNames(BTreeMap<PatientId, Option<String>>);

impl SeenNames {
    /// The name, if this person may see it.
    pub(super) fn get(&self, patient: &PatientId) -> Option<&str> {
        self.0.get(patient)?.as_deref()
    }

    /// Remembers a name that was shown.
    pub(super) fn keep(&mut self, patient: PatientId, name: String) {
        self.0.insert(patient, Some(name));
    }

    /// Forgets the name of somebody who was erased.
    pub(super) fn forget(&mut self, patient: &PatientId) {
        self.0.insert(patient.clone(), None);
    }
}

impl OpenSession {
    /// Looks up the names that are not known yet: one search event, and none when all are known.
    pub(super) fn learn_names(
        &mut self,
        patients: impl IntoIterator<Item = PatientId>,
    ) -> Result<(), ClientError> {
        let mut unknown: Vec<PatientId> =
            patients.into_iter().filter(|patient| !self.names.0.contains_key(patient)).collect();
        unknown.sort();
        unknown.dedup();
        let may_search =
            self.actor.roles.iter().any(|role| Rights::built_in().has_function(*role, Action::Search));
        if unknown.is_empty() || !may_search {
            return Ok(());
        }
        let permit = self.permit_practice(Action::Search, |allowed| allowed)?;
        for some in unknown.chunks(MOST_SHOWN) {
            let rows = self.vault()?.rows(&permit, some, self.now())?;
            for row in rows {
                self.names.keep(row.id, row.display_name);
            }
        }
        for patient in unknown {
            self.names.0.entry(patient).or_default();
        }
        Ok(())
    }
}
