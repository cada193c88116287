//! The demo's own `chartkeep-server`: its command line, and the process that serves.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use super::DemoError;
use crate::practice::people::PRACTICE_NAME;
use crate::served::Cluster;

/// A server's program and data folder.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    binary: PathBuf,
    data_dir: PathBuf,
    log: PathBuf,
}

/// Where a running server listens.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Addresses {
    /// Records, audit and directives, over mutual TLS.
    pub(crate) listening: SocketAddr,
    /// Enrolment, where a workstation has no certificate yet.
    pub(crate) enrolment: SocketAddr,
}

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Where it listens.
    pub(crate) addresses: Addresses,
}

impl Running {
    /// The number of its process.
    #[must_use]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Server {
    /// The server whose data is in `data_dir` and whose log goes to `log`.
    #[must_use]
    pub(crate) fn new(binary: &Path, data_dir: &Path, log: &Path) -> Server {
        Server { binary: binary.to_owned(), data_dir: data_dir.to_owned(), log: log.to_owned() }
    }

    /// Makes the practice with nothing in it, in a file of its folder or in a database of `cluster`.
    ///
    /// # Errors
    /// What the server said, where it refused.
    pub(crate) fn init(&self, cluster: Option<&Cluster>) -> Result<(), DemoError> {
        let mut words = vec!["init", "--practice", PRACTICE_NAME, "--host", "localhost"];
        let made = cluster.map(|cluster| cluster.database(&self.binary)).transpose();
        let database = made.map_err(|error| DemoError::Step(format!("make the tables: {error}")))?;
        if let Some(database) = &database {
            words.extend(["--database", &database.url, "--database-password-file", &database.password_file]);
        }
        self.say(&words)?;
        Ok(())
    }

    /// Runs one subcommand and reads the JSON that it prints.
    ///
    /// # Errors
    /// What the server said, where it refused.
    pub(crate) fn say<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<Value, DemoError> {
        let output = self.command(words).stderr(Stdio::piped()).output()?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            return Err(DemoError::Step(format!("run the server's command: {}", told.trim())));
        }
        serde_json::from_slice(&output.stdout).map_err(|_| DemoError::step("read the server's answer"))
    }

    /// As [`Server::say`], with the server's own progress on the terminal.
    ///
    /// # Errors
    /// As [`Server::say`].
    pub(crate) fn say_with_progress<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<Value, DemoError> {
        let output = self.command(words).stderr(Stdio::inherit()).stdout(Stdio::piped()).output()?;
        if !output.status.success() {
            return Err(DemoError::step("run the server's command (see above)"));
        }
        serde_json::from_slice(&output.stdout).map_err(|_| DemoError::step("read the server's answer"))
    }

    /// Starts serving on this machine; port 0 takes any free one.
    ///
    /// # Errors
    /// Where it does not come up, for example because the port is taken.
    pub(crate) fn serve(&self, port: u16, enrolment_port: u16) -> Result<Running, DemoError> {
        self.serve_at((Ipv4Addr::LOCALHOST, port).into(), enrolment_port)
    }

    /// As [`Server::serve`], with the main listener at an address.
    ///
    /// # Errors
    /// As [`Server::serve`].
    pub(crate) fn serve_at(&self, main: SocketAddr, enrolment_port: u16) -> Result<Running, DemoError> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut child = self
            .command(&["serve"])
            .args(["--listen", &main.to_string()])
            .args(["--enrol-listen", &format!("127.0.0.1:{enrolment_port}")])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut reader = BufReader::new(stdout);
            reader.read_line(&mut line)?;
            // The pipe must stay open as long as it serves.
            std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        }
        match serde_json::from_str(&line) {
            Ok(addresses) => Ok(Running { child, addresses }),
            Err(_) => {
                let _already_gone = child.kill();
                let _reaped = child.wait();
                let told = std::fs::read_to_string(&self.log).unwrap_or_default();
                let last = told.lines().last().unwrap_or("it said nothing");
                Err(DemoError::Step(format!("start the server: {last}")))
            }
        }
    }

    fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).arg("--data").arg(&self.data_dir).stdin(Stdio::null());
        command
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
