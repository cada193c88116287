//! A change that met another one: both versions for a person to look at, and what they decide as a change of its own.

use std::collections::{BTreeMap, BTreeSet};

use keys::Random;
use records::change::{Base, Entry};
use records::date::instant_text;
use records::id::{ChangeId, PatientId, RecordKey, ResourceKind};
use records::link::{Links, with_links_of};
use records::merge::{Part, Side, parts, settle};
use records::rights::{Action, Permit};
use records::view::{PatientSummary, element_lines, record_title};
use records::write::{Settlement, note_of_its_own, signed_note};
use records::{Document, Versioned};
use vault::{OutboxEntry, OutboxState, ReadError, SetApart};

use super::OpenSession;
use super::unsent::what;
use crate::view::{
    ConflictAnswer, ConflictChoice, ConflictForm, ConflictLine, ConflictPart, ConflictRecord, ConflictView,
    SaveView,
};
use crate::{ClientError, Code};

const LINKS_DIFFER: &str = "These charts were joined or separated in another way elsewhere. That stands. Once this is closed, they can be joined anew.";

/// Everything that one decision is about.
struct Case {
    entry: OutboxEntry,
    patient: PatientId,
    /// The change that was asked for, and those here that touched the same records after it.
    changes: BTreeSet<ChangeId>,
    records: Vec<Disputed>,
}

/// One record, as it was written here and as it stands.
struct Disputed {
    /// What was written here, last.
    ours: Document,
    /// What that was made from; `None` where it was new.
    base: Option<Document>,
    /// What the chart has; `None` where it has nothing.
    theirs: Option<Versioned>,
    /// Whether both say differently what other chart this one is part of.
    links_differ: bool,
}

impl OpenSession {
    /// Both versions of a change that met another one. Looking at them is opening the chart, and in the trail as that.
    pub(crate) fn conflict(&mut self, change: &str) -> Result<ConflictView, ClientError> {
        let (case, permit) = self.case(change)?;
        let patient = {
            let vault = self.vault()?;
            let found = vault.read(&permit, &case.patient.key())?;
            PatientSummary::of(&found.document).ok_or(Code::NotFound)?
        };
        self.names.keep(case.patient.clone(), patient.display_name.clone());
        let zone = self.clock.time_zone();
        let is_own = case.entry.author == self.actor.person;
        Ok(ConflictView {
            change_id: case.entry.change.to_string(),
            patient_name: patient.display_name.clone(),
            born: patient.born_text(),
            mrn: patient.mrn,
            author: if is_own { self.profile.name.clone() } else { "A colleague".to_owned() },
            written_at: instant_text(case.entry.written_at, &zone),
            records: case.records.iter().map(|record| record.view(&zone)).collect(),
            not_yet: case.not_yet(),
        })
    }

    /// Does what a person has decided: the chosen version of each part, and a record of who decided. Nothing that either
    /// side wrote and nobody disputes is lost, and the server keeps both versions.
    pub(crate) fn settle_conflict(&mut self, form: &ConflictForm) -> Result<SaveView, ClientError> {
        let (case, _) = self.case(&form.change_id)?;
        let looked_at: BTreeSet<&str> = form.seen.iter().map(String::as_str).collect();
        let is_same = case.records.iter().all(|record| looked_at.contains(record.seen().as_str()));
        if !is_same || case.not_yet().is_some() {
            return Err(Code::ChangedMeanwhile.into());
        }
        let mut entries = Vec::new();
        for record in &case.records {
            entries.extend(self.decided(record, &form.answers)?);
        }
        let now = self.now();
        let context = self.context(&case.patient, now);
        let changes: Vec<ChangeId> = case.changes.iter().copied().collect();
        let about: Vec<&Document> = case.records.iter().map(Disputed::standing).collect();
        let id = Random::from_os().uuid_v7(now).to_string();
        let id = id.parse().map_err(|_| Code::Internal)?;
        let settlement = Settlement { id, records: &about, changes: &changes };
        let document = settlement.document(&context).map_err(|_| Code::Internal)?;
        entries.push(Entry { document, base: Base::None });
        let change = self.save(&case.patient, Action::Update, entries)?;
        Ok(SaveView { saved: true, warnings: Vec::new(), change_id: Some(change.to_string()) })
    }

    fn case(&mut self, change: &str) -> Result<(Case, Permit), ClientError> {
        let change: ChangeId = change.parse().map_err(|_| Code::NotFound)?;
        // The list says what the server answered as soon as it has; the drawer may not have taken that in yet.
        self.take_verdicts()?;
        let entry = self.vault()?.device().outbox_entry(change)?;
        let entry = entry.filter(|entry| entry.state == OutboxState::Conflict);
        let entry = entry.ok_or(Code::ChangedMeanwhile)?;
        let patient = entry.patient.clone().ok_or(Code::NotFound)?;
        let permit = self.chart_permit(&patient, None)?;
        let vault = self.vault()?;
        let mut apart = vault.set_apart(&permit)?;
        apart.retain(|one| one.in_conflict);
        let (changes, keys) = together(change, &apart);
        let mut records = Vec::new();
        for key in keys {
            let theirs = match vault.read(&permit, &key) {
                Ok(found) => Some(found),
                Err(ReadError::NotFound) => None,
                Err(error) => return Err(error.into()),
            };
            let mut written = apart.iter().filter(|one| *one.document.key() == key);
            let Some(first) = written.next() else { continue };
            let last = written.next_back().unwrap_or(first);
            let links_of_theirs = theirs.as_ref().map(|theirs| Links::of(&theirs.document));
            records.push(Disputed {
                links_differ: links_of_theirs.is_some_and(|links| links != Links::of(&last.document)),
                ours: ours_of(last, theirs.as_ref())?,
                base: first.base.clone(),
                theirs,
            });
        }
        if records.is_empty() {
            return Err(Code::NotFound.into());
        }
        Ok((Case { entry, patient, changes, records }, permit))
    }

    /// What a decision makes of one record.
    fn decided(&self, record: &Disputed, answers: &[ConflictAnswer]) -> Result<Vec<Entry>, ClientError> {
        let Some(theirs) = &record.theirs else {
            // New with this change, and nobody disputes it. What was taken out of the chart stays out.
            let is_new = record.base.is_none();
            return Ok(is_new
                .then(|| Entry { document: record.ours.clone(), base: Base::None })
                .into_iter()
                .collect());
        };
        let mut chosen: BTreeMap<String, ConflictChoice> = BTreeMap::new();
        for part in record.parts() {
            let name = record.part_name(&part);
            let answer = answers.iter().find(|answer| answer.part == name);
            let choice =
                answer.map(|answer| answer.choice).filter(|choice| record.choices().contains(choice));
            chosen.insert(part.name().to_owned(), choice.ok_or(Code::FormInvalid)?);
        }
        let mut entries = Vec::new();
        if chosen.values().any(|choice| *choice == ConflictChoice::Both) {
            let id = Random::from_os().uuid_v7(self.now()).to_string().parse().map_err(|_| Code::Internal)?;
            let document = note_of_its_own(&record.ours, id, theirs.document.key());
            entries.push(Entry { document: document.map_err(|_| Code::Internal)?, base: Base::None });
        }
        let side = |part: &Part| match chosen.get(part.name()) {
            Some(ConflictChoice::Ours) => Side::Ours,
            Some(ConflictChoice::Theirs | ConflictChoice::Both) | None => Side::Theirs,
        };
        let settled = settle(record.base.as_ref(), &record.ours, &theirs.document, side);
        let document = settled.map_err(|_| Code::Internal)?;
        // A signed note stays as it was signed, also where the rest would go together.
        if document.value() != theirs.document.value() && !record.is_signed() {
            let base = self.vault()?.base_of(document.key())?;
            entries.push(Entry { document, base });
        }
        Ok(entries)
    }
}

impl Case {
    /// The server has named a version that has not come here yet: what would be compared is not what it stands against.
    fn not_yet(&self) -> Option<String> {
        let missing = self.entry.met().into_iter().any(|(key, version)| {
            let here = self.records.iter().find(|record| *record.ours.key() == key);
            here.is_some_and(|record| record.theirs.as_ref().is_none_or(|theirs| theirs.version < version))
        });
        let words = "The other version has not arrived on this workstation yet. It comes with the next synchronization.";
        missing.then(|| words.to_owned())
    }
}

impl Disputed {
    fn parts(&self) -> Vec<Part> {
        let parts_of = |theirs: &Versioned| parts(self.base.as_ref(), &self.ours, &theirs.document);
        self.theirs.as_ref().map(parts_of).unwrap_or_default()
    }

    /// The name of a part among those of all records.
    fn part_name(&self, part: &Part) -> String {
        format!("{} {}", self.ours.key(), part.name())
    }

    /// Type, id and version; 0 where the chart has nothing.
    fn seen(&self) -> String {
        let version = self.theirs.as_ref().map_or(0, |theirs| theirs.version);
        format!("{} {version}", self.ours.key())
    }

    fn standing(&self) -> &Document {
        self.theirs.as_ref().map_or(&self.ours, |theirs| &theirs.document)
    }

    fn is_signed(&self) -> bool {
        self.theirs.as_ref().is_some_and(|theirs| signed_note(&theirs.document))
    }

    /// A note can be kept as one of its own; one that is signed is never replaced.
    fn choices(&self) -> Vec<ConflictChoice> {
        let is_note = self.ours.kind().as_str() == "DocumentReference";
        match (is_note, self.is_signed()) {
            (false, _) => vec![ConflictChoice::Ours, ConflictChoice::Theirs],
            (true, false) => vec![ConflictChoice::Ours, ConflictChoice::Theirs, ConflictChoice::Both],
            (true, true) => vec![ConflictChoice::Theirs, ConflictChoice::Both],
        }
    }

    fn view(&self, zone: &jiff::tz::TimeZone) -> ConflictRecord {
        let lines = |document: &Document, part: &Part| {
            let lines = element_lines(document, &part.elements, zone).into_iter();
            lines.map(|line| ConflictLine { label: line.label, text: line.text }).collect()
        };
        let part_view = |part: Part| ConflictPart {
            name: self.part_name(&part),
            title: part.title.map(str::to_owned),
            ours: lines(&self.ours, &part),
            theirs: lines(self.standing(), &part),
            choices: self.choices(),
        };
        ConflictRecord {
            seen: self.seen(),
            what: what(self.ours.kind().as_str()).to_owned(),
            title: record_title(self.standing()),
            parts: self.parts().into_iter().map(part_view).collect(),
            note: if self.links_differ { LINKS_DIFFER.to_owned() } else { String::new() },
        }
    }
}

/// What was written here. Whether a patient's chart is part of another is not decided here, where only one of the two is looked at:
/// it stays as it stands, and the charts can be joined anew.
fn ours_of(written: &SetApart, theirs: Option<&Versioned>) -> Result<Document, ClientError> {
    match theirs {
        Some(theirs) if *theirs.document.kind() == ResourceKind::PATIENT => {
            with_links_of(&written.document, &theirs.document).map_err(|_| Code::Internal.into())
        }
        Some(_) | None => Ok(written.document.clone()),
    }
}

/// The changes that touched the same records as one, directly or by way of others, and those records in their order.
fn together(change: ChangeId, apart: &[SetApart]) -> (BTreeSet<ChangeId>, Vec<RecordKey>) {
    let mut changes = BTreeSet::from([change]);
    let mut keys: Vec<RecordKey> = Vec::new();
    loop {
        let before = (changes.len(), keys.len());
        for one in apart {
            let key = one.document.key();
            if changes.contains(&one.change) && !keys.contains(key) {
                keys.push(key.clone());
            }
            if keys.contains(key) {
                changes.insert(one.change);
            }
        }
        if before == (changes.len(), keys.len()) {
            return (changes, keys);
        }
    }
}
