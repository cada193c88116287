//! Failed attempts cost time, whatever is done to the program, its files and the clocks; and never a right person the way in.

use super::*;

fn refused(workstation: &Workstation, fixture: &Fixture) -> Option<Code> {
    code_of(workstation.sign_in(fixture.form(PASSPHRASE, "000000")))
}

/// Fails so many times, waiting in between as long as it takes.
fn fail(workstation: &Workstation, fixture: &Fixture, times: u32) {
    for _ in 0..times {
        while refused(workstation, fixture) != Some(Code::SignInRefused) {
            fixture.clock.advance(Duration::from_secs(300));
        }
    }
}

#[test]
fn failures_make_one_wait_and_a_restart_does_not_end_it() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    fail(&workstation, &fixture, 4);
    let right = || fixture.form(PASSPHRASE, &fixture.code());
    assert_eq!(code_of(workstation.sign_in(right())), Some(Code::WaitBeforeRetry));
    workstation.stop();
    let workstation = fixture.start();
    assert_eq!(code_of(workstation.sign_in(right())), Some(Code::WaitBeforeRetry));
    fixture.clock.advance(Duration::from_secs(15));
    let opened = workstation.sign_in(right()).unwrap();
    assert_eq!(opened.failures_since, 4);
}

#[test]
fn each_failure_leaves_an_event() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let before = workstation.status().unsent_events;
    fail(&workstation, &fixture, 3);
    let clock = crate::SystemClock::new();
    while workstation.status().unsent_events < before + 3 {
        assert!(clock.monotonic() < Duration::from_secs(10), "the failures left no events");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_old_copy_of_the_folder_gives_no_fresh_tries() {
    let fixture = Fixture::enrolled();
    let files = fixture.files();
    let put_back = || files.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    for failures in 1..=5 {
        let workstation = fixture.start();
        if failures > 3 {
            assert_eq!(refused(&workstation, &fixture), Some(Code::WaitBeforeRetry), "{failures}");
        }
        fail(&workstation, &fixture, 1);
        workstation.stop();
        put_back();
    }
    let workstation = fixture.start();
    fixture.clock.advance(Duration::from_secs(60));
    let opened = workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    assert_eq!(opened.failures_since, 5);
    workstation.stop();
}

#[test]
fn a_success_ends_the_row_also_for_copies_from_before_it() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    fail(&workstation, &fixture, 3);
    workstation.stop();
    let device = fs::read(fixture.device_file()).unwrap();
    let workstation = fixture.start();
    fixture.clock.advance(Duration::from_secs(30));
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    workstation.stop();
    fs::write(fixture.device_file(), device).unwrap();
    let workstation = fixture.start();
    assert_eq!(refused(&workstation, &fixture), Some(Code::SignInRefused), "no wait is left over");
}

#[test]
fn no_date_and_no_restart_of_the_machine_shortens_a_wait_or_makes_it_longer() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    fail(&workstation, &fixture, 7);
    let now = fixture.clock.now();
    let day = jiff::SignedDuration::from_hours(24);
    for date in [now + day, now - day, now + day * 365, now] {
        fixture.clock.set_wall(date);
        assert_eq!(refused(&workstation, &fixture), Some(Code::WaitBeforeRetry));
    }
    fixture.clock.advance(Duration::from_secs(899));
    assert_eq!(refused(&workstation, &fixture), Some(Code::WaitBeforeRetry));
    fixture.clock.reboot();
    assert_eq!(refused(&workstation, &fixture), Some(Code::WaitBeforeRetry));
    fixture.clock.advance(Duration::from_secs(900));
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
}

/// A keyring that takes no counts.
struct CountsNothing(Arc<MemoryKeyring>);

impl Keyring for CountsNothing {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        if name == "tries" { Err(KeyringProblem::Failed) } else { self.0.read(name) }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        if name == "tries" { Err(KeyringProblem::Failed) } else { self.0.write(name, secret) }
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        self.0.delete(name)
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        self.0.look(name)
    }
}

#[test]
fn a_keyring_that_counts_nothing_shuts_nobody_out_and_device_db_counts_on() {
    let fixture = Fixture::enrolled();
    let keyring = Arc::new(CountsNothing(fixture.keyring.clone()));
    let workstation = Workstation::start(fixture.settings(), keyring, fixture.clock.clone(), |_| {});
    fail(&workstation, &fixture, 4);
    assert_eq!(refused(&workstation, &fixture), Some(Code::WaitBeforeRetry));
    fixture.clock.advance(Duration::from_secs(15));
    let opened = workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    assert_eq!(opened.failures_since, 4);
}

#[test]
fn a_hundred_failures_in_a_row_and_only_the_server_lets_the_person_in() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    fail(&workstation, &fixture, crate::throttle::MOST_FAILURES);
    fixture.clock.advance(Duration::from_secs(86_400));
    let right = fixture.form(PASSPHRASE, &fixture.code());
    assert_eq!(code_of(workstation.sign_in(right)), Some(Code::SlotDisabled));
}

#[test]
fn attempts_that_are_made_at_once_each_count() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let begin = std::sync::Barrier::new(12);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let one = || {
            scope.spawn(|| {
                begin.wait();
                refused(&workstation, &fixture)
            })
        };
        let attempts: Vec<_> = (0..12).map(|_| one()).collect();
        attempts.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let tried = answers.iter().filter(|answer| **answer == Some(Code::SignInRefused)).count();
    let waits = answers.iter().filter(|answer| **answer == Some(Code::WaitBeforeRetry)).count();
    assert_eq!((tried, waits), (3, 9), "the fourth waits, whoever makes it");
}
