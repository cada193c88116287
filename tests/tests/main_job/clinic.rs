//! A small clinic for one test: a real server on loopback, made-up patients, a workstation with a keyring in memory, and people with phones.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chartkeep_server::clock::Clock as ServerClock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::importing::import;
use chartkeep_server::people::{add_person, make_token};
use chartkeep_server::practice::Practice as ServerPractice;
use chartkeep_server::serving::{Addresses, start};
use chartkeep_server::verifying::{Verified, verify};
use chartkeep_tests::practice::Practice;
use chartkeep_tests::practice::people::{DemoPerson, PRACTICE_NAME};
use client::keyring::MemoryKeyring;
use client::view::{OpenedView, StatusView};
use client::{
    ActivateForm, ClientError, Clock, EnrolForm, Event, KeyCost, Settings, SignInForm, SystemClock,
    Workstation,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use keys::{Secret, TotpSeed, totp};
use records::id::PersonId;
use tokio::sync::oneshot;
use uuid::Uuid;

/// How long anything in the background may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Any free port of this machine.
const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// A clock that runs with the computer's, ahead of it by what the test has waited in its mind.
pub(crate) struct TestClock {
    system: SystemClock,
    ahead_s: Arc<AtomicU64>,
}

impl TestClock {
    fn new() -> Self {
        Self::ahead_by(0)
    }

    /// A clock of another process of the same clinic.
    pub(crate) fn ahead_by(seconds: u64) -> Self {
        Self { system: SystemClock::new(), ahead_s: Arc::new(AtomicU64::new(seconds)) }
    }

    pub(crate) fn seconds_ahead(&self) -> u64 {
        self.ahead_s.load(Ordering::SeqCst)
    }

    fn ahead(&self) -> Duration {
        Duration::from_secs(self.seconds_ahead())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.system.now() + self.ahead()
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic() + self.ahead()
    }

    fn since_boot(&self) -> Duration {
        self.system.since_boot() + self.ahead()
    }

    fn boot(&self) -> Uuid {
        self.system.boot()
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

/// A clinic.
pub(crate) struct Clinic {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) server: Server,
    pub(crate) keyring: Arc<MemoryKeyring>,
    phones: Mutex<BTreeMap<String, Phone>>,
}

struct Phone {
    seed: TotpSeed,
    last_step: u64,
}

impl Clinic {
    /// A clinic with a server that runs, and records.
    pub(crate) fn make(patients: u32) -> Self {
        Self::made(patients, None)
    }

    /// The same, with its main listener at an address.
    pub(crate) fn make_at(patients: u32, main: SocketAddr) -> Self {
        Self::made(patients, Some((main, ANY.into())))
    }

    fn made(patients: u32, addresses: Option<(SocketAddr, SocketAddr)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::new());
        // A server whose clock stood still would be heard, and on a busy machine it would fall a code behind.
        let server_clock = ServerClock::Ahead(clock.ahead_s.clone());
        let data = DataDir::at(&folder.path().join("server"));
        let practice = ServerPractice::make(&data, PRACTICE_NAME, "localhost", server_clock.clone()).unwrap();
        let records = folder.path().join("practice.ndjson");
        let today = clock.now().to_zoned(TimeZone::UTC).date();
        Practice::new(7, patients, today).write_ndjson(&mut File::create(&records).unwrap(), |_| {}).unwrap();
        import(&practice, &[records], &mut |_, _| {}).unwrap();
        let server = Server { data, clock: server_clock, practice, running: None, addresses };
        let mut clinic =
            Self { folder, clock, server, keyring: Arc::default(), phones: Mutex::new(BTreeMap::new()) };
        clinic.server.start();
        clinic
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("workstation")
    }

    /// The workstation of this clinic's data folder, as it is.
    pub(crate) fn workstation(&self) -> Workstation {
        self.workstation_in(self.data_dir(), self.keyring.clone())
    }

    pub(crate) fn workstation_in(&self, data_dir: PathBuf, keyring: Arc<MemoryKeyring>) -> Workstation {
        let mut settings = Settings::standard(data_dir);
        settings.key_cost = KeyCost::ForTests;
        settings.window_days = 7;
        Workstation::start(settings, keyring, self.clock.clone(), |_: Event| {})
    }

    pub(crate) fn enrol(&self, workstation: &Workstation) -> StatusView {
        let token = make_token(&self.server.practice, "Front room").unwrap().expose().to_owned();
        let form =
            EnrolForm { server: self.server.enrolment_address(), token, label: "Front room".to_owned() };
        workstation.enrol(form).unwrap()
    }

    /// Gives a person a passphrase and a phone.
    pub(crate) fn activate(&self, workstation: &Workstation, person: &DemoPerson) {
        let id = PersonId::from_uuid(person.id);
        let added = add_person(&self.server.practice, Some(id), person.username, person.name, &[person.role])
            .unwrap();
        let form = ActivateForm {
            username: person.username.to_owned(),
            activation_code: added.activation_code,
            passphrase: person.passphrase.to_owned(),
        };
        let shown = workstation.activate(form).unwrap();
        let seed = seed_from_base32(&shown.seed);
        self.phones.lock().unwrap().insert(person.username.to_owned(), Phone { seed, last_step: 0 });
        workstation.confirm_activation(&self.next_code(person)).unwrap();
    }

    /// The person's next code, once its time has come.
    pub(crate) fn next_code(&self, person: &DemoPerson) -> String {
        let mut phones = self.phones.lock().unwrap();
        let phone = phones.get_mut(person.username).unwrap();
        // Well inside a new step: on a busy machine a code may be tried seconds after it was shown.
        let into_step_s = self.clock.now().as_second().rem_euclid(30).unsigned_abs();
        self.pass(40 - into_step_s);
        phone.last_step = totp::step_at(self.clock.now());
        totp::code_at(&phone.seed, phone.last_step)
    }

    /// Puts another seed into the person's phone; what it had before.
    pub(crate) fn take_phone(&self, person: &DemoPerson, seed: &str) -> TotpSeed {
        let mut phones = self.phones.lock().unwrap();
        let phone = phones.get_mut(person.username).unwrap();
        std::mem::replace(&mut phone.seed, seed_from_base32(seed))
    }

    /// The code of a seed, now.
    pub(crate) fn code_of(&self, seed: &TotpSeed) -> String {
        totp::code_at(seed, totp::step_at(self.clock.now()))
    }

    pub(crate) fn sign_in(
        &self,
        workstation: &Workstation,
        person: &DemoPerson,
    ) -> Result<OpenedView, ClientError> {
        let code = self.next_code(person);
        self.sign_in_with(workstation, person, person.passphrase, &code)
    }

    pub(crate) fn sign_in_with(
        &self,
        workstation: &Workstation,
        person: &DemoPerson,
        passphrase: &str,
        code: &str,
    ) -> Result<OpenedView, ClientError> {
        workstation.sign_in(SignInForm {
            username: person.username.to_owned(),
            passphrase: passphrase.to_owned(),
            code: code.to_owned(),
            phone_time: None,
        })
    }

    /// Lets time pass on every clock of the clinic.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.ahead_s.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Checks every log the server holds.
    pub(crate) fn verify_logs(&self) -> Verified {
        verify(&self.server.practice).unwrap()
    }
}

/// The clinic's server: library in this process, on loopback, with its real listeners.
pub(crate) struct Server {
    pub(crate) data: DataDir,
    clock: ServerClock,
    pub(crate) practice: ServerPractice,
    running: Option<(oneshot::Sender<()>, std::thread::JoinHandle<()>)>,
    addresses: Option<(SocketAddr, SocketAddr)>,
}

impl Server {
    /// Starts it, on the ports it had before.
    pub(crate) fn start(&mut self) {
        self.practice = ServerPractice::open(&self.data, self.clock.clone()).unwrap();
        let (main, enrolment) = self.addresses.unwrap_or((ANY.into(), ANY.into()));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let practice = self.practice.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let running = start(practice, Addresses { main, enrolment }).unwrap();
                tell.send((running.listening, running.enrolment)).unwrap();
                running.until(async { stopped.await.unwrap_or_default() }).await.unwrap();
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        self.addresses = Some(told.recv_timeout(PATIENCE).unwrap());
        self.running = Some((stop, thread));
    }

    /// Stops it, where it runs; its addresses stay its own.
    pub(crate) fn stop(&mut self) {
        let Some((stop, thread)) = self.running.take() else { return };
        stop.send(()).unwrap();
        thread.join().unwrap();
    }

    /// A copy of its store, as a backup makes one.
    pub(crate) fn back_up(&self, to: &Path) {
        self.practice.store.copy_to(to, &mut |_, _| {}).unwrap();
    }

    /// Its disk is gone: the store is that of the backup, and `declare` is what somebody does before it serves.
    pub(crate) fn put_back(&mut self, backup: &Path, declare: impl FnOnce(&ServerPractice)) {
        for suffix in ["-wal", "-shm", ""] {
            let file = self.data.store().with_file_name(format!("store.db{suffix}"));
            if file.exists() {
                fs::remove_file(file).unwrap();
            }
        }
        fs::copy(backup, self.data.store()).unwrap();
        declare(&ServerPractice::open(&self.data, self.clock.clone()).unwrap());
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Its data folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// Both listeners.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        self.addresses.unwrap()
    }

    pub(crate) fn address(&self) -> String {
        format!("https://localhost:{}", self.addresses.unwrap().0.port())
    }

    pub(crate) fn enrolment_address(&self) -> String {
        format!("https://localhost:{}", self.addresses.unwrap().1.port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

/// What an authenticator app does with the letters on the screen (RFC 4648 §6).
fn seed_from_base32(text: &str) -> TotpSeed {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes().filter(|byte| *byte != b'=') {
        let place =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|letter| *letter == character).unwrap();
        bits = (bits << 5) | u32::try_from(place).unwrap();
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    TotpSeed::from_secret(Secret::from_slice(&bytes).unwrap())
}

/// Waits until something in the background has come true.
pub(crate) fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let clock = SystemClock::new();
    while !is_true() {
        assert!(clock.monotonic() < PATIENCE, "still not so after {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
