//! Servers that are not the practice's, or not any more: a workstation tells them nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use client::https::{PinnedRoot, Server, ServerError, TlsMaterial};
use jiff::{SignedDuration, Timestamp};
use keys::certificate::{self, Authority, CertificateRequest, Identity};
use keys::{Random, SecretBytes};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use uuid::Uuid;

use crate::main_job::clinic::TestClock;

/// A practice's authorities.
struct Practice {
    root: Authority,
    issuing: Authority,
}

impl Practice {
    fn make(number: u128, at: Timestamp) -> Self {
        let mut random = Random::from_os();
        let root = Authority::make_root(Uuid::from_u128(number), "Elm Street", at, &mut random).unwrap();
        let issuing = root.make_issuing("Elm Street", at, &mut random).unwrap();
        Self { root, issuing }
    }

    fn server(&self, host: &str, at: Timestamp) -> Identity {
        self.issuing.make_server(&[host], at, &mut Random::from_os()).unwrap()
    }

    fn chain(&self, leaf: &Identity) -> Vec<Vec<u8>> {
        [&leaf.certificate[..], self.issuing.certificate(), self.root.certificate()]
            .map(<[u8]>::to_vec)
            .to_vec()
    }

    /// What a workstation of this practice connects with, and what a computer does that wants to join.
    fn materials(&self, now: Timestamp) -> [(&'static str, TlsMaterial); 2] {
        let pinned = PinnedRoot::from_fingerprint(certificate::fingerprint(self.root.certificate()));
        let request = CertificateRequest::make().unwrap();
        let (id, mut random) = (Uuid::from_u128(8), Random::from_os());
        let leaf = self.issuing.issue_client(&request.request_pem, id, now, &mut random).unwrap();
        let chain = certificate::to_pem(&[self.issuing.certificate(), self.root.certificate()]);
        let leaf = certificate::to_pem(&[&leaf]);
        let workstation = TlsMaterial::workstation(pinned, &leaf, &chain, request.key.expose()).unwrap();
        [("a workstation", workstation), ("one that joins", TlsMaterial::joining(pinned))]
    }
}

/// Something that listens with a certificate: what it hears of one peer after the handshake.
fn listen(chain: Vec<Vec<u8>>, key: &SecretBytes) -> (u16, JoinHandle<Vec<u8>>) {
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.expose().to_vec()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let session = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        let mut heard = vec![0; 4096];
        let length = stream.read(&mut heard).unwrap_or(0);
        heard.truncate(length);
        // Nobody may be there any more to hear it.
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").ok();
        stream.flush().ok();
        heard
    });
    (port, thread)
}

fn ask(port: u16, tls: &TlsMaterial) -> Result<serde_json::Value, ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::at(&format!("https://localhost:{port}"), tls).unwrap();
    runtime.block_on(server.call("/v1/enrol", &serde_json::json!({ "token": "a secret of ours" })))
}

#[test]
fn a_server_with_a_bad_certificate_hears_nothing_and_a_good_one_does() {
    let now = client::Clock::now(&TestClock::ahead_by(0));
    let at = |days: i64| now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    let (own, foreign) = (Practice::make(1, at(-900)), Practice::make(2, at(-900)));
    let chain = |of: &Practice, leaf: &Identity| of.chain(leaf);
    let good = own.server("localhost", now);
    let elsewhere = own.server("elsewhere.example", now);
    let expired = own.server("localhost", at(-500));
    let early = own.server("localhost", at(2));
    let theirs = foreign.server("localhost", now);
    let request = CertificateRequest::make().unwrap();
    let (id, mut random) = (Uuid::from_u128(9), Random::from_os());
    let leaf = own.issuing.issue_client(&request.request_pem, id, now, &mut random).unwrap();
    let workstations = Identity { certificate: leaf, key: request.key };
    // A foreign leaf with our own authorities behind it, as somebody would send who has seen ours.
    let mixed = [vec![theirs.certificate.clone()], own.chain(&good).split_off(1)].concat();
    let table = [
        ("the practice's own", chain(&own, &good), &good, true),
        ("of another host", chain(&own, &elsewhere), &elsewhere, false),
        ("one that has ended", chain(&own, &expired), &expired, false),
        ("one that has not begun", chain(&own, &early), &early, false),
        ("another practice's", chain(&foreign, &theirs), &theirs, false),
        ("another practice's under our authorities", mixed, &theirs, false),
        ("a workstation's", chain(&own, &workstations), &workstations, false),
    ];
    for (what, chain, identity, is_good) in table {
        for (who, tls) in own.materials(now) {
            let (port, listening) = listen(chain.clone(), &identity.key);
            let answer = ask(port, &tls);
            let heard = listening.join().unwrap();
            if is_good {
                assert!(answer.is_ok(), "{what}, {who}: {answer:?}");
                assert!(heard.starts_with(b"POST /v1/enrol"), "{what}, {who}");
            } else {
                assert_eq!(answer, Err(ServerError::Untrusted), "{what}, {who}");
                assert!(heard.is_empty(), "{what}, {who}: it has heard of us");
            }
        }
    }
}
