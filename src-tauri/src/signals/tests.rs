//! The signals of a logind that is made for tests (`python3-dbusmock`), on a bus of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use client::LockCause;

use zbus::{Connection, Variant};

use super::{Ears, logind, screensaver};

const NAME: &str = "org.freedesktop.login1";
const LOGIND: &str = "/org/freedesktop/login1";
const MOCK: &str = "org.freedesktop.DBus.Mock";
const SESSION: &str = "org.freedesktop.login1.Session";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const LIMIT: Duration = Duration::from_secs(10);

/// A bus, and what runs on it. Both end with it.
struct Bus {
    connection: Connection,
    address: String,
    programs: Vec<Child>,
}

impl Drop for Bus {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            program.kill().expect("it can be ended");
            program.wait().expect("it ends");
        }
    }
}

impl Bus {
    async fn start() -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("a pipe")).read_line(&mut address).expect("an address");
        let address = address.trim().to_owned();
        let bus = zbus::connection::Builder::address(address.as_str()).build().await;
        let connection = bus.expect("the bus answers");
        Self { connection, address, programs: vec![daemon] }
    }

    /// With a logind that knows the session `ours` and another one.
    async fn with_logind() -> Self {
        let mut bus = Self::start().await;
        let mock = Command::new("/usr/bin/python3")
            .args(["-m", "dbusmock", "--template", "logind"])
            .env("DBUS_SYSTEM_BUS_ADDRESS", &bus.address)
            .stdout(Stdio::null())
            .spawn()
            .expect("python3 is installed");
        bus.programs.push(mock);
        for name in ["ours", "theirs"] {
            let make = || async {
                let session = (name, "seat0", 1000_u32, "nurse", true);
                bus.ask::<String>(LOGIND, MOCK, "AddSession", &session).await.ok()
            };
            within("python3-dbusmock answers (Debian package python3-dbusmock)", make).await;
        }
        bus
    }

    async fn ask<R>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        with: &(impl serde::Serialize + zbus::DynamicType),
    ) -> zbus::Result<R>
    where
        R: for<'d> zbus::wire::DynamicDeserialize<'d>,
    {
        let answer = self.connection.call_method(Some(NAME), path, Some(interface), method, with).await?;
        answer.body().deserialize()
    }

    async fn say(&self, path: &str, interface: &str, signal: &str, with: Option<bool>) {
        let signature = if with.is_some() { "b" } else { "" };
        let arguments: Vec<Variant<'_>> = with.into_iter().map(Variant::from).collect();
        let said: zbus::Result<()> =
            self.ask(path, MOCK, "EmitSignal", &(interface, signal, signature, arguments)).await;
        said.expect("it is said");
    }

    async fn sleep_inhibitors(&self) -> usize {
        type Row = (String, String, String, String, u32, u32);
        let rows: Vec<Row> = self.ask(LOGIND, MANAGER, "ListInhibitors", &()).await.expect("a list");
        rows.iter().filter(|(what, _, _, mode, _, _)| what == "sleep" && mode == "delay").count()
    }

    async fn wait_for_inhibitors(&self, count: usize) {
        let as_many = || async { (self.sleep_inhibitors().await == count).then_some(()) };
        within(&format!("{count} inhibitors"), as_many).await;
    }
}

/// Asks until there is an answer.
async fn within<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    for _ in 0..200 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(LIMIT / 200).await;
    }
    panic!("not seen: {what}");
}

/// A workstation that says what it locks for, and takes its time until the test lets it be done.
fn slow_workstation() -> (super::Lock, Receiver<LockCause>, Sender<()>) {
    let (say, said) = channel();
    let (let_go, may_go) = channel();
    let may_go = std::sync::Mutex::new(may_go);
    let lock = move |cause| {
        say.send(cause).expect("the test listens");
        may_go.lock().expect("no panic").recv().expect("the test lets go");
    };
    (Arc::new(lock), said, let_go)
}

const OURS: &str = "/org/freedesktop/login1/session/ours";
const THEIRS: &str = "/org/freedesktop/login1/session/theirs";

#[tokio::test(flavor = "multi_thread")]
async fn sleep_waits_for_the_lock_and_only_our_own_session_locks_us() {
    let bus = Bus::with_logind().await;
    let (lock, locked, done) = slow_workstation();
    let ears = Ears::default();
    let (connection, listening) = (bus.connection.clone(), ears.clone());
    tokio::spawn(async move { logind::listen(connection, Some("ours".to_owned()), lock, &listening).await });
    bus.wait_for_inhibitors(1).await;
    within("the health page's figures", || async { ears.heard().sleep_waits.then_some(()) }).await;
    assert!(ears.heard().logind && ears.heard().own_session);

    // Were the other session's lock taken for ours, it would come first.
    bus.say(THEIRS, SESSION, "Lock", None).await;
    bus.say(OURS, SESSION, "Unlock", None).await;
    bus.say(OURS, SESSION, "Lock", None).await;
    assert_eq!(locked.recv_timeout(LIMIT), Ok(LockCause::ScreenLock));
    done.send(()).expect("it waits");

    bus.say(LOGIND, MANAGER, "PrepareForSleep", Some(true)).await;
    assert_eq!(locked.recv_timeout(LIMIT), Ok(LockCause::Sleep));
    assert_eq!(bus.sleep_inhibitors().await, 1, "while it locks, sleep waits");
    done.send(()).expect("it waits");
    bus.wait_for_inhibitors(0).await;

    bus.say(LOGIND, MANAGER, "PrepareForSleep", Some(false)).await;
    bus.wait_for_inhibitors(1).await;
    let changed = std::collections::HashMap::from([("Active", Variant::from(false))]);
    let told: zbus::Result<()> = bus.ask(OURS, MOCK, "UpdateProperties", &(SESSION, changed)).await;
    told.expect("it is told");
    assert_eq!(locked.recv_timeout(LIMIT), Ok(LockCause::UserSwitch), "and waking up did not lock");
    done.send(()).expect("it waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_without_logind_is_an_error_that_can_be_tried_again() {
    let bus = Bus::start().await;
    let (lock, ..) = slow_workstation();
    let ears = Ears::default();
    let heard = logind::listen(bus.connection.clone(), Some("ours".to_owned()), lock, &ears).await;
    assert!(heard.is_err());
    assert_eq!(ears.heard(), super::Heard::default());
}

#[test]
fn where_our_session_is_not_known_the_lock_of_any_session_counts() {
    let lock = zbus::Message::signal(THEIRS, SESSION, "Lock").build(&()).expect("no body");
    assert_eq!(logind::meaning(&lock, Some(OURS)), None);
    assert_eq!(logind::meaning(&lock, None), Some(logind::Meaning::Lock(LockCause::ScreenLock)));
}

#[test]
fn a_screen_locker_locks_when_it_becomes_active_and_not_when_it_ends() {
    let says = |interface: &str, active: bool| {
        let signal = zbus::Message::signal("/org/gnome/ScreenSaver", interface, "ActiveChanged");
        screensaver::is_active(&signal.build(&active).expect("a flag"))
    };
    assert!(says("org.gnome.ScreenSaver", true));
    assert!(says("org.freedesktop.ScreenSaver", true));
    assert!(!says("org.gnome.ScreenSaver", false));
    assert!(!says("org.example.Bubble", true));
}
