//! Coming back in whatever order people park, fail, return, leave and wait; and a lock in the middle of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{io, thread};

use proptest::prelude::*;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::*;
use crate::fixture::{Fixture, PASSPHRASE};
use crate::parking::{ParkedMemory, ProcessMemory};
use crate::view::ParkedView;

const PEOPLE: [(&str, &str); 2] = [("rosa", "Rosa Quintanilla"), ("ingrid", "Ingrid Solheim")];
const LIMIT: Duration = Duration::from_secs(12 * 60 * 60);
/// Longer than any wait after failures.
const PATIENCE: Duration = Duration::from_secs(16 * 60);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A full sign-in, and a lock.
    SignIn { who: usize, and_leave: bool },
    /// The right passphrase; where that opens, a lock.
    Return { who: usize },
    /// The passphrase of the other person.
    Fail { who: usize },
    /// Nobody is there.
    Wait { hours: u64 },
    /// The computer is switched off and on.
    PowerCycle,
}

/// What ought to be parked of one person.
#[derive(Clone, Copy, Debug)]
struct Expected {
    signed_in_at: Duration,
    failures: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..PEOPLE.len();
    let step = prop_oneof![
        4 => (who(), prop::bool::weighted(0.2)).prop_map(|(who, and_leave)| Step::SignIn { who, and_leave }),
        6 => who().prop_map(|who| Step::Return { who }),
        8 => who().prop_map(|who| Step::Fail { who }),
        2 => (1..7_u64).prop_map(|hours| Step::Wait { hours }),
        1 => Just(Step::PowerCycle),
    ];
    prop::collection::vec(step, 4..16)
}

/// The workstation, and beside it what the rules say of each person.
struct Story {
    fixture: Fixture,
    memory: Arc<ProcessMemory>,
    expected: [Option<Expected>; 2],
}

impl Story {
    fn begin() -> Self {
        Self { fixture: Fixture::with_two(), memory: Arc::default(), expected: [None; 2] }
    }

    fn start(&self) -> Workstation {
        let (fixture, memory) = (&self.fixture, self.memory.clone());
        Workstation::start_after_lock(
            fixture.settings(),
            fixture.keyring.clone(),
            fixture.clock.clone(),
            memory,
            |_| {},
        )
    }

    fn wait(&mut self, time: Duration) {
        self.fixture.clock.advance(time);
        let now = self.fixture.clock.since_boot();
        for expected in &mut self.expected {
            *expected = expected.filter(|parked| now < parked.signed_in_at + LIMIT);
        }
    }

    fn go(&mut self, step: Step, workstation: Workstation) -> Workstation {
        let now = self.fixture.clock.since_boot();
        match step {
            Step::SignIn { who, and_leave } => {
                workstation.sign_in(self.fixture.full_form(PEOPLE[who].0)).expect("both factors are right");
                let cause = if and_leave { LockCause::SignOut } else { LockCause::Idle };
                workstation.lock(cause);
                self.expected[who] = (!and_leave).then_some(Expected { signed_in_at: now, failures: 0 });
            }
            Step::Return { who } => {
                let answer = self.reenter(&workstation, who, who);
                assert_eq!(answer, self.expected[who].map_or(Some(Code::ReentryOver), |_| None), "{who}");
                workstation.lock(LockCause::ScreenLock);
                if let Some(parked) = &mut self.expected[who] {
                    parked.failures = 0;
                }
            }
            Step::Fail { who } => {
                let answer = self.reenter(&workstation, who, 1 - who);
                self.expected[who] = self.expected[who]
                    .map(|parked| Expected { failures: parked.failures + 1, ..parked })
                    .filter(|parked| parked.failures < 5);
                let expected = self.expected[who].map_or(Code::ReentryOver, |_| Code::ReentryRefused);
                assert_eq!(answer, Some(expected), "{who}");
            }
            Step::Wait { hours } => self.wait(Duration::from_secs(hours * 60 * 60)),
            Step::PowerCycle => {
                self.memory = Arc::default();
                self.expected = [None; 2];
            }
        }
        workstation.stop();
        self.start()
    }

    fn reenter(&self, workstation: &Workstation, who: usize, passphrase_of: usize) -> Option<Code> {
        let person = Uuid::from_u128(self.fixture.person.uuid().as_u128() + who as u128).to_string();
        let passphrase = Fixture::passphrase_of(PEOPLE[passphrase_of].0);
        let answer = workstation.reenter(ReenterForm { person, passphrase });
        if let Ok(opened) = &answer {
            assert_eq!(opened.person.name, PEOPLE[who].1);
        }
        answer.err().map(|error| error.code)
    }

    fn check(&self, workstation: &Workstation) {
        let shown = workstation.status().parked;
        for (expected, (_, name)) in self.expected.iter().zip(PEOPLE) {
            let left = shown.iter().find(|parked| parked.name == name).map(|parked| parked.tries_left);
            assert_eq!(left, expected.map(|parked| 5 - parked.failures), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_nobody_comes_back_longer_or_oftener_or_as_somebody_else(steps in steps()) {
        let mut story = Story::begin();
        let mut workstation = story.start();
        for step in steps {
            story.wait(PATIENCE);
            workstation = story.go(step, workstation);
            story.check(&workstation);
        }
    }
}

/// Memory that waits in the middle of a try until the test lets it go on.
struct Slow {
    inner: ProcessMemory,
    armed: AtomicBool,
    reached: mpsc::SyncSender<()>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Slow {
    fn pause(&self) {
        self.reached.send(()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
    }
}

impl ParkedMemory for Slow {
    fn boot(&self) -> Uuid {
        self.inner.boot()
    }

    fn load(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        self.inner.load()
    }

    fn store(&self, bytes: &[u8]) -> io::Result<()> {
        if self.armed.swap(false, Ordering::SeqCst) {
            self.pause();
        }
        self.inner.store(bytes)
    }
}

#[test]
fn a_lock_beats_a_return_that_is_under_way_and_costs_one_try_at_the_most() {
    let fixture = Fixture::enrolled();
    let (reached, has_reached) = mpsc::sync_channel(1);
    let (let_go, go_on) = mpsc::channel();
    let memory = Arc::new(Slow {
        inner: ProcessMemory::default(),
        armed: AtomicBool::new(false),
        reached,
        go_on: Mutex::new(go_on),
    });
    let workstation = Workstation::start_after_lock(
        fixture.settings(),
        fixture.keyring.clone(),
        fixture.clock.clone(),
        memory.clone(),
        |_| {},
    );
    workstation.sign_in(fixture.full_form("rosa")).unwrap();
    workstation.lock(LockCause::Person);
    let rosa: ParkedView = workstation.status().parked.remove(0);
    let form = || ReenterForm { person: rosa.person.clone(), passphrase: PASSPHRASE.to_owned() };
    memory.armed.store(true, Ordering::SeqCst);
    let workstation = Arc::new(workstation);
    let returning = {
        let (workstation, form) = (workstation.clone(), form());
        thread::spawn(move || workstation.reenter(form).err().map(|error| error.code))
    };
    has_reached.recv().unwrap();
    workstation.lock(LockCause::ScreenLock);
    let_go.send(()).unwrap();
    assert_eq!(returning.join().unwrap(), Some(Code::Locked));
    assert!(workstation.status().person.is_none());
    let parked = workstation.status().parked;
    assert!(parked.len() == 1 && parked[0].tries_left >= 4, "who was locked out may try again: {parked:?}");
    workstation.reenter(form()).unwrap();
}
