//! A workstation of a small clinic to try things on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use keys::{AgreementPublic, AgreementSecret, DrawerKeys, Random, SigningKey};
use records::change::{Base, Change, Entry, Origin};
use records::id::{
    ChangeId, DeviceId, EventId, LogId, PatientId, PersonId, PracticeId, RecordKey, SessionId,
};
use records::rights::{Action, Facts, Permit, Relation, Rights, Trail, decide};
use records::{Actor, Document, Drawer, Job, Purpose, Role, classify};
use serde_json::{Value, json};
use uuid::Uuid;
use vault::{Count, DayPart, Device, Folder, Identity, OpenGrant, Page, PageEntry, Pen, RawKey, Vault};

/// Everything a workstation has, and the people who work at it.
pub(crate) struct Clinic {
    root: PathBuf,
    _made_for_this_test: Option<tempfile::TempDir>,
    pub(crate) identity: Identity,
    pub(crate) keys: BTreeMap<Drawer, DrawerKeys>,
    pub(crate) random: Random,
    pub(crate) author_key: SigningKey,
    pub(crate) sealing: AgreementSecret,
    sealing_public: AgreementPublic,
    recovery_public: AgreementPublic,
}

pub(crate) const DEVICE_KEY: [u8; 32] = [3; 32];

pub(crate) fn now() -> Timestamp {
    "2026-03-10T09:00:00Z".parse().unwrap()
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn patient(id: &str) -> PatientId {
    id.parse().unwrap()
}

pub(crate) fn key(text: &str) -> RecordKey {
    text.parse().unwrap()
}

impl Clinic {
    pub(crate) fn new() -> Self {
        let folder = fast_folder();
        let mut clinic = Self::at(folder.path());
        clinic._made_for_this_test = Some(folder);
        clinic
    }

    /// The same clinic with its data in this folder, which stays.
    pub(crate) fn at(root: &Path) -> Self {
        let mut random = Random::from_seed([7; 32]);
        let identity = Identity {
            device: DeviceId::from_uuid(id(1)),
            practice: PracticeId::from_uuid(id(2)),
            log: LogId::from_uuid(id(3)),
            vault: id(4),
        };
        let keys = Drawer::ALL.into_iter().map(|drawer| (drawer, DrawerKeys::make(1, &mut random))).collect();
        let (sealing, recovery) = (AgreementSecret::make(&mut random), AgreementSecret::make(&mut random));
        Self {
            root: root.to_owned(),
            _made_for_this_test: None,
            identity,
            keys,
            author_key: SigningKey::make(&mut random),
            sealing_public: sealing.public(),
            recovery_public: recovery.public(),
            sealing,
            random,
        }
    }

    pub(crate) fn folder(&self) -> Folder {
        Folder::new(self.root.join("data"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    /// A new device with nothing in it.
    pub(crate) fn enrol(&self) -> Device {
        Device::create(self.folder(), &RawKey::new(DEVICE_KEY), self.identity).unwrap()
    }

    pub(crate) fn device(&self) -> Device {
        Device::open(self.folder(), &RawKey::new(DEVICE_KEY)).unwrap()
    }

    pub(crate) fn grants(&self, drawers: &[Drawer]) -> Vec<OpenGrant> {
        let grant = |drawer: &Drawer| OpenGrant { drawer: *drawer, keys: self.keys[drawer].duplicate() };
        drawers.iter().map(grant).collect()
    }

    /// The vault of somebody with these drawers.
    pub(crate) fn unlock(&self, device: Device, drawers: &[Drawer]) -> Vault {
        Vault::open(device, self.grants(drawers), Random::from_seed([9; 32]), now()).unwrap()
    }

    /// A new vault with all drawers.
    pub(crate) fn open_all(&self) -> Vault {
        self.unlock(self.enrol(), &Drawer::ALL)
    }

    /// The vault of the same device, after the one before was dropped.
    pub(crate) fn reopen(&self) -> Vault {
        self.unlock(self.device(), &Drawer::ALL)
    }

    pub(crate) fn pen(&self) -> Pen<'_> {
        Pen {
            author_key: &self.author_key,
            sealing_key: &self.sealing_public,
            recovery_key: &self.recovery_public,
        }
    }

    pub(crate) fn actor(&self, role: Role) -> Actor {
        Actor {
            person: person(role),
            practice: self.identity.practice,
            roles: vec![role],
            device: self.identity.device,
            session: SessionId::from_uuid(id(5)),
            purpose: Purpose::usual(role),
        }
    }

    pub(crate) fn event_id(&mut self) -> EventId {
        EventId::from_uuid(self.random.uuid_v7(now()))
    }

    pub(crate) fn permit(
        &mut self,
        trail: &mut Vault,
        actor: &Actor,
        action: Action,
        facts: &Facts,
    ) -> Permit {
        let allowed = decide(Rights::built_in(), actor, action, facts, now()).unwrap();
        allowed.permit(trail, self.event_id(), now()).unwrap()
    }

    /// A permit from any trail, also one that is not this vault's.
    pub(crate) fn permit_from<T: Trail<Error: std::fmt::Debug>>(
        &mut self,
        trail: &mut T,
        actor: &Actor,
        action: Action,
    ) -> Permit {
        let facts = Facts::of_practice(actor.practice);
        let allowed = decide(Rights::built_in(), actor, action, &facts, now()).unwrap();
        allowed.permit(trail, self.event_id(), now()).unwrap()
    }

    pub(crate) fn practice_permit(&mut self, vault: &mut Vault, role: Role, action: Action) -> Permit {
        let actor = self.actor(role);
        let facts = Facts::of_practice(self.identity.practice);
        self.permit(vault, &actor, action, &facts)
    }

    pub(crate) fn replicate(&mut self, vault: &mut Vault) -> Permit {
        let session = SessionId::from_uuid(id(6));
        let actor = Actor::service(Job::Sync, self.identity.practice, self.identity.device, session);
        let facts = Facts::of_practice(self.identity.practice);
        self.permit(vault, &actor, Action::Replicate, &facts)
    }

    /// Opens a chart as somebody who cares for the patient.
    pub(crate) fn chart_permit(&mut self, vault: &mut Vault, role: Role, whose: &str) -> Permit {
        let actor = self.actor(role);
        let mut facts = vault.facts(&actor, &patient(whose), now()).unwrap();
        if facts.relation == Relation::None {
            facts.relation = Relation::Care { until: now() + SignedDuration::from_hours(1) };
        }
        self.permit(vault, &actor, Action::OpenChart, &facts)
    }

    pub(crate) fn write_permit(
        &mut self,
        vault: &mut Vault,
        action: Action,
        whose: &str,
        documents: &[&Document],
    ) -> Permit {
        let actor = self.actor(Role::Nurse);
        let mut facts = vault.facts_for_writing(&actor, &patient(whose), documents, now()).unwrap();
        facts.relation = Relation::Care { until: now() + SignedDuration::from_hours(1) };
        self.permit(vault, &actor, action, &facts)
    }

    /// Puts documents into the drawers they belong in, as pages from the server.
    pub(crate) fn load(&mut self, vault: &mut Vault, documents: &[Document]) {
        for drawer in vault.open_drawers() {
            let of_drawer = |document: &&Document| classify(document).drawer() == drawer;
            let entries = documents.iter().filter(of_drawer).map(|document| upsert(document, 1)).collect();
            let permit = self.replicate(vault);
            let page = Page {
                entries,
                charts: vec![],
                next_cursor: format!("v1.{drawer}.1"),
                complete: true,
                received_at: now(),
            };
            vault.apply_page(&permit, drawer, &page).unwrap();
        }
    }

    pub(crate) fn change(&self, number: u128, entries: Vec<(Document, Base)>) -> Change {
        let origin = Origin {
            id: ChangeId::from_uuid(id(1000 + number)),
            author: person(Role::Nurse),
            device: self.identity.device,
            practice: self.identity.practice,
            written_at: now(),
        };
        let entries = entries.into_iter().map(|(document, base)| Entry { document, base }).collect();
        Change::new(origin, entries).unwrap()
    }
}

/// Whether the rows of a drawer are those that were written, counted three at a time.
pub(crate) fn digest_holds(vault: &mut Vault, drawer: Drawer) -> bool {
    loop {
        match vault.count_part(drawer, 3).unwrap() {
            Count::Unfinished => {}
            Count::Right => return true,
            Count::Wrong => return false,
        }
    }
}

/// A folder in memory where there is one: what is tested is the order of the syncs, not the disk.
pub(crate) fn fast_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn person(role: Role) -> PersonId {
    PersonId::from_uuid(id(100 + role as u128))
}

pub(crate) fn upsert(document: &Document, version: u64) -> PageEntry {
    PageEntry { key: document.key().clone(), version, document: Some(document.clone()) }
}

pub(crate) fn document(value: Value) -> Document {
    Document::from_value(value).unwrap()
}

/// A patient with a record number `MRN-<id>` and a telephone.
pub(crate) fn person_record(id: &str, family: &str, given: &str, born: &str, phone: &str) -> Document {
    document(json!({
        "resourceType": "Patient", "id": id,
        "identifier": [
            {"system": "urn:chartkeep:mrn", "value": format!("MRN-{id}"),
             "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}},
        ],
        "name": [{"use": "official", "family": family, "given": [given]}],
        "telecom": [{"system": "phone", "value": phone, "use": "home"}],
        "gender": "female", "birthDate": born,
        "address": [{"line": ["12 Canary Wharf Lane"], "city": "Canaryville"}],
    }))
}

pub(crate) fn note(id: &str, whose: &str, text: &str) -> Document {
    document(json!({
        "resourceType": "DocumentReference", "id": id, "status": "current",
        "subject": {"reference": format!("Patient/{whose}")},
        "date": "2026-03-10T08:00:00Z",
        "description": text,
    }))
}

pub(crate) fn heart_rate(id: &str, whose: &str, beats: u32) -> Document {
    document(json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": format!("Patient/{whose}")},
        "effectiveDateTime": "2026-03-10T08:30:00Z",
        "valueQuantity": {"value": beats, "unit": "/min"},
    }))
}

/// Two patients with a little of everything.
pub(crate) fn appointment(id: &str, whose: &str, start: &str) -> Document {
    document(json!({
        "resourceType": "Appointment", "id": id, "status": "booked", "start": start,
        "participant": [{"actor": {"reference": format!("Patient/{whose}")}, "status": "accepted"}],
    }))
}

/// Two appointments of a day at most.
pub(crate) fn part<'a>(day: &str, after: Option<&'a str>) -> DayPart<'a> {
    let from: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
    DayPart { from, to: from + SignedDuration::from_hours(24), after, limit: 2 }
}

pub(crate) fn small_practice() -> Vec<Document> {
    vec![
        person_record("ada", "Treviño", "Ada María", "1945-07-14", "(508) 548-5300"),
        person_record("bob", "O'Brien-Smith", "Robert", "1980-12-03", "555-867-5309"),
        heart_rate("hr-ada", "ada", 71),
        note("note-ada", "ada", "canarynote about the knee"),
        heart_rate("hr-bob", "bob", 64),
        document(json!({
            "resourceType": "Condition", "id": "psy-ada", "subject": {"reference": "Patient/ada"},
            "meta": {"security": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]},
            "code": {"text": "canarysensitive"},
        })),
        document(json!({
            "resourceType": "Claim", "id": "claim-ada", "patient": {"reference": "Patient/ada"},
            "created": "2026-03-01",
        })),
        document(json!({
            "resourceType": "Practitioner", "id": person(Role::Nurse).to_string(),
            "name": [{"family": "Nightingale"}],
        })),
        document(json!({
            "resourceType": "Appointment", "id": "today-ada", "status": "booked",
            "start": "2026-03-10T10:00:00Z", "end": "2026-03-10T10:20:00Z",
            "participant": [{"actor": {"reference": "Patient/ada"}},
                            {"actor": {"reference": format!("Practitioner/{}", person(Role::Clinician))}}],
        })),
    ]
}
