//! Who does not belong is turned away in the handshake, and the server's own trail says so.

use chartkeep_server::store;
use client::ClientError;
use client::https::{PinnedRoot, Server, ServerError, TlsMaterial};
use keys::certificate::{self, Authority, CertificateRequest};
use keys::{Random, SecretBytes};
use records::AuditEvent;
use records::event::EventKind;
use serde_json::Value;
use sync::wire::path;
use uuid::Uuid;

use super::clinic::{Clinic, until};

#[test]
fn without_a_certificate_and_with_a_foreign_one_the_server_answers_nothing() {
    let clinic = Clinic::make(1);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    let root = &clinic.server.practice.keys.root;
    let pinned = PinnedRoot::from_fingerprint(certificate::fingerprint(root));
    let foreign = Stranger::with_a_certificate_of_another_practice(&clinic, root);
    let before = refusals(&clinic);

    for (who, tls) in [("nobody", TlsMaterial::joining(pinned)), ("a stranger", foreign.tls(pinned))] {
        for route in [path::DIRECTIVES, path::CHANGES, path::HEALTH] {
            let answer = ask(&clinic.server.address(), &tls, route);
            assert!(
                matches!(answer, Err(ServerError::Away | ServerError::Untrusted)),
                "{who} at {route}: {answer:?}"
            );
        }
    }
    until("each refused handshake is in the trail", || refusals(&clinic) >= before + 6);
    assert!(clinic.verify_logs().ok);
}

#[test]
fn a_workstation_does_not_speak_to_another_practice_that_took_over_the_address() {
    let (clinic, other) = (Clinic::make(1), Clinic::make(1));
    let pinned = PinnedRoot::from_fingerprint(certificate::fingerprint(&clinic.server.practice.keys.root));
    let answer = ask(&other.server.enrolment_address(), &TlsMaterial::joining(pinned), path::ENROL);
    assert_eq!(answer.err(), Some(ServerError::Untrusted));
}

#[test]
fn a_token_is_good_once_and_a_refused_one_leaves_nothing_behind() {
    let clinic = Clinic::make(1);
    let workstation = clinic.workstation();
    let token = chartkeep_server::people::make_token(&clinic.server.practice, "Front room").unwrap();
    let enrol = |workstation: &client::Workstation, token: &str| {
        let form = client::EnrolForm {
            server: clinic.server.enrolment_address(),
            token: token.to_owned(),
            label: "Front room".to_owned(),
        };
        workstation.enrol(form).map_err(|error: ClientError| error.code)
    };
    assert_eq!(enrol(&workstation, "ck1.none").err(), Some(client::Code::TokenRefused));
    enrol(&workstation, token.expose()).unwrap();
    assert_eq!(enrol(&workstation, token.expose()).err(), Some(client::Code::AlreadyEnrolled));

    let keyring = std::sync::Arc::new(client::keyring::MemoryKeyring::default());
    let folder = clinic.folder.path().join("second");
    let second = clinic.workstation_in(folder.clone(), keyring.clone());
    assert_eq!(enrol(&second, token.expose()).err(), Some(client::Code::TokenRefused));
    assert!(!folder.exists() && keyring.names().is_empty());
}

fn ask(address: &str, tls: &TlsMaterial, route: &'static str) -> Result<Value, ServerError> {
    let runtime = runtime();
    let server = Server::at(address, tls).map_err(|_| ServerError::Unreadable)?;
    runtime.block_on(server.call(route, &serde_json::json!({})))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// How many handshakes the server's own trail says it refused.
fn refusals(clinic: &Clinic) -> usize {
    store::read(clinic.server.practice.store.as_ref(), |tx| -> Result<usize, store::StoreError> {
        let own = tx.logs()?.into_iter().find(|log| log.device.is_none()).unwrap();
        let leaves = tx.leaves(own.id, 0, own.tree.size())?;
        let kinds = leaves.into_iter().filter_map(|leaf| AuditEvent::parse(leaf.event).ok()?.summary().kind);
        Ok(kinds.filter(|kind| *kind == EventKind::NodeRefused).count())
    })
    .unwrap()
}

/// Somebody with a certificate that is sound in itself, and of another practice.
struct Stranger {
    certificate_pem: String,
    chain_pem: String,
    key: SecretBytes,
}

impl Stranger {
    fn with_a_certificate_of_another_practice(clinic: &Clinic, pinned_root: &[u8]) -> Self {
        let (now, mut random) = (client::Clock::now(clinic.clock.as_ref()), Random::from_seed([3; 32]));
        let root = Authority::make_root(Uuid::from_u128(9), "Elsewhere", now, &mut random).unwrap();
        let issuing = root.make_issuing("Elsewhere", now, &mut random).unwrap();
        let request = CertificateRequest::make().unwrap();
        let leaf = issuing.issue_client(&request.request_pem, Uuid::from_u128(8), now, &mut random).unwrap();
        Self {
            certificate_pem: certificate::to_pem(&[&leaf]),
            chain_pem: certificate::to_pem(&[issuing.certificate(), pinned_root]),
            key: request.key,
        }
    }

    fn tls(&self, pinned: PinnedRoot) -> TlsMaterial {
        TlsMaterial::workstation(pinned, &self.certificate_pem, &self.chain_pem, self.key.expose()).unwrap()
    }
}
