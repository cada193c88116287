//! Coming back with the passphrase alone: who may, for how long, how often, and what of it is left afterwards.

use std::sync::Arc;
use std::time::Duration;

use keys::parked;

use super::*;
use crate::fixture::{Fixture, PASSPHRASE};
use crate::parking::{ParkedMemory, ProcessMemory};
use crate::view::ParkedView;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A workstation whose lock is an `exec`: what is parked passes from one start to the next in this memory.
struct Desk {
    fixture: Fixture,
    memory: Arc<ProcessMemory>,
}

impl Desk {
    fn new(fixture: Fixture) -> Self {
        Self { fixture, memory: Arc::default() }
    }

    fn start(&self) -> Workstation {
        let (fixture, memory) = (&self.fixture, self.memory.clone());
        let clock = fixture.clock.clone();
        Workstation::start_after_lock(fixture.settings(), fixture.keyring.clone(), clock, memory, |_| {})
    }

    /// Locks as the window does: the process that held the session is gone.
    fn lock(&self, workstation: Workstation, cause: LockCause) -> Workstation {
        workstation.lock(cause);
        workstation.stop();
        self.fixture.clock.advance(Duration::from_secs(30));
        self.start()
    }

    /// Signed in fully, and locked again.
    fn parked(&self, username: &str) -> Workstation {
        let workstation = self.start();
        workstation.sign_in(self.fixture.full_form(username)).unwrap();
        self.lock(workstation, LockCause::Person)
    }
}

fn on_lock_screen(workstation: &Workstation) -> Vec<ParkedView> {
    workstation.status().parked
}

fn form(parked: &ParkedView, passphrase: &str) -> ReenterForm {
    ReenterForm { person: parked.person.clone(), passphrase: passphrase.to_owned() }
}

fn code_of<T>(answer: Result<T, ClientError>) -> Option<Code> {
    answer.err().map(|error| error.code)
}

#[test]
fn within_hours_the_passphrase_alone_brings_somebody_back_to_the_same_place() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.start();
    workstation.sign_in(desk.fixture.full_form("rosa")).unwrap();
    assert!(on_lock_screen(&workstation).is_empty(), "nobody is shown while somebody is signed in");
    let place = Place {
        screen: "sync".to_owned(),
        patient_id: None,
        section: None,
        field: Some("filter".to_owned()),
        caret: Some(3),
    };
    workstation.save_place(place.clone()).unwrap();
    let workstation = desk.lock(workstation, LockCause::Idle);
    let people = on_lock_screen(&workstation);
    assert_eq!(people.len(), 1);
    assert_eq!((people[0].name.as_str(), people[0].initials.as_str()), ("Rosa Quintanilla", "RQ"));
    assert_eq!((people[0].role_title.as_str(), people[0].tries_left), ("Nurse", 5));
    let opened = workstation.reenter(form(&people[0], PASSPHRASE)).unwrap();
    assert_eq!(opened.place, Some(place));
    assert_eq!(
        (opened.person.name.as_str(), opened.online, opened.failures_since),
        ("Rosa Quintanilla", false, 0)
    );
    assert!(workstation.search("quinn").unwrap().rows.is_empty());
    let trail = workstation.audit_page(None, None).unwrap();
    assert!(trail.verified.ok);
    let signed_in = trail.entries.iter().filter(|entry| entry.action == "Signed in").count();
    assert_eq!(signed_in, 2, "coming back is a sign-in of its own in the trail");
}

#[test]
fn five_wrong_passphrases_end_it_and_nothing_of_the_person_is_left_in_the_memory() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.parked("rosa");
    let rosa = on_lock_screen(&workstation).remove(0);
    for left in (0..5).rev() {
        desk.fixture.clock.advance(Duration::from_secs(20));
        let expected = if left == 0 { Code::ReentryOver } else { Code::ReentryRefused };
        assert_eq!(
            code_of(workstation.reenter(form(&rosa, "not hers at all"))),
            Some(expected),
            "{left} left"
        );
        let shown: Vec<u8> = on_lock_screen(&workstation).iter().map(|parked| parked.tries_left).collect();
        assert_eq!(shown, if left == 0 { vec![] } else { vec![left] });
    }
    desk.fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(code_of(workstation.reenter(form(&rosa, PASSPHRASE))), Some(Code::ReentryOver));
    let nobody = parked::to_bytes(&[]);
    assert_eq!(desk.memory.load().unwrap().as_slice(), nobody.expose());
    let opened = workstation.sign_in(desk.fixture.full_form("rosa")).unwrap();
    assert_eq!(opened.failures_since, 5, "what was tried is told to who signs in");
}

#[test]
fn a_try_counts_before_it_is_made() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.parked("rosa");
    let parking = crate::station::Parking::new(desk.memory.clone());
    let person = desk.fixture.person;
    for failures in 1..=5 {
        // Whoever is stopped in the middle of a try has had it.
        assert_eq!(
            parking.begin_try(person, Duration::ZERO).map(|parked| parked.failures).ok(),
            Some(failures)
        );
    }
    assert_eq!(parking.begin_try(person, Duration::ZERO).err(), Some(Code::ReentryOver));
    assert!(on_lock_screen(&workstation).is_empty());
}

#[test]
fn tries_that_are_made_at_once_are_five_all_the_same() {
    let desk = Desk::new(Fixture::enrolled());
    desk.parked("rosa").stop();
    let mut people = parked::from_bytes(&desk.memory.load().unwrap()).unwrap();
    // So much that a try takes long enough for others to begin beside it.
    people[0].parcel = vec![7; 8 * 1024 * 1024];
    desk.memory.store(parked::to_bytes(&people).expose()).unwrap();
    let parking = crate::station::Parking::new(desk.memory.clone());
    let person = desk.fixture.person;
    let had = std::thread::scope(|scope| {
        let one = || scope.spawn(|| parking.begin_try(person, Duration::ZERO).is_ok());
        let tries: Vec<_> = (0..12).map(|_| one()).collect();
        tries.into_iter().map(|one| one.join().unwrap()).filter(|had| *had).count()
    });
    assert_eq!(had, 5);
}

#[test]
fn it_ends_twelve_hours_after_the_full_sign_in_however_often_somebody_came_back() {
    let desk = Desk::new(Fixture::enrolled());
    let mut workstation = desk.parked("rosa");
    for _ in 0..11 {
        desk.fixture.clock.advance(HOUR);
        let rosa = on_lock_screen(&workstation).remove(0);
        workstation.reenter(form(&rosa, PASSPHRASE)).unwrap();
        let left = workstation.session_left().unwrap();
        assert!(left < 12 * HOUR);
        workstation = desk.lock(workstation, LockCause::Person);
    }
    let rosa = on_lock_screen(&workstation).remove(0);
    desk.fixture.clock.advance(HOUR);
    assert_eq!(code_of(workstation.reenter(form(&rosa, PASSPHRASE))), Some(Code::ReentryOver));
    assert!(on_lock_screen(&workstation).is_empty());
    workstation.sign_in(desk.fixture.full_form("rosa")).unwrap();
    assert_eq!(workstation.session_left(), Some(12 * HOUR));
}

#[test]
fn a_session_that_reached_its_twelve_hours_is_not_parked() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.start();
    workstation.sign_in(desk.fixture.full_form("rosa")).unwrap();
    desk.fixture.clock.advance(12 * HOUR);
    assert_eq!(workstation.session_left(), Some(Duration::ZERO));
    let workstation = desk.lock(workstation, LockCause::Idle);
    assert!(on_lock_screen(&workstation).is_empty());
}

#[test]
fn who_signs_out_is_not_parked_and_neither_is_anybody_when_the_program_ends() {
    for cause in [LockCause::SignOut, LockCause::Exit] {
        let desk = Desk::new(Fixture::enrolled());
        let workstation = desk.start();
        workstation.sign_in(desk.fixture.full_form("rosa")).unwrap();
        assert!(on_lock_screen(&desk.lock(workstation, cause)).is_empty(), "{cause:?}");
    }
}

#[test]
fn without_the_memory_of_the_process_before_nobody_comes_back() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.parked("rosa");
    let rosa = on_lock_screen(&workstation).remove(0);
    workstation.stop();
    let restarted = desk.fixture.start();
    assert!(on_lock_screen(&restarted).is_empty());
    assert_eq!(code_of(restarted.reenter(form(&rosa, PASSPHRASE))), Some(Code::ReentryOver));
}

#[test]
fn two_people_take_turns_and_the_passphrase_of_one_never_opens_the_other() {
    let desk = Desk::new(Fixture::with_two());
    desk.parked("rosa").stop();
    let mut workstation = desk.parked("ingrid");
    let names = |workstation: &Workstation| -> Vec<String> {
        on_lock_screen(workstation).into_iter().map(|parked| parked.name).collect()
    };
    assert_eq!(names(&workstation), ["Ingrid Solheim", "Rosa Quintanilla"], "last seen first");
    for (name, username, other) in [
        ("Rosa Quintanilla", "rosa", "ingrid"),
        ("Ingrid Solheim", "ingrid", "rosa"),
        ("Rosa Quintanilla", "rosa", "ingrid"),
    ] {
        let view = on_lock_screen(&workstation).into_iter().find(|parked| parked.name == name).unwrap();
        let wrong = form(&view, &Fixture::passphrase_of(other));
        assert_eq!(code_of(workstation.reenter(wrong)), Some(Code::ReentryRefused));
        let opened = workstation.reenter(form(&view, &Fixture::passphrase_of(username))).unwrap();
        assert_eq!(opened.person.name, name);
        workstation = desk.lock(workstation, LockCause::Person);
        assert_eq!(names(&workstation).len(), 2);
        assert_eq!(names(&workstation)[0], name);
    }
}

#[test]
fn a_full_sign_in_takes_the_place_of_what_was_parked() {
    let desk = Desk::new(Fixture::with_two());
    desk.parked("rosa").stop();
    let workstation = desk.parked("ingrid");
    desk.fixture.clock.advance(HOUR);
    workstation.sign_in(desk.fixture.full_form("rosa")).unwrap();
    let workstation = desk.lock(workstation, LockCause::SignOut);
    let people = on_lock_screen(&workstation);
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].name, "Ingrid Solheim");
}

#[test]
fn wrong_passphrases_make_one_wait_as_any_failed_sign_in_does() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.parked("rosa");
    let rosa = on_lock_screen(&workstation).remove(0);
    for _ in 0..3 {
        assert_eq!(code_of(workstation.reenter(form(&rosa, "not hers at all"))), Some(Code::ReentryRefused));
    }
    assert_eq!(code_of(workstation.reenter(form(&rosa, PASSPHRASE))), Some(Code::WaitBeforeRetry));
    assert_eq!(on_lock_screen(&workstation)[0].tries_left, 2, "waiting costs no try");
    desk.fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(workstation.reenter(form(&rosa, PASSPHRASE)).unwrap().failures_since, 3);
}

#[test]
fn a_memory_that_was_changed_or_a_later_end_written_into_it_brings_nobody_back() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.parked("rosa");
    let rosa = on_lock_screen(&workstation).remove(0);
    let mut people = parked::from_bytes(&desk.memory.load().unwrap()).unwrap();
    people[0].ends_ms += 1_000_000_000;
    desk.memory.store(parked::to_bytes(&people).expose()).unwrap();
    desk.fixture.clock.advance(13 * HOUR);
    assert_eq!(code_of(workstation.reenter(form(&rosa, PASSPHRASE))), Some(Code::ReentryOver));
    desk.memory.store(b"CKpk nonsense").unwrap();
    assert!(on_lock_screen(&workstation).is_empty());
    assert_eq!(code_of(workstation.reenter(form(&rosa, PASSPHRASE))), Some(Code::ReentryOver));
}

#[test]
fn a_clock_set_back_does_not_make_the_hours_longer() {
    let desk = Desk::new(Fixture::enrolled());
    let workstation = desk.parked("rosa");
    let rosa = on_lock_screen(&workstation).remove(0);
    desk.fixture.clock.advance(13 * HOUR);
    desk.fixture.clock.set_wall("2026-11-22T10:05:00Z".parse().unwrap());
    assert_eq!(code_of(workstation.reenter(form(&rosa, PASSPHRASE))), Some(Code::ReentryOver));
}
