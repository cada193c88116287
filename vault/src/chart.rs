//! Reading a chart, single records, and who is who.

use std::collections::BTreeMap;

use records::change::Base;
use records::id::{PatientId, RecordKey};
use records::rights::{Action, Permit};
use records::{ClassSet, DataClass, Versioned};

use crate::drawer::{SetApart, Wanted};
use crate::error::ReadError;
use crate::vault::Vault;

impl Vault {
    /// The patient's chart as far as the permit reads it: one query a drawer, in the order of the drawers.
    ///
    /// Without a permit it does not compile:
    ///
    /// ```compile_fail,E0061
    /// fn peek(vault: &vault::Vault) {
    ///     let _ = vault.chart();
    /// }
    /// ```
    ///
    /// and what the rights allow is no permit before its event is in the log:
    ///
    /// ```compile_fail,E0308
    /// fn peek(vault: &vault::Vault, allowed: &records::Allowed) {
    ///     let _ = vault.chart(allowed);
    /// }
    /// ```
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to open a chart.
    pub fn chart(&self, permit: &Permit) -> Result<Vec<Versioned>, ReadError> {
        self.check(permit, &[Action::OpenChart])?;
        let patient = permit.patient().ok_or(ReadError::NotPermitted)?;
        let person = permit.actor().person.to_string();
        let wanted = Wanted { classes: permit.classes(), person: &person };
        let mut documents = Vec::new();
        for (_, open) in self.drawers.iter().filter(|(drawer, _)| permit.classes().touches(**drawer)) {
            documents.extend(open.chart(patient, &wanted)?);
        }
        Ok(documents)
    }

    /// One record of the permit's patient (or of no patient, if the permit names none).
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to read it; [`ReadError::NotFound`] also for a record of
    /// another patient or of a class that the permit does not cover.
    pub fn read(&self, permit: &Permit, key: &RecordKey) -> Result<Versioned, ReadError> {
        self.check(permit, &[Action::Read, Action::OpenChart])?;
        let named = permit.records();
        if !named.is_empty() && !named.contains(key) {
            return Err(ReadError::NotPermitted);
        }
        let person = permit.actor().person.to_string();
        let wanted = Wanted { classes: permit.classes(), person: &person };
        let owner = permit.patient().map(|patient| patient.as_str()).unwrap_or_default();
        for (_, open) in self.drawers.iter().filter(|(drawer, _)| permit.classes().touches(**drawer)) {
            if let Some(found) = open.one(owner, key, &wanted)? {
                return Ok(found);
            }
        }
        Err(ReadError::NotFound)
    }

    /// Who is who: the practitioners, organizations and places among these keys. They are no patient's, so any permit
    /// whose role reads the directory will do.
    ///
    /// # Errors
    /// When a drawer cannot be read.
    pub fn directory(
        &self,
        permit: &Permit,
        keys: &[RecordKey],
    ) -> Result<BTreeMap<RecordKey, Versioned>, ReadError> {
        self.check(permit, &[permit.action()])?;
        let person = permit.actor().person.to_string();
        let reads = permit.classes().contains(DataClass::Directory);
        let classes: ClassSet = reads.then_some(DataClass::Directory).into_iter().collect();
        let open = self.drawer(DataClass::Directory.drawer())?;
        let mut found = BTreeMap::new();
        for key in keys {
            let one = open.one("", key, &Wanted { classes, person: &person })?;
            found.extend(one.map(|one| (key.clone(), one)));
        }
        Ok(found)
    }

    /// What the server would not take of the patient's record: each document as it was written here, in the order of writing.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to open a chart.
    pub fn set_apart(&self, permit: &Permit) -> Result<Vec<SetApart>, ReadError> {
        self.check(permit, &[Action::OpenChart])?;
        let patient = permit.patient().ok_or(ReadError::NotPermitted)?;
        let person = permit.actor().person.to_string();
        let wanted = Wanted { classes: permit.classes(), person: &person };
        let mut found = Vec::new();
        for (_, open) in self.drawers.iter().filter(|(drawer, _)| permit.classes().touches(**drawer)) {
            found.extend(open.set_apart(patient.as_str(), &wanted)?);
        }
        Ok(found)
    }

    /// Which of these patients a record is of, where it is here. Says nothing of the record, so it needs no permit.
    ///
    /// # Errors
    /// When a drawer cannot be read.
    pub fn owner_among<'a>(
        &self,
        key: &RecordKey,
        patients: &'a [PatientId],
    ) -> Result<Option<&'a PatientId>, ReadError> {
        for open in self.drawers.values() {
            for patient in patients {
                if open.belongs_to(key, patient.as_str())? {
                    return Ok(Some(patient));
                }
            }
        }
        Ok(None)
    }

    /// What a new edit of a record is made from: a change that waits, the version that is here, or nothing. Says
    /// nothing of the record but its version, so it needs no permit.
    ///
    /// # Errors
    /// When a drawer cannot be read.
    pub fn base_of(&self, key: &RecordKey) -> Result<Base, ReadError> {
        for open in self.drawers.values() {
            if let Some(change) = open.waiting_change(key)? {
                return Ok(Base::Change(change));
            }
            if let Some(version) = open.version_of(key)? {
                return Ok(Base::Version(version));
            }
        }
        Ok(Base::None)
    }
}
