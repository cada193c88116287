//! The workstation that is measured: a device, the keys of its drawers, the demonstration's clinician, and a vault full of patients.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use keys::{DrawerKeys, Random};
use records::id::{DeviceId, EventId, LogId, PatientId, PersonId, PracticeId, SessionId};
use records::rights::{Action, Facts, Permit, Relation, Rights, decide};
use records::view::PatientSummary;
use records::{Actor, Document, Drawer, Job, Purpose, Role, classify};
use uuid::Uuid;
use vault::{Device, Folder, Identity, OpenGrant, Page, PageEntry, RawKey, Vault};

use super::report::Line;
use super::stopwatch::timed;
use super::{BenchResult, Scale};
use crate::practice::people::{CLINICIAN, PRACTICE_ID};
use crate::practice::{Density, Practice};

/// The day on which everything is measured.
pub(super) const TODAY: Date = date(2026, 11, 22);
const SEED: u64 = 7;
/// Resources in a thick chart, as the design has it.
const THICK: usize = 1_000;
/// The scripted patients old enough to have come so often.
const GROWN: [u32; 8] = [0, 2, 5, 4, 8, 3, 1, 11];
/// Entries of a page from the server.
const PAGE: usize = 2_000;
/// Every so many patients one is remembered, to be searched for and to fill the twin files.
const SAMPLE: u32 = 16;

/// The drawers that a clinician's grants open.
pub(super) const DRAWERS: [Drawer; 3] = [Drawer::Demographics, Drawer::Clinical, Drawer::Sensitive];

pub(super) struct Clinic {
    folder: Folder,
    device_key: [u8; 32],
    pub(super) identity: Identity,
    pub(super) keys: BTreeMap<Drawer, DrawerKeys>,
    /// Patients with charts of 1,000 resources.
    pub(super) thick: Vec<PatientId>,
    /// Some of the patients, as a list shows them.
    pub(super) known: Vec<PatientSummary>,
    /// Some of the resources, as bytes.
    pub(super) payloads: Vec<Vec<u8>>,
}

/// What a permit's event is numbered by.
pub(super) fn event_id(random: &mut Random) -> EventId {
    EventId::from_uuid(random.uuid_v7(now()))
}

/// The moment at which everything happens: the bench measures time, it does not tell it.
pub(super) fn now() -> Timestamp {
    Timestamp::constant(1_795_338_000, 0)
}

impl Clinic {
    /// Makes the device, fills its drawers page by page as a first sync would, and closes them.
    pub(super) fn build(folder: &Path, scale: Scale) -> BenchResult<(Clinic, Line)> {
        let mut random = Random::from_os();
        let identity = Identity {
            device: DeviceId::from_uuid(random.uuid_v7(now())),
            practice: PracticeId::from_uuid(PRACTICE_ID),
            log: LogId::from_uuid(random.uuid_v7(now())),
            vault: random.uuid_v7(now()),
        };
        let keys = DRAWERS.into_iter().map(|drawer| (drawer, DrawerKeys::make(1, &mut random))).collect();
        let folder = Folder::new(folder);
        let device_key = random.bytes();
        let mut clinic = Clinic {
            folder,
            device_key,
            identity,
            keys,
            thick: Vec::new(),
            known: Vec::new(),
            payloads: Vec::new(),
        };
        let device = Device::create(clinic.folder.clone(), &RawKey::new(device_key), identity)?;
        let mut vault = clinic.open(device)?;
        let (time, loaded) = timed(|| clinic.fill(&mut vault, scale));
        let loaded = loaded?;
        drop(vault);
        let rate = f64::from(u32::try_from(loaded).unwrap_or(u32::MAX)) / time.as_secs_f64();
        let line = Line {
            name: "bulk load into the vault",
            value: rate,
            unit: "resources/s",
            limit: None,
            spread: None,
            note: format!(
                "{loaded} resources generated, parsed, sealed and indexed in pages of {PAGE} on one core; the design's line for the first \
                 sync needs the network too"
            ),
            reason: "",
        };
        Ok((clinic, line))
    }

    /// Opens the device and the drawers anew.
    pub(super) fn reopen(&self) -> BenchResult<Vault> {
        self.open(Device::open(self.folder.clone(), &RawKey::new(self.device_key))?)
    }

    pub(super) fn open(&self, device: Device) -> BenchResult<Vault> {
        let grants =
            self.keys.iter().map(|(drawer, keys)| OpenGrant { drawer: *drawer, keys: keys.duplicate() });
        let opened = Vault::open(device, grants.collect(), Random::from_os(), now());
        // What was not opened comes back with the error, and stays here.
        Ok(opened.map_err(|error| error.to_string())?)
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The demonstration's clinician at this workstation.
    pub(super) fn clinician(&self) -> Actor {
        Actor {
            person: PersonId::from_uuid(CLINICIAN.id),
            practice: self.identity.practice,
            roles: vec![Role::Clinician],
            device: self.identity.device,
            session: SessionId::from_uuid(Uuid::from_u128(1)),
            purpose: Purpose::usual(Role::Clinician),
        }
    }

    /// Leave for something that is about no one patient.
    pub(super) fn permit(
        &self,
        trail: &mut Vault,
        action: Action,
        random: &mut Random,
    ) -> BenchResult<Permit> {
        permit(trail, &self.clinician(), action, &Facts::of_practice(self.identity.practice), random)
    }

    /// Leave to open a chart: facts, decision, event.
    pub(super) fn chart_permit(
        &self,
        vault: &mut Vault,
        actor: &Actor,
        patient: &PatientId,
        random: &mut Random,
    ) -> BenchResult<Permit> {
        let facts = vault.facts(actor, patient, now())?;
        if facts.relation == Relation::None {
            return Err("the clinician has no relation to a patient whose chart is to be opened".into());
        }
        permit(vault, actor, Action::OpenChart, &facts, random)
    }

    fn fill(&mut self, vault: &mut Vault, scale: Scale) -> BenchResult<usize> {
        let mut random = Random::from_os();
        let mut pages = Pages::default();
        let practice = Practice::new(SEED, scale.patients, TODAY).density(Density::Light);
        let mut patients = 0;
        for bytes in practice.resources() {
            let document = Document::parse(bytes)?;
            if let Some(summary) = PatientSummary::of(&document) {
                patients += 1;
                if patients % SAMPLE == 1 || scale.patients < 20_000 {
                    self.known.push(summary);
                }
            }
            if patients % SAMPLE == 1 && self.payloads.len() < 50_000 {
                self.payloads.push(document.bytes().to_vec());
            }
            pages.add(self, vault, document, &mut random)?;
        }
        let other = Practice::new(SEED + 1, 500, TODAY);
        for number in GROWN.into_iter().take(scale.thick_charts) {
            self.thick.push(other.patient_id(number).to_string().parse()?);
            for bytes in other.thick_chart(number, THICK) {
                pages.add(self, vault, Document::parse(bytes)?, &mut random)?;
            }
        }
        pages.finish(self, vault, &mut random)
    }
}

fn permit(
    trail: &mut Vault,
    actor: &Actor,
    action: Action,
    facts: &Facts,
    random: &mut Random,
) -> BenchResult<Permit> {
    let allowed =
        decide(Rights::built_in(), actor, action, facts, now()).map_err(|denied| format!("{denied:?}"))?;
    Ok(allowed.permit(trail, event_id(random), now())?)
}

/// Documents on their way into the drawers.
#[derive(Default)]
struct Pages {
    waiting: BTreeMap<Drawer, Vec<PageEntry>>,
    written: usize,
}

impl Pages {
    fn add(
        &mut self,
        clinic: &Clinic,
        vault: &mut Vault,
        document: Document,
        random: &mut Random,
    ) -> BenchResult<()> {
        let drawer = classify(&document).drawer();
        if !DRAWERS.contains(&drawer) {
            return Ok(());
        }
        let entries = self.waiting.entry(drawer).or_default();
        entries.push(PageEntry { key: document.key().clone(), version: 1, document: Some(document) });
        if entries.len() >= PAGE {
            let full = std::mem::take(entries);
            self.write(clinic, vault, (drawer, full, false), random)?;
        }
        Ok(())
    }

    fn finish(&mut self, clinic: &Clinic, vault: &mut Vault, random: &mut Random) -> BenchResult<usize> {
        for (drawer, entries) in std::mem::take(&mut self.waiting) {
            self.write(clinic, vault, (drawer, entries, true), random)?;
        }
        Ok(self.written)
    }

    fn write(
        &mut self,
        clinic: &Clinic,
        vault: &mut Vault,
        (drawer, entries, complete): (Drawer, Vec<PageEntry>, bool),
        random: &mut Random,
    ) -> BenchResult<()> {
        self.written += entries.len();
        let session = SessionId::from_uuid(Uuid::from_u128(2));
        let actor = Actor::service(Job::Sync, clinic.identity.practice, clinic.identity.device, session);
        let permit =
            permit(vault, &actor, Action::Replicate, &Facts::of_practice(clinic.identity.practice), random)?;
        let page = Page {
            entries,
            charts: vec![],
            next_cursor: format!("v1.{drawer}.{}", self.written),
            complete,
            received_at: now(),
        };
        vault.apply_page(&permit, drawer, &page)?;
        Ok(())
    }
}
