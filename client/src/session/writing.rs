//! Saving: documents become one signed change, and it is on disk with its events before anybody says "saved".

use jiff::Timestamp;
use keys::Random;
use records::change::{Base, Change, Entry, Origin};
use records::id::{ChangeId, PatientId, RecordKey, ResourceId, ResourceKind};
use records::rights::Action;
use records::write::{Context, NoteError, NoteForm as TypedNote};
use records::{DataClass, Document};
use vault::Pen;

use super::{OpenSession, patient_id};
use crate::view::{DraftKind, FieldWarning, NoteForm, SaveView};
use crate::{ClientError, Code};

impl OpenSession {
    /// Saves a new note, or the next version of one that is not signed yet.
    pub(crate) fn save_note(&mut self, form: &NoteForm) -> Result<SaveView, ClientError> {
        let opened = patient_id(&form.patient_id)?;
        let now = self.now();
        // A note of a chart that was joined to this one stays in that chart.
        let patient = match &form.note_id {
            Some(id) => self.owner_in_chart(&opened, &note_key(id)?)?,
            None => opened.clone(),
        };
        let context = self.context(&patient, now);
        let built = match &form.note_id {
            None => self.new_note(form).document(&context).map(|document| (document, Base::None)),
            Some(id) => {
                let key = note_key(id)?;
                let (document, base) = self.document_of(&patient, &key)?;
                typed_note(form, key.id).revise(&document, &context).map(|revised| (revised, base))
            }
        };
        let (document, base) = match built {
            Ok(built) => built,
            Err(error) => return refused(&error),
        };
        let action = if form.sign {
            Action::Sign
        } else if base == Base::None {
            Action::Create
        } else {
            Action::Update
        };
        let change_id = self.save(&patient, action, vec![Entry { document, base }])?;
        self.drop_draft(&opened, DraftKind::Note)?;
        Ok(SaveView { saved: true, warnings: Vec::new(), change_id: Some(change_id.to_string()) })
    }

    /// Saves documents that are all new.
    pub(super) fn save_new(
        &mut self,
        patient: &PatientId,
        action: Action,
        documents: Vec<Document>,
    ) -> Result<ChangeId, ClientError> {
        let entries = documents.into_iter().map(|document| Entry { document, base: Base::None }).collect();
        self.save(patient, action, entries)
    }

    /// The id of a change that is to be saved.
    pub(super) fn new_change_id(&self) -> ChangeId {
        ChangeId::from_uuid(Random::from_os().uuid_v7(self.now()))
    }

    /// Of whom, by whom and when something is written.
    pub(super) fn context(&self, patient: &PatientId, at: Timestamp) -> Context {
        Context {
            patient: patient.clone(),
            encounter: None,
            author: self.actor.person,
            author_name: Some(self.profile.name.clone()),
            at,
        }
    }

    /// Saves records of one patient as one change.
    pub(super) fn save(
        &mut self,
        patient: &PatientId,
        action: Action,
        entries: Vec<Entry>,
    ) -> Result<ChangeId, ClientError> {
        let id = self.new_change_id();
        self.save_as(id, patient, action, entries)?;
        Ok(id)
    }

    /// The same under an id that something else knows already.
    pub(super) fn save_as(
        &mut self,
        id: ChangeId,
        patient: &PatientId,
        action: Action,
        entries: Vec<Entry>,
    ) -> Result<(), ClientError> {
        let now = self.now();
        let documents: Vec<&Document> = entries.iter().map(|entry| &entry.document).collect();
        let facts = self.vault()?.facts_for_writing(&self.actor, patient, &documents, now)?;
        let keys: Vec<RecordKey> = entries.iter().map(|entry| entry.document.key().clone()).collect();
        let changed = changed_elements(&entries);
        let permit =
            self.permit_facts(action, &facts, |allowed| allowed.naming(keys).for_change(id, changed))?;
        let change = self.change_of(id, entries, now)?;
        self.vault()?.save(permit, &change, &self.pen(), now)?;
        Ok(())
    }

    /// Entries as one change of the person who is signed in.
    pub(super) fn change_of(
        &self,
        id: ChangeId,
        entries: Vec<Entry>,
        now: Timestamp,
    ) -> Result<Change, ClientError> {
        let origin = Origin {
            id,
            author: self.actor.person,
            device: self.actor.device,
            practice: self.actor.practice,
            written_at: now,
        };
        Ok(Change::new(origin, entries).map_err(|_| Code::Internal)?)
    }

    /// What their changes are signed and sealed with.
    pub(super) fn pen(&self) -> Pen<'_> {
        Pen { author_key: &self.signing, sealing_key: &self.seals.server, recovery_key: &self.seals.recovery }
    }

    fn new_note(&self, form: &NoteForm) -> TypedNote {
        typed_note(form, self.new_id())
    }

    /// The id of a record that is written for the first time.
    pub(super) fn new_id(&self) -> ResourceId {
        let id = Random::from_os().uuid_v7(self.now()).to_string();
        id.parse().expect("a UUID is a FHIR id")
    }

    /// A note or attached file, read under a permit of its own, with what a revision is made from.
    pub(super) fn document_of(
        &self,
        patient: &PatientId,
        key: &RecordKey,
    ) -> Result<(Document, Base), ClientError> {
        let mut facts = self.vault()?.facts(&self.actor, patient, self.now())?;
        facts.classes.retain(|class| {
            matches!(class, DataClass::NotesResults | DataClass::Sensitive | DataClass::Counselling)
        });
        let named = key.clone();
        let permit = self.permit_facts(Action::Read, &facts, |allowed| allowed.naming([named]))?;
        let vault = self.vault()?;
        let found = vault.read(&permit, key)?;
        Ok((found.document, vault.base_of(key)?))
    }
}

fn note_key(id: &str) -> Result<RecordKey, ClientError> {
    let id = id.parse().map_err(|_| Code::NotFound)?;
    Ok(RecordKey { kind: ResourceKind::DOCUMENT_REFERENCE, id })
}

fn typed_note(form: &NoteForm, id: ResourceId) -> TypedNote {
    TypedNote { id, title: form.title.clone(), text: form.text.clone(), sign: form.sign, appends: None }
}

/// What cannot be saved as typed is shown at its field; nothing was done.
fn refused(error: &NoteError) -> Result<SaveView, ClientError> {
    let message = match error {
        NoteError::Empty => "The note has no text.",
        NoteError::TooLong => "The note is too long. Split it in two.",
        NoteError::Signed => "This note is signed. Write a new note to add to it.",
        NoteError::AnotherNote | NoteError::Document(_) => return Err(Code::FormInvalid.into()),
    };
    let warning = FieldWarning { field: "text".to_owned(), message: message.to_owned(), blocking: true };
    Ok(SaveView { saved: false, warnings: vec![warning], change_id: None })
}

/// The names of the elements that a change writes: names, never values.
fn changed_elements(entries: &[Entry]) -> Vec<String> {
    let mut names: Vec<String> = entries
        .iter()
        .filter_map(|entry| entry.document.value().as_object())
        .flat_map(|members| members.keys().cloned())
        .filter(|name| !matches!(name.as_str(), "resourceType" | "id" | "meta"))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
