//! One bit flipped anywhere in a file: refused, or the same answers as before; never other answers, never a lost file.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use keys::blob::derive_draft_key;
use keys::{AgreementSecret, Random};
use records::change::Base;
use records::find::Query;
use records::id::EventId;
use records::rights::{Action, Facts, Permit, Relation, Rights, decide};
use records::{Drawer, Role};
use vault::{Anchor, AuditFilter, Device, Draft, Drafts, LogHead, RawKey, Standing, Vault};

use crate::clinic::{Clinic, DEVICE_KEY, id, note, now, part, patient, person, small_practice};
use crate::disk::rounds;
use crate::secrecy::files_under;

/// Places tried in each file, unless `CHARTKEEP_DAMAGE_PLACES` says otherwise.
const PLACES: u32 = 500;

#[test]
fn a_bit_flipped_in_device_db_never_gives_a_wrong_answer() {
    flip_bits("device.db", Noticed::Refused);
}

#[test]
fn a_bit_flipped_in_the_demographics_drawer_never_gives_a_wrong_answer() {
    flip_bits("drawers/demographics.db", Noticed::Refused);
}

#[test]
fn a_bit_flipped_in_the_clinical_drawer_never_gives_a_wrong_answer() {
    flip_bits("drawers/clinical.db", Noticed::Refused);
}

#[test]
fn a_bit_flipped_in_the_sensitive_drawer_never_gives_a_wrong_answer() {
    flip_bits("drawers/sensitive.db", Noticed::Refused);
}

#[test]
fn a_bit_flipped_in_the_billing_drawer_never_gives_a_wrong_answer() {
    flip_bits("drawers/billing.db", Noticed::Refused);
}

/// SQLite takes a damaged write-ahead log for one that ends there: the file is older then, and its anchor tells.
#[test]
fn a_bit_flipped_in_a_write_ahead_log_never_gives_a_wrong_answer() {
    flip_bits("device.db-wal", Noticed::Refused);
    flip_bits("drawers/clinical.db-wal", Noticed::Refused);
}

#[test]
fn a_bit_flipped_in_an_envelope_is_repaired_from_its_drawer() {
    flip_bits("outbox", Noticed::Repaired);
}

#[test]
fn a_bit_flipped_in_a_draft_is_noticed() {
    flip_bits(&format!("drafts/{}", person(Role::Nurse)), Noticed::Refused);
}

/// What becomes of damage.
#[derive(Clone, Copy, PartialEq)]
enum Noticed {
    Refused,
    Repaired,
}

fn flip_bits(file: &str, noticed: Noticed) {
    let (clinic, saved, noted) = workstation_at_work();
    let path = one_file(&clinic.folder().root().join(file));
    let whole = fs::read(&path).unwrap();
    let sound = answers(&clinic, &noted).unwrap();
    let mut random = Random::from_seed([11; 32]);
    let mut refused = 0;
    let places = rounds("CHARTKEEP_DAMAGE_PLACES", PLACES);

    for _ in 0..places {
        saved.restore();
        let at = u32::from_le_bytes(random.bytes()) as usize % (whole.len() * 8);
        let (place, bit) = (at / 8, at % 8);
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << bit;
        fs::write(&path, &damaged).unwrap();

        match answers(&clinic, &noted) {
            Ok(told) => assert!(told == sound, "{file}, byte {place}, bit {bit}: another answer"),
            Err(_) => refused += 1,
        }

        let is_log = file.ends_with("-wal");
        assert!(is_log || path.exists(), "{file}, byte {place}, bit {bit}: the file is gone");
    }

    match noticed {
        Noticed::Refused => assert!(refused > places / 10, "{file}: {refused} of {places}: nothing was read"),
        Noticed::Repaired => assert_eq!(refused, 0, "{file}: not repaired"),
    }
}

/// A workstation as its files are in the middle of work: with write-ahead logs, a change to be sent and a draft.
fn workstation_at_work() -> (Clinic, Saved, Noted) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    drop(vault);
    let mut vault = clinic.reopen();
    let fresh = note("w1", "ada", "canarynote");
    let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&fresh]);
    let change = clinic.change(1, vec![(fresh, Base::None)]);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();
    let draft = Draft { form: "note".into(), patient: Some(patient("ada")), content: "typed".into() };
    drafts(&clinic).put(&draft, &mut clinic.random).unwrap();
    let noted = Noted {
        log: vault.device().log_head(),
        drawers: Drawer::ALL.map(|drawer| (drawer, vault.anchor(drawer).unwrap().unwrap())),
    };
    let saved = Saved::of(clinic.folder().root());
    drop(vault);
    saved.restore();
    (clinic, saved, noted)
}

/// The file itself, or the only one in a folder.
fn one_file(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{}", path.display());
    files[0].clone()
}

fn drafts(clinic: &Clinic) -> Drafts {
    let secret = AgreementSecret::make(&mut Random::from_seed([4; 32]));
    let nurse = person(Role::Nurse);
    Drafts::open(&clinic.folder(), nurse, derive_draft_key(nurse.uuid(), &secret)).unwrap()
}

/// How far the files had come, as the keyring has it.
struct Noted {
    log: LogHead,
    drawers: [(Drawer, Anchor); 4],
}

/// The files as they were, to begin each round with.
struct Saved(BTreeMap<PathBuf, Vec<u8>>);

impl Saved {
    fn of(folder: &Path) -> Self {
        let is_derived = |path: &PathBuf| path.to_string_lossy().ends_with("-shm");
        let files = files_under(folder).into_iter().filter(|path| !is_derived(path));
        Self(files.map(|path| (path.clone(), fs::read(path).unwrap())).collect())
    }

    fn restore(&self) {
        for path in self.0.keys().filter(|path| path.extension().is_some_and(|name| name == "db")) {
            for suffix in ["-wal", "-shm"] {
                let mut beside = path.clone().into_os_string();
                beside.push(suffix);
                let _mostly_absent = fs::remove_file(beside);
            }
        }
        for (path, bytes) in &self.0 {
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Everything that a person can ask for, as text.
fn answers(clinic: &Clinic, noted: &Noted) -> Result<Vec<String>, Box<dyn Error>> {
    let device = Device::open(clinic.folder(), &RawKey::new(DEVICE_KEY))?;
    if device.head_at(noted.log.size)? != Some(noted.log) {
        return Err("the log is not the one that was noted".into());
    }
    let mut vault = Vault::open(device, clinic.grants(&Drawer::ALL), Random::from_seed([9; 32]), now())?;
    for (drawer, noted) in &noted.drawers {
        let here = vault.anchor(*drawer)?.ok_or("a drawer is shut")?;
        if here.against(noted) == Standing::Behind {
            return Err(format!("the {drawer} drawer is behind").into());
        }
    }
    let trail = vault.device().verify_log(&[])?;
    let mut told = vec![format!("{trail:?}")];
    for whose in ["ada", "bob"] {
        let actor = clinic.actor(Role::Clinician);
        let mut facts = vault.facts(&actor, &patient(whose), now())?;
        facts.relation = Relation::Care { until: now() + SignedDuration::from_hours(1) };
        let permit = permit(clinic, &mut vault, Role::Clinician, Action::OpenChart, &facts, event())?;
        let chart = vault.chart(&permit)?;
        told.extend(chart.iter().map(|one| format!("{} {:?}", one.version, one.document.bytes())));
    }
    let practice = Facts::of_practice(clinic.identity.practice);
    let search = permit(clinic, &mut vault, Role::FrontDesk, Action::Search, &practice, event())?;
    for text in ["trev", "1945", "a"] {
        let query = Query::parse(text, jiff::civil::date(2026, 3, 10));
        told.push(format!("{:?}", vault.search(&search, &query, 50, now())?));
    }
    let day = permit(clinic, &mut vault, Role::FrontDesk, Action::ViewSchedule, &practice, event())?;
    told.push(format!("{:?}", vault.schedule(&day, part("2026-03-10", None), now())?));
    let audit = permit(clinic, &mut vault, Role::Auditor, Action::ReadAudit, &practice, event())?;
    let filter = AuditFilter { patient: None, before: None, limit: 100 };
    let entries = vault.device().audit_page(&audit, &filter)?;
    told.extend(entries.iter().map(|entry| format!("{} {:?}", entry.index, entry.event.bytes())));
    for entry in vault.device().unsent()? {
        told.push(format!("{:?}", vault.device().envelope(entry.change)?));
    }
    let (drafts, unreadable) = drafts(clinic).all()?;
    if unreadable > 0 {
        return Err("a draft does not open".into());
    }
    told.extend(drafts.into_iter().map(|draft| draft.content));
    Ok(told)
}

fn event() -> EventId {
    EventId::from_uuid(id(9_000))
}

pub(crate) fn permit(
    clinic: &Clinic,
    vault: &mut Vault,
    role: Role,
    action: Action,
    facts: &Facts,
    event: EventId,
) -> Result<Permit, Box<dyn Error>> {
    let allowed = decide(Rights::built_in(), &clinic.actor(role), action, facts, now())
        .map_err(|denied| format!("{denied:?}"))?;
    Ok(allowed.permit(vault, event, now())?)
}
