//! A server on loopback in a folder of its own, and workstations that talk to it.

use crate::ground::{Kept, Store};
use crate::workstation::Workstation;
use chartkeep_server::clock::Clock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::doorway::Bounds;
use chartkeep_server::people;
use chartkeep_server::practice::Practice;
use chartkeep_server::serving::{Addresses, Running, start_within};
use chartkeep_server::store::{self, StoreError, Transaction};
use jiff::{SignedDuration, Timestamp};
use keys::SecretBytes;
use records::{Document, Role};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use sync::wire;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const PASSPHRASE: &str = "wide lake under nine pines";

/// A server with one practice; it stops when this is dropped.
pub(crate) struct Clinic {
    pub(crate) practice: Practice,
    pub(crate) dir: TempDir,
    pub(crate) clock: Clock,
    pub(crate) listening: SocketAddr,
    pub(crate) enrolment: SocketAddr,
    /// Where its meters are read, without TLS.
    metrics: SocketAddr,
    pub(crate) store: Store,
    /// The port that workstations speak to: this server's, or another one's of the same practice.
    port: AtomicU16,
    runtime: Runtime,
    _running: Running,
}

/// An answer as the workstation sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, 200, "{text}");
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn problem(&self) -> Option<wire::ProblemCode> {
        wire::Problem::from_json(&self.body).map(|problem| problem.code)
    }
}

impl Clinic {
    pub(crate) fn open() -> Self {
        Self::open_on(Kept::here())
    }

    /// A server with bounds of its own on how long a peer may take and how much room it gets.
    pub(crate) fn open_within(bounds: Bounds) -> Self {
        Self::make(Kept::here(), bounds)
    }

    /// A server that keeps its records as it is told, whatever this run asks for.
    pub(crate) fn open_on(kept: Kept) -> Self {
        Self::make(kept, Bounds::STANDARD)
    }

    fn make(kept: Kept, bounds: Bounds) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::set_to(Clock::System.now());
        let data = DataDir::at(&dir.path().join("practice"));
        let store = kept.make();
        let database = store.database();
        let practice =
            Practice::make_in(&data, database.as_ref(), "Elm Street Clinic", "localhost", clock.clone())
                .unwrap();
        Self::serve(practice, dir, clock, store, bounds)
    }

    /// Another server process of the same practice, with a folder of its own.
    pub(crate) fn beside(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy_folder(&self.dir.path().join("practice"), &dir.path().join("practice"));
        let data = DataDir::at(&dir.path().join("practice"));
        let practice = Practice::open(&data, self.clock.clone()).unwrap();
        Self::serve(practice, dir, self.clock.clone(), self.store.clone(), Bounds::STANDARD)
    }

    /// The same server, stopped and started again.
    pub(crate) fn restarted(self) -> Self {
        let Self { practice, dir, clock, store, runtime, _running, .. } = self;
        drop((_running, runtime, practice));
        let data = DataDir::at(&dir.path().join("practice"));
        let practice = Practice::open(&data, clock.clone()).unwrap();
        Self::serve(practice, dir, clock, store, Bounds::STANDARD)
    }

    fn serve(practice: Practice, dir: TempDir, clock: Clock, store: Store, bounds: Bounds) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let (running, metrics) = runtime.block_on(async {
            let addresses = Addresses { main: any, enrolment: any };
            let mut running = start_within(practice.clone(), addresses, bounds).unwrap();
            let metrics = running.observe(any).unwrap();
            (running, metrics)
        });
        let (listening, enrolment) = (running.listening, running.enrolment);
        let port = AtomicU16::new(listening.port());
        Self { practice, dir, clock, listening, enrolment, metrics, store, port, runtime, _running: running }
    }

    /// From now on workstations speak to this port.
    pub(crate) fn turn_to(&self, port: u16) {
        self.port.store(port, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.set(self.now().checked_add(SignedDuration::from_secs(seconds)).unwrap());
    }

    pub(crate) fn add(&self, username: &str, role: Role) -> people::Added {
        people::add_person(&self.practice, None, username, "Nora Quinn", &[role]).unwrap()
    }

    pub(crate) fn look<T>(&self, work: impl FnOnce(&dyn Transaction) -> Result<T, StoreError>) -> T {
        store::read(self.practice.store.as_ref(), work).unwrap()
    }

    /// A connection with the given identity, or none, that trusts the practice's root alone.
    pub(crate) fn connection(&self, identity: Option<(Vec<Vec<u8>>, &SecretBytes)>) -> reqwest::Client {
        let config = self.tls(identity);
        reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().build().unwrap()
    }

    /// What such a connection is made with.
    pub(crate) fn tls(&self, identity: Option<(Vec<Vec<u8>>, &SecretBytes)>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.practice.keys.root.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_details(provider, Arc::new(self.clock.clone()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
        match identity {
            Some((chain, key)) => {
                let chain = chain.into_iter().map(CertificateDer::from).collect();
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.expose().to_vec()));
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        }
    }

    /// One of its meters, by the beginning of its line.
    pub(crate) fn meter(&self, name: &str) -> u64 {
        let mut stream = TcpStream::connect(self.metrics).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let line =
            text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.trim().parse().unwrap()
    }

    pub(crate) fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port.load(Ordering::SeqCst))
    }

    pub(crate) fn enrol_url(&self) -> String {
        self.enrolment_url(wire::path::ENROL)
    }

    pub(crate) fn enrolment_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.enrolment.port())
    }

    pub(crate) fn token(&self) -> String {
        people::make_token(&self.practice, "Exam room").unwrap().expose().to_owned()
    }

    pub(crate) fn enrol(&self) -> Workstation<'_> {
        Workstation::enrol(self, &self.token()).unwrap()
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// A patient and something about them.
pub(crate) fn patient(id: &str) -> Document {
    document(&format!(
        r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"Sample","given":["Ada"]}}],"birthDate":"1950-02-03"}}"#
    ))
}

pub(crate) fn observation(id: &str, patient: &str, value: &str) -> Document {
    document(&format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"8867-4"}}]}},"subject":{{"reference":"Patient/{patient}"}},"valueQuantity":{{"value":{value},"unit":"/min"}}}}"#
    ))
}

pub(crate) fn document(json: &str) -> Document {
    Document::parse(json.as_bytes().to_vec()).unwrap()
}

/// Takes documents in as an import does.
pub(crate) fn take_in(clinic: &Clinic, documents: &[Document]) {
    take_in_from(clinic, "import", documents);
}

/// The same, from a file of this name.
pub(crate) fn take_in_from(clinic: &Clinic, name: &str, documents: &[Document]) {
    let path = clinic.dir.path().join(format!("{name}.ndjson"));
    let lines: Vec<_> = documents.iter().map(|d| String::from_utf8(d.bytes().to_vec()).unwrap()).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    let report = chartkeep_server::importing::import(&clinic.practice, &[path], &mut |_, _| {}).unwrap();
    assert_eq!(report.left_out, 0, "{:?}", report.problems);
}
