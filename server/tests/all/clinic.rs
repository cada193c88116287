//! A server on loopback in a folder of its own, and workstations that talk to it.

use crate::workstation::Workstation;
use chartkeep_server::clock::Clock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::people;
use chartkeep_server::practice::Practice;
use chartkeep_server::serving::{Addresses, Running, start};
use chartkeep_server::store::{self, StoreError, Transaction};
use jiff::{SignedDuration, Timestamp};
use keys::SecretBytes;
use records::{Document, Role};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::sync::Arc;
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
        let dir = tempfile::tempdir().unwrap();
        // TLS reads the clock of the system, so the server's begins there too.
        let clock = Clock::set_to(Clock::System.now());
        let data = DataDir::at(&dir.path().join("practice"));
        let practice = Practice::make(&data, "Elm Street Clinic", "localhost", clock.clone()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let running = runtime
            .block_on(async { start(practice.clone(), Addresses { main: any, enrolment: any }).unwrap() });
        let (listening, enrolment) = (running.listening, running.enrolment);
        Self { practice, dir, clock, listening, enrolment, runtime, _running: running }
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
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.practice.keys.root.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            Some((chain, key)) => {
                let chain = chain.into_iter().map(CertificateDer::from).collect();
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.expose().to_vec()));
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().build().unwrap()
    }

    pub(crate) fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.listening.port())
    }

    pub(crate) fn enrol_url(&self) -> String {
        format!("https://localhost:{}{}", self.enrolment.port(), wire::path::ENROL)
    }

    pub(crate) fn token(&self) -> String {
        people::make_token(&self.practice, "Exam room").unwrap().expose().to_owned()
    }

    pub(crate) fn enrol(&self) -> Workstation<'_> {
        Workstation::enrol(self, &self.token()).unwrap()
    }
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
    let path = clinic.dir.path().join("import.ndjson");
    let lines: Vec<_> = documents.iter().map(|d| String::from_utf8(d.bytes().to_vec()).unwrap()).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    let report = chartkeep_server::importing::import(&clinic.practice, &[path], &mut |_, _| {}).unwrap();
    assert_eq!(report.left_out, 0, "{:?}", report.problems);
}
