//! Who gets in and who does not: every route, from outside.

use crate::clinic::Clinic;
use crate::workstation::{Person, Workstation, enrol_request};
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::people;
use chartkeep_server::practice::Practice;
use chartkeep_server::router::{Asks, Route, routes};
use chartkeep_server::store::{self, AlertKind, StoreError};
use jiff::SignedDuration;
use keys::certificate::{Authority, CertificateRequest};
use keys::{Random, SigningKey};
use records::Role;
use records::id::PracticeId;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use sync::wire::{ProblemCode, path};

fn request(client: &reqwest::Client, clinic: &Clinic, route: &Route) -> reqwest::RequestBuilder {
    client.request(route.method.as_str().parse().unwrap(), clinic.url(route.path)).body("{}")
}

fn refused_handshakes(clinic: &Clinic) -> usize {
    let log = clinic.practice.row.log;
    let events = clinic.look(|tx| tx.leaves(log, 0, 10_000));
    let is_refusal = |event: &[u8]| {
        let event: serde_json::Value = serde_json::from_slice(event).unwrap();
        event["type"]["code"] == "110113"
            && event["subtype"][0]["code"] == "110126"
            && event["outcome"] == "8"
    };
    events.iter().filter(|leaf| is_refusal(&leaf.event)).count()
}

/// The trail is written behind the handshake.
pub(crate) fn wait_for_refused(clinic: &Clinic, count: usize) {
    for _ in 0..200 {
        if refused_handshakes(clinic) >= count {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{} of {count} refused handshakes are in the trail", refused_handshakes(clinic));
}

#[test]
fn every_route_of_the_contract_is_in_the_list() {
    let mut listed: Vec<&str> = routes().iter().map(|route| route.path).collect();
    listed.sort_unstable();
    let mut contract = [
        path::DIRECTIVES,
        path::GRANTS,
        path::SIGN_IN_START,
        path::SIGN_IN_FINISH,
        path::ACTIVATE_START,
        path::ACTIVATE_FINISH,
        path::CREDENTIAL_START,
        path::CREDENTIAL_PROVE,
        path::CREDENTIAL_FINISH,
        path::TWINS,
        path::SESSION_CHALLENGE,
        path::SESSION,
        path::CHANGES,
        path::COURIER,
        path::CHART,
        path::OUTCOMES,
        path::ATTACHMENTS,
        path::READ_ATTACHMENT,
        path::ALERTS,
        path::CLOSE_ALERT,
        path::REPORTS,
        path::FHIR,
        path::HISTORY,
        path::INBOX,
        path::METADATA,
        path::HEALTH,
        // The FHIR surface: itself, a type with two methods, its search and histories, a record and its versions.
        "/fhir/",
        "/fhir/{kind}",
        "/fhir/{kind}",
        "/fhir/{kind}/_search",
        "/fhir/{kind}/_history",
        "/fhir/{kind}/{id}",
        "/fhir/{kind}/{id}/_history",
        "/fhir/{kind}/{id}/_history/{version}",
        // A program by others: how it proves itself, and its token.
        "/fhir/.well-known/smart-configuration",
        "/auth/token",
        // An export: begun of all, of patients or of a group, asked about, ended, and a file of it.
        "/fhir/$export",
        "/fhir/{kind}/{id}/$export",
        "/fhir/Patient/$export",
        "/v1/exports/{export}",
        "/v1/exports/{export}",
        "/v1/exports/{export}/{kind}",
    ];
    contract.sort_unstable();
    assert_eq!(listed, contract);
}

#[test]
fn no_route_answers_a_peer_without_a_certificate_and_each_try_is_in_the_trail() {
    let clinic = Clinic::open();
    let client = clinic.connection(None);
    for (at, route) in routes().iter().enumerate() {
        assert!(clinic.send(request(&client, &clinic, route)).is_err(), "{}", route.path);
        wait_for_refused(&clinic, at + 1);
    }
}

#[test]
fn a_certificate_of_another_practice_is_refused_and_in_the_trail() {
    let clinic = Clinic::open();
    let (mut random, now) = (Random::from_os(), clinic.now());
    let practice = PracticeId::from_uuid(random.uuid());
    let root = Authority::make_root(practice.uuid(), "Elm Street Clinic", now, &mut random).unwrap();
    let issuing = root.make_issuing("Elm Street Clinic", now, &mut random).unwrap();
    let request = CertificateRequest::make().unwrap();
    let certificate = issuing.issue_client(&request.request_pem, random.uuid(), now, &mut random).unwrap();
    let client = clinic.connection(Some((vec![certificate], &request.key)));
    assert!(clinic.send(client.get(clinic.url(path::HEALTH))).is_err());
    wait_for_refused(&clinic, 1);
}

#[test]
fn an_expired_certificate_is_refused_and_in_the_trail() {
    let clinic = Clinic::open();
    let long_ago = clinic.now().checked_sub(SignedDuration::from_hours(24 * 100)).unwrap();
    let request = CertificateRequest::make().unwrap();
    let mut random = Random::from_os();
    let standing = clinic.practice.authorities.standing();
    let issuing = standing.issuing();
    let certificate =
        issuing.issue_client(&request.request_pem, random.uuid(), long_ago, &mut random).unwrap();
    let client = clinic.connection(Some((vec![certificate], &request.key)));
    assert!(clinic.send(client.get(clinic.url(path::HEALTH))).is_err());
    wait_for_refused(&clinic, 1);
}

#[test]
fn the_servers_own_certificate_does_not_pass_for_a_workstations() {
    let clinic = Clinic::open();
    let standing = clinic.practice.authorities.standing();
    let server = standing.server();
    let client = clinic.connection(Some((vec![server.certificate.clone()], &server.key)));
    assert!(clinic.send(client.get(clinic.url(path::HEALTH))).is_err());
    wait_for_refused(&clinic, 1);
}

#[test]
fn a_certificate_of_ours_for_a_workstation_nobody_knows_is_refused() {
    let clinic = Clinic::open();
    let request = CertificateRequest::make().unwrap();
    let mut random = Random::from_os();
    let standing = clinic.practice.authorities.standing();
    let issuing = standing.issuing();
    let certificate =
        issuing.issue_client(&request.request_pem, random.uuid(), clinic.now(), &mut random).unwrap();
    let client = clinic.connection(Some((vec![certificate], &request.key)));
    let answer = clinic.send(client.get(clinic.url(path::HEALTH))).unwrap();
    assert_eq!((answer.status, answer.problem()), (403, Some(ProblemCode::DeviceRevoked)));
}

#[test]
fn every_route_refuses_a_revoked_workstation() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let person = workstation.activate("nora", Role::Nurse);
    assert_eq!(workstation.get_as(&person.signed_in.session.token, path::HEALTH).status, 200);
    people::revoke_device(&clinic.practice, workstation.id).unwrap();
    for route in routes() {
        let token = person.signed_in.session.token.expose();
        let answer = clinic.send(request(&workstation.client, &clinic, &route).bearer_auth(token)).unwrap();
        assert_eq!(
            (answer.status, answer.problem()),
            (403, Some(ProblemCode::DeviceRevoked)),
            "{}",
            route.path
        );
    }
    let unknown = clinic.send(workstation.client.get(clinic.url("/nothing"))).unwrap();
    assert_eq!(unknown.status, 403, "what does not exist does not show either");
    let alerts = || clinic.look(|tx| tx.count_alerts(AlertKind::RevokedDevice));
    assert_eq!(alerts(), 1, "one alert a minute");
    clinic.advance(61);
    clinic.send(workstation.client.get(clinic.url("/nothing"))).unwrap();
    assert_eq!(alerts(), 2);
}

#[test]
fn what_another_process_revokes_counts_at_the_next_request_over_an_open_connection() {
    let clinic = Clinic::open();
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let (nora, ivo) = (first.activate("nora", Role::Nurse), second.activate("ivo", Role::ItAdmin));
    let ask = |workstation: &Workstation<'_>, person: &Person| {
        workstation.get_as(&person.signed_in.session.token, path::METADATA).status
    };
    assert_eq!((ask(&first, &nora), ask(&second, &ivo)), (200, 200));
    let data = DataDir::at(&clinic.dir.path().join("practice"));
    let command_line = Practice::open(&data, clinic.clock.clone()).unwrap();
    people::revoke_device(&command_line, first.id).unwrap();
    assert_eq!((ask(&first, &nora), ask(&second, &ivo)), (403, 200));
    people::end_person(&command_line, ivo.id).unwrap();
    assert_eq!(ask(&second, &ivo), 401);
    assert_eq!(second.session(&ivo, &ivo.signing).status, 401, "nor does a new challenge help");
    let answer = second.post(path::DIRECTIVES, &sync::wire::DirectivesRequest::default());
    assert_eq!(answer.status, 200, "the workstation itself goes on");
}

#[test]
fn record_routes_refuse_without_a_session_and_the_others_do_not_ask_for_one() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    for route in routes() {
        let bare = clinic.send(request(&workstation.client, &clinic, &route)).unwrap();
        let wrong = request(&workstation.client, &clinic, &route).bearer_auth("x".repeat(43));
        let wrong = clinic.send(wrong).unwrap();
        match route.asks {
            Asks::Session => {
                assert_eq!(
                    (bare.status, bare.problem()),
                    (401, Some(ProblemCode::SessionRequired)),
                    "{}",
                    route.path
                );
                assert_eq!(wrong.status, 401, "{}", route.path);
            }
            Asks::Certificate => assert_ne!(bare.status, 401, "{}", route.path),
        }
    }
}

#[test]
fn a_session_ends_after_fifteen_minutes_and_is_bound_to_its_workstation() {
    let clinic = Clinic::open();
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let person = first.activate("nora", Role::Nurse);
    let token = &person.signed_in.session.token;
    assert_eq!(first.get_as(token, path::METADATA).status, 200);
    assert_eq!(second.get_as(token, path::METADATA).status, 401);
    clinic.advance(14 * 60);
    assert_eq!(first.get_as(token, path::METADATA).status, 200);
    clinic.advance(61);
    assert_eq!(first.get_as(token, path::METADATA).problem(), Some(ProblemCode::SessionRequired));
}

#[test]
fn whoever_has_left_is_refused_at_once() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let person = workstation.activate("nora", Role::Nurse);
    people::end_person(&clinic.practice, person.id).unwrap();
    assert_eq!(workstation.get_as(&person.signed_in.session.token, path::METADATA).status, 401);
    assert_eq!(workstation.session(&person, &person.signing).status, 401);
    let grants: sync::wire::GrantsResponse =
        workstation.post(path::GRANTS, &sync::wire::GrantsRequest {}).json();
    assert_eq!((grants.grants.len(), grants.dropped), (0, vec![person.id]));
}

#[test]
fn every_answer_bears_the_headers_that_keep_it_out_of_caches_and_frames() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let person = workstation.activate("nora", Role::Nurse);
    let token = &person.signed_in.session.token;
    let refused = workstation.get_as(&sync::wire::SecretText::new("no"), path::METADATA);
    for answer in [workstation.get_as(token, path::METADATA), refused, workstation.get_as(token, "/nothing")]
    {
        let header = |name: &str| answer.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "strict-origin-when-cross-origin");
        assert_eq!(header("strict-transport-security"), "max-age=31536000; includeSubDomains; preload");
    }
}

#[test]
fn what_is_wrong_is_said_as_an_operation_outcome() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let get = |path: &str| clinic.send(workstation.client.get(clinic.url(path))).unwrap();
    assert_eq!((get("/nothing").status, get("/nothing").problem()), (404, Some(ProblemCode::NotFound)));
    assert_eq!(
        (get(path::CHANGES).status, get(path::CHANGES).problem()),
        (405, Some(ProblemCode::WrongMethod))
    );
    let post = |path: &str, body: Vec<u8>| {
        clinic.send(workstation.client.post(clinic.url(path)).body(body)).unwrap()
    };
    assert_eq!(post(path::GRANTS, b"no json".to_vec()).problem(), Some(ProblemCode::Malformed));
    let large = post(path::GRANTS, vec![b' '; 300 << 10]);
    assert_eq!((large.status, large.problem()), (413, Some(ProblemCode::TooLarge)));
}

#[test]
fn the_enrolment_listener_has_one_route_and_takes_a_token_once() {
    let clinic = Clinic::open();
    let token = clinic.token();
    assert!(Workstation::enrol(&clinic, &token).is_ok());
    let again = Workstation::enrol(&clinic, &token).err().unwrap();
    assert_eq!((again.status, again.problem()), (401, Some(ProblemCode::TokenRefused)));
    let expired = clinic.token();
    clinic.advance(25 * 3600);
    assert_eq!(
        Workstation::enrol(&clinic, &expired).err().unwrap().problem(),
        Some(ProblemCode::TokenRefused)
    );
    let bare = clinic.connection(None);
    let other = clinic.enrol_url().replace(path::ENROL, path::CHANGES);
    assert_eq!(clinic.send(bare.post(other).body("{}")).unwrap().status, 404);
    assert_eq!(refused_handshakes(&clinic), 2, "both tries are in the trail");
}

#[test]
fn a_bad_request_for_a_certificate_leaves_the_token_unused() {
    let clinic = Clinic::open();
    let token = clinic.token();
    let key = SigningKey::make(&mut Random::from_os());
    let body = enrol_request(&token, "no request", &key);
    let answer = clinic.send(clinic.connection(None).post(clinic.enrol_url()).json(&body)).unwrap();
    assert_eq!(answer.problem(), Some(ProblemCode::Malformed));
    assert!(Workstation::enrol(&clinic, &token).is_ok());
}

#[test]
fn plain_http_gets_no_answer() {
    let clinic = Clinic::open();
    for address in [clinic.listening, clinic.enrolment] {
        let answer = say(address, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
}

#[test]
fn tls_1_2_is_answered_with_an_alert_about_the_version() {
    let clinic = Clinic::open();
    for address in [clinic.listening, clinic.enrolment] {
        let answer = say(address, &hello_of_tls_1_2());
        assert_eq!((answer[0], answer[6]), (21, 70), "a protocol_version alert (RFC 8446 §6.2): {answer:?}");
    }
}

fn say(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = vec![0; 64];
    let length = stream.read(&mut answer).unwrap_or(0);
    answer.truncate(length);
    answer
}

/// A `ClientHello` that knows nothing newer than TLS 1.2: no `supported_versions` in it.
fn hello_of_tls_1_2() -> Vec<u8> {
    let extensions: [&[u8]; 3] = [
        &[0, 10, 0, 4, 0, 2, 0, 23],      // supported_groups: secp256r1
        &[0, 11, 0, 2, 1, 0],             // ec_point_formats: uncompressed
        &[0, 13, 0, 6, 0, 4, 4, 3, 8, 4], // signature_algorithms
    ];
    let extensions = extensions.concat();
    let mut body = vec![3, 3];
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(&[0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
    body.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend_from_slice(&extensions);
    let length = u16::try_from(body.len()).unwrap();
    let mut hello = vec![22, 3, 1];
    hello.extend_from_slice(&(length + 4).to_be_bytes());
    hello.extend_from_slice(&[1, 0]);
    hello.extend_from_slice(&length.to_be_bytes());
    hello.extend_from_slice(&body);
    hello
}

/// Counts how often a failure of the store was turned into it: that is logged where it becomes a refusal.
struct Counted;

static MADE: AtomicUsize = AtomicUsize::new(0);

impl From<StoreError> for Counted {
    fn from(_: StoreError) -> Self {
        MADE.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

#[test]
fn what_succeeds_in_the_store_makes_no_failure_of_it() {
    let clinic = Clinic::open();
    let store = clinic.practice.store.as_ref();
    assert!(store::read(store, |_| Ok::<_, Counted>(())).is_ok());
    assert!(store::write(store, |_| Ok::<_, Counted>(())).is_ok());
    assert_eq!(MADE.load(Ordering::Relaxed), 0);
}
