//! A desktop of our own where there is none: a virtual display, a session bus and an unlocked OS keyring.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::DemoError;
use super::driver::now;

/// The programs that make up the desktop; they end when it is dropped.
#[derive(Debug)]
pub(crate) struct Desktop {
    children: Vec<(&'static str, Child)>,
    variables: Vec<(String, String)>,
}

/// What to build a desktop from.
#[derive(Debug, Clone)]
pub(crate) struct DesktopPlan {
    /// Folder that serves as home of the private keyring and of the web view's caches.
    pub(crate) home: PathBuf,
    /// A virtual display of this size in pixels; none where the real one is used.
    pub(crate) display: Option<(u32, u32)>,
    /// A session bus and a keyring of our own, rather than those of the person's session.
    pub(crate) private_keyring: bool,
}

impl Desktop {
    /// Starts what the plan asks for.
    ///
    /// # Errors
    /// Where a program is missing or does not come up.
    pub(crate) fn start(plan: &DesktopPlan) -> Result<Desktop, DemoError> {
        fs::create_dir_all(&plan.home)?;
        let mut desktop = Desktop { children: Vec::new(), variables: Vec::new() };
        if let Some(size) = plan.display {
            desktop.start_display(size)?;
        }
        if plan.private_keyring {
            desktop.start_bus(&plan.home)?;
            desktop.start_keyring(&plan.home)?;
        }
        Ok(desktop)
    }

    /// A command that runs on this desktop.
    #[must_use]
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Takes a picture of the whole display.
    ///
    /// # Errors
    /// Where `import` of `ImageMagick` is missing or fails.
    pub(crate) fn picture(&self, file: &Path) -> Result<(), DemoError> {
        let status = self.camera(file).status()?;
        if status.success() { Ok(()) } else { Err(DemoError::step("take a picture of the display")) }
    }

    /// Takes a picture of the display as soon as something is on it; a screen without a window has one colour.
    ///
    /// # Errors
    /// Where nothing appears within `limit`.
    pub(crate) fn picture_when_painted(&self, file: &Path, limit: Duration) -> Result<(), DemoError> {
        let until = now() + limit;
        while now() < until {
            self.picture(file)?;
            let counted = Command::new("identify").args(["-format", "%k"]).arg(file).output()?;
            let colours: u32 = String::from_utf8_lossy(&counted.stdout).trim().parse().unwrap_or(0);
            if colours > 16 {
                return Ok(());
            }
        }
        Err(DemoError::not_seen("a window on the display"))
    }

    /// The command that takes a picture of the whole display.
    #[must_use]
    pub(crate) fn camera(&self, file: &Path) -> Command {
        let mut camera = self.command(Path::new("import"));
        camera.args(["-window", "root"]).arg(file);
        camera
    }

    fn start_display(&mut self, (width, height): (u32, u32)) -> Result<(), DemoError> {
        let mut child = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{width}x{height}x24")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| DemoError::missing("Xvfb"))?;
        let number = first_line(&mut child)?;
        self.children.push(("Xvfb", child));
        self.set("DISPLAY", &format!(":{number}"));
        // The accessibility bus would be one more process that reads the screen's text.
        self.set("NO_AT_BRIDGE", "1");
        self.set("GDK_BACKEND", "x11");
        Ok(())
    }

    fn start_bus(&mut self, home: &Path) -> Result<(), DemoError> {
        for folder in [".cache", ".local/share", ".config"] {
            fs::create_dir_all(home.join(folder))?;
        }
        self.set("HOME", &home.display().to_string());
        let address = self.start_bus_daemon()?;
        self.set("DBUS_SESSION_BUS_ADDRESS", &address);
        Ok(())
    }

    fn start_bus_daemon(&mut self) -> Result<String, DemoError> {
        let mut child = self
            .command(Path::new("dbus-daemon"))
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| DemoError::missing("dbus-daemon"))?;
        let address = first_line(&mut child)?;
        self.children.push(("dbus-daemon", child));
        Ok(address)
    }

    fn start_keyring(&mut self, home: &Path) -> Result<(), DemoError> {
        let control = home.join("keyring");
        fs::create_dir_all(&control)?;
        let mut child = self
            .command(Path::new("gnome-keyring-daemon"))
            .args(["--foreground", "--unlock", "--components=secrets", "--control-directory"])
            .arg(&control)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| DemoError::missing("gnome-keyring-daemon"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // The keyring lives and dies with the demo's own folder, so its password protects nothing.
            stdin.write_all(b"demo")?;
        }
        self.children.push(("gnome-keyring-daemon", child));
        // Asking the service itself would make D-Bus start a second, locked one before ours has its name.
        for _ in 0..100 {
            if bus_has_keyring(&self.variables) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(DemoError::step("start an OS keyring"))
    }

    /// Starts a bus that stands for the system's, and returns its address.
    ///
    /// # Errors
    /// Where `dbus-daemon` is missing or does not come up.
    pub(crate) fn start_system_bus(&mut self) -> Result<String, DemoError> {
        let address = self.start_bus_daemon()?;
        self.set("DBUS_SYSTEM_BUS_ADDRESS", &address);
        Ok(address)
    }

    /// What is in the clipboard as text; nothing where nobody owns it.
    ///
    /// # Errors
    /// Where `xclip` is missing, or whoever owns the clipboard does not answer within 5 s.
    pub(crate) async fn clipboard(&self) -> Result<String, DemoError> {
        let mut asked = self.command(Path::new("xclip"));
        asked.args(["-selection", "clipboard", "-out"]);
        let answer = tokio::process::Command::from(asked).kill_on_drop(true).output();
        let answer = tokio::time::timeout(Duration::from_secs(5), answer).await;
        let answer = answer.map_err(|_| DemoError::step("read the clipboard"))?;
        let answer = answer.map_err(|_| DemoError::missing("xclip"))?;
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// The virtual display's name.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) fn display(&self) -> Result<&str, DemoError> {
        let display = self.variables.iter().find(|(name, _)| name == "DISPLAY");
        display.map(|(_, value)| value.as_str()).ok_or_else(|| DemoError::step("find the virtual display"))
    }

    /// Ends this program too when the desktop ends.
    pub(crate) fn adopt(&mut self, name: &'static str, child: Child) {
        self.children.push((name, child));
    }

    /// Sets a variable for every program that is started on this desktop from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for (_, child) in self.children.iter_mut().rev() {
            let _already_gone = child.kill();
            let _reaped = child.wait();
        }
    }
}

/// Whether the person's own session has a keyring that takes a secret without asking: a default collection, unlocked.
/// No question is put to the person, and no session bus is started where there is none.
#[must_use]
pub(crate) fn own_keyring_is_open(limit: Duration) -> bool {
    let runtime_bus = env::var_os("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("bus"));
    let has_bus = env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
        || runtime_bus.is_some_and(|socket| socket.exists());
    if !has_bus {
        return false;
    }
    let until = now() + limit;
    while now() < until {
        if let Some(collection) = default_collection()
            && is_unlocked(&collection)
        {
            return true;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    false
}

/// The object path of the default collection (Secret Service API, `ReadAlias`); `/` would stand for none.
fn default_collection() -> Option<String> {
    let answer = ask_keyring(
        "/org/freedesktop/secrets",
        &["org.freedesktop.Secret.Service.ReadAlias", "string:default"],
    )?;
    Some(answer).filter(|path| path.len() > 1 && path.starts_with('/'))
}

fn is_unlocked(collection: &str) -> bool {
    let get = "org.freedesktop.DBus.Properties.Get";
    let answer = ask_keyring(collection, &[get, "string:org.freedesktop.Secret.Collection", "string:Locked"]);
    answer.is_some_and(|locked| locked.ends_with("false"))
}

fn ask_keyring(object: &str, question: &[&str]) -> Option<String> {
    let asked = Command::new("dbus-send")
        .args([
            "--session",
            "--print-reply=literal",
            "--reply-timeout=2000",
            "--dest=org.freedesktop.secrets",
        ])
        .arg(object)
        .args(question)
        .output()
        .ok()?;
    let answer = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    asked.status.success().then_some(answer)
}

/// Whether a keyring has its name on the bus, without starting one.
fn bus_has_keyring(variables: &[(String, String)]) -> bool {
    let asked = Command::new("dbus-send")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .args(["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
        .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
        .output();
    asked.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains("true"))
}

fn first_line(child: &mut Child) -> Result<String, DemoError> {
    let stdout = child.stdout.take().ok_or_else(|| DemoError::step("read a program's first line"))?;
    let mut line = String::new();
    let mut reader = BufReader::new(stdout);
    reader.read_line(&mut line)?;
    // The rest of what it prints goes nowhere, but the pipe must stay open as long as it runs.
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    let line = line.trim().to_owned();
    if line.is_empty() { Err(DemoError::step("read a program's first line")) } else { Ok(line) }
}
