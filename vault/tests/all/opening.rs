//! What does not open stays as it is.

use std::fs;

use keys::{DrawerKeys, Random};

use records::{Drawer, Role};
use vault::{Device, OpenError, OpenGrant, RawKey, Vault, VaultError};

use crate::clinic::{Clinic, DEVICE_KEY, now, small_practice};

#[test]
fn a_vault_opens_again_and_has_what_was_put_in() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    drop(vault);

    let mut vault = clinic.reopen();

    let permit = clinic.chart_permit(&mut vault, Role::Clinician, "ada");
    assert_eq!(vault.chart(&permit).unwrap().len(), 6);
    assert_eq!(vault.device().identity(), clinic.identity);
}

#[test]
fn a_wrong_device_key_is_refused_and_nothing_is_made_anew() {
    let clinic = Clinic::new();
    drop(clinic.enrol());
    let before = fs::read(clinic.folder().device_file()).unwrap();

    let refused = Device::open(clinic.folder(), &RawKey::new([4; 32]));

    assert!(matches!(refused, Err(VaultError::Device(OpenError::WrongKeyOrDamaged))));
    assert_eq!(fs::read(clinic.folder().device_file()).unwrap(), before);
    assert!(Device::open(clinic.folder(), &RawKey::new(DEVICE_KEY)).is_ok());
}

#[test]
fn a_second_enrolment_into_the_same_folder_is_refused() {
    let clinic = Clinic::new();
    drop(clinic.enrol());

    let again = Device::create(clinic.folder(), &RawKey::new([4; 32]), clinic.identity);

    assert!(matches!(again, Err(VaultError::Device(OpenError::Exists))));
}

#[test]
fn a_wrong_drawer_key_gives_the_device_back_and_leaves_the_drawer() {
    let clinic = Clinic::new();
    drop(clinic.open_all());
    let path = clinic.folder().drawer_file(Drawer::Clinical);
    let before = fs::read(&path).unwrap();
    let wrong =
        OpenGrant { drawer: Drawer::Clinical, keys: DrawerKeys::make(1, &mut Random::from_seed([1; 32])) };

    let refused = Vault::open(clinic.device(), vec![wrong], Random::from_seed([9; 32]), now()).unwrap_err();

    assert!(matches!(
        refused.error,
        VaultError::Drawer { drawer: Drawer::Clinical, source: OpenError::WrongKeyOrDamaged }
    ));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(clinic.unlock(*refused.device, &Drawer::ALL).open_drawers().len() == 4);
}

#[test]
fn a_damaged_drawer_is_refused_and_left_as_it_is() {
    let clinic = Clinic::new();
    drop(clinic.open_all());
    let path = clinic.folder().drawer_file(Drawer::Clinical);
    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let refused =
        Vault::open(clinic.device(), clinic.grants(&Drawer::ALL), Random::from_seed([9; 32]), now())
            .unwrap_err();

    assert!(matches!(refused.error, VaultError::Drawer { source: OpenError::WrongKeyOrDamaged, .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_drawer_from_a_newer_program_is_refused_unharmed() {
    let clinic = Clinic::new();
    drop(clinic.open_all());
    let path = clinic.folder().drawer_file(Drawer::Demographics);
    raw(&clinic, Drawer::Demographics).execute_batch("PRAGMA user_version = 99").unwrap();
    let before = fs::read(&path).unwrap();

    let refused =
        Vault::open(clinic.device(), clinic.grants(&Drawer::ALL), Random::from_seed([9; 32]), now())
            .unwrap_err();

    assert!(matches!(
        refused.error,
        VaultError::Drawer { source: OpenError::NewerVersion { found: 99, known: 3 }, .. }
    ));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_drawer_that_was_made_here_and_is_gone_is_missing_and_not_made_anew() {
    let clinic = Clinic::new();
    drop(clinic.open_all());
    let path = clinic.folder().drawer_file(Drawer::Clinical);
    fs::remove_file(&path).unwrap();

    let refused =
        Vault::open(clinic.device(), clinic.grants(&Drawer::ALL), Random::from_seed([9; 32]), now())
            .unwrap_err();

    assert!(matches!(refused.error, VaultError::Drawer { source: OpenError::Missing, .. }));
    assert!(!path.exists());
}

#[test]
fn a_file_of_another_vault_under_the_same_key_is_foreign() {
    let clinic = Clinic::new();
    drop(clinic.open_all());
    raw(&clinic, Drawer::Billing).execute_batch("UPDATE drawer SET vault = zeroblob(16)").unwrap();

    let refused =
        Vault::open(clinic.device(), clinic.grants(&Drawer::ALL), Random::from_seed([9; 32]), now())
            .unwrap_err();

    assert!(matches!(refused.error, VaultError::Foreign { drawer: Drawer::Billing }));
}

#[test]
fn only_the_drawers_of_the_grants_are_open() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let mut vault = clinic.unlock(vault.close(), Role::FrontDesk.drawers());

    let permit = clinic.chart_permit(&mut vault, Role::FrontDesk, "ada");
    let kinds: Vec<_> =
        vault.chart(&permit).unwrap().iter().map(|found| found.document.kind().to_string()).collect();

    assert_eq!(kinds, ["Patient", "Appointment"]);
    let permit = clinic.replicate(&mut vault);
    let page = vault::Page {
        entries: vec![],
        charts: vec![],
        next_cursor: "x".into(),
        complete: true,
        received_at: now(),
    };
    assert!(vault.apply_page(&permit, Drawer::Clinical, &page).is_err());
}

/// A drawer's file, opened past the vault.
pub(crate) fn raw(clinic: &Clinic, drawer: Drawer) -> rusqlite::Connection {
    let path = clinic.folder().drawer_file(drawer);
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\";", hex(clinic.keys[&drawer].file.expose()))).unwrap();
    conn
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
