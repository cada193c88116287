//! Whatever was wrong, it is one error at one price, and a used code is dead.

use keys::slot::spent;

use super::*;

#[test]
fn a_wrong_passphrase_a_wrong_code_and_a_used_code_are_one_error() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let code = fixture.code();
    let sign_in = |passphrase, code: &str| code_of(workstation.sign_in(fixture.form(passphrase, code)));
    assert_eq!(sign_in("not this one at all", &code), Some(Code::SignInRefused));
    assert_eq!(sign_in(PASSPHRASE, "123"), Some(Code::SignInRefused));
    assert_eq!(sign_in(PASSPHRASE, &code), None);
    workstation.lock(LockCause::Person);
    assert_eq!(sign_in(PASSPHRASE, &code), Some(Code::SignInRefused));
    fixture.clock.advance(Duration::from_secs(30));
    assert_eq!(sign_in(PASSPHRASE, &fixture.code()), None);
}

/// What a sign-in costs and what the person is told.
fn price(workstation: &Workstation, form: SignInForm) -> (Option<ClientError>, (u32, u32)) {
    spent::take();
    (workstation.sign_in(form).err(), spent::take())
}

#[test]
fn wrong_passphrase_code_device_or_name_are_one_error_at_one_price() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let code = fixture.code();
    let one = (Some(Code::SignInRefused.into()), (1, 3));
    assert_eq!(price(&workstation, fixture.form("not this one at all", &code)), one, "passphrase");
    assert_eq!(price(&workstation, fixture.form(PASSPHRASE, "000000")), one, "code");
    assert_eq!(price(&workstation, fixture.form(PASSPHRASE, "no code")), one, "no code at all");
    for again in 0..2 {
        let mut unknown = fixture.form(PASSPHRASE, &code);
        unknown.username = "Ingrid".to_owned();
        assert_eq!(price(&workstation, unknown), one, "name, {again}");
    }

    let half = fixture.keyring.names().into_iter().find(|name| name.starts_with("slot.")).unwrap();
    let right = fixture.keyring.read(&half).unwrap().unwrap().to_vec();
    fixture.keyring.write(&half, &[7; 32]).unwrap();
    fixture.clock.advance(Duration::from_secs(30));
    assert_eq!(price(&workstation, fixture.form(PASSPHRASE, &fixture.code())), one, "device");
    fixture.keyring.write(&half, &right).unwrap();

    fixture.clock.advance(Duration::from_secs(30));
    let code = fixture.code();
    workstation.sign_in(fixture.form(PASSPHRASE, &code)).unwrap();
    workstation.lock(LockCause::Person);
    // Between two generations of a slot both are tried.
    let clock = crate::SystemClock::new();
    let slots = || {
        let paths =
            fs::read_dir(fixture.data_dir().join("slots")).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "slot")).count()
    };
    while slots() != 1 || fixture.keyring.names().contains(&half) {
        assert!(clock.monotonic() < Duration::from_secs(10), "the slot was not refreshed");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(price(&workstation, fixture.form(PASSPHRASE, &code)), one, "used code");
}

#[test]
fn an_unknown_name_waits_after_failures_as_a_known_one_does() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    for expected in [Code::SignInRefused, Code::SignInRefused, Code::SignInRefused, Code::WaitBeforeRetry] {
        let mut form = fixture.form(PASSPHRASE, "000000");
        form.username = "Ingrid".to_owned();
        assert_eq!(code_of(workstation.sign_in(form)), Some(expected));
        assert_eq!(code_of(workstation.sign_in(fixture.form(PASSPHRASE, "000000"))), Some(expected));
    }
}
