//! The permits a change needs, by its author's rights when it was written; and the store as one looks at it through them.

use super::{Arrival, Turned};
use crate::answer::Refusal;
use crate::store::StoreError;
use crate::trail::ServerTrail;
use jiff::Timestamp;
use keys::envelope;
use records::change::{Base, Change, History, Origin, Outcome, Standing};
use records::id::{ChangeId, PatientId, RecordKey, SessionId};
use records::rights::{Permit, Rights, StatedReason, decide};
use records::write::settled_by;
use records::{Action, Actor, DataClass, Document, Facts, Purpose, Relation, Versioned, classify};
use std::collections::BTreeMap;
use uuid::Uuid;

impl Arrival<'_> {
    /// A permit for each patient (and one for records of none), by the author's rights when the change was written;
    /// `None` when any is denied, which is then in the trail.
    pub(super) fn permits(&self, change: &Change) -> Result<Option<Permits>, Refusal> {
        let origin = change.origin();
        let actor = self.author(origin)?;
        let mut permits = Permits(BTreeMap::new());
        for ((patient, action), part) in self.parts(change)? {
            let relation = self.relation(&actor, patient.as_ref(), &part, origin.written_at)?;
            let practice = self.practice.row.id;
            let facts = Facts {
                patient: patient.clone(),
                classes: part.classes,
                relation,
                ..Facts::of_practice(practice)
            };
            let mut trail = ServerTrail::new(self.practice, self.tx, self.now);
            let id = trail.event_id();
            match decide(Rights::built_in(), &actor, action, &facts, origin.written_at) {
                Ok(allowed) => {
                    let allowed = allowed.naming(part.keys.iter().cloned()).for_change(origin.id, []);
                    let permit = allowed.permit(&mut trail, id, self.now)?;
                    permits.0.insert((patient, action), (permit, part.keys));
                }
                Err(denied) => {
                    let _denied = denied.record(&mut trail, id, self.now)?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(permits))
    }

    fn author(&self, origin: &Origin) -> Result<Actor, Refusal> {
        // A workstation's clock may be ahead; a role given tomorrow counts from tomorrow.
        let roles = self.tx.roles(origin.author, origin.written_at.min(self.now))?;
        let purpose = roles.first().map_or(Purpose::Operations, |role| Purpose::usual(*role));
        let session = SessionId::from_uuid(Uuid::nil());
        Ok(Actor {
            person: origin.author,
            practice: origin.practice,
            roles,
            device: self.device,
            session,
            purpose,
        })
    }

    /// The change sorted by patient and by whether a record is new, edited or deleted.
    fn parts(&self, change: &Change) -> Result<BTreeMap<(Option<PatientId>, Action), Part>, Refusal> {
        let mut parts: BTreeMap<(Option<PatientId>, Action), Part> = BTreeMap::new();
        for entry in change.entries() {
            let key = entry.document.key();
            let facts = self.tx.facts(key)?;
            // What was decided about records is an edit of them, though it is written down as a record of its own.
            let is_new = entry.base == Base::None && settled_by(&entry.document).is_none();
            let action = if is_new { Action::Create } else { Action::Update };
            let part = parts.entry((entry.document.patient().cloned(), action)).or_default();
            part.classes.push(classify(&entry.document));
            part.keys.push(key.clone());
            match facts {
                Some(facts) => {
                    part.classes.push(facts.class);
                    part.by_author &= facts.author == change.origin().author;
                }
                None => part.by_author &= entry.base == Base::None,
            }
        }
        // What is not there needs no leave to be deleted.
        for deletion in change.deletions() {
            let Some(facts) = self.tx.facts(&deletion.key)? else { continue };
            let part = parts.entry((facts.patient, Action::Delete)).or_default();
            part.classes.push(facts.class);
            part.keys.push(deletion.key.clone());
            part.by_author &= facts.author == change.origin().author;
        }
        Ok(parts)
    }

    /// How the author stood to the patient. Whoever opened a chart without a relation was asked why by the workstation,
    /// which wrote the answer into its own log; so what the rights let a stated reason open is open here too.
    fn relation(
        &self,
        actor: &Actor,
        patient: Option<&PatientId>,
        part: &Part,
        at: Timestamp,
    ) -> Result<Relation, Refusal> {
        if part.by_author {
            return Ok(Relation::Author);
        }
        let until =
            patient.map(|patient| self.tx.relation_until(actor.person, patient, at)).transpose()?.flatten();
        Ok(until.map_or(Relation::Stated(StatedReason::Visit), |until| Relation::Care { until }))
    }
}

/// What a change does for one patient in one way.
struct Part {
    classes: Vec<DataClass>,
    keys: Vec<RecordKey>,
    /// Whether the author of the change wrote everything it touches.
    by_author: bool,
}

impl Default for Part {
    fn default() -> Self {
        Self { classes: Vec::new(), keys: Vec::new(), by_author: true }
    }
}

/// The permits of a change, and which record each is for.
pub(super) struct Permits(pub(super) BTreeMap<(Option<PatientId>, Action), (Permit, Vec<RecordKey>)>);

impl Permits {
    pub(super) fn of(&self, key: &RecordKey) -> Result<&Permit, StoreError> {
        let found = self.0.values().find(|(_, keys)| keys.contains(key));
        found.map(|(permit, _)| permit).ok_or(StoreError::Unreadable("a record without a permit"))
    }
}

impl Arrival<'_> {
    /// The record as a change that was received had it.
    fn written_by(&self, id: ChangeId, key: &RecordKey) -> Result<Option<Document>, StoreError> {
        let change = self.received(id)?;
        let entry = change.iter().flat_map(Change::entries).find(|entry| entry.document.key() == key);
        Ok(entry.map(|entry| entry.document.clone()))
    }

    /// A change as it was received, where its envelope is kept.
    pub(super) fn received(&self, id: ChangeId) -> Result<Option<Change>, StoreError> {
        let (Some(row), Some(bytes)) = (self.tx.change(id)?, self.tx.envelope(id)?) else { return Ok(None) };
        let Ok(header) = envelope::read_header(&bytes) else { return Ok(None) };
        let from_there = Arrival { device: row.device, ..*self };
        let signed = match from_there.open(&header, &bytes) {
            Ok(signed) => signed,
            Err(Turned::Away(_)) => return Ok(None),
            Err(Turned::Failed(_)) => return Err(StoreError::Unreadable("the envelope of a change")),
        };
        Ok(Change::parse(self.origin(&header, &signed), signed.transaction).ok())
    }
}

/// The store as a change looks at it.
pub(super) struct Shelf<'a> {
    pub(super) arrival: &'a Arrival<'a>,
    pub(super) permits: &'a Permits,
}

impl History for Shelf<'_> {
    type Error = StoreError;

    fn standing(&self, key: &RecordKey) -> Result<Standing, StoreError> {
        self.arrival.tx.standing(key)
    }

    fn current(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let found = self.arrival.tx.current(self.permits.of(key)?, key)?;
        Ok(found.map(|stored| Versioned { version: stored.version, document: stored.document }))
    }

    fn at(&self, key: &RecordKey, version: u64) -> Result<Option<Document>, StoreError> {
        Ok(self.arrival.tx.at_version(self.permits.of(key)?, key, version)?.map(|stored| stored.document))
    }

    fn made_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<u64>, StoreError> {
        self.arrival.tx.version_of_change(change, key)
    }

    fn written_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<Document>, StoreError> {
        let merged = match self.arrival.tx.change(change)?.map(|row| row.outcome) {
            Some(Outcome::Applied { stored }) => stored.iter().any(|one| one.merged && one.key == *key),
            Some(Outcome::Conflict { .. } | Outcome::Refused { .. }) | None => false,
        };
        if merged {
            return self.arrival.written_by(change, key);
        }
        let Some(version) = self.made_by(change, key)? else { return Ok(None) };
        self.at(key, version)
    }
}
