//! A security key in the place of the code: registered, used, refused, and wanted by policy.

use keys::slot::spent;
use sync::wire::Policy;
use vault::{Device, Folder, RawKey, Setting};

use super::*;
use crate::security_key::double::{DoubleKey, PIN};
use crate::security_key::{KeyProblem, KeyStep};
use crate::view::SecurityKeyView;

/// A workstation with a key plugged in.
pub(super) struct Desk {
    pub(super) fixture: Fixture,
    pub(super) key: Arc<DoubleKey>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self { fixture: Fixture::with_two(), key: Arc::default() }
    }

    pub(super) fn start(&self) -> Workstation {
        self.fixture.start().with_security_key(self.key.clone())
    }

    /// Rosa has registered the key and left.
    pub(super) fn registered(self) -> (Self, Workstation) {
        let workstation = self.start();
        self.sign_in_by_code(&workstation).unwrap();
        let view = self.register(&workstation).unwrap();
        assert!(view.registered);
        workstation.lock(LockCause::SignOut);
        (self, workstation)
    }

    fn new_code(&self) -> String {
        self.fixture.clock.advance(Duration::from_secs(60));
        self.fixture.code()
    }

    pub(super) fn sign_in_by_code(&self, workstation: &Workstation) -> Result<OpenedView, ClientError> {
        workstation.sign_in(self.fixture.form(PASSPHRASE, &self.new_code()))
    }

    pub(super) fn register(&self, workstation: &Workstation) -> Result<SecurityKeyView, ClientError> {
        workstation.register_security_key(&RegisterKeyForm {
            passphrase: PASSPHRASE.to_owned(),
            code: self.new_code(),
            pin: PIN.to_owned(),
        })
    }

    pub(super) fn remove(&self, workstation: &Workstation) -> Result<SecurityKeyView, ClientError> {
        workstation.remove_security_key(&proof(self.new_code()))
    }

    /// The clinic's policy, as the server would have brought it, wants keys of nurses.
    fn want_keys(&self) {
        let keys = crate::device_keys::DeviceKeys::of_enrolled(self.fixture.keyring.as_ref()).unwrap();
        let key = RawKey::new(*keys.device_file.expose());
        let mut device = Device::open(Folder::new(self.fixture.data_dir()), &key).unwrap();
        device.set(Setting::Policy, &nurses_with_keys()).unwrap();
    }

    fn endings(&self, ending: &str) -> usize {
        let names = self.fixture.files();
        names.keys().filter(|path| path.extension().is_some_and(|kind| kind == ending)).count()
    }

    /// Waits until behind the first screen a slot was replaced, and what came before it taken away.
    fn wait_for(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let clock = crate::SystemClock::new();
        while !is_so(self) {
            assert!(clock.monotonic() < Duration::from_secs(20), "{what}");
            thread_sleep();
        }
    }
}

fn thread_sleep() {
    std::thread::sleep(Duration::from_millis(5));
}

fn proof(code: String) -> SheetForm {
    SheetForm { passphrase: PASSPHRASE.to_owned(), code, pin: None }
}

fn nurses_with_keys() -> Vec<u8> {
    let policy = Policy { security_key_roles: vec![records::Role::Nurse], ..Policy::default() };
    serde_json::to_vec(&policy).unwrap()
}

fn with_key(username: &str, passphrase: &str, pin: &str) -> KeySignInForm {
    KeySignInForm { username: username.to_owned(), passphrase: passphrase.to_owned(), pin: pin.to_owned() }
}

pub(super) fn rosa(workstation: &Workstation) -> Result<OpenedView, ClientError> {
    workstation.sign_in_with_key(&with_key("Rosa", PASSPHRASE, PIN))
}

#[test]
fn a_registered_key_opens_with_one_touch_and_the_server_away_and_the_code_does_too() {
    let (desk, workstation) = Desk::new().registered();
    let touches = desk.key.touches();
    assert_eq!(touches, 3, "to make a credential, to ask it, and to prove it");
    let opened = rosa(&workstation).unwrap();
    assert!(!opened.online && opened.recovery_codes_left.is_none());
    assert_eq!(desk.key.touches(), touches + 1);
    assert!(workstation.search("nobody").is_ok());
    workstation.lock(LockCause::SignOut);
    desk.sign_in_by_code(&workstation).unwrap();
}

#[test]
fn behind_the_first_screen_the_slot_of_the_key_goes_on_to_the_next_generation() {
    let (desk, workstation) = Desk::new().registered();
    let key_file = |desk: &Desk, generation: u64| {
        let name = format!("{}.{generation}.key", desk.fixture.person);
        desk.fixture.data_dir().join("slots").join(name)
    };
    for generation in 1..4 {
        let old = fs::read(key_file(&desk, generation)).unwrap();
        rosa(&workstation).unwrap();
        desk.wait_for("the slot was not refreshed", |desk| {
            key_file(desk, generation + 1).exists() && !key_file(desk, generation).exists()
        });
        workstation.lock(LockCause::SignOut);
        // A copy of the generation before, put back without its half in the keyring, is in nobody's way.
        fs::write(key_file(&desk, generation), old).unwrap();
    }
    rosa(&workstation).unwrap();
}

/// A keyring that stops to take anything.
struct StopsWriting(Arc<MemoryKeyring>, AtomicBool);

impl Keyring for StopsWriting {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        self.0.read(name)
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        if self.1.load(Ordering::SeqCst) { Err(KeyringProblem::Failed) } else { self.0.write(name, secret) }
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        if self.1.load(Ordering::SeqCst) { Err(KeyringProblem::Failed) } else { self.0.delete(name) }
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        self.0.look(name)
    }
}

#[test]
fn a_refresh_that_comes_to_no_end_leaves_a_slot_that_opens() {
    let (desk, workstation) = Desk::new().registered();
    workstation.stop();
    let keyring = Arc::new(StopsWriting(desk.fixture.keyring.clone(), AtomicBool::new(true)));
    for _ in 0..2 {
        let (settings, clock) = (desk.fixture.settings(), desk.fixture.clock.clone());
        let workstation =
            Workstation::start(settings, keyring.clone(), clock, |_| {}).with_security_key(desk.key.clone());
        rosa(&workstation).unwrap();
        // Ends what goes on behind the screen.
        workstation.stop();
    }
    let workstation = desk.start();
    rosa(&workstation).unwrap();
}

#[test]
fn a_wrong_passphrase_key_device_or_name_is_one_error_at_one_price() {
    let (desk, workstation) = Desk::new().registered();
    let price = |workstation: &Workstation, form| {
        spent::take();
        (workstation.sign_in_with_key(&form).err(), spent::take())
    };
    let one = (Some(ClientError::from(Code::KeyRefused)), (1, 3));
    assert_eq!(price(&workstation, with_key("Rosa", "not this one at all", PIN)), one, "passphrase");
    assert_eq!(price(&workstation, with_key("Ingrid", PASSPHRASE, PIN)), one, "no key here");
    assert_eq!(price(&workstation, with_key("Nobody", PASSPHRASE, PIN)), one, "name");
    let workstation = workstation.with_security_key(Arc::new(DoubleKey::default()));
    assert_eq!(price(&workstation, with_key("Rosa", PASSPHRASE, PIN)), one, "key");
    let workstation = workstation.with_security_key(desk.key.clone());
    for half in desk.fixture.keyring.names().iter().filter(|name| name.starts_with("slot.")) {
        desk.fixture.keyring.write(half, &[7; 32]).unwrap();
    }
    assert_eq!(price(&workstation, with_key("Rosa", PASSPHRASE, PIN)), one, "device");
}

#[test]
fn wrong_attempts_with_a_key_make_one_wait_as_those_with_a_code_do() {
    let (desk, workstation) = Desk::new().registered();
    for _ in 0..3 {
        let refused = workstation.sign_in_with_key(&with_key("Rosa", "not this one at all", PIN));
        assert_eq!(code_of(refused), Some(Code::KeyRefused));
    }
    let touches = desk.key.touches();
    assert_eq!(code_of(rosa(&workstation)), Some(Code::WaitBeforeRetry));
    assert_eq!(desk.key.touches(), touches, "nobody touches for what is refused anyway");
    let by_code = workstation.sign_in(desk.fixture.form(PASSPHRASE, &desk.fixture.code()));
    assert_eq!(code_of(by_code), Some(Code::WaitBeforeRetry), "one row of failures");
    desk.fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(rosa(&workstation).unwrap().failures_since, 3);
}

#[test]
fn what_the_key_says_of_itself_is_told_and_is_no_failed_sign_in() {
    let (desk, workstation) = Desk::new().registered();
    let wrong = workstation.sign_in_with_key(&with_key("Rosa", PASSPHRASE, "000000")).unwrap_err();
    assert_eq!((wrong.code, wrong.message.contains("7 tries")), (Code::KeyPin, true));
    let missing = workstation.sign_in_with_key(&with_key("Rosa", PASSPHRASE, ""));
    assert_eq!(code_of(missing), Some(Code::KeyPin));
    let cases = [
        (KeyProblem::NonePluggedIn, Code::KeyNotThere),
        (KeyProblem::Failed, Code::KeyFailed),
        (KeyProblem::TimedOut, Code::KeyTimedOut),
        (KeyProblem::NoPin, Code::KeyNoPin),
        (KeyProblem::PinPaused, Code::KeyPinPaused),
        (KeyProblem::PinBlocked, Code::KeyPinBlocked),
        (KeyProblem::Unfit, Code::KeyUnfit),
    ];
    for (problem, code) in cases {
        desk.key.set_problem(Some((0, problem)));
        assert_eq!(code_of(rosa(&workstation)), Some(code));
    }
    desk.key.set_problem(None);
    assert_eq!(rosa(&workstation).unwrap().failures_since, 0);
}

#[test]
fn a_lock_and_the_person_end_the_wait_and_nothing_opens() {
    let (desk, workstation) = Desk::new().registered();
    desk.key.ignore(true);
    let ends: [&dyn Fn(); 2] =
        [&|| workstation.lock(LockCause::Person), &|| workstation.cancel_security_key().unwrap()];
    for end in ends {
        let refused = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| rosa(&workstation));
            let clock = crate::SystemClock::new();
            while !waiting.is_finished() {
                assert!(clock.monotonic() < Duration::from_secs(20), "the wait goes on");
                end();
                thread_sleep();
            }
            waiting.join().unwrap()
        });
        assert_eq!(code_of(refused), Some(Code::KeyCancelled));
        assert_eq!(workstation.status().state, Lifecycle::Locked);
    }
    desk.key.ignore(false);
    rosa(&workstation).unwrap();
}

#[test]
fn the_screen_is_told_what_to_do_with_the_key() {
    let desk = Desk::new();
    let (told, heard) = mpsc::channel();
    let told = Mutex::new(told);
    let on_event = move |event| {
        if let Event::KeyStep { step, touch } = event {
            told.lock().unwrap().send((step, touch)).unwrap();
        }
    };
    let (settings, clock) = (desk.fixture.settings(), desk.fixture.clock.clone());
    let workstation = Workstation::start(settings, desk.fixture.keyring.clone(), clock, on_event)
        .with_security_key(desk.key.clone());
    desk.sign_in_by_code(&workstation).unwrap();
    desk.register(&workstation).unwrap();
    let touches: Vec<u8> =
        heard.try_iter().filter(|(step, _)| *step == KeyStep::Touch).map(|(_, touch)| touch).collect();
    assert_eq!(touches, [1, 2, 3]);
}

#[test]
fn a_key_that_fails_on_the_way_or_answers_otherwise_each_time_is_not_registered() {
    for touch in 1..=3 {
        let desk = Desk::new();
        let workstation = desk.start();
        desk.sign_in_by_code(&workstation).unwrap();
        desk.key.set_problem(Some((touch, KeyProblem::Failed)));
        assert_eq!(code_of(desk.register(&workstation)), Some(Code::KeyFailed), "touch {touch}");
        assert!(!workstation.security_key_status().unwrap().registered);
        assert_eq!(desk.endings("key"), 0);
        desk.key.set_problem(None);
        desk.register(&workstation).unwrap();
    }
    let desk = Desk::new();
    let workstation = desk.start();
    desk.sign_in_by_code(&workstation).unwrap();
    desk.key.be_fickle();
    assert_eq!(code_of(desk.register(&workstation)), Some(Code::KeyFailed));
    assert_eq!(desk.endings("key"), 0);
}

#[test]
fn only_who_proves_who_they_are_registers_or_removes_a_key() {
    let (desk, workstation) = Desk::new().registered();
    desk.sign_in_by_code(&workstation).unwrap();
    let form = |passphrase: &str, code: &str| RegisterKeyForm {
        passphrase: passphrase.to_owned(),
        code: code.to_owned(),
        pin: PIN.to_owned(),
    };
    let touches = desk.key.touches();
    let wrong = workstation.register_security_key(&form("not this one at all", &desk.new_code()));
    assert_eq!(code_of(wrong), Some(Code::SignInRefused));
    let wrong = workstation.remove_security_key(&proof("000000".to_owned()));
    assert_eq!(code_of(wrong), Some(Code::SignInRefused));
    assert_eq!(desk.key.touches(), touches);
    let view = desk.remove(&workstation).unwrap();
    assert!(!view.registered && view.codes_open);
    assert_eq!(desk.endings("key"), 0);
    workstation.lock(LockCause::SignOut);
    assert_eq!(code_of(rosa(&workstation)), Some(Code::KeyRefused));
    desk.sign_in_by_code(&workstation).unwrap();
}

#[test]
fn another_key_takes_the_place_of_the_first() {
    let (desk, workstation) = Desk::new().registered();
    desk.sign_in_by_code(&workstation).unwrap();
    let second = Arc::new(DoubleKey::default());
    let workstation = workstation.with_security_key(second);
    desk.register(&workstation).unwrap();
    workstation.lock(LockCause::SignOut);
    assert_eq!(rosa(&workstation).unwrap().failures_since, 0);
    workstation.lock(LockCause::SignOut);
    let workstation = workstation.with_security_key(desk.key.clone());
    assert_eq!(code_of(rosa(&workstation)), Some(Code::KeyRefused));
    assert_eq!(desk.endings("key"), 1);
}

#[test]
fn where_policy_wants_a_key_nothing_is_shown_until_one_is_registered_and_then_no_code_opens() {
    let desk = Desk::new();
    desk.want_keys();
    let workstation = desk.start();
    desk.sign_in_by_code(&workstation).unwrap();
    assert!(workstation.status().key_due);
    assert_eq!(code_of(workstation.search("nobody")), Some(Code::KeyDue));
    assert_eq!(code_of(workstation.today(None)), Some(Code::KeyDue));
    assert_eq!(code_of(workstation.audit_page(None, None)), Some(Code::KeyDue));
    workstation.lock(LockCause::Person);
    assert!(workstation.status().parked.is_empty(), "nobody comes back past the screen that asks for a key");

    desk.sign_in_by_code(&workstation).unwrap();
    let view = desk.register(&workstation).unwrap();
    assert!(view.registered && view.required && !view.codes_open);
    assert!(!workstation.status().key_due);
    assert!(workstation.search("nobody").is_ok());
    workstation.lock(LockCause::SignOut);
    assert_eq!((desk.endings("key"), desk.endings("slot")), (1, 1), "Ingrid's codes are not touched");
    let halves = desk.fixture.keyring.names().into_iter().filter(|name| name.starts_with("slot.")).count();
    assert_eq!(halves, 2);
    spent::take();
    assert_eq!(desk.sign_in_by_code(&workstation).err(), Some(Code::SignInRefused.into()));
    assert_eq!(spent::take(), (1, 3), "as much as a wrong code");
    rosa(&workstation).unwrap();
    assert!(workstation.search("nobody").is_ok());
}

#[test]
fn codes_end_when_the_key_has_opened_under_the_policy_and_not_before() {
    let (desk, workstation) = Desk::new().registered();
    workstation.stop();
    desk.want_keys();
    let workstation = desk.start();
    desk.sign_in_by_code(&workstation).unwrap();
    assert!(
        workstation.status().key_due,
        "a code still opens, and leads to the screen that asks for the key"
    );
    workstation.lock(LockCause::SignOut);
    rosa(&workstation).unwrap();
    assert!(!workstation.status().key_due);
    workstation.lock(LockCause::SignOut);
    assert_eq!(code_of(desk.sign_in_by_code(&workstation)), Some(Code::SignInRefused));
    rosa(&workstation).unwrap();
}

#[test]
fn somebody_who_works_when_the_policy_comes_goes_on_and_comes_back() {
    let desk = Desk::new();
    let workstation = desk.start();
    desk.sign_in_by_code(&workstation).unwrap();
    let station = workstation.station().unwrap();
    station.device().set(Setting::Policy, &nurses_with_keys()).unwrap();
    assert!(workstation.search("nobody").is_ok());
    workstation.lock(LockCause::Person);
    let person = workstation.status().parked[0].person.clone();
    workstation.reenter(ReenterForm { person, passphrase: PASSPHRASE.to_owned() }).unwrap();
    assert!(workstation.search("nobody").is_ok());
    workstation.lock(LockCause::SignOut);
    desk.sign_in_by_code(&workstation).unwrap();
    assert_eq!(code_of(workstation.search("nobody")), Some(Code::KeyDue));
}
