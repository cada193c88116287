//! A workstation's certificate over months: renewed in time, renewed late, and whole again after a crash at any step.

use chartkeep_server::people::revoke_device;
use chartkeep_server::store::{self, AlertKind, DeviceRow, StoreError, Transaction};
use chartkeep_server::succeeding;
use client::keyring::{Keyring, KeyringProblem, MemoryKeyring};
use client::{Clock, Workstation};
use keys::Random;
use keys::certificate::{self, CertificateRequest};
use sync::wire::Renewal;
use vault::{Device, Folder, RawKey, Setting};

use super::clinic::{Clinic, until};

const DAY_S: u64 = 24 * 3600;
const KEYS: &str = "workstation";
const STAGED: &str = "workstation.renewing";
/// Where the TLS key begins in the item of this computer's keys.
const TLS: usize = 97;

fn look<T>(clinic: &Clinic, work: impl FnOnce(&dyn Transaction) -> Result<T, StoreError>) -> T {
    store::read(clinic.server.practice.store.as_ref(), work).unwrap()
}

fn row(clinic: &Clinic) -> DeviceRow {
    look(clinic, |tx| tx.devices()).remove(0)
}

fn item(clinic: &Clinic, name: &str) -> Option<Vec<u8>> {
    clinic.keyring.read(name).unwrap().map(|secret| secret.to_vec())
}

fn device(clinic: &Clinic) -> Device {
    let key = item(clinic, KEYS).unwrap();
    let key = RawKey::new(key[1..33].try_into().unwrap());
    Device::open(Folder::new(clinic.data_dir()), &key).unwrap()
}

fn text(device: &Device, setting: Setting) -> String {
    String::from_utf8(device.setting(setting).unwrap().unwrap()).unwrap()
}

fn enrolled() -> Clinic {
    let clinic = Clinic::make(1);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    until("the workstation is online", || workstation.status().online);
    workstation.stop();
    clinic
}

/// Runs the workstation until the server knows another certificate of it than `before`, and all is tidy here.
fn renew(clinic: &Clinic, before: [u8; 32]) -> Workstation {
    let workstation = clinic.workstation();
    until("the next certificate is in use", || {
        workstation.sync_now().unwrap();
        row(clinic).certificate.fingerprint != before
    });
    until("all is delivered and the old key is gone", || {
        let status = workstation.status();
        status.online && status.unsent_events == 0 && item(clinic, STAGED).is_none()
    });
    workstation
}

#[test]
fn a_certificate_is_renewed_from_its_sixtieth_day_and_not_before() {
    let clinic = enrolled();
    let first = row(&clinic).certificate;
    clinic.pass(59 * DAY_S);
    let workstation = clinic.workstation();
    until("the server has heard of it", || {
        row(&clinic).contact_at > first.until - jiff::SignedDuration::from_hours(32 * 24)
    });
    assert_eq!(row(&clinic).certificate, first);
    assert_eq!(row(&clinic).renewing, None);
    workstation.stop();
    clinic.pass(DAY_S + 60);
    renew(&clinic, first.fingerprint).stop();
    let second = row(&clinic);
    assert!(second.certificate.until > first.until && second.renewing.is_none());
    let kept = text(&device(&clinic), Setting::Certificate);
    let kept = certificate::from_pem(&kept).unwrap();
    assert_eq!(certificate::fingerprint(&kept[0]), second.certificate.fingerprint);
    // And again, three months of it.
    clinic.pass(61 * DAY_S);
    renew(&clinic, second.certificate.fingerprint).stop();
    assert!(clinic.verify_logs().ok);
    assert_eq!(look(&clinic, |tx| tx.count_alerts(AlertKind::LateRenewal)), 0);
}

#[test]
fn a_workstation_that_was_away_for_months_renews_its_certificate_late() {
    let clinic = enrolled();
    let first = row(&clinic).certificate;
    clinic.pass(120 * DAY_S);
    renew(&clinic, first.fingerprint).stop();
    assert_eq!(look(&clinic, |tx| tx.count_alerts(AlertKind::LateRenewal)), 1);
    assert!(clinic.verify_logs().ok);
}

#[test]
fn a_workstation_that_was_revoked_while_it_was_away_stays_outside() {
    let clinic = enrolled();
    let first = row(&clinic);
    clinic.pass(120 * DAY_S);
    revoke_device(&clinic.server.practice, first.id).unwrap();
    let workstation = clinic.workstation();
    let own_log = clinic.server.practice.row.log;
    let refusals = || look(&clinic, |tx| tx.leaves(own_log, 0, 10_000)).len();
    let before = refusals();
    until("it was refused", || {
        workstation.sync_now().unwrap();
        refusals() > before + 1
    });
    assert_eq!(row(&clinic).certificate, first.certificate);
    assert_eq!((row(&clinic).renewing, workstation.status().online), (None, false));
}

#[test]
fn a_workstation_goes_from_one_issuing_authority_to_the_next_also_after_months_away() {
    let clinic = enrolled();
    let (server, first) = (&clinic.server, row(&clinic).certificate.fingerprint);
    let root = server.data.path().join("offline-root");
    let chain = || certificate::from_pem(&text(&device(&clinic), Setting::CertificateChain)).unwrap();
    let (old, bundle) = (chain(), text(&device(&clinic), Setting::TrustBundle));
    succeeding::make_next(&server.practice, &server.data, &root, (None, None)).unwrap();
    let workstation = clinic.workstation();
    until("it is online again", || workstation.sync_now().is_ok() && workstation.status().online);
    workstation.stop();
    assert_ne!(text(&device(&clinic), Setting::TrustBundle), bundle, "it has heard of the next one");
    assert_eq!(row(&clinic).certificate.fingerprint, first, "and keeps its certificate until that is due");

    clinic.pass(61 * DAY_S);
    renew(&clinic, first).stop();
    assert_ne!(chain()[0], old[0]);
    assert_eq!(chain()[1], old[1], "the root is the same");

    // It is away while the next one comes and this one goes.
    let second = row(&clinic).certificate.fingerprint;
    clinic.pass(100 * DAY_S);
    succeeding::retire(&server.practice, &server.data, &root, false).unwrap();
    renew(&clinic, second).stop();
    assert_eq!(look(&clinic, |tx| tx.count_alerts(AlertKind::LateRenewal)), 1);
    assert!(clinic.verify_logs().ok);
}

#[test]
fn a_workstation_whose_authority_ended_at_once_comes_back_by_its_own_key() {
    let clinic = enrolled();
    let (server, first) = (&clinic.server, row(&clinic).certificate.fingerprint);
    let root = server.data.path().join("offline-root");
    succeeding::make_next(&server.practice, &server.data, &root, (None, None)).unwrap();
    succeeding::retire(&server.practice, &server.data, &root, true).unwrap();
    renew(&clinic, first).stop();
    assert_eq!(look(&clinic, |tx| tx.count_alerts(AlertKind::LateRenewal)), 1);
    assert!(clinic.verify_logs().ok);
}

/// What is on disk and in the keyring after a crash between two steps of the renewal that brings `second`.
fn crash(clinic: &Clinic, state: &dyn Fn(&mut Device, &MemoryKeyring)) {
    let mut device = device(clinic);
    state(&mut device, &clinic.keyring);
    drop(device);
}

#[test]
fn a_crash_at_any_step_leaves_a_certificate_that_works() {
    let clinic = enrolled();
    let (first_keys, first) = (item(&clinic, KEYS).unwrap(), text(&device(&clinic), Setting::Certificate));
    let certificate = row(&clinic).certificate.fingerprint;
    clinic.pass(61 * DAY_S);

    // A key was staged, and no answer came.
    crash(&clinic, &|_, keyring| keyring.write(STAGED, b"a key that nobody answered for").unwrap());
    renew(&clinic, certificate).stop();
    let (second_keys, second) = (item(&clinic, KEYS).unwrap(), text(&device(&clinic), Setting::Certificate));
    assert_eq!(second_keys[..TLS], first_keys[..TLS], "the other keys are as they were");
    let now_in_use = row(&clinic).certificate.fingerprint;
    let chain_pem = text(&device(&clinic), Setting::CertificateChain);
    let kept =
        serde_json::to_vec(&Renewal { certificate_pem: second, chain_pem: chain_pem.clone() }).unwrap();

    // The new one was used at the server, and not put in place here.
    crash(&clinic, &|device, keyring| {
        keyring.write(KEYS, &first_keys).unwrap();
        keyring.write(STAGED, &second_keys[TLS..]).unwrap();
        device.set_all(&[(Setting::Certificate, first.as_bytes()), (Setting::Renewing, &kept)]).unwrap();
    });
    runs_on(&clinic, now_in_use, &second_keys);

    // It is in place, and its key still lies beside the old one.
    crash(&clinic, &|_, keyring| {
        keyring.write(KEYS, &first_keys).unwrap();
        keyring.write(STAGED, &second_keys[TLS..]).unwrap();
    });
    runs_on(&clinic, now_in_use, &second_keys);

    // All is done, but the second copy of its key.
    crash(&clinic, &|_, keyring| keyring.write(STAGED, &second_keys[TLS..]).unwrap());
    runs_on(&clinic, now_in_use, &second_keys);

    // A certificate was kept that the server does not know: it was put back to a time before it.
    clinic.pass(61 * DAY_S);
    crash(&clinic, &|device, keyring| {
        let made = CertificateRequest::make().unwrap();
        keyring.write(STAGED, made.key.expose()).unwrap();
        let (id, now) = (row(&clinic).id.uuid(), clinic.clock.now());
        let standing = clinic.server.practice.authorities.standing();
        let issuing = standing.issuing();
        let stray = issuing.issue_client(&made.request_pem, id, now, &mut Random::from_os()).unwrap();
        let stray = Renewal { certificate_pem: certificate::to_pem(&[&stray]), chain_pem: chain_pem.clone() };
        device.set(Setting::Renewing, &serde_json::to_vec(&stray).unwrap()).unwrap();
    });
    renew(&clinic, now_in_use).stop();
    assert!(clinic.verify_logs().ok);
}

/// The workstation starts, reaches the server with this certificate, and has its key where it belongs.
fn runs_on(clinic: &Clinic, certificate: [u8; 32], keys: &[u8]) {
    let workstation = clinic.workstation();
    until("it is online and its log is delivered", || {
        workstation.sync_now().unwrap();
        let status = workstation.status();
        status.online && status.unsent_events == 0
    });
    until("its key lies where it belongs", || item(clinic, KEYS).is_some_and(|kept| kept == keys));
    workstation.stop();
    assert_eq!(row(clinic).certificate.fingerprint, certificate);
    let kept = device(clinic).setting(Setting::Renewing).unwrap().unwrap_or_default();
    assert!(kept.is_empty(), "nothing is left to be tried");
}

#[test]
fn a_keyring_that_takes_no_key_leaves_the_present_certificate_in_use() {
    let clinic = enrolled();
    let certificate = row(&clinic).certificate.fingerprint;
    let workstation = clinic.workstation();
    until("it is online", || workstation.status().online);
    clinic.pass(61 * DAY_S);
    clinic.keyring.set_problem(Some(KeyringProblem::Locked));
    until("the server has heard of it since", || {
        workstation.sync_now().unwrap();
        row(&clinic).contact_at + jiff::SignedDuration::from_hours(1) > clinic.clock.now()
    });
    assert_eq!((row(&clinic).certificate.fingerprint, row(&clinic).renewing), (certificate, None));
    clinic.keyring.set_problem(None);
    workstation.stop();
    renew(&clinic, certificate).stop();
}
