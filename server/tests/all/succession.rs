//! The next issuing CA takes over while workstations and servers go on, and the one before it ends.

use crate::clinic::Clinic;
use crate::ground::Kept;
use crate::process::{run, serve};
use crate::renewal::{certificate_of, challenge, health, in_time, late, late_alerts};
use crate::workstation::Workstation;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::succeeding::{self, AuthorityState, Stands};
use jiff::{SignedDuration, Timestamp};
use keys::certificate::{self, Authority, CertificateRequest};
use keys::trust::TrustBundle;
use keys::{Random, SecretBytes};
use rustls::ClientConnection;
use serde_json::Value;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use sync::wire::{DirectivesRequest, DirectivesResponse, ProblemCode, path};

const DAY_S: i64 = 24 * 3600;

fn next(clinic: &Clinic, from: Option<Timestamp>, old_until: Option<Timestamp>) -> AuthorityState {
    let data = folder(clinic);
    let root = data.path().join("offline-root");
    succeeding::make_next(&clinic.practice, &data, &root, (from, old_until)).unwrap()
}

fn retire(clinic: &Clinic, at_once: bool) -> AuthorityState {
    let data = folder(clinic);
    let root = data.path().join("offline-root");
    succeeding::retire(&clinic.practice, &data, &root, at_once).unwrap()
}

fn folder(clinic: &Clinic) -> DataDir {
    DataDir::at(&clinic.dir.path().join("practice"))
}

fn stands(state: &AuthorityState) -> Vec<Stands> {
    state.authorities.iter().map(|line| line.standing).collect()
}

fn in_days(clinic: &Clinic, days: i64) -> Timestamp {
    clinic.now().checked_add(SignedDuration::from_secs(days * DAY_S)).unwrap()
}

/// The certificate that the server shows to whoever has this one, or none, and the one above it; `None` where it does not shake hands.
fn shown(
    clinic: &Clinic,
    address: SocketAddr,
    own: Option<(&[u8], &SecretBytes)>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let config = clinic.tls(own.map(|(certificate, key)| (vec![certificate.to_vec()], key)));
    let mut connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).ok()?;
    }
    let chain = connection.peer_certificates().unwrap();
    Some((chain[0].to_vec(), chain[1].to_vec()))
}

fn issuing_now(clinic: &Clinic, workstation: &Workstation<'_>) -> Vec<u8> {
    let own = Some((workstation.certificate.as_slice(), &workstation.key));
    let (server, issuing) = shown(clinic, clinic.listening, own).unwrap();
    certificate::verify_issued(&server, &issuing).unwrap();
    let (_, for_enrolment) = shown(clinic, clinic.enrolment, None).unwrap();
    assert_eq!(issuing, for_enrolment, "both listeners show the same");
    issuing
}

fn bundle_after(workstation: &Workstation<'_>, number: u64) -> Option<TrustBundle> {
    let request = DirectivesRequest { trust_bundle: number, ..DirectivesRequest::default() };
    let answer: DirectivesResponse = workstation.post(path::DIRECTIVES, &request).json();
    let clinic = workstation.clinic;
    let bytes = answer.trust_bundle.map(|text| STANDARD.decode(text).unwrap())?;
    let (root, practice) = (&clinic.practice.keys.root, clinic.practice.row.id.uuid());
    Some(TrustBundle::verify(&bytes, root, practice, Some(number)).unwrap())
}

#[test]
fn the_next_authority_takes_over_at_its_moment_and_the_old_one_ends_with_its_last_certificate() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let first = issuing_now(&clinic, &workstation);
    let planned = next(&clinic, Some(in_days(&clinic, 10)), None);
    assert_eq!(stands(&planned), [Stands::Issues, Stands::Next]);
    assert_eq!(bundle_after(&workstation, 1).unwrap().issuing.len(), 2, "it is heard of at the next contact");
    assert_eq!(issuing_now(&clinic, &workstation), first);

    clinic.advance(10 * DAY_S);
    let second = issuing_now(&clinic, &workstation);
    assert_ne!(second, first);
    let old = (workstation.certificate.clone(), &workstation.key);
    assert_eq!(health(&clinic, &old.0, old.1), Some(200), "a certificate of before still counts");
    let state = succeeding::state(&clinic.practice).unwrap();
    assert_eq!((stands(&state), state.workstations_on_older), (vec![Stands::Accepted, Stands::Issues], 1));
    let request = CertificateRequest::make().unwrap();
    let renewed = in_time(&workstation, &request);
    let chain = certificate::from_pem(&renewed.chain_pem).unwrap();
    assert_eq!(chain[0], second);
    assert!(certificate::verify_issued(&certificate_of(&renewed), &second).is_ok());
    assert_eq!(health(&clinic, &certificate_of(&renewed), &request.key), Some(200));
    let newcomer = clinic.enrol();
    assert!(certificate::verify_issued(&newcomer.certificate, &second).is_ok());
    assert_eq!(succeeding::state(&clinic.practice).unwrap().workstations_on_older, 0);

    clinic.advance(90 * DAY_S);
    assert_eq!(stands(&succeeding::state(&clinic.practice).unwrap()), [Stands::Ended, Stands::Issues]);
    assert_eq!(stands(&retire(&clinic, false)), [Stands::Issues]);
    assert!(!folder(&clinic).key("issuing.key").exists() && !folder(&clinic).key("issuing.crt").exists());
}

#[test]
fn a_workstation_that_was_away_through_all_of_it_comes_back() {
    let clinic = Clinic::open();
    let (away, other) = (clinic.enrol(), clinic.enrol());
    next(&clinic, Some(in_days(&clinic, 5)), None);
    clinic.advance(96 * DAY_S);
    retire(&clinic, false);
    assert_eq!(health(&clinic, &away.certificate, &away.key), None);
    let request = CertificateRequest::make().unwrap();
    let old = (away.certificate.as_slice(), &away.key);
    // A key of somebody else proves nothing.
    let stolen = late(&away, challenge(&away), (old.0, &other.key), &request.request_pem);
    assert_eq!(stolen.problem(), Some(ProblemCode::DeviceRevoked));
    let renewed = late(&away, challenge(&away), old, &request.request_pem);
    let renewed = certificate_of(&renewed.json());
    assert_eq!(health(&clinic, &renewed, &request.key), Some(200));
    assert_eq!(late_alerts(&clinic), 1);
}

#[test]
fn old_certificates_end_at_the_date_given_and_are_renewed_by_their_keys() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let old = (workstation.certificate.as_slice(), &workstation.key);
    next(&clinic, None, Some(in_days(&clinic, 7)));
    let request = CertificateRequest::make().unwrap();
    let too_soon = late(&workstation, challenge(&workstation), old, &request.request_pem);
    assert_eq!(too_soon.problem(), Some(ProblemCode::DeviceRevoked), "it is still taken");
    clinic.advance(7 * DAY_S);
    assert_eq!(health(&clinic, old.0, old.1), None, "it has weeks left, and its authority has none");
    let renewed = late(&workstation, challenge(&workstation), old, &request.request_pem);
    assert_eq!(health(&clinic, &certificate_of(&renewed.json()), &request.key), Some(200));
}

#[test]
fn an_authority_whose_key_may_be_known_ends_at_once() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    assert_eq!(stands(&next(&clinic, None, None)), [Stands::Accepted, Stands::Issues]);
    assert_eq!(health(&clinic, &workstation.certificate, &workstation.key), Some(200));
    assert_eq!(stands(&retire(&clinic, true)), [Stands::Issues]);
    assert_eq!(health(&clinic, &workstation.certificate, &workstation.key), None);
}

#[test]
fn an_authority_of_the_same_name_under_another_root_is_refused_before_and_after() {
    let clinic = Clinic::open();
    let (mut random, request) = (Random::from_os(), CertificateRequest::make().unwrap());
    let workstation = clinic.enrol();
    let root = Authority::make_root(random.uuid(), "Elm Street Clinic", clinic.now(), &mut random).unwrap();
    let foreign = root.make_issuing("Elm Street Clinic", clinic.now(), &mut random).unwrap();
    let id = workstation.id.uuid();
    let made = foreign.issue_client(&request.request_pem, id, clinic.now(), &mut random).unwrap();
    assert_eq!(health(&clinic, &made, &request.key), None);
    next(&clinic, None, None);
    assert_eq!(health(&clinic, &made, &request.key), None);
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let (own, key) = (workstation.certificate.clone(), SecretBytes::new(workstation.key.expose().to_vec()));
    let first = issuing_now(&clinic, &workstation);
    next(&clinic, Some(in_days(&clinic, 3)), None);
    let server = |clinic: &Clinic| shown(clinic, clinic.listening, Some((&own, &key))).unwrap();
    let clinic = clinic.restarted();
    assert_eq!(server(&clinic).1, first);
    clinic.advance(3 * DAY_S);
    let clinic = clinic.restarted();
    let (certificate, second) = server(&clinic);
    assert_ne!(second, first);
    let clinic = clinic.restarted();
    assert_eq!(server(&clinic), (certificate, second), "and it is not made anew at each start");
    assert_eq!(health(&clinic, &own, &key), Some(200));
}

#[test]
fn the_servers_own_certificate_is_renewed_while_it_goes_on() {
    let clinic = Clinic::open();
    let (before, issuing) = shown(&clinic, clinic.enrolment, None).unwrap();
    clinic.advance(366 * DAY_S);
    assert_eq!(shown(&clinic, clinic.enrolment, None).unwrap().0, before);
    clinic.advance(2 * DAY_S);
    let (after, by) = shown(&clinic, clinic.enrolment, None).unwrap();
    assert!(after != before && by == issuing);
    assert!(certificate::validity(&after).unwrap().1 > in_days(&clinic, 390));
    clinic.advance(40 * DAY_S);
    assert_eq!(shown(&clinic, clinic.enrolment, None).unwrap().0, after, "the first would have ended by now");
}

#[test]
fn what_cannot_be_is_refused_and_nothing_changes() {
    let (clinic, other) = (Clinic::open(), Clinic::open());
    let data = folder(&clinic);
    let root = data.path().join("offline-root");
    let refused = |times| succeeding::make_next(&clinic.practice, &data, &root, times).is_err();
    assert!(refused((Some(in_days(&clinic, -1)), None)), "a moment that is past");
    assert!(refused((Some(in_days(&clinic, 5)), Some(in_days(&clinic, 4)))), "an end before the beginning");
    let foreign = folder(&other).path().join("offline-root");
    assert!(succeeding::make_next(&clinic.practice, &data, &foreign, (None, None)).is_err());
    assert!(succeeding::retire(&clinic.practice, &data, &root, true).is_err(), "there is one alone");
    assert_eq!(clinic.look(|tx| tx.practice()).trust_number, 1);
    next(&clinic, Some(in_days(&clinic, 5)), None);
    assert!(refused((None, None)), "there is a next one already");
    assert!(succeeding::retire(&clinic.practice, &data, &root, true).is_err(), "the old one issues");
}

#[test]
fn another_server_hears_of_it_within_seconds_and_goes_on_where_it_has_no_key() {
    let first = Clinic::open_on(Kept::InPostgres);
    let second = first.beside();
    let workstation = first.enrol();
    let old = issuing_now(&second, &workstation);
    next(&first, None, None);
    let request = CertificateRequest::make().unwrap();
    let renewed = certificate_of(&in_time(&workstation, &request));
    let taken = (0..60).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(250));
        shown(&second, second.listening, Some((&renewed, &request.key))).is_some_and(|(_, by)| by == old)
            && health(&second, &renewed, &request.key) == Some(200)
    });
    assert!(taken, "what one has issued the other takes");
}

#[test]
fn an_operator_changes_over_while_the_server_runs_and_is_told_how_things_stand() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("practice").to_str().unwrap().to_owned();
    let root = folder.path().join("practice/offline-root").to_str().unwrap().to_owned();
    let on = |more: &[&str]| {
        let output = run(&[&["keys", "authority"], more, &["--data", &data]].concat());
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default())
    };
    assert!(
        run(&["init", "--data", &data, "--practice", "Elm Street", "--host", "localhost"]).status.success()
    );
    let (code, state) = on(&["status"]);
    assert_eq!(
        (code, &state["due"], state["authorities"].as_array().unwrap().len()),
        (Some(0), &false.into(), 1)
    );
    let (mut server, ready) = serve(Path::new(&data), &[]);
    let address: SocketAddr = ready["enrolment"].as_str().unwrap().parse().unwrap();
    let trusted = std::fs::read(folder.path().join("practice/keys/root.crt")).unwrap();
    let before = shown_to_newcomer(address, &trusted);

    let (code, state) = on(&["next", "--offline-root", &root]);
    assert_eq!((code, &state["authorities"][1]["standing"]), (Some(0), &"issues".into()));
    let changed = (0..80).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(250));
        shown_to_newcomer(address, &trusted) != before
    });
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(changed, "the server that runs takes the new one into use");
    assert_eq!(on(&["retire", "--offline-root", &root]).0, Some(2), "the old one is still accepted");
    let (code, state) = on(&["retire", "--at-once", "--offline-root", &root]);
    assert_eq!((code, state["authorities"].as_array().unwrap().len()), (Some(0), 1));
    let help = run(&["keys", "authority", "next", "--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("renews by proof that it holds its own key"));
}

/// The authority that a server shows to whoever has no certificate yet.
fn shown_to_newcomer(address: SocketAddr, root: &[u8]) -> Vec<u8> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).unwrap();
    }
    connection.peer_certificates().unwrap()[1].to_vec()
}
