//! Anchors: a drawer put back is noticed.

use std::fs;

use records::change::Base;
use records::rights::Action;
use records::{Drawer, Role};
use vault::{HeldFor, Page, SaveError, Standing};

use crate::clinic::{Clinic, digest_holds, heart_rate, note, now, small_practice};
use crate::opening::raw;

#[test]
fn a_drawer_moves_on_with_every_commit_and_an_old_copy_is_behind() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let early = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    let device = vault.close();
    let path = clinic.folder().drawer_file(Drawer::Clinical);
    let copy = fs::read(&path).unwrap();
    let mut vault = clinic.unlock(device, &Drawer::ALL);
    clinic.load(&mut vault, &[heart_rate("hr-2", "ada", 80)]);
    let late = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    assert_eq!(late.against(&early), Standing::Ahead);
    let device = vault.close();

    fs::write(&path, copy).unwrap();
    let mut vault = clinic.unlock(device, &Drawer::ALL);
    let put_back = vault.anchor(Drawer::Clinical).unwrap().unwrap();

    assert_eq!(put_back, early);
    assert_eq!(put_back.against(&late), Standing::Behind);
    assert!(digest_holds(&mut vault, Drawer::Clinical));
}

#[test]
fn a_row_that_was_taken_out_or_set_back_does_not_fit_the_digest() {
    for tampering in [
        "DELETE FROM document WHERE id = 'hr-bob'",
        "UPDATE document SET revision = revision + 1 WHERE id = 'hr-bob'",
        "UPDATE document SET id = 'hr-eve' WHERE id = 'hr-bob'",
    ] {
        let mut clinic = Clinic::new();
        let mut vault = clinic.open_all();
        clinic.load(&mut vault, &small_practice());
        assert!(digest_holds(&mut vault, Drawer::Clinical));
        drop(vault);
        raw(&clinic, Drawer::Clinical).execute_batch(tampering).unwrap();

        assert!(!digest_holds(&mut clinic.reopen(), Drawer::Clinical), "{tampering}");
    }
}

#[test]
fn a_drawer_held_back_is_read_only_until_it_was_pulled_to_the_end() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    assert!(vault.hold_back(Drawer::Clinical, HeldFor::OldCopy, None, now()).unwrap());
    assert!(!vault.hold_back(Drawer::Clinical, HeldFor::OldCopy, None, now()).unwrap(), "that is no news");
    drop(vault);
    let mut vault = clinic.reopen();
    let permit = clinic.replicate(&mut vault);
    let mut save = |vault: &mut vault::Vault, number| {
        let fresh = note(&format!("n{number}"), "ada", "x");
        let permit = clinic.write_permit(vault, Action::Create, "ada", &[&fresh]);
        let change = clinic.change(number, vec![(fresh, Base::None)]);
        vault.save(permit, &change, &clinic.pen(), now())
    };
    assert!(matches!(save(&mut vault, 1), Err(SaveError::Held)));

    for (complete, saved) in [(false, false), (true, true)] {
        let page =
            Page { entries: vec![], charts: vec![], next_cursor: "c".into(), complete, received_at: now() };
        vault.apply_page(&permit, Drawer::Clinical, &page).unwrap();
        assert_eq!(save(&mut vault, 2).is_ok(), saved);
    }
}

#[test]
fn a_shut_drawer_has_no_anchor() {
    let clinic = Clinic::new();
    let vault = clinic.unlock(clinic.enrol(), Role::FrontDesk.drawers());

    assert!(vault.anchor(Drawer::Clinical).unwrap().is_none());
    assert!(vault.anchor(Drawer::Demographics).unwrap().is_some());
}
