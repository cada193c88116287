//! A drawer that nobody can open any more leaves the disk once everything written in it has come to its end.

use std::fs;

use records::change::Base;
use records::rights::Action;
use records::{Drawer, Role};
use vault::{Standing, Verdict};

use crate::clinic::{Clinic, heart_rate, key, now, small_practice};
use crate::rewriting::unlock;
use crate::signing_in::grant;

fn files(clinic: &Clinic, drawer: Drawer) -> usize {
    let names = fs::read_dir(clinic.folder().drawer_file(drawer).parent().unwrap()).unwrap();
    let prefix = format!("{drawer}.");
    names.filter(|name| name.as_ref().unwrap().file_name().to_str().unwrap().starts_with(&prefix)).count()
}

#[test]
fn nothing_goes_while_somebody_has_a_grant_or_something_waits_and_then_it_is_gone() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let edited = heart_rate("hr-ada", "ada", 80);
    let permit = clinic.write_permit(&mut vault, Action::Update, "ada", &[&edited]);
    let change = clinic.change(1, vec![(edited, Base::Version(1))]);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();
    let mut device = vault.close();

    assert!(!device.remove_drawer(Drawer::Clinical).unwrap(), "the change waits");
    let mut vault = clinic.unlock(device, &Drawer::ALL);
    let verdict = Verdict::Applied { versions: vec![(key("Observation/hr-ada"), 2)], merged: false };
    vault.apply_verdict(change.id(), &verdict, now()).unwrap();
    let before = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    let mut device = vault.close();
    device.replace_grants(&[grant(Role::Nurse, Drawer::Clinical, 1)]).unwrap();
    assert!(!device.remove_drawer(Drawer::Clinical).unwrap(), "a nurse can open it");
    assert!(files(&clinic, Drawer::Clinical) > 0);
    device.replace_grants(&[]).unwrap();
    assert!(device.remove_drawer(Drawer::Clinical).unwrap());
    assert_eq!(files(&clinic, Drawer::Clinical), 0);
    assert_eq!(device.drawer_generation(Drawer::Clinical).unwrap(), None);
    assert!(device.remove_drawer(Drawer::Clinical).unwrap(), "cut short, it is done again");

    // Whoever may open it again begins with an empty one, which is nobody's older copy.
    let vault = unlock(&clinic, device, Drawer::Clinical, &[2]);
    let anew = vault.anchor(Drawer::Clinical).unwrap().unwrap();
    assert_eq!(anew.against(&before), Standing::Ahead);
    assert_eq!(vault.cursor(Drawer::Clinical).unwrap(), None);
}
