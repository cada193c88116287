//! A real GNOME Keyring, in the ways in which computers log people in: what of our keys a thief of the disk gets.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client::keyring::{Keyring as _, OsKeyring};

/// Tells this test, run as a program of the account, what to do with the keyring.
const ORDER: &str = "CHARTKEEP_TEST_KEYRING";
const SERVICE: &str = "org.chartkeep.test";
const SECRET: &[u8] = b"\xa1\xb2\xc3\xd4\xde\xad\xbe\xef\x01\x02\x03\x04";
/// As the keyring keeps it.
const WRITTEN: &str = "a1b2c3d4deadbeef01020304";

/// An account of the computer with a session bus, and somebody logged in or not.
struct Account {
    home: tempfile::TempDir,
    address: String,
    bus: Child,
    daemon: Option<Child>,
}

impl Account {
    fn make() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        for folder in [".cache", ".local/share/keyrings", "run"] {
            fs::create_dir_all(home.path().join(folder)).expect("folders");
        }
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .env("HOME", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().expect("a pipe")).read_line(&mut address).expect("an address");
        Self { home, address: address.trim().to_owned(), bus, daemon: None }
    }

    fn program(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path().join("run"))
            .env("XDG_DATA_HOME", self.home.path().join(".local/share"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command
    }

    /// With the password that opens the keyring, or without one, as an automatic login does.
    fn log_in(&mut self, password: Option<&str>) {
        let mut command = self.program("gnome-keyring-daemon".into());
        command.args(["--foreground", "--components=secrets", "--control-directory"]);
        command.arg(self.home.path().join("run/keyring"));
        if password.is_some() {
            command.arg("--unlock");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut daemon = command.spawn().expect("gnome-keyring-daemon is installed");
        let mut typed = daemon.stdin.take().expect("a pipe");
        typed.write_all(password.unwrap_or_default().as_bytes()).expect("it reads");
        drop(typed);
        self.daemon = Some(daemon);
        self.wait_for_name(true);
    }

    fn log_out(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().expect("it runs");
            daemon.wait().expect("it ends");
            self.wait_for_name(false);
        }
    }

    /// Asks the bus, which starts nothing for that.
    fn wait_for_name(&self, there: bool) {
        for _ in 0..200 {
            let mut ask = self.program("dbus-send".into());
            ask.args(["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/"]);
            ask.args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]);
            let answer = ask.output().expect("dbus-send is installed");
            if String::from_utf8_lossy(&answer.stdout).contains(if there { "true" } else { "false" }) {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the keyring comes and goes");
    }

    /// What Chartkeep gets in this account.
    fn as_chartkeep(&self, order: &str) -> String {
        let mut child = self.program(std::env::current_exe().expect("this test"));
        child.args(["--exact", "keyrings::as_a_program_of_the_account", "--nocapture"]).env(ORDER, order);
        let said = child.output().expect("the test runs itself");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let answer = said.lines().find_map(|line| line.strip_prefix("keyring: "));
        answer.unwrap_or_else(|| panic!("no answer in {said}")).to_owned()
    }

    /// Whether our key can be read in a file of the account.
    fn lies_on_the_disk(&self) -> bool {
        let keyrings = fs::read_dir(self.home.path().join(".local/share/keyrings")).expect("a folder");
        let mut files = keyrings.map(|file| fs::read(file.expect("a file").path()).expect("it reads"));
        files.any(|bytes| String::from_utf8_lossy(&bytes).contains(WRITTEN))
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.log_out();
        self.bus.kill().expect("it runs");
        self.bus.wait().expect("it ends");
    }
}

#[test]
fn a_keyring_with_a_password_keeps_our_key_and_stays_shut_after_an_automatic_login() {
    let mut account = Account::make();
    account.log_in(Some("the password of the account"));
    assert_eq!(account.as_chartkeep("write"), "written");
    assert_eq!(account.as_chartkeep("read"), "ours");
    assert!(!account.lies_on_the_disk());

    account.log_out();
    account.log_in(None);
    assert_eq!(account.as_chartkeep("read"), "refused as keyring-locked");
    assert_eq!(account.as_chartkeep("write"), "refused as keyring-locked");
    account.log_out();
    account.log_in(Some("the password of the account"));
    assert_eq!(account.as_chartkeep("read"), "ours", "nothing was lost by asking");
}

#[test]
fn a_keyring_without_a_password_opens_by_itself_and_lies_open_on_the_disk() {
    let mut account = Account::make();
    let keyrings = account.home.path().join(".local/share/keyrings");
    // What the desktop makes when the person leaves the password of a new keyring empty.
    let empty = "[keyring]\ndisplay-name=Default\nctime=0\nmtime=0\nlock-on-idle=false\nlock-after=false\n";
    fs::write(keyrings.join("Default.keyring"), empty).expect("it writes");
    fs::write(keyrings.join("default"), "Default").expect("it writes");
    account.log_in(None);
    assert_eq!(account.as_chartkeep("write"), "written");
    assert_eq!(account.as_chartkeep("read"), "ours");
    assert!(account.lies_on_the_disk());
}

/// The other side of the tests above; by itself it has no order.
#[test]
fn as_a_program_of_the_account() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let keyring = OsKeyring::new(SERVICE);
    let answer = match order.as_str() {
        "write" => keyring.write("device", SECRET).map(|()| "written".to_owned()),
        _ => keyring.read("device").map(|found| match found {
            Some(secret) if secret.as_slice() == SECRET => "ours".to_owned(),
            Some(_) => "another one".to_owned(),
            None => "nothing".to_owned(),
        }),
    };
    let refused = |problem| format!("refused as {}", client::Code::from(problem).as_str());
    println!("keyring: {}", answer.unwrap_or_else(refused));
}
