//! Facts for a decision: the one read without a permit. Nothing but [`Facts`] comes out of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use records::id::{PatientId, PracticeId};
use records::rights::{Action, Permit, Relation};
use records::{Actor, DataClass, Document, Drawer, Facts, classify};

use crate::drawer::{OpenDrawer, Since};
use crate::error::{ReadError, StoreError};
use crate::vault::Vault;

impl Vault {
    /// What is known for opening a patient's chart: which classes there are, and how the actor stands to the patient.
    /// For a patient who is not here, the practice is nobody's, so that the decision is "not found".
    ///
    /// # Errors
    /// When a drawer cannot be read.
    pub fn facts(&self, actor: &Actor, patient: &PatientId, now: Timestamp) -> Result<Facts, StoreError> {
        if !self.is_known(patient)? {
            let nobody = PracticeId::from_uuid(uuid::Uuid::nil());
            return Ok(Facts::of_patient(nobody, patient.clone(), Vec::new(), Relation::None));
        }
        let mut classes = BTreeSet::new();
        let mut until: Option<Timestamp> = None;
        let mut vip = false;
        let person = actor.person.to_string();
        for open in self.drawers.values() {
            let Some(number) = open.number_of(patient.as_str())? else { continue };
            classes.extend(open.classes_of(number)?);
            until = until.max(open.cared_until(number, &person, now)?);
            vip = vip || open.is_vip(number)?;
        }
        let relation = until.map_or(Relation::None, |until| Relation::Care { until });
        let practice = self.device.identity().practice;
        let classes = classes.into_iter().collect();
        Ok(Facts { vip, ..Facts::of_patient(practice, patient.clone(), classes, relation) })
    }

    /// What is known for writing these documents of one patient: their classes, and how the actor stands to them.
    /// A person is the author of what they wrote before, and of a new counselling note that names them.
    ///
    /// # Errors
    /// When a drawer cannot be read.
    pub fn facts_for_writing(
        &self,
        actor: &Actor,
        patient: &PatientId,
        documents: &[&Document],
        now: Timestamp,
    ) -> Result<Facts, StoreError> {
        let mut facts = self.facts(actor, patient, now)?;
        if documents.iter().any(|document| *document.key() == patient.key()) && !self.is_known(patient)? {
            // The patient is being registered: new here, and of this practice.
            facts.practice = self.device.identity().practice;
        }
        let classes: BTreeSet<DataClass> = documents.iter().map(|document| classify(document)).collect();
        facts.classes = classes.into_iter().collect();
        let person = actor.person.to_string();
        let mut authored = !documents.is_empty();
        for document in documents {
            authored = authored && self.is_author(document, &person)?;
        }
        if authored {
            facts.relation = Relation::Author;
        }
        Ok(facts)
    }

    /// Keeps, until `until`, the relation that a person stated by giving a reason for opening a chart.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one that opened a chart with a stated reason.
    pub fn keep_stated_relation(
        &mut self,
        permit: &Permit,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), ReadError> {
        self.check(permit, &[Action::OpenChart])?;
        let (Some(patient), Some(_)) = (permit.patient(), permit.stated()) else {
            return Err(ReadError::NotPermitted);
        };
        if self.device.is_erased(patient.as_str())? {
            return Err(ReadError::NotFound);
        }
        let person = permit.actor().person.to_string();
        let Self { drawers, random, .. } = self;
        let open = drawers.get_mut(&Drawer::Demographics).ok_or(ReadError::NotFound)?;
        open.write(random, |writing| {
            writing.state_relation(patient, &person, Since { since: now, until })?;
            Ok::<_, ReadError>(())
        })
    }

    /// Whether there is such a patient in the practice, as far as this person's drawers know.
    fn is_known(&self, patient: &PatientId) -> Result<bool, StoreError> {
        let in_drawer = |open: &OpenDrawer| open.version_of(&patient.key());
        match self.drawers.get(&Drawer::Demographics) {
            Some(open) => Ok(in_drawer(open)?.is_some()),
            None => Ok(false),
        }
    }

    fn is_author(&self, document: &Document, person: &str) -> Result<bool, StoreError> {
        let class = classify(document);
        let Some(open) = self.drawers.get(&class.drawer()) else { return Ok(false) };
        match open.version_of(document.key())? {
            Some(_) => open.is_author(document.key(), person),
            None => Ok(class == DataClass::Counselling && crate::drawer::author(document) == person),
        }
    }
}
