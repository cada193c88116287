//! A session bus and a GNOME Keyring of a test's own, in the state that the test asks for.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client::{Clock, SystemClock};

use super::SERVICE;

/// How the person of the desk logged in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    /// By typing the password, which opens the keyring.
    WithPassword,
    /// By itself, which leaves it shut.
    WithoutPassword,
    /// On a desktop without any keyring.
    WithoutKeyring,
}

/// Programs that end when it is dropped.
pub(super) struct Desk {
    children: Vec<Child>,
    home: PathBuf,
    address: String,
}

impl Desk {
    /// A desk with a bus, and the keyring as the login left it.
    pub(super) fn start(home: &Path, login: Login) -> Self {
        keyrings_of(home);
        let mut desk = Self { children: Vec::new(), home: home.to_owned(), address: String::new() };
        desk.start_bus();
        match login {
            Login::WithPassword => desk.start_keyring(&["--unlock"], b"test"),
            Login::WithoutPassword => desk.start_keyring(&["--start"], b""),
            Login::WithoutKeyring => {}
        }
        desk
    }

    /// A desk without a session bus.
    pub(super) fn without_bus(home: &Path) -> Self {
        let address = format!("unix:path={}", home.join("no-such-socket").display());
        Self { children: Vec::new(), home: home.to_owned(), address }
    }

    /// Where a workstation stands on this desk.
    pub(super) fn stand(&self, data: &Path, arguments: &[&str]) -> String {
        let mut command = self.command(env!("CARGO_BIN_EXE_chartkeep-keyring"));
        command.arg("--data").arg(data).args(["--service", SERVICE]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The items of these tests in the keyring: their paths. Nothing where no keyring runs.
    pub(super) fn items(&self) -> Vec<String> {
        if self.children.len() < 2 {
            return Vec::new();
        }
        let mut paths = self.search(&[("service", SERVICE)]);
        paths.sort();
        paths
    }

    /// Deletes an item, as a person does in the desktop's own program.
    pub(super) fn delete(&self, name: &str) {
        for path in self.search(&[("service", SERVICE), ("username", name)]) {
            self.ask(&path, &["org.freedesktop.Secret.Item.Delete"]);
        }
    }

    fn search(&self, attributes: &[(&str, &str)]) -> Vec<String> {
        let pairs: Vec<String> = attributes.iter().map(|(name, value)| format!("{name},{value}")).collect();
        let wanted = format!("dict:string:string:{}", pairs.join(","));
        let answer = self.ask(
            "/org/freedesktop/secrets",
            &["org.freedesktop.Secret.Service.SearchItems", wanted.as_str()],
        );
        answer.split_whitespace().filter(|word| word.starts_with("/org/")).map(str::to_owned).collect()
    }

    fn ask(&self, object: &str, question: &[&str]) -> String {
        let service = "--dest=org.freedesktop.secrets";
        let mut command = self.command("dbus-send");
        let asked =
            command.args(["--session", "--print-reply=literal", service, object]).args(question).output();
        let answer = asked.expect("dbus-send of the package dbus-bin or dbus-tools is needed for this test");
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // Without a display no window asks for a password: a question is refused at once.
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env("HOME", &self.home);
        command.env_remove("XDG_DATA_HOME").env("XDG_RUNTIME_DIR", &self.home);
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    fn start_bus(&mut self) {
        // No service directories: a keyring that this test did not start is not started by the bus either.
        let config = self.home.join("bus.conf");
        let listen = format!("unix:tmpdir={}", self.home.display());
        let text = format!(
            "<busconfig><type>session</type><listen>{listen}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
             <allow own=\"*\"/></policy></busconfig>"
        );
        fs::write(&config, text).unwrap();
        let mut command = self.command("dbus-daemon");
        command.arg("--config-file").arg(&config).args(["--nofork", "--print-address=1"]);
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = spawned.expect("dbus-daemon of the package dbus is needed for this test");
        let mut out = BufReader::new(child.stdout.take().unwrap());
        self.children.push(child);
        out.read_line(&mut self.address).unwrap();
        self.address = self.address.trim().to_owned();
        assert!(!self.address.is_empty(), "the bus did not start");
        // What it prints after that goes nowhere, but the pipe must stay open as long as it runs.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    }

    fn start_keyring(&mut self, arguments: &[&str], password: &[u8]) {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets", "--control-directory"]).arg(&self.home);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let spawned = command.spawn();
        let mut child =
            spawned.expect("gnome-keyring-daemon of the package gnome-keyring is needed for this test");
        child.stdin.take().unwrap().write_all(password).unwrap();
        self.children.push(child);
        let clock = SystemClock::new();
        while !self.has_keyring() {
            assert!(clock.monotonic() < Duration::from_secs(10), "the keyring did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn has_keyring(&self) -> bool {
        let mut command = self.command("dbus-send");
        command.args([
            "--session",
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
        ]);
        command.args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]);
        let answer = command
            .output()
            .expect("dbus-send of the package dbus-bin or dbus-tools is needed for this test");
        String::from_utf8_lossy(&answer.stdout).contains("true")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            child.kill().unwrap_or_default();
            child.wait().ok();
        }
    }
}

/// The folder of a home's keyring files, made where it is not there.
pub(super) fn keyrings_of(home: &Path) -> PathBuf {
    let keyrings = home.join(".local/share/keyrings");
    fs::create_dir_all(&keyrings).unwrap();
    fs::create_dir_all(home.join(".cache")).unwrap();
    keyrings
}

/// A second collection, in the keyring's own format for one without a password, with items of ours.
pub(super) fn write_collection(home: &Path, name: &str, items: &[(&str, &str)]) {
    let mut text =
        format!("[keyring]\ndisplay-name={name}\nctime=0\nmtime=0\nlock-on-idle=false\nlock-after=false\n");
    for (index, (username, value)) in items.iter().enumerate() {
        let number = index + 1;
        text.push_str(&format!(
            "\n[{number}]\nitem-type=0\ndisplay-name=item\nsecret={value}\nmtime=0\nctime=0\n\
             \n[{number}:attribute0]\nname=service\ntype=string\nvalue={SERVICE}\n\
             \n[{number}:attribute1]\nname=username\ntype=string\nvalue={username}\n"
        ));
    }
    fs::write(keyrings_of(home).join(format!("{name}.keyring")), text).unwrap();
}

/// Makes a collection the one in use.
pub(super) fn make_default(home: &Path, name: &str) {
    fs::write(keyrings_of(home).join("default"), name).unwrap();
}
