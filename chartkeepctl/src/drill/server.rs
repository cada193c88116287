//! The drill's own `chartkeep-server`: its command line, and the process that serves.

use crate::failure::Failure;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server's program and data folder, and the process while it serves.
pub(super) struct Server {
    program: PathBuf,
    data: PathBuf,
    log: PathBuf,
    addresses: Option<(String, String)>,
    child: Option<Child>,
}

impl Server {
    /// The program that was named, or the one beside this program, or the one on the path.
    pub(super) fn find(named: Option<PathBuf>, folder: &Path) -> Result<Self, Failure> {
        let beside = std::env::current_exe().ok().map(|own| own.with_file_name("chartkeep-server"));
        let program = named.or_else(|| beside.filter(|path| path.is_file()));
        let program = program.unwrap_or_else(|| PathBuf::from("chartkeep-server"));
        let mut asked = Command::new(&program);
        asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        let advice = "Name the program with --server.";
        match asked.status() {
            Ok(status) if status.success() => {}
            Ok(_) | Err(_) => {
                return Err(Failure::usage("no-server", "There is no chartkeep-server to be run.", advice));
            }
        }
        let (data, log) = (folder.join("server"), folder.join("server.log"));
        Ok(Self { program, data, log, addresses: None, child: None })
    }

    /// Runs a command and reads the JSON it prints.
    pub(super) fn say(&self, words: &[&str]) -> Result<Value, Failure> {
        let output = self.command(words).output();
        let output = output.map_err(|error| Failure::disk("chartkeep-server cannot be run.", &error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let command = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
            return Err(broken(&format!("`chartkeep-server {command}` refused: {said}")));
        }
        serde_json::from_slice(&output.stdout).map_err(|_| broken("chartkeep-server did not answer in JSON"))
    }

    /// A text out of an answer.
    pub(super) fn text(answer: &Value, name: &str) -> Result<String, Failure> {
        let text = answer.get(name).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| broken(&format!("chartkeep-server did not say `{name}`")))
    }

    /// Serves, on the ports it had before.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        let (main, enrolment) =
            self.addresses.clone().unwrap_or_else(|| ("127.0.0.1:0".into(), "127.0.0.1:0".into()));
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(|error| Failure::disk("The server's log cannot be written.", &error))?;
        let mut child = self
            .command(&["serve", "--listen", &main, "--enrol-listen", &enrolment])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| Failure::disk("chartkeep-server cannot be run.", &error))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let read = BufReader::new(stdout).read_line(&mut line);
            read.map_err(|error| Failure::disk("The server did not say where it listens.", &error))?;
        }
        self.child = Some(child);
        let said: Value = serde_json::from_str(&line).map_err(|_| broken("the server does not come up"))?;
        self.addresses = Some((Self::text(&said, "listening")?, Self::text(&said, "enrolment")?));
        Ok(())
    }

    /// Ends the process as a power cut would.
    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; either way it is gone.
            child.kill().and_then(|()| child.wait()).ok();
        }
    }

    /// Where workstations enrol.
    pub(super) fn enrolment_address(&self) -> String {
        let port = self.addresses.as_ref().and_then(|(_, enrolment)| enrolment.rsplit(':').next());
        format!("https://localhost:{}", port.unwrap_or_default())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--data").arg(&self.data).stdin(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The drill itself cannot go on.
pub(super) fn broken(what: &str) -> Failure {
    Failure::finding(
        "drill-broken",
        format!("The drill came to a stop: {what}."),
        "Nothing outside its temporary folder was touched.",
    )
}
