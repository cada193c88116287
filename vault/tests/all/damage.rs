//! One bit flipped anywhere in a file: refused, or the same answers as before; never other answers, never a lost file.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use jiff::SignedDuration;
use keys::Random;
use records::find::Query;
use records::id::EventId;
use records::rights::{Action, Facts, Permit, Relation, Rights, decide};
use records::{Drawer, Role};
use vault::{AuditFilter, Device, RawKey, Vault};

use crate::clinic::{Clinic, DEVICE_KEY, id, now, part, patient, small_practice};

/// Places tried in each file.
const PLACES: usize = 500;

#[test]
fn a_bit_flipped_in_device_db_never_gives_a_wrong_answer() {
    flip_bits(|clinic| clinic.folder().device_file());
}

#[test]
fn a_bit_flipped_in_the_demographics_drawer_never_gives_a_wrong_answer() {
    flip_bits(|clinic| clinic.folder().drawer_file(Drawer::Demographics));
}

#[test]
fn a_bit_flipped_in_the_clinical_drawer_never_gives_a_wrong_answer() {
    flip_bits(|clinic| clinic.folder().drawer_file(Drawer::Clinical));
}

fn flip_bits(file: impl Fn(&Clinic) -> PathBuf) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    drop(vault);
    let path = file(&clinic);
    let (saved, whole) = (Saved::of(&clinic), fs::read(&path).unwrap());
    let sound = answers(&clinic).unwrap();
    let mut random = Random::from_seed([11; 32]);
    let mut refused = 0;

    for _ in 0..PLACES {
        saved.restore();
        let at = u32::from_le_bytes(random.bytes()) as usize % (whole.len() * 8);
        let (place, bit) = (at / 8, at % 8);
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << bit;
        fs::write(&path, &damaged).unwrap();

        match answers(&clinic) {
            Ok(told) => assert!(told == sound, "byte {place}, bit {bit}: another answer"),
            Err(_) => refused += 1,
        }

        assert!(path.exists(), "byte {place}, bit {bit}: the file is gone");
    }

    assert!(refused > PLACES / 10, "only {refused} of {PLACES} were noticed: nothing was read");
}

/// The files as they were, to begin each round with.
struct Saved(Vec<(PathBuf, Vec<u8>)>);

impl Saved {
    fn of(clinic: &Clinic) -> Self {
        let files = Drawer::ALL.iter().map(|drawer| clinic.folder().drawer_file(*drawer));
        let files = files.chain([clinic.folder().device_file()]);
        Self(files.map(|path| (path.clone(), fs::read(path).unwrap())).collect())
    }

    fn restore(&self) {
        for (path, bytes) in &self.0 {
            for suffix in ["-wal", "-shm"] {
                let mut beside = path.clone().into_os_string();
                beside.push(suffix);
                let _mostly_absent = fs::remove_file(beside);
            }
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Everything that a person can ask for, as text.
fn answers(clinic: &Clinic) -> Result<Vec<String>, Box<dyn Error>> {
    let device = Device::open(clinic.folder(), &RawKey::new(DEVICE_KEY))?;
    let mut vault = Vault::open(device, clinic.grants(&Drawer::ALL), Random::from_seed([9; 32]), now())?;
    let trail = vault.device().verify_log()?;
    let mut told = vec![format!("{trail:?}")];
    for whose in ["ada", "bob"] {
        let actor = clinic.actor(Role::Clinician);
        let mut facts = vault.facts(&actor, &patient(whose), now())?;
        facts.relation = Relation::Care { until: now() + SignedDuration::from_hours(1) };
        let permit = permit(clinic, &mut vault, Role::Clinician, Action::OpenChart, &facts)?;
        let chart = vault.chart(&permit)?;
        told.extend(chart.iter().map(|one| format!("{} {:?}", one.version, one.document.bytes())));
    }
    let practice = Facts::of_practice(clinic.identity.practice);
    let search = permit(clinic, &mut vault, Role::FrontDesk, Action::Search, &practice)?;
    for text in ["trev", "1945", "a"] {
        let query = Query::parse(text, jiff::civil::date(2026, 3, 10));
        told.push(format!("{:?}", vault.search(&search, &query, 50, now())?));
    }
    let day = permit(clinic, &mut vault, Role::FrontDesk, Action::ViewSchedule, &practice)?;
    told.push(format!("{:?}", vault.schedule(&day, part("2026-03-10", None), now())?));
    let audit = permit(clinic, &mut vault, Role::Auditor, Action::ReadAudit, &practice)?;
    let filter = AuditFilter { patient: None, before: None, limit: 100 };
    let entries = vault.device().audit_page(&audit, &filter)?;
    told.extend(entries.iter().map(|entry| format!("{} {:?}", entry.index, entry.event.bytes())));
    Ok(told)
}

fn permit(
    clinic: &Clinic,
    vault: &mut Vault,
    role: Role,
    action: Action,
    facts: &Facts,
) -> Result<Permit, Box<dyn Error>> {
    let allowed = decide(Rights::built_in(), &clinic.actor(role), action, facts, now())
        .map_err(|denied| format!("{denied:?}"))?;
    Ok(allowed.permit(vault, EventId::from_uuid(id(9_000)), now())?)
}
