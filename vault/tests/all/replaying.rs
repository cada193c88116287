//! What was true once is put back by somebody who holds the files, or even their key: a page, a row, a drawer, its
//! write-ahead log. Each is found, the drawer is read-only until the server has filled it again, and then it is whole.

use std::fs;
use std::path::PathBuf;

use records::change::Base;
use records::rights::Action;
use records::{Document, Drawer, Role};
use sqlcipher::rusqlite;
use vault::{Anchor, HeldFor, OpenError, Page, PageEntry, SaveError, Standing, Vault, VaultError, Verdict};

use crate::clinic::{
    Clinic, digest_holds, heart_rate, key, note, now, person_record, small_practice, upsert,
};
use crate::opening::raw;

/// A clinical drawer as it was before every second of its heart rates was corrected, and after.
struct Twice {
    clinic: Clinic,
    path: PathBuf,
    before: Vec<u8>,
    after: Vec<u8>,
    /// How far the newer one had come.
    noted: Anchor,
}

fn rates(version: u32) -> Vec<Document> {
    (0..120)
        .map(|n| heart_rate(&format!("hr-{n}"), "bob", 60 + if n % 2 == 0 { version } else { 0 }))
        .collect()
}

fn pull(clinic: &mut Clinic, vault: &mut Vault, documents: &[Document], version: u64) {
    let permit = clinic.replicate(vault);
    let entries: Vec<PageEntry> = documents.iter().map(|document| upsert(document, version)).collect();
    let page = Page {
        entries,
        charts: vec![],
        next_cursor: format!("v1.clinical.{version}"),
        complete: true,
        received_at: now(),
    };
    vault.apply_page(&permit, Drawer::Clinical, &page).unwrap();
}

impl Twice {
    fn new() -> Self {
        let mut clinic = Clinic::new();
        let mut vault = clinic.open_all();
        clinic.load(&mut vault, &small_practice());
        pull(&mut clinic, &mut vault, &rates(1), 1);
        drop(vault);
        let path = clinic.folder().drawer_file(Drawer::Clinical);
        let before = fs::read(&path).unwrap();
        let mut vault = clinic.reopen();
        pull(&mut clinic, &mut vault, &rates(2), 2);
        let noted = vault.anchor(Drawer::Clinical).unwrap().unwrap();
        drop(vault);
        let after = fs::read(&path).unwrap();
        Self { clinic, path, before, after, noted }
    }

    /// Fetches everything from the beginning, and finds the drawer whole, newest and open to writing.
    fn is_whole_again(&mut self, mut vault: Vault) {
        pull(&mut self.clinic, &mut vault, &small_practice_in_clinical(), 1);
        pull(&mut self.clinic, &mut vault, &rates(2), 2);
        assert!(digest_holds(&mut vault, Drawer::Clinical));
        assert_eq!(vault.freshness().unwrap()[1].held_since, None);
        let permit = self.clinic.chart_permit(&mut vault, Role::Nurse, "bob");
        let chart = vault.chart(&permit).unwrap();
        let found = chart.iter().find(|found| found.document.id().as_str() == "hr-0").unwrap();
        assert_eq!((found.document.value()["valueQuantity"]["value"].as_u64(), found.version), (Some(62), 2));
        assert!(save(&mut self.clinic, &mut vault, 1).is_ok());
    }
}

fn small_practice_in_clinical() -> Vec<Document> {
    let documents = small_practice().into_iter();
    documents.filter(|document| records::classify(document).drawer() == Drawer::Clinical).collect()
}

fn save(clinic: &mut Clinic, vault: &mut Vault, number: u128) -> Result<(), SaveError> {
    let fresh = note(&format!("w{number}"), "ada", "x");
    let permit = clinic.write_permit(vault, Action::Create, "ada", &[&fresh]);
    let change = clinic.change(number, vec![(fresh, Base::None)]);
    vault.save(permit, &change, &clinic.pen(), now())
}

/// An opened vault is older than was noted, or has other rows; which of the two.
#[expect(clippy::unwrap_in_result, reason = "a test fails by panicking")]
fn what_is_wrong(vault: &mut Vault, noted: &Anchor) -> Option<HeldFor> {
    let here = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    if here.against(noted) == Standing::Behind {
        return Some(HeldFor::OldCopy);
    }
    (!digest_holds(vault, Drawer::Clinical)).then_some(HeldFor::OtherRows)
}

#[test]
fn an_old_page_inside_a_newer_file_is_found() {
    let mut twice = Twice::new();
    let pages = twice.before.len().min(twice.after.len()) / 4096;
    let differs = |page: &usize| {
        let bytes = page * 4096..(page + 1) * 4096;
        twice.before[bytes.clone()] != twice.after[bytes]
    };
    let changed: Vec<usize> = (0..pages).filter(differs).collect();
    let mut found = Vec::new();
    let mut last = None;
    for page in changed {
        let bytes = page * 4096..(page + 1) * 4096;
        let mut mixed = twice.after.clone();
        mixed[bytes.clone()].copy_from_slice(&twice.before[bytes]);
        drop(last.take());
        fs::write(&twice.path, &mixed).unwrap();
        let mut vault = twice.clinic.reopen();
        let wrong = what_is_wrong(&mut vault, &twice.noted);
        if wrong.is_none() {
            // A page without rows: what is shown is the newest all the same.
            let permit = twice.clinic.chart_permit(&mut vault, Role::Nurse, "bob");
            let chart = vault.chart(&permit).unwrap();
            assert!(rates(2).iter().all(|rate| chart.iter().any(|found| found.document == *rate)));
        }
        found.push(wrong);
        if let Some(wrong) = wrong {
            last = Some((vault, wrong));
        }
    }
    let rows = found.iter().filter(|wrong| **wrong == Some(HeldFor::OtherRows)).count();
    assert!(rows >= 3, "{found:?}");
    let (mut vault, wrong) = last.unwrap();
    vault.hold_back(Drawer::Clinical, wrong, Some(&twice.noted), now()).unwrap();
    assert!(matches!(save(&mut twice.clinic, &mut vault, 9), Err(SaveError::Held)));
    twice.is_whole_again(vault);
}

#[test]
fn an_old_row_put_back_with_the_files_own_key_is_found() {
    let mut twice = Twice::new();
    fs::write(&twice.path, &twice.before).unwrap();
    let old: (i64, i64, Vec<u8>) = raw(&twice.clinic, Drawer::Clinical)
        .query_row("SELECT version, revision, sealed FROM document WHERE id = 'hr-0'", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    fs::write(&twice.path, &twice.after).unwrap();
    raw(&twice.clinic, Drawer::Clinical)
        .execute(
            "UPDATE document SET version = ?1, revision = ?2, sealed = ?3 WHERE id = 'hr-0'",
            rusqlite::params![old.0, old.1, old.2],
        )
        .unwrap();

    let mut vault = twice.clinic.reopen();

    assert_eq!(what_is_wrong(&mut vault, &twice.noted), Some(HeldFor::OtherRows));
    let before = vault.device().log_head().size;
    assert!(vault.hold_back(Drawer::Clinical, HeldFor::OtherRows, None, now()).unwrap());
    assert_eq!(vault.device().log_head().size, before + 1, "with an event");
    assert_eq!(vault.cursor(Drawer::Clinical).unwrap(), None, "all of it is fetched again");
    assert!(matches!(save(&mut twice.clinic, &mut vault, 9), Err(SaveError::Held)));
    twice.is_whole_again(vault);
}

#[test]
fn an_old_write_ahead_log_beside_a_newer_file_is_found() {
    let mut twice = Twice::new();
    let wal = twice.path.with_file_name("clinical.db-wal");
    let mut vault = twice.clinic.reopen();
    pull(&mut twice.clinic, &mut vault, &rates(3), 3);
    let old = fs::read(&wal).unwrap();
    assert!(old.len() > 4096, "nothing is in the log");
    pull(&mut twice.clinic, &mut vault, &rates(4), 4);
    let noted = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    drop(vault);
    fs::write(&wal, old).unwrap();

    let device = twice.clinic.device();
    let grants = twice.clinic.grants(&Drawer::ALL);
    match Vault::open(device, grants, keys::Random::from_seed([9; 32]), now()) {
        Ok(mut vault) => assert!(what_is_wrong(&mut vault, &noted).is_some(), "an old log was believed"),
        Err(refused) => assert!(matches!(
            refused.error,
            VaultError::Drawer { source: OpenError::WrongKeyOrDamaged, .. } | VaultError::Store(_)
        )),
    }
}

#[test]
fn an_old_drawer_is_fetched_again_and_takes_in_the_answers_that_it_had_known() {
    let mut twice = Twice::new();
    let mut vault = twice.clinic.reopen();
    save(&mut twice.clinic, &mut vault, 5).unwrap();
    let change = vault.device().unsent().unwrap()[0].change;
    drop(vault);
    let old = fs::read(&twice.path).unwrap();
    let mut vault = twice.clinic.reopen();
    let versions = vec![(key("DocumentReference/w5"), 1)];
    vault.apply_verdict(change, &Verdict::Applied { versions, merged: false }, now()).unwrap();
    assert_eq!(vault.base_of(&key("DocumentReference/w5")).unwrap(), Base::Version(1));
    let noted = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    drop(vault);
    fs::write(&twice.path, old).unwrap();

    let mut vault = twice.clinic.reopen();

    assert_eq!(what_is_wrong(&mut vault, &noted), Some(HeldFor::OldCopy));
    vault.hold_back(Drawer::Clinical, HeldFor::OldCopy, Some(&noted), now()).unwrap();
    assert_eq!(vault.base_of(&key("DocumentReference/w5")).unwrap(), Base::Version(1));
    let here = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    assert_eq!(here.against(&noted), Standing::Ahead, "it says itself what is wrong from now on");
    assert!(vault.freshness().unwrap()[1].held_since.is_some());
    twice.is_whole_again(vault);
}

#[test]
fn a_drawer_that_lacks_a_change_which_waits_is_an_old_copy_whatever_was_noted() {
    let mut twice = Twice::new();
    let mut vault = twice.clinic.reopen();
    save(&mut twice.clinic, &mut vault, 5).unwrap();
    drop(vault);
    fs::write(&twice.path, &twice.after).unwrap();

    let vault = twice.clinic.reopen();

    assert!(vault.freshness().unwrap()[1].held_since.is_some());
    let change = vault.device().unsent().unwrap()[0].change;
    assert!(vault.device().envelope(change).unwrap().is_some(), "and the change is sent from the outbox");
}

/// Files as they were; one without bytes was not there.
type Files = Vec<(PathBuf, Option<Vec<u8>>)>;

/// `device.db` and its log, to be put back.
fn device_files(clinic: &Clinic) -> Files {
    let path = clinic.folder().device_file();
    let beside = |end: &str| path.with_file_name(format!("device.db{end}"));
    [path.clone(), beside("-wal"), beside("-shm")].map(|path| (path.clone(), fs::read(&path).ok())).into()
}

fn put_back(files: &[(PathBuf, Option<Vec<u8>>)]) {
    for (path, bytes) in files {
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    }
}

/// A clinic, its `device.db` as it was, and the vault that a change was saved to after that.
fn saved_since_the_copy() -> (Clinic, Files, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    drop(vault);
    let older = device_files(&clinic);
    let mut vault = clinic.reopen();
    save(&mut clinic, &mut vault, 2).unwrap();
    (clinic, older, vault)
}

#[test]
fn a_change_that_an_older_device_db_does_not_list_is_listed_again_and_sent() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    save(&mut clinic, &mut vault, 1).unwrap();
    drop(vault);
    let older = device_files(&clinic);
    let mut vault = clinic.reopen();
    save(&mut clinic, &mut vault, 2).unwrap();
    save(&mut clinic, &mut vault, 3).unwrap();
    let listed = vault.device().unsent().unwrap();
    drop(vault);
    put_back(&older);
    assert_eq!(clinic.device().unsent().unwrap().len(), 1, "the older one does not know them");
    fs::remove_file(clinic.folder().envelope_file(listed[2].change)).unwrap();

    let vault = clinic.reopen();

    assert_eq!(vault.device().unsent().unwrap(), listed);
    assert!(listed.iter().all(|entry| vault.device().envelope(entry.change).unwrap().is_some()));
}

#[test]
fn a_change_whose_number_was_taken_meanwhile_is_listed_under_another() {
    let (mut clinic, older, vault) = saved_since_the_copy();
    let first = vault.device().unsent().unwrap()[0].change;
    drop(vault);
    put_back(&older);
    // Somebody without the key of that drawer writes first.
    let device = clinic.device();
    let grants = clinic.grants(&[Drawer::Demographics]);
    let mut vault = Vault::open(device, grants, keys::Random::from_seed([9; 32]), now()).unwrap();
    let moved = person_record("ada", "Treviño", "Ada María", "1945-07-14", "(508) 548-5399");
    let permit = clinic.write_permit(&mut vault, Action::Update, "ada", &[&moved]);
    let base = vault.base_of(moved.key()).unwrap();
    let change = clinic.change(7, vec![(moved, base)]);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();
    drop(vault);

    let vault = clinic.reopen();

    let listed: Vec<_> =
        vault.device().unsent().unwrap().iter().map(|entry| (entry.sequence, entry.change)).collect();
    assert_eq!(listed, [(1, change.id()), (2, first)]);
}

#[test]
fn what_was_answered_is_not_listed_again() {
    let (clinic, older, mut vault) = saved_since_the_copy();
    let change = vault.device().unsent().unwrap()[0].change;
    let versions = vec![(key("DocumentReference/w2"), 1)];
    vault.apply_verdict(change, &Verdict::Applied { versions, merged: false }, now()).unwrap();
    drop(vault);
    put_back(&older);

    let vault = clinic.reopen();

    assert_eq!(vault.device().unsent().unwrap(), []);
}

#[test]
fn rows_are_counted_along_while_people_work_between_two_parts() {
    let mut twice = Twice::new();
    let mut vault = twice.clinic.reopen();
    for round in 3..20 {
        vault.count_part(Drawer::Clinical, 10).unwrap();
        pull(&mut twice.clinic, &mut vault, &rates(round), round.into());
    }
    assert!(digest_holds(&mut vault, Drawer::Clinical));
    assert!(digest_holds(&mut vault, Drawer::Clinical), "and from the beginning again");
}
