//! Builds the demo clinic: server, people, records, and a workstation that belongs to it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::BufWriter;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DemoError;
use super::cli;
use super::desktop::Desktop;
use super::overlay;
use super::server::{Addresses, Running, Server};
use crate::network::Proxy;
use crate::practice::Practice;
use crate::practice::people::DEMO_PEOPLE;
use crate::served::Cluster;

/// The seed of every generated demo practice: the same patients at every start.
const SEED: u64 = 2026;

/// A clinic that runs.
#[derive(Debug)]
pub(crate) struct Clinic {
    /// Its folder; everything of it lies below.
    pub(crate) folder: PathBuf,
    /// The server's program and data.
    pub(crate) server: Server,
    running: Option<Running>,
    addresses: Addresses,
    /// What every connection goes through, where the network misbehaves.
    pub(crate) proxy: Option<Arc<Proxy>>,
    /// Where the records are, unless in a file; it ends after the server.
    _cluster: Option<Cluster>,
    /// Service name of the workstation's keyring items.
    pub(crate) keyring_service: String,
}

/// What the server holds.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Holdings {
    records: BTreeMap<String, u64>,
    /// Changes from workstations that made a version of a record.
    pub(crate) changes_applied: u64,
}

impl Holdings {
    /// Patients.
    #[must_use]
    pub(crate) fn patients(&self) -> u64 {
        self.records.get("Patient").copied().unwrap_or_default()
    }

    /// Resources of all kinds, patients included.
    #[must_use]
    pub(crate) fn resources(&self) -> u64 {
        self.records.values().sum()
    }
}

/// The server's check of a workstation's log.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LogCheck {
    device: Option<String>,
    /// Entries.
    pub(crate) size: u64,
    ok: bool,
    checkpoint: Option<bool>,
}

impl LogCheck {
    /// Every entry hashes to the tree head that the workstation signed.
    #[must_use]
    pub(crate) fn is_sound(&self) -> bool {
        self.ok && self.checkpoint == Some(true)
    }
}

/// What the joining workstation reads: nothing of it is on a command line, where other accounts could see it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Invitations {
    /// The workstation's one-time token.
    pub(crate) token: String,
    /// User name and activation code of each person.
    pub(crate) people: Vec<(String, String)>,
}

impl Clinic {
    /// Makes the clinic in `folder` and starts its server, behind a proxy where there is one.
    ///
    /// # Errors
    /// The step that failed, in words.
    pub(crate) fn make(
        plan: &cli::Clinic,
        folder: &Path,
        today: Date,
        proxy: Option<Proxy>,
    ) -> Result<Clinic, DemoError> {
        fs::create_dir_all(folder)?;
        let server = Server::new(&plan.server, &folder.join("server"), &folder.join("server.log"));
        say("Making the practice's server: certificate authority, keys, store");
        let cluster = if plan.postgres { Some(start_postgres()?) } else { None };
        server.init(cluster.as_ref())?;
        let sources = match &plan.data {
            Some(data) => given_records(data, folder, today)?,
            None => vec![made_records(plan.patients, folder, today)?],
        };
        import(&server, &sources)?;
        let people = invite_people(&server)?;
        let token = token(&server, "Front room")?;
        let main = proxy.as_ref().map_or((Ipv4Addr::LOCALHOST, plan.port).into(), Proxy::target);
        let running = server.serve_at(main, 0)?;
        write_private(&folder.join("invitations.json"), &Invitations { token, people })?;
        let keyring_service = format!("org.chartkeep.demo.{}", std::process::id());
        let addresses = running.addresses;
        Ok(Clinic {
            folder: folder.to_owned(),
            server,
            running: Some(running),
            addresses,
            proxy: proxy.map(Arc::new),
            _cluster: cluster,
            keyring_service,
        })
    }

    /// The port of the main listener.
    #[must_use]
    pub(crate) fn port(&self) -> u16 {
        self.addresses.listening.port()
    }

    /// Stops the server at once, as an outage would.
    pub(crate) fn stop_server(&mut self) {
        self.running = None;
    }

    /// Starts the server again where it was.
    ///
    /// # Errors
    /// What it said.
    pub(crate) fn start_server(&mut self) -> Result<(), DemoError> {
        let enrolment = self.addresses.enrolment.port();
        self.running = Some(self.server.serve_at(self.addresses.listening, enrolment)?);
        Ok(())
    }

    /// The enrolment listener, as a person types it.
    #[must_use]
    pub(crate) fn enrolment_address(&self) -> String {
        format!("https://localhost:{}", self.addresses.enrolment.port())
    }

    /// A one-time token for another workstation.
    ///
    /// # Errors
    /// What the server said.
    pub(crate) fn token(&self, label: &str) -> Result<String, DemoError> {
        token(&self.server, label)
    }

    /// What the server holds now.
    ///
    /// # Errors
    /// What it said.
    pub(crate) fn holdings(&self) -> Result<Holdings, DemoError> {
        parsed(self.server.say(&["status"])?)
    }

    /// The server's check of this workstation's log, from the bytes up; an empty log before anything was delivered.
    ///
    /// # Errors
    /// What it said.
    pub(crate) fn check_log(&self) -> Result<LogCheck, DemoError> {
        let mut answer = self.server.say(&["audit", "verify"])?;
        let logs: Vec<LogCheck> = parsed(answer["logs"].take())?;
        logs.into_iter()
            .find(|log| log.device.is_some())
            .ok_or_else(|| DemoError::step("find the workstation's log"))
    }

    /// The certificate of the practice's root, DER.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn root_certificate(&self) -> Result<Vec<u8>, DemoError> {
        Ok(fs::read(self.folder.join("server/keys/root.crt"))?)
    }

    /// The workstation's data folder.
    #[must_use]
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.join("workstation")
    }

    /// Joins the workstation to the clinic, on the desktop whose keyring it will use.
    ///
    /// # Errors
    /// What the joining program said.
    pub(crate) fn join(&self, desktop: &Desktop, phones: &Path) -> Result<(), DemoError> {
        say("Joining this workstation: key made here, certificate signed there");
        let invitations = self.folder.join("invitations.json");
        let status = desktop
            .command(&std::env::current_exe()?)
            .arg("join")
            .arg("--data-dir")
            .arg(self.data_dir())
            .args(["--keyring-service", &self.keyring_service])
            .args(["--address", &self.enrolment_address()])
            .arg("--invitations")
            .arg(&invitations)
            .arg("--folder")
            .arg(phones)
            .status()?;
        fs::remove_file(&invitations)?;
        if status.success() { Ok(()) } else { Err(DemoError::step("join this workstation (see above)")) }
    }

    /// Removes the workstation's items from the person's own keyring.
    ///
    /// # Errors
    /// Where `secret-tool` is missing or the keyring refuses.
    pub(crate) fn forget_keys(&self, desktop: &Desktop) -> Result<(), DemoError> {
        let words = ["clear", "service", &self.keyring_service];
        let cleared = desktop.command(Path::new("secret-tool")).args(words).status()?;
        if cleared.success() {
            Ok(())
        } else {
            Err(DemoError::step("remove the demo's keys from the keyring"))
        }
    }

    /// Arguments with which the app opens on this workstation.
    #[must_use]
    pub(crate) fn app_arguments(&self, idle: Option<u64>) -> Vec<String> {
        let mut arguments = vec!["--data-dir".to_owned(), self.data_dir().display().to_string()];
        arguments.extend(["--keyring-service".to_owned(), self.keyring_service.clone(), "--demo".to_owned()]);
        if let Some(seconds) = idle {
            arguments.extend(["--idle".to_owned(), seconds.to_string()]);
        }
        arguments
    }
}

fn token(server: &Server, label: &str) -> Result<String, DemoError> {
    text(&server.say(&["device", "token", "--label", label])?, "token")
}

/// Its own user does not reach the folder of the clinic.
fn start_postgres() -> Result<Cluster, DemoError> {
    say("Starting PostgreSQL for the practice's records");
    Cluster::start(Path::new("/var/tmp"))
        .map_err(|error| DemoError::Step(format!("start PostgreSQL: {error}")))
}

/// The generated practice as one NDJSON file.
fn made_records(patients: u32, folder: &Path, today: Date) -> Result<PathBuf, DemoError> {
    let path = folder.join("practice.ndjson");
    let bar = ProgressBar::new(u64::from(patients)).with_style(style());
    bar.set_message("Making patients");
    let mut writer = BufWriter::new(File::create(&path)?);
    Practice::new(SEED, patients, today)
        .write_ndjson(&mut writer, |done| bar.set_position(u64::from(done)))?;
    bar.finish_and_clear();
    Ok(path)
}

/// The person's own bundles, and beside them what bundles of others lack: our staff, care teams, today's bookings.
fn given_records(data: &Path, folder: &Path, today: Date) -> Result<Vec<PathBuf>, DemoError> {
    let mut files: Vec<PathBuf> = fs::read_dir(data)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json" || ending == "ndjson"));
    files.sort();
    if files.is_empty() {
        return Err(DemoError::Step(format!("find FHIR bundles (*.json, *.ndjson) in {}", data.display())));
    }
    let path = folder.join("overlay.ndjson");
    overlay::write(&files, today, &mut BufWriter::new(File::create(&path)?))?;
    files.insert(0, path);
    Ok(files)
}

fn import(server: &Server, sources: &[PathBuf]) -> Result<(), DemoError> {
    say("Importing records");
    let mut words: Vec<OsString> = vec!["import".into()];
    words.extend(sources.iter().map(|path| path.clone().into_os_string()));
    let report: ImportReport = parsed(server.say_with_progress(&words)?)?;
    say(&format!("Understood {} resources, left out {}", report.taken, report.left_out));
    for problem in report.problems.iter().take(5) {
        say(&format!("  left out: {}", problem));
    }
    Ok(())
}

#[derive(Deserialize)]
struct ImportReport {
    taken: u64,
    left_out: u64,
    problems: Vec<Value>,
}

fn parsed<T: DeserializeOwned>(answer: Value) -> Result<T, DemoError> {
    serde_json::from_value(answer).map_err(|_| DemoError::step("read the server's answer"))
}

fn invite_people(server: &Server) -> Result<Vec<(String, String)>, DemoError> {
    let mut invited = Vec::new();
    for person in DEMO_PEOPLE {
        let id = person.id.to_string();
        let answer = server.say(&[
            "person",
            "add",
            "--username",
            person.username,
            "--name",
            person.name,
            "--role",
            person.role.as_str(),
            "--id",
            &id,
        ])?;
        invited.push((person.username.to_owned(), text(&answer, "activation_code")?));
    }
    Ok(invited)
}

fn text(answer: &Value, name: &str) -> Result<String, DemoError> {
    let found = answer.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    found.ok_or_else(|| DemoError::step("read the server's answer"))
}

fn write_private(path: &Path, value: &impl Serialize) -> Result<(), DemoError> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    serde_json::to_writer(file, value).map_err(|_| DemoError::step("write the invitations"))
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("  {msg} {wide_bar} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One line of what is happening.
#[expect(clippy::print_stdout, reason = "this is a program for a terminal")]
pub(super) fn say(line: &str) {
    println!("· {line}");
}
