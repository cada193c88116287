//! A drawer that is written anew: nothing is lost whenever it ends, and the old keys open nothing afterwards.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keys::{DrawerKeys, Random};
use records::change::Base;
use records::find::Query;
use records::rights::Action;
use records::{Document, Drawer, Role};
use vault::{
    Device, Folder, HeldFor, OpenError, OpenGrant, RawKey, RewriteError, RewriteStep, Vault, VaultError,
};

use crate::clinic::{Clinic, DEVICE_KEY, digest_holds, heart_rate, note, now, person_record, small_practice};
use crate::opening::raw;

/// Where the killed process finds its folder, and the number of the first note it writes.
const CHILD: &str = "CHARTKEEP_REWRITE_CHILD";

fn filled() -> (Clinic, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    (clinic, vault)
}

fn keys_of(generation: u32) -> DrawerKeys {
    DrawerKeys::make(generation, &mut Random::from_seed([u8::try_from(generation).unwrap(); 32]))
}

/// The vault of somebody who holds all drawers, and `drawer` in these generations; 1 is the clinic's own.
pub(crate) fn unlock(clinic: &Clinic, device: Device, drawer: Drawer, generations: &[u32]) -> Vault {
    let mut grants = clinic.grants(&Drawer::ALL);
    if !generations.contains(&1) {
        grants.retain(|grant| grant.drawer != drawer);
    }
    let newer = generations.iter().filter(|generation| **generation > 1);
    grants.extend(newer.map(|generation| OpenGrant { drawer, keys: keys_of(*generation) }));
    Vault::open(device, grants, Random::from_seed([9; 32]), now()).unwrap()
}

/// The vault with a drawer written anew under newer keys.
pub(crate) fn rewritten(clinic: &Clinic, vault: Vault, drawer: Drawer) -> Vault {
    let mut vault = unlock(clinic, vault.close(), drawer, &[1, 2]);
    rewrite(&mut vault, drawer);
    vault
}

fn rewrite(vault: &mut Vault, drawer: Drawer) {
    vault.begin_rewrite(drawer).unwrap();
    while !vault.rewrite_step(1).unwrap().finished {}
}

fn write_note(clinic: &mut Clinic, vault: &mut Vault, number: u128) {
    let fresh = note(&format!("new-{number}"), "ada", "written here");
    let permit = clinic.write_permit(vault, Action::Create, "ada", &[&fresh]);
    let change = clinic.change(number, vec![(fresh, Base::None)]);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();
}

fn chart(clinic: &mut Clinic, vault: &mut Vault, whose: &str) -> Vec<String> {
    let permit = clinic.chart_permit(vault, Role::Clinician, whose);
    vault.chart(&permit).unwrap().iter().map(|found| found.document.id().to_string()).collect()
}

fn found(clinic: &mut Clinic, vault: &mut Vault, text: &str) -> Vec<String> {
    let permit = clinic.practice_permit(vault, Role::FrontDesk, Action::Search);
    let query = Query::parse(text, jiff::civil::date(2026, 3, 10));
    let page = vault.search(&permit, &query, 50, now()).unwrap();
    page.rows.iter().map(|row| row.id.to_string()).collect()
}

/// Every answer that a person would get, of both patients and all ways to find them.
fn answers(clinic: &mut Clinic, vault: &mut Vault) -> Vec<Vec<String>> {
    let charts = ["ada", "bob"].map(|whose| chart(clinic, vault, whose));
    let searches = ["trev", "14-Jul-1945", "1980-12-03", "867-5309"].map(|text| found(clinic, vault, text));
    assert!(searches.iter().all(|found| found.len() == 1), "{searches:?}");
    assert!(Drawer::ALL.into_iter().all(|drawer| digest_holds(vault, drawer)));
    charts.into_iter().chain(searches).collect()
}

#[test]
fn a_drawer_under_new_keys_answers_as_before_and_its_pending_work_is_there() {
    let (mut clinic, mut vault) = filled();
    write_note(&mut clinic, &mut vault, 1);
    let before = answers(&mut clinic, &mut vault);
    let noted = Drawer::ALL.map(|drawer| vault.anchor(drawer).unwrap().unwrap());
    let mut device = vault.close();

    for drawer in Drawer::ALL {
        let mut vault = unlock(&clinic, device, drawer, &[1, 2]);
        assert_eq!(vault.newer_keys(), [(drawer, 2)]);
        rewrite(&mut vault, drawer);
        assert_eq!(vault.newer_keys(), []);
        assert_eq!(vault.device().drawer_generation(drawer).unwrap(), Some(2));
        assert_eq!(answers(&mut clinic, &mut vault), before, "{drawer}, still open");
        clinic.keys.insert(drawer, keys_of(2));
        device = vault.close();
    }

    let mut vault = clinic.unlock(device, &Drawer::ALL);
    assert_eq!(answers(&mut clinic, &mut vault), before);
    assert_eq!(vault.device().unsent().unwrap().len(), 1);
    for (drawer, noted) in Drawer::ALL.into_iter().zip(noted) {
        assert_eq!(vault.anchor(drawer).unwrap().unwrap().against(&noted), vault::Standing::Ahead);
    }
    write_note(&mut clinic, &mut vault, 2);
    clinic.load(&mut vault, &[heart_rate("hr-late", "bob", 70)]);
    assert!(chart(&mut clinic, &mut vault, "bob").contains(&"hr-late".to_owned()));
}

#[test]
fn the_old_keys_open_nothing_afterwards_and_the_old_file_is_gone() {
    let (clinic, vault) = filled();
    let old = clinic.folder().drawer_file(Drawer::Clinical);
    let mut vault = unlock(&clinic, vault.close(), Drawer::Clinical, &[1, 2]);
    rewrite(&mut vault, Drawer::Clinical);
    let device = vault.close();

    assert!(!old.exists());
    let vault = clinic.unlock(device, &Drawer::ALL);
    assert!(!vault.open_drawers().contains(&Drawer::Clinical), "the old grant is not this file's");
    let device = vault.close();
    let old_bytes = DrawerKeys { generation: 2, ..clinic.keys[&Drawer::Clinical].duplicate() };
    let forged = vec![OpenGrant { drawer: Drawer::Clinical, keys: old_bytes }];
    let refused = Vault::open(device, forged, Random::from_seed([9; 32]), now()).unwrap_err();
    assert!(matches!(refused.error, VaultError::Drawer { source: OpenError::WrongKeyOrDamaged, .. }));

    let mut half = keys_of(2);
    half.field = clinic.keys[&Drawer::Clinical].field.duplicate();
    let grant = vec![OpenGrant { drawer: Drawer::Clinical, keys: half }];
    let mut vault = Vault::open(*refused.device, grant, Random::from_seed([9; 32]), now()).unwrap();
    assert!(!digest_holds(&mut vault, Drawer::Clinical), "the old field key counts other tokens");
}

#[test]
fn what_is_written_while_a_drawer_is_copied_is_in_the_new_file() {
    let (mut clinic, vault) = filled();
    let mut vault = unlock(&clinic, vault.close(), Drawer::Clinical, &[1, 2]);
    vault.begin_rewrite(Drawer::Clinical).unwrap();
    let mut number = 0;
    while !vault.rewrite_step(1).unwrap().finished {
        number += 1;
        write_note(&mut clinic, &mut vault, number);
        let moved = heart_rate("hr-moves", if number % 2 == 0 { "ada" } else { "bob" }, 60);
        let late = person_record("cat", "Ashley", "Leeann", "1945-12-01", "5085551111");
        let version = u64::try_from(number).unwrap();
        let page = vault::Page {
            entries: vec![crate::clinic::upsert(&moved, version)],
            charts: vec![],
            next_cursor: "v1.clinical.9".to_owned(),
            complete: true,
            received_at: now(),
        };
        let permit = clinic.replicate(&mut vault);
        vault.apply_page(&permit, Drawer::Clinical, &page).unwrap();
        clinic.load(&mut vault, &[late]);
    }
    assert!(number >= 5, "there were steps to write between");
    let device = vault.close();
    let mut vault = unlock(&clinic, device, Drawer::Clinical, &[2]);
    let ids = chart(&mut clinic, &mut vault, "ada");
    assert!((1..=number).all(|number| ids.contains(&format!("new-{number}"))), "{ids:?}");
    let moved =
        ["ada", "bob"].map(|whose| chart(&mut clinic, &mut vault, whose).contains(&"hr-moves".to_owned()));
    assert_eq!(moved.iter().filter(|there| **there).count(), 1);
    assert!(digest_holds(&mut vault, Drawer::Clinical));
}

#[test]
fn a_power_cut_after_any_step_leaves_a_drawer_that_opens_with_everything_in_it() {
    let steps = [RewriteStep::Progress, RewriteStep::Named, RewriteStep::Proven, RewriteStep::Swapped];
    for last in steps {
        for drawer in Drawer::ALL {
            let (mut clinic, mut vault) = filled();
            write_note(&mut clinic, &mut vault, 1);
            let before = answers(&mut clinic, &mut vault);
            let mut vault = unlock(&clinic, vault.close(), drawer, &[1, 2]);
            vault.begin_rewrite(drawer).unwrap();
            let stopped = loop {
                match vault.rewrite_step_until(1, last) {
                    Ok(progress) => assert!(!progress.finished),
                    Err(error) => break error,
                }
            };
            assert!(matches!(stopped, RewriteError::Stopped));
            drop(vault);

            let swapped = last == RewriteStep::Swapped;
            let mut vault = unlock(&clinic, clinic.device(), drawer, &[1, 2]);
            assert_eq!(answers(&mut clinic, &mut vault), before, "{drawer} after {last:?}");
            assert_eq!(vault.newer_keys().is_empty(), swapped);
            let names = std::fs::read_dir(clinic.folder().drawer_file(drawer).parent().unwrap()).unwrap();
            let of_drawer = names.filter(|entry| {
                let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
                name.starts_with(drawer.as_str()) && !name.ends_with("-wal") && !name.ends_with("-shm")
            });
            assert_eq!(of_drawer.count(), 1, "what was cut short is cleared away");
            if !swapped {
                rewrite(&mut vault, drawer);
            }
            assert_eq!(answers(&mut clinic, &mut vault), before);
        }
    }
}

#[test]
fn a_rewriting_that_was_cancelled_leaves_the_drawer_in_its_old_file() {
    let (mut clinic, mut vault) = filled();
    let before = answers(&mut clinic, &mut vault);
    let mut vault = unlock(&clinic, vault.close(), Drawer::Clinical, &[1, 2]);
    vault.begin_rewrite(Drawer::Clinical).unwrap();
    vault.rewrite_step(1).unwrap();
    assert!(vault.rewriting().is_some());

    vault.cancel_rewrite().unwrap();

    assert_eq!(vault.rewriting(), None);
    assert!(matches!(vault.rewrite_step(1), Err(RewriteError::NotBegun)));
    assert_eq!(answers(&mut clinic, &mut vault), before);
    assert!(!clinic.folder().drawer_copy(Drawer::Clinical, 2).exists());
    write_note(&mut clinic, &mut vault, 1);
    rewrite(&mut vault, Drawer::Clinical);
    assert!(chart(&mut clinic, &mut vault, "ada").contains(&"new-1".to_owned()));
}

#[test]
fn a_drawer_that_is_behind_or_has_no_newer_keys_is_not_written_anew() {
    let (clinic, vault) = filled();
    let mut vault = unlock(&clinic, vault.close(), Drawer::Clinical, &[1, 2]);
    let refused = vault.begin_rewrite(Drawer::Billing);
    assert!(matches!(refused, Err(RewriteError::NoNewerKeys)));
    vault.hold_back(Drawer::Clinical, HeldFor::OldCopy, None, now()).unwrap();
    assert!(matches!(vault.begin_rewrite(Drawer::Clinical), Err(RewriteError::Behind)));
}

#[test]
fn an_altered_row_stops_the_rewriting_and_the_old_file_stays() {
    let (clinic, vault) = filled();
    drop(vault);
    raw(&clinic, Drawer::Clinical)
        .execute_batch("UPDATE document SET revision = revision + 1 WHERE id = 'hr-ada'")
        .unwrap();
    let mut vault = unlock(&clinic, clinic.device(), Drawer::Clinical, &[1, 2]);
    vault.begin_rewrite(Drawer::Clinical).unwrap();
    let failed = loop {
        match vault.rewrite_step(10) {
            Ok(progress) => assert!(!progress.finished),
            Err(error) => break error,
        }
    };
    assert!(matches!(failed, RewriteError::Store(vault::StoreError::Damaged)), "{failed:?}");
    assert!(clinic.folder().drawer_file(Drawer::Clinical).exists());
    assert!(!clinic.folder().drawer_copy(Drawer::Clinical, 2).exists());
}

#[test]
fn a_device_file_that_was_put_back_finds_the_drawer_where_it_moved_to() {
    let (mut clinic, mut vault) = filled();
    let before = answers(&mut clinic, &mut vault);
    drop(vault);
    let device_file = clinic.folder().device_file();
    let old_device = std::fs::read(&device_file).unwrap();
    let mut vault = unlock(&clinic, clinic.device(), Drawer::Clinical, &[1, 2]);
    rewrite(&mut vault, Drawer::Clinical);
    drop(vault);
    std::fs::write(&device_file, old_device).unwrap();

    let mut vault = unlock(&clinic, clinic.device(), Drawer::Clinical, &[1, 2]);
    assert_eq!(answers(&mut clinic, &mut vault), before);
}

#[test]
fn a_process_killed_at_any_moment_of_a_re_key_has_lost_nothing() {
    let rounds = std::env::var("CHARTKEEP_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let (mut clinic, vault) = filled();
    drop(vault);
    let folder = clinic.folder();
    let mut random = Random::from_seed([5; 32]);
    let mut acknowledged: Vec<u128> = Vec::new();
    let mut generations = Vec::new();
    for round in 0..rounds {
        let child = spawn(folder.root(), 1 + 1000 * round);
        let [low, high] = random.bytes::<2>();
        let micros = u64::from(u16::from_be_bytes([high, low])) * 2;
        acknowledged.extend(killed_after(child, Duration::from_micros(micros)));

        let mut vault = unlock(&clinic, clinic.device(), Drawer::Clinical, &(1..=250).collect::<Vec<_>>());
        answers(&mut clinic, &mut vault);
        let ids = chart(&mut clinic, &mut vault, "ada");
        for number in &acknowledged {
            assert!(ids.contains(&format!("new-{number}")), "round {round}: note {number} is lost");
        }
        assert!(vault.device().unsent().unwrap().len() >= acknowledged.len());
        generations.push(vault.device().drawer_generation(Drawer::Clinical).unwrap().unwrap());
    }
    assert!(generations.last() > generations.first(), "{generations:?}");
    println!("{rounds} rounds, {} notes, generation {:?}", acknowledged.len(), generations.last());
}

/// The process that is killed. Without a folder to work on it has nothing to do.
#[test]
fn re_keys_and_writes_until_it_is_killed() {
    let Ok(text) = std::env::var(CHILD) else { return };
    let (folder, first) = text.rsplit_once('|').unwrap();
    let mut clinic = Clinic::new();
    let mut number: u128 = first.parse().unwrap();
    loop {
        let device = Device::open(Folder::new(folder), &RawKey::new(DEVICE_KEY)).unwrap();
        let generation = device.drawer_generation(Drawer::Clinical).unwrap().unwrap();
        let mut vault = unlock(&clinic, device, Drawer::Clinical, &[generation, generation + 1]);
        println!("ready");
        vault.begin_rewrite(Drawer::Clinical).unwrap();
        while !vault.rewrite_step(1).unwrap().finished {
            write_note(&mut clinic, &mut vault, number);
            println!("saved {number}");
            number += 1;
        }
    }
}

fn spawn(folder: &Path, first: u128) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "rewriting::re_keys_and_writes_until_it_is_killed", "--nocapture"]);
    command.env(CHILD, format!("{}|{first}", folder.display())).stdout(Stdio::piped());
    command.spawn().unwrap()
}

/// Kills the process some time after it has begun, and returns the notes it said were saved.
fn killed_after(mut child: Child, wait: Duration) -> Vec<u128> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().ends_with("ready") {}
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    let saved = |line: std::io::Result<String>| line.ok()?.strip_prefix("saved ")?.parse().ok();
    lines.filter_map(saved).collect()
}

/// Prints what a re-key of so many patients costs, when told how many.
#[test]
fn a_re_key_costs_so_much() {
    let patients: u32 =
        std::env::var("CHARTKEEP_REKEY_PATIENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let (mut clinic, mut vault) = filled();
    let documents: Vec<Document> = (0..patients).flat_map(crowd).collect();
    for part in documents.chunks(2000) {
        clinic.load(&mut vault, part);
    }
    for drawer in [Drawer::Demographics, Drawer::Clinical] {
        vault = unlock(&clinic, vault.close(), drawer, &[1, 2]);
        let (mut steps, mut slowest) = (0, Duration::ZERO);
        let begun = clock();
        vault.begin_rewrite(drawer).unwrap();
        loop {
            let before = clock();
            let finished = vault.rewrite_step(50).unwrap().finished;
            slowest = slowest.max(before.elapsed());
            steps += 1;
            if finished {
                break;
            }
        }
        println!("{drawer}: {:?} in {steps} steps, the slowest {slowest:?}", begun.elapsed());
        clinic.keys.insert(drawer, keys_of(2));
    }
    assert_eq!(found(&mut clinic, &mut vault, "MRN-many-7"), ["many-7"]);
}

fn crowd(number: u32) -> Vec<Document> {
    let id = format!("many-{number}");
    let mut documents =
        vec![person_record(&id, &format!("Family{number}"), "Given", "1950-01-01", "555-000-0000")];
    documents.extend((0..10).map(|beat| heart_rate(&format!("hr-{number}-{beat}"), &id, 60 + beat)));
    documents
}

#[expect(clippy::disallowed_methods, reason = "what something costs is measured with a clock")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}
