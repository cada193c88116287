//! A disk that is full at every write in turn: each time it is told, nothing is lost, and work goes on when there is room.
//!
//! The test runs itself again over `disk.c`, which lets so many writes succeed and then none. It does everything anew with
//! one write more until nothing is refused any more.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use keys::blob::derive_draft_key;
use keys::{AgreementSecret, Random};
use records::change::Base;
use records::event::{AuditEvent, Node, Observer, Stamp};
use records::rights::{Action, Relation};
use records::{Drawer, Role};
use sqlcipher::rusqlite::{self, ErrorCode};
use sqlcipher::{Migration, Migrations, Profile};
use vault::{Device, Draft, DraftError, Drafts, RawKey, SaveStep, Setting, Slots, StoreError, Vault};

use crate::clinic::{
    Clinic, DEVICE_KEY, digest_holds, fast_folder, note, now, patient, person, small_practice,
};
use crate::damage::permit;
use crate::disk::{self, again_on};
use crate::rewriting::unlock as unlock_with;
use crate::writer::check;

type Told = Result<(), Box<dyn Error>>;

const TEST: &str = "full::a_disk_that_is_full_at_any_write_is_told_and_nothing_is_lost";

#[test]
fn a_disk_that_is_full_at_any_write_is_told_and_nothing_is_lost() {
    if let Some(root) = disk::root() {
        return every_case(&root);
    }
    let folder = fast_folder();
    let Some(output) = again_on(folder.path(), TEST, &[]) else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn every_case(root: &Path) {
    let disk = FullDisk { root: root.to_owned() };
    disk.at_every_write("enrolment", |_| {}, |_| (), |clinic, ()| enrol(clinic), check_enrolment);
    disk.at_every_write("unlock", cut_short, |_| (), |clinic, ()| unlock(clinic), check_unlock);
    disk.at_every_write(
        "save",
        filled,
        |clinic| clinic.reopen(),
        |clinic, vault| save(clinic, vault, 1),
        check_save,
    );
    disk.at_every_write(
        "look",
        filled,
        |clinic| clinic.reopen(),
        look,
        |clinic, vault, _| {
            drop(vault);
            check(clinic, "");
        },
    );
    disk.at_every_write(
        "draft",
        |clinic| put(clinic, "old").unwrap(),
        |_| (),
        |c, ()| put(c, "new"),
        check_draft,
    );
    let two_keys = |clinic: &mut Clinic| unlock_with(clinic, clinic.device(), Drawer::Clinical, &[1, 2]);
    disk.at_every_write("re-key", filled, two_keys, |_, vault| re_key(vault), check_re_key);
    disk.at_every_write("migration", old_schema, |_| (), |clinic, ()| migrate(clinic), check_schema);
}

struct FullDisk {
    root: PathBuf,
}

impl FullDisk {
    /// Does `act` with room for no write, for one, for two …, each time on a copy of what `prepare` made, until all fit.
    /// `check` hears whether it was done, and has room again.
    #[expect(clippy::print_stdout, reason = "how often it was full is what the test found")]
    fn at_every_write<T>(
        &self,
        name: &str,
        prepare: impl Fn(&mut Clinic),
        open: impl Fn(&mut Clinic) -> T,
        act: impl Fn(&mut Clinic, &mut T) -> Told,
        check: impl Fn(&mut Clinic, T, bool),
    ) {
        let before = self.root.join(format!("{name}-before"));
        fs::create_dir(&before).unwrap();
        prepare(&mut Clinic::at(&before));
        for writes in 0..1_000 {
            let here = self.root.join(format!("{name}-{writes}"));
            copy(&before, &here);
            let mut clinic = Clinic::at(&here);
            clinic.random = Random::from_seed([8; 32]);
            let mut opened = open(&mut clinic);
            self.switch(&writes.to_string());
            let told = act(&mut clinic, &mut opened);
            let refused = self.switch("off").kind() == io::ErrorKind::StorageFull;
            if let Err(error) = &told {
                assert!(refused && says_full(&**error), "{name}, after {writes} writes: {error:?}");
            }
            check(&mut clinic, opened, told.is_ok());
            fs::remove_dir_all(&here).unwrap();
            if !refused {
                println!("{name}: full at each of {writes} writes");
                assert!(writes > 0 && told.is_ok(), "{name} writes nothing, or is never done");
                return;
            }
        }
        panic!("{name} never came to an end");
    }

    /// Opens a name that is not there, for `disk.c`; what it answers says whether anything was refused.
    fn switch(&self, to: &str) -> io::Error {
        File::open(self.root.join(format!(".full.{to}"))).unwrap_err()
    }
}

/// Whether an error, or one behind it, says that the disk is full. SQLite has no better word than "cannot open" for a
/// file beside the database that could not be made.
fn says_full(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // A transparent error hides the one within, and speaks with its words.
        let store = error.to_string() == StoreError::DiskFull.to_string();
        let sql = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let io = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if store
            || matches!(sql, Some(ErrorCode::DiskFull | ErrorCode::CannotOpen))
            || io == Some(io::ErrorKind::StorageFull)
        {
            return true;
        }
        // What an `io::Error` wraps is not its source.
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = within.map(|within| within as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::write(there, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn enrol(clinic: &mut Clinic) -> Told {
    let observer = Observer::Workstation(clinic.identity.device);
    let stamp = Stamp { id: clinic.event_id(), at: now(), observer };
    let node = Node { practice: clinic.identity.practice, device: clinic.identity.device };
    let first = AuditEvent::app_started(stamp, node, "1");
    let values: [(Setting, &[u8]); 1] = [(Setting::Policy, b"kept")];
    Ok(Device::make(&clinic.folder(), &RawKey::new(DEVICE_KEY), &clinic.identity, &values, &[first])?)
}

/// There with everything in it, or not there and nothing in the way of another try.
fn check_enrolment(clinic: &mut Clinic, (): (), _done: bool) {
    if !clinic.folder().device_file().exists() {
        enrol(clinic).unwrap();
    }
    let device = clinic.device();
    assert_eq!(device.setting(Setting::Policy).unwrap().as_deref(), Some(&b"kept"[..]));
    assert_eq!(device.log_head().size, 1);
    assert_eq!(device.verify_log(&[]).unwrap().first_bad, None);
}

fn filled(clinic: &mut Clinic) {
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
}

/// A vault with saves that were cut short at every step, for the next unlock to finish.
fn cut_short(clinic: &mut Clinic) {
    filled(clinic);
    let mut vault = clinic.reopen();
    for (number, step) in [(1, SaveStep::Intent), (2, SaveStep::Drawer), (3, SaveStep::Outbox)] {
        let fresh = note(&format!("w{number}"), "ada", "written");
        let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&fresh]);
        let change = clinic.change(number, vec![(fresh, Base::None)]);
        vault.save_until(permit, &change, &clinic.pen(), now(), step).unwrap_err();
    }
    let never = note("w4", "ada", "never numbered");
    drop(clinic.write_permit(&mut vault, Action::Create, "ada", &[&never]));
    Slots::new(&clinic.folder()).write(person(Role::Nurse), 1, &1_u64.to_le_bytes()).unwrap();
}

fn unlock(clinic: &mut Clinic) -> Told {
    let mut device = Device::open(clinic.folder(), &RawKey::new(DEVICE_KEY))?;
    let _first_use = device.use_step(person(Role::Nurse), 5)?;
    let grants = clinic.grants(&Drawer::ALL);
    let opened = Vault::open(device, grants, Random::from_seed([9; 32]), now());
    // Only why: the device that comes back with it must not stay open.
    let mut vault = opened.map_err(|refused| refused.error)?;
    let slots = Slots::new(&clinic.folder());
    slots.write(person(Role::Nurse), 2, &2_u64.to_le_bytes())?;
    slots.remove(person(Role::Nurse), 1)?;
    Ok(vault.device_mut().keep_checkpoint(b"signed", now())?)
}

fn check_unlock(clinic: &mut Clinic, (): (), done: bool) {
    check(clinic, if done { "note 2\nnote 3\nslot 2\nstep 5\n" } else { "note 2\nnote 3\nslot 1\n" });
}

fn save(clinic: &mut Clinic, vault: &mut Vault, number: u128) -> Told {
    let fresh = note(&format!("w{number}"), "ada", "written");
    let actor = clinic.actor(Role::Nurse);
    let mut facts = vault.facts_for_writing(&actor, &patient("ada"), &[&fresh], now())?;
    facts.relation = Relation::Care { until: now() + SignedDuration::from_hours(1) };
    let event = clinic.event_id();
    let permit = permit(clinic, vault, Role::Nurse, Action::Create, &facts, event)?;
    let change = clinic.change(number, vec![(fresh, Base::None)]);
    Ok(vault.save(permit, &change, &clinic.pen(), now())?)
}

/// What was refused is not there or was closed by the next opening, and the same session goes on when there is room.
fn check_save(clinic: &mut Clinic, mut vault: Vault, done: bool) {
    save(clinic, &mut vault, 2).unwrap();
    drop(vault);
    check(clinic, if done { "note 1\nnote 2\n" } else { "note 2\n" });
}

/// Without its event nothing is shown: there is no permit then.
fn look(clinic: &mut Clinic, vault: &mut Vault) -> Told {
    let before = vault.device().log_head().size;
    let actor = clinic.actor(Role::Nurse);
    let mut facts = vault.facts(&actor, &patient("ada"), now())?;
    facts.relation = Relation::Care { until: now() + SignedDuration::from_hours(1) };
    let event = clinic.event_id();
    let permit = permit(clinic, vault, Role::Nurse, Action::OpenChart, &facts, event)?;
    assert!(!vault.chart(&permit)?.is_empty());
    assert_eq!(vault.device().log_head().size, before + 1);
    Ok(())
}

fn drafts(clinic: &Clinic) -> Result<Drafts, DraftError> {
    let secret = AgreementSecret::make(&mut Random::from_seed([4; 32]));
    let nurse = person(Role::Nurse);
    Drafts::open(&clinic.folder(), nurse, derive_draft_key(nurse.uuid(), &secret))
}

fn put(clinic: &mut Clinic, content: &str) -> Told {
    let draft = Draft { form: "note".into(), patient: Some(patient("ada")), content: content.into() };
    Ok(drafts(clinic)?.put(&draft, &mut clinic.random)?)
}

fn check_draft(clinic: &mut Clinic, (): (), done: bool) {
    let kept = drafts(clinic).unwrap().get("note", Some(&patient("ada"))).unwrap().unwrap().content;
    assert!(kept == "new" || (!done && kept == "old"), "{kept}");
}

fn re_key(vault: &mut Vault) -> Told {
    vault.begin_rewrite(Drawer::Clinical)?;
    while !vault.rewrite_step(1)?.finished {}
    Ok(())
}

/// In its old file or its new one, with the same rows; what did not get done is done when there is room.
fn check_re_key(clinic: &mut Clinic, vault: Vault, done: bool) {
    drop(vault);
    let mut vault = unlock_with(clinic, clinic.device(), Drawer::Clinical, &[1, 2]);
    assert!(!done || vault.newer_keys().is_empty());
    if !vault.newer_keys().is_empty() {
        re_key(&mut vault).unwrap();
    }
    assert!(digest_holds(&mut vault, Drawer::Clinical));
    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    let chart = vault.chart(&permit).unwrap();
    assert!(chart.iter().any(|found| found.document.id().as_str() == "hr-ada"));
}

const OLD: Migrations =
    Migrations::new(&[Migration { number: 1, sql: "CREATE TABLE kept (text TEXT NOT NULL) STRICT;" }]);
const NEW: Migrations = Migrations::new(&[
    Migration { number: 1, sql: "CREATE TABLE kept (text TEXT NOT NULL) STRICT;" },
    Migration {
        number: 2,
        sql: "CREATE TABLE more AS WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200)
              SELECT i, hex(zeroblob(500)) AS filling FROM n;
              UPDATE kept SET text = text || ' and new';",
    },
]);

fn schema_file(clinic: &Clinic) -> PathBuf {
    clinic.path().join("migrated.db")
}

fn old_schema(clinic: &mut Clinic) {
    let (key, profile) = (RawKey::new(DEVICE_KEY), Profile::exclusive(1));
    let conn = sqlcipher::create_new(&schema_file(clinic), &key, &profile, &OLD).unwrap();
    conn.execute("INSERT INTO kept VALUES ('old')", []).unwrap();
}

fn migrate(clinic: &mut Clinic) -> Told {
    drop(sqlcipher::open(&schema_file(clinic), &RawKey::new(DEVICE_KEY), &Profile::exclusive(1), &NEW)?);
    Ok(())
}

/// The step was taken once, whether now or at the next opening.
fn check_schema(clinic: &mut Clinic, (): (), _done: bool) {
    let (key, profile) = (RawKey::new(DEVICE_KEY), Profile::exclusive(1));
    let conn = sqlcipher::open(&schema_file(clinic), &key, &profile, &NEW).unwrap();
    let text: String = conn.query_row("SELECT text FROM kept", [], |row| row.get(0)).unwrap();
    assert_eq!(text, "old and new");
    let kept = schema_file(clinic).with_file_name("migrated.db.schema-1");
    let kept = sqlcipher::open(&kept, &key, &profile, &OLD).unwrap();
    let text: String = kept.query_row("SELECT text FROM kept", [], |row| row.get(0)).unwrap();
    assert_eq!(text, "old", "the copy from before is whole");
}
