//! Requests that no workstation makes: broken, hostile or said again; each is refused, and the next good one is answered.

use crate::clinic::{Answer, Clinic, PASSPHRASE};
use crate::doorway::{Peer, serves};
use crate::workstation::Workstation;
use keys::certificate;
use keys::session::SessionClaim;
use records::Role;
use std::io::Write as _;
use sync::wire::{ProblemCode, header, path};

/// Bodies that no reader may choke on. None of them is a message of ours.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str, levels: usize| {
        format!("{}1{}", open.repeat(levels), close.repeat(levels)).into_bytes()
    };
    let known = |value: &str| {
        format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":{value},"envelopes":{value},"items":{value},"username":{value},"token":{value},"drawer":{value},"changes":{value},"person":{value},"done":{value}}}"#)
            .into_bytes()
    };
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    vec![
        ("nothing", Vec::new()),
        ("no JSON", b"envelopes=1&token=2".to_vec()),
        ("half a body", br#"{"envelopes":["AAAA"#.to_vec()),
        ("arrays a hundred thousand deep", deep("[", "]", 100_000)),
        ("objects forty thousand deep", deep(r#"{"a":"#, "}", 40_000)),
        ("deep within a field that is known", known(&"[".repeat(20_000))),
        ("a number without end", known(&"9".repeat(200_000 / 9))),
        ("a number beyond all numbers", known("1e999999999999999999")),
        ("negative zero with a fraction", known("-0.0e-99999")),
        ("bytes that are no UTF-8", b"{\"username\":\"\xff\xfe\xc0\x80\"}".to_vec()),
        ("half a surrogate", known(r#""\ud800""#)),
        ("a nought within a text", known(r#""a\u0000b""#)),
        ("a byte order mark", [b"\xef\xbb\xbf".as_slice(), b"{}x"].concat()),
        (
            "the same key twice",
            br#"{"envelopes":[],"envelopes":[],"items":[],"items":[],"username":"a","username":"b","x":}"#
                .to_vec(),
        ),
        ("an array of everything", br#"[[],{},"",0,null,true]"#.to_vec()),
        ("null", b"null".to_vec()),
        ("zeroes", vec![0; 100_000]),
        ("packed", [gzip.as_slice(), &[0; 500]].concat()),
    ]
}

const ROUTES: [&str; 17] = [
    path::SIGN_IN_START,
    path::SIGN_IN_FINISH,
    path::ACTIVATE_START,
    path::ACTIVATE_FINISH,
    path::SESSION_CHALLENGE,
    path::SESSION,
    path::CHANGES,
    path::COURIER,
    path::INBOX,
    path::OUTCOMES,
    path::TWINS,
    path::ATTACHMENTS,
    path::READ_ATTACHMENT,
    path::ALERTS,
    path::CLOSE_ALERT,
    path::REPORTS,
    path::FHIR,
];

fn is_refused(answer: &Answer) -> bool {
    [400, 413].contains(&answer.status) && text(answer).starts_with(r#"{"resourceType":"OperationOutcome""#)
}

#[test]
fn hostile_bodies_are_refused_on_every_route_that_reads_one() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let person = workstation.activate("nora", Role::Nurse);
    let token = person.signed_in.session.token.expose();
    for (what, body) in hostile() {
        for route in ROUTES {
            let request = workstation.client.post(clinic.url(route)).bearer_auth(token).body(body.clone());
            let request = request.header("content-type", "application/json");
            let request = if what == "packed" { request.header("content-encoding", "gzip") } else { request };
            let answer = clinic.send(request).unwrap();
            assert!(is_refused(&answer), "{what} at {route}: {} {}", answer.status, text(&answer));
        }
        for route in [path::ENROL, path::RENEW_START, path::RENEW_FINISH] {
            let request = clinic.connection(None).post(clinic.enrolment_url(route)).body(body.clone());
            let answer = clinic.send(request).unwrap();
            assert!(is_refused(&answer), "{what} at {route}: {} {}", answer.status, text(&answer));
        }
        serves(&workstation);
    }
    let events = workstation.deliver(&[], &[br#"{"resourceType":"AuditEvent","id":"e"}"#.to_vec()]);
    assert_eq!(events.status, 200, "the log was not touched");
}

#[test]
fn hostile_audit_batches_are_refused_and_the_log_goes_on() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    for (what, body) in hostile() {
        let note = workstation.note(
            workstation.log,
            &workstation.tree(workstation.log, &[]),
            &workstation.checkpoint_key,
        );
        let request = workstation
            .client
            .post(clinic.url(path::FHIR))
            .header(header::LOG, workstation.log.to_string())
            .header(header::FIRST_INDEX, 0)
            .header(
                header::CHECKPOINT,
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, note),
            )
            .body(body);
        let answer = clinic.send(request).unwrap();
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, text(&answer));
    }
    let events = workstation.deliver(&[], &[br#"{"resourceType":"AuditEvent","id":"e"}"#.to_vec()]);
    assert_eq!(events.status, 200);
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[test]
fn requests_that_are_not_http_are_refused_at_both_doors() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let post = |more: &str, body: &str| {
        format!("POST /v1/grants HTTP/1.1\r\nHost: localhost\r\n{more}\r\n\r\n{body}")
    };
    let get = |more: &str| format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{more}\r\n\r\n");
    let table = [
        ("a negative length", post("Content-Length: -1", "{}")),
        ("a length that is no number", post("Content-Length: 2x", "{}")),
        ("a length beyond all numbers", post("Content-Length: 99999999999999999999999", "{}")),
        ("two lengths", post("Content-Length: 2\r\nContent-Length: 3", "{}x")),
        ("chunks without a size", post("Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n")),
        (
            "a chunk beyond all numbers",
            post("Transfer-Encoding: chunked", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk that is longer than it says",
            post("Transfer-Encoding: chunked", "1\r\n{}{}{}\r\n0\r\n\r\n"),
        ),
        ("an encoding that nobody knows", post("Transfer-Encoding: chunked, braille", "{}")),
        ("a head without end", get(&format!("X-Padding: {}", "a".repeat(200_000)))),
        ("a thousand headers", get(&"X: y\r\n".repeat(1_000))),
        ("a header with a nought", get("X-Odd: a\0b")),
        ("a header without a colon", get("nonsense")),
        ("no request", "\u{1}\u{2}\u{3} nothing of this kind\r\n\r\n".to_owned()),
        ("an old version", "GET /healthz\r\n\r\n".to_owned()),
        ("a version to come", "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n".to_owned()),
        ("a path with a nought", "GET /health\0z HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()),
        ("a proxy's request", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n".to_owned()),
        ("another way up", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()),
    ];
    for (what, request) in table {
        for mut peer in [Peer::of(&workstation), Peer::enrolling(&clinic)] {
            // It may be cut before all of it was sent.
            peer.0.write_all(request.as_bytes()).and_then(|()| peer.0.flush()).ok();
            peer.0.conn.send_close_notify();
            peer.0.flush().ok();
            let heard = peer.hears();
            let is_refused =
                heard.is_empty() || heard.starts_with(b"HTTP/1.1 4") || heard.starts_with(b"HTTP/1.0 4");
            assert!(is_refused, "{what}: {}", String::from_utf8_lossy(&heard));
        }
        serves(&workstation);
    }
}

#[test]
fn what_opened_a_session_opens_no_second_one() {
    let clinic = Clinic::open();
    let (workstation, other) = (clinic.enrol(), clinic.enrol());
    let person = workstation.activate("nora", Role::Nurse);
    let challenge = sync::wire::ChallengeRequest { person: person.id };
    let challenge: sync::wire::ChallengeResponse =
        workstation.post(path::SESSION_CHALLENGE, &challenge).json();
    let claim = |of: &Workstation<'_>| SessionClaim {
        practice: of.enrolled.practice_id.uuid(),
        device: of.id.uuid(),
        person: person.id.uuid(),
        certificate: certificate::fingerprint(&of.certificate),
        challenge: challenge.challenge.to_array().unwrap(),
    };
    let request = |of: &Workstation<'_>| sync::wire::SessionRequest {
        person: person.id,
        challenge: challenge.challenge.clone(),
        signature: claim(of).sign(&person.signing).to_bytes().into(),
    };
    let refused = other.post(path::SESSION, &request(&other));
    assert_eq!(refused.status, 401, "a challenge of another workstation");
    let good = request(&workstation);
    assert_eq!(workstation.post(path::SESSION, &good).status, 200);
    for _ in 0..3 {
        assert_eq!(workstation.post(path::SESSION, &good).status, 401, "said again");
    }
    assert_eq!(workstation.session(&person, &person.signing).status, 200, "and a new one opens");
}

#[test]
fn the_messages_of_an_activation_and_a_sign_in_count_once() {
    let clinic = Clinic::open();
    let (workstation, other) = (clinic.enrol(), clinic.enrol());
    let person = workstation.activate("nora", Role::Nurse);
    assert_eq!(workstation.say_again().problem(), Some(ProblemCode::ActivationRefused));
    clinic.advance(60);
    let code = keys::totp::code_at(&person.seed, keys::totp::step_at(clinic.now()));
    workstation.sign_in("nora", PASSPHRASE, &code).unwrap();
    assert_eq!(workstation.say_again().problem(), Some(ProblemCode::SignInRefused));
    // A minute later the code would be another one; the message stays what it was.
    clinic.advance(60);
    assert_eq!(workstation.say_again().problem(), Some(ProblemCode::SignInRefused));
    let code = keys::totp::code_at(&person.seed, keys::totp::step_at(clinic.now()));
    assert!(other.sign_in("nora", PASSPHRASE, &code).is_ok(), "the person signs in as before");
}
