//! A practice that is served: the real server in a process of its own, on either store, and what speaks to it over the wire.

mod desk;
mod logbook;
mod memory;
mod postgres;
mod station;

pub(crate) use desk::{Desk, until};
pub(crate) use logbook::Batch;
pub(crate) use memory::{Memory, cpu_of, memory_of};
pub(crate) use postgres::Cluster;
pub(crate) use station::Station;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::demo::server::{Running, Server};
use crate::practice::people::DemoPerson;

/// Whatever goes wrong ends the run; there is nobody to recover for.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A practice in a folder, with its server.
pub(crate) struct Served {
    server: Server,
    running: Option<Running>,
    /// Where it listened last; it comes back there.
    ports: (u16, u16),
}

impl Served {
    /// Makes a practice, in a file of its folder or in a database of `cluster`.
    pub(crate) fn make(binary: &Path, folder: &Path, cluster: Option<&Cluster>) -> Outcome<Served> {
        std::fs::create_dir_all(folder)?;
        let server = Server::new(binary, &folder.join("practice"), &folder.join("server.log"));
        server.init(cluster)?;
        Ok(Served { server, running: None, ports: (0, 0) })
    }

    /// Takes a file of resources in, as an operator does.
    pub(crate) fn import(&self, file: &Path) -> Outcome<Value> {
        Ok(self.server.say(&["import".into(), file.as_os_str().to_owned()])?)
    }

    /// Starts to serve, where it did before.
    pub(crate) fn start(&mut self) -> Outcome<()> {
        let running = self.server.serve(self.ports.0, self.ports.1)?;
        self.ports = (running.addresses.listening.port(), running.addresses.enrolment.port());
        self.running = Some(running);
        Ok(())
    }

    /// Ends the server as a power cut would.
    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    /// The number of the server's process.
    pub(crate) fn process(&self) -> Outcome<u32> {
        Ok(self.running.as_ref().ok_or("the server does not run")?.id())
    }

    /// The enrolment listener, as a person types it.
    pub(crate) fn enrolment_address(&self) -> String {
        format!("https://localhost:{}", self.ports.1)
    }

    /// A token for a new workstation.
    pub(crate) fn token(&self, label: &str) -> Outcome<String> {
        text(&self.server.say(&["device", "token", "--label", label])?, "token")
    }

    /// Adds a person; their activation code.
    pub(crate) fn add(&self, person: &DemoPerson) -> Outcome<String> {
        let id = person.id.to_string();
        let words = ["person", "add", "--username", person.username, "--name", person.name, "--role"];
        let added = self.server.say(&[&words[..], &[person.role.as_str(), "--id", &id]].concat())?;
        text(&added, "activation_code")
    }

    /// Runs one of the server's commands.
    pub(crate) fn say(&self, words: &[&str]) -> Outcome<Value> {
        Ok(self.server.say(words)?)
    }
}

/// The server's program, which is built into the same folder as the one that runs.
pub(crate) fn server_beside_us() -> Outcome<PathBuf> {
    let name = format!("chartkeep-server{}", std::env::consts::EXE_SUFFIX);
    let found = std::env::current_exe()?.with_file_name(name);
    if found.is_file() { Ok(found) } else { Err(format!("{} is not there", found.display()).into()) }
}

/// Ctrl-C at the terminal is for us alone; what we have started ends with us.
pub(crate) fn on_its_own(command: &mut Command) -> &mut Command {
    std::os::unix::process::CommandExt::process_group(command, 0)
}

fn text(answer: &Value, member: &str) -> Outcome<String> {
    let found = answer.get(member).and_then(Value::as_str);
    Ok(found.ok_or_else(|| format!("the server's answer has no {member}"))?.to_owned())
}
