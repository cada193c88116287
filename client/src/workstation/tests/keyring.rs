//! Every state of the keyring, at the start and at a sign-in: said with its own code, and nothing is written because of it.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::*;

/// What is wrong with a keyring.
#[derive(Clone, Debug)]
enum Trouble {
    Nothing,
    /// Each call fails.
    Each(KeyringProblem),
    /// Items that begin so are read like this, and seen like this.
    Of(&'static str, Given, Result<Sight, KeyringProblem>),
    /// What is written comes back with a bit turned.
    Corrupts,
}

type Given = Result<Option<Vec<u8>>, KeyringProblem>;

/// An item that the keyring says it has not.
fn withheld(name: &'static str, seen: Result<Sight, KeyringProblem>) -> Trouble {
    Trouble::Of(name, Ok(None), seen)
}

/// An item that is locked, and lies where the keyring says.
fn shut(name: &'static str, seen: Sight) -> Trouble {
    Trouble::Of(name, Err(KeyringProblem::Locked), Ok(seen))
}

/// An item that is another value than the one that was put.
fn replaced(name: &'static str, value: Vec<u8>) -> Trouble {
    Trouble::Of(name, Ok(Some(value)), Ok(Sight::Here))
}

/// An item that does not read as ours.
fn not_hex(name: &'static str) -> Trouble {
    Trouble::Of(name, Err(KeyringProblem::Unreadable), Ok(Sight::Here))
}

/// A keyring with troubles, which counts how often anybody writes or deletes.
struct Troubled {
    inner: Arc<MemoryKeyring>,
    trouble: Mutex<Trouble>,
    touched: AtomicUsize,
    /// Whether the start has come to its end in the background: the log has its key.
    begun: AtomicBool,
}

impl Troubled {
    fn around(fixture: &Fixture, trouble: Trouble) -> Arc<Self> {
        let inner = fixture.keyring.clone();
        Arc::new(Self {
            inner,
            trouble: Mutex::new(trouble),
            touched: AtomicUsize::new(0),
            begun: AtomicBool::new(false),
        })
    }

    fn trouble(&self) -> Trouble {
        self.trouble.lock().unwrap().clone()
    }

    fn set(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = trouble;
    }

    /// Counts what is done to keys. How far the records have come is noted there too, and is none.
    fn touch(&self, name: &str) {
        if is_key(name) {
            self.touched.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn touched(&self) -> usize {
        self.touched.load(Ordering::SeqCst)
    }
}

impl Keyring for Troubled {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        match self.trouble() {
            Trouble::Each(problem) => Err(problem),
            Trouble::Of(troubled, given, _) if name.starts_with(troubled) => {
                Ok(given?.map(KeyringSecret::new))
            }
            Trouble::Of(..) | Trouble::Nothing | Trouble::Corrupts => self.inner.read(name),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        self.touch(name);
        let mut secret = secret.to_vec();
        match self.trouble() {
            Trouble::Each(problem) => return Err(problem),
            Trouble::Corrupts => secret[0] ^= 1,
            Trouble::Of(..) | Trouble::Nothing => {}
        }
        self.inner.write(name, &secret)
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        self.touch(name);
        let deleted = self.inner.delete(name);
        self.begun.fetch_or(name == "audit-epoch.odd", Ordering::SeqCst);
        deleted
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        match self.trouble() {
            Trouble::Each(problem) => Err(problem),
            Trouble::Of(troubled, _, seen) if name.starts_with(troubled) => seen,
            Trouble::Of(..) | Trouble::Nothing | Trouble::Corrupts => self.inner.look(name),
        }
    }
}

fn start(fixture: &Fixture, keyring: &Arc<Troubled>) -> Workstation {
    Workstation::start(fixture.settings(), keyring.clone(), fixture.clock.clone(), |_| {})
}

fn is_key(name: &str) -> bool {
    name.starts_with(KEY) || name.starts_with(HALF)
}

fn keys_in(fixture: &Fixture) -> Vec<String> {
    fixture.keyring.names().into_iter().filter(|name| is_key(name)).collect()
}

/// The files, once nothing in the background has changed them for a while.
fn at_rest(fixture: &Fixture) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut files = fixture.files();
    loop {
        std::thread::sleep(Duration::from_millis(150));
        let later = std::mem::replace(&mut files, fixture.files());
        if later == files {
            return files;
        }
    }
}

const KEY: &str = "workstation";
const HALF: &str = "slot.";

#[test]
fn each_state_at_the_start_has_its_own_code_writes_nothing_and_a_retry_goes_on() {
    let locked = Err(KeyringProblem::Locked);
    for (trouble, code) in [
        (Trouble::Each(KeyringProblem::Absent), Code::KeyringAbsent),
        (Trouble::Each(KeyringProblem::Locked), Code::KeyringLocked),
        (Trouble::Each(KeyringProblem::Failed), Code::KeyringError),
        (Trouble::Each(KeyringProblem::NoAnswer), Code::KeyringNoAnswer),
        (Trouble::Each(KeyringProblem::Twice), Code::KeyringTwice),
        (withheld(KEY, locked), Code::KeyringLocked),
        (withheld(KEY, Ok(Sight::Here)), Code::KeyringError),
        (withheld(KEY, Ok(Sight::Elsewhere)), Code::KeyringElsewhere),
        (shut(KEY, Sight::Elsewhere), Code::KeyringElsewhere),
        (shut(KEY, Sight::Here), Code::KeyringLocked),
        (withheld(KEY, Ok(Sight::Foreign)), Code::KeyringForeign),
        (withheld(KEY, Ok(Sight::Gone)), Code::KeyMissing),
        (not_hex(KEY), Code::KeyringUnreadable),
        (replaced(KEY, vec![1; 20]), Code::KeyringUnreadable),
        (replaced(KEY, Vec::new()), Code::KeyringUnreadable),
    ] {
        let fixture = Fixture::enrolled();
        let (files, items) = (fixture.files(), keys_in(&fixture));
        let keyring = Troubled::around(&fixture, trouble.clone());
        let workstation = start(&fixture, &keyring);
        assert_eq!(problem(&workstation.status()), Some(code), "{trouble:?}");
        assert_eq!(code_of(workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code()))), Some(code));
        assert_eq!(problem(&workstation.retry()), Some(code), "{trouble:?}");
        assert_eq!(keyring.touched(), 0, "{trouble:?}");
        assert!(fixture.files() == files && keys_in(&fixture) == items, "{trouble:?}");
        keyring.set(Trouble::Nothing);
        assert_eq!(workstation.retry().state, Lifecycle::Locked, "{trouble:?}");
    }
}

#[test]
fn a_key_of_another_folder_opens_nothing_and_changes_nothing() {
    let (fixture, other) = (Fixture::enrolled(), Fixture::enrolled());
    let mut key = other.keyring.read(KEY).unwrap().unwrap().to_vec();
    key[1] ^= 1;
    let files = fixture.files();
    let keyring = Troubled::around(&fixture, replaced(KEY, key));
    let workstation = start(&fixture, &keyring);
    assert_eq!(problem(&workstation.status()), Some(Code::VaultDamaged));
    assert!(keyring.touched() == 0 && fixture.files() == files);
}

#[test]
fn each_state_of_a_slots_half_has_its_own_code_and_writes_nothing() {
    for (trouble, code) in [
        (withheld(HALF, Ok(Sight::Gone)), Code::SlotKeyMissing),
        (withheld(HALF, Ok(Sight::Foreign)), Code::SlotKeyMissing),
        (withheld(HALF, Ok(Sight::Elsewhere)), Code::KeyringElsewhere),
        (withheld(HALF, Err(KeyringProblem::Locked)), Code::KeyringLocked),
        (shut(HALF, Sight::Here), Code::KeyringLocked),
        (replaced(HALF, vec![3; 31]), Code::SlotKeyUnreadable),
        (not_hex(HALF), Code::SlotKeyUnreadable),
        (Trouble::Each(KeyringProblem::NoAnswer), Code::KeyringNoAnswer),
    ] {
        let fixture = Fixture::enrolled();
        let keyring = Troubled::around(&fixture, Trouble::Nothing);
        let workstation = start(&fixture, &keyring);
        while !keyring.begun.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let (files, items) = (at_rest(&fixture), keys_in(&fixture));
        keyring.set(trouble.clone());
        for _ in 0..5 {
            let refused = workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code()));
            assert_eq!(code_of(refused), Some(code), "{trouble:?}");
        }
        assert_eq!(keyring.touched(), 0, "{trouble:?}");
        assert!(fixture.files() == files && keys_in(&fixture) == items, "{trouble:?}");
        keyring.set(Trouble::Nothing);
        let opened = workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
        assert_eq!(opened.failures_since, 0, "{trouble:?}: no fault of the person");
    }
}

#[test]
fn a_slot_file_that_is_gone_is_not_a_half_that_is_gone_and_one_that_is_damaged_stays() {
    let fixture = Fixture::enrolled();
    let keyring = Troubled::around(&fixture, Trouble::Nothing);
    let workstation = start(&fixture, &keyring);
    let file = fs::read_dir(fixture.data_dir().join("slots")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    let sign_in = || code_of(workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())));
    fs::remove_file(&file).unwrap();
    assert_eq!(sign_in(), Some(Code::SlotMissing));
    fs::write(&file, b"half of it").unwrap();
    assert_eq!(sign_in(), Some(Code::SlotUnreadable));
    assert!(keyring.touched() == 0 && fs::read(&file).unwrap() == b"half of it");
    fs::write(&file, &whole).unwrap();
    assert_eq!(sign_in(), None);
}

#[test]
fn a_keyring_that_gives_back_something_else_costs_nobody_the_way_in() {
    let fixture = Fixture::enrolled();
    let keyring = Troubled::around(&fixture, Trouble::Corrupts);
    let workstation = start(&fixture, &keyring);
    let slots = || {
        let files = fixture.files();
        files
            .into_iter()
            .filter(|(path, _)| path.extension().is_some_and(|kind| kind == "slot"))
            .collect::<Vec<_>>()
    };
    let before = slots();
    for round in 1..4 {
        workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
        let clock = crate::SystemClock::new();
        while keyring.touched() < round {
            assert!(clock.monotonic() < Duration::from_secs(10), "no refresh was tried");
            std::thread::sleep(Duration::from_millis(5));
        }
        workstation.lock(LockCause::Person);
        fixture.clock.advance(Duration::from_secs(30));
    }
    assert!(slots() == before, "the slot that opens is the one that was there");
}

#[test]
fn an_enrolment_finds_out_that_a_keyring_forgets_before_the_token_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::enrolled();
    let keyring = Troubled::around(&fixture, Trouble::Corrupts);
    let settings = Settings::standard(folder.path().join("data"));
    let workstation = Workstation::start(settings, keyring, fixture.clock, |_| {});
    let token = keys::token::EnrolmentToken::make([1; 32], &mut keys::Random::from_seed([2; 32]));
    let form = EnrolForm {
        server: "https://localhost:9".to_owned(),
        token: token.to_text().expose().to_owned(),
        label: "Front room".to_owned(),
    };
    assert_eq!(code_of(workstation.enrol(form)), Some(Code::KeyringForgets));
    assert!(!folder.path().join("data").exists());
}
