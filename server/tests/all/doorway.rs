//! The doorway of both listeners, by peers that are slow, silent or too many; whoever behaves is served all the while.

use crate::clinic::Clinic;
use crate::workstation::Workstation;
use chartkeep_server::doorway::{Bounds, Pace, Room};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use sync::wire::path;
use tokio::net::TcpSocket;

/// So short that no test waits long, and long enough for a machine that is busy.
const SHORT: Bounds = Bounds {
    handshake: Duration::from_millis(1_500),
    head: Duration::from_millis(1_500),
    idle: Duration::from_millis(2_000),
    pace: Pace { grace: Duration::from_millis(1_500), bytes_a_second: NonZeroU32::new(1_000).unwrap() },
    strangers: Room { in_all: 8, each: 6 },
    workstations: Room { in_all: 8, each: 3 },
    enrolling: Room { in_all: 8, each: 6 },
    streams: 7,
    ..Bounds::STANDARD
};
/// A peer that is still connected after so long was not cut.
const CUT: Duration = Duration::from_secs(15);
const HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";

/// A connection by hand, past its handshake.
pub(crate) struct Peer(pub(crate) StreamOwned<ClientConnection, TcpStream>);

impl Peer {
    /// With the certificate of a workstation, at the main listener.
    pub(crate) fn of(workstation: &Workstation<'_>) -> Self {
        Self::speaking(workstation, b"http/1.1")
    }

    fn speaking(workstation: &Workstation<'_>, protocol: &[u8]) -> Self {
        let clinic = workstation.clinic;
        let identity = (vec![workstation.certificate.clone()], &workstation.key);
        Self::at(clinic.listening, clinic.tls(Some(identity)), protocol)
    }

    /// Without a certificate, at the enrolment listener.
    pub(crate) fn enrolling(clinic: &Clinic) -> Self {
        Self::at(clinic.enrolment, clinic.tls(None), b"http/1.1")
    }

    fn at(address: SocketAddr, config: ClientConfig, protocol: &[u8]) -> Self {
        Self::over(silent(address), config, protocol)
    }

    fn over(mut stream: TcpStream, mut config: ClientConfig, protocol: &[u8]) -> Self {
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
        while session.is_handshaking() {
            session.complete_io(&mut stream).unwrap();
        }
        Self(StreamOwned::new(session, stream))
    }

    fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
        self.0.flush().unwrap();
    }

    /// Sends a byte at a time, until the server has had enough or there are no more.
    fn drip(&mut self, bytes: &[u8]) {
        for byte in bytes {
            std::thread::sleep(Duration::from_millis(40));
            if self.0.write_all(&[*byte]).and_then(|()| self.0.flush()).is_err() {
                return;
            }
        }
    }

    /// All that it hears until it is cut.
    pub(crate) fn hears(mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        match self.0.read_to_end(&mut heard) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it was not cut: {heard:?}"),
            Ok(_) | Err(_) => heard,
        }
    }
}

/// A connection that says nothing.
fn silent(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(CUT)).unwrap();
    stream.set_write_timeout(Some(CUT)).unwrap();
    stream
}

/// Whether the other end has closed it within the time.
fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).unwrap();
    match stream.read(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn turned_away(clinic: &Clinic, listener: &str, why: &str) -> u64 {
    clinic.meter(&format!(r#"chartkeep_turned_away_total{{listener="{listener}",why="{why}"}}"#))
}

/// The service is there for whoever behaves, at both doors.
pub(crate) fn serves(workstation: &Workstation<'_>) {
    let clinic = workstation.clinic;
    let answer = clinic.send(workstation.client.get(clinic.url(path::HEALTH))).unwrap();
    assert_eq!(answer.status, 200);
    let bare = clinic.connection(None);
    let answer = clinic.send(bare.post(clinic.enrol_url()).body("{}")).unwrap();
    assert_eq!(answer.status, 400);
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("not in time: {what}");
}

#[test]
fn who_connects_and_shakes_no_hands_is_cut_at_both_doors() {
    let clinic = Clinic::open_within(SHORT);
    let workstation = clinic.enrol();
    for (listener, address) in [("main", clinic.listening), ("enrolment", clinic.enrolment)] {
        let mut peer = silent(address);
        serves(&workstation);
        assert!(is_closed(&mut peer, CUT), "{listener}");
        wait_until("it is counted", || turned_away(&clinic, listener, "handshake") == 1);
    }
    serves(&workstation);
}

#[test]
fn who_says_nothing_after_the_handshake_or_a_byte_at_a_time_is_cut_at_both_doors() {
    let clinic = Clinic::open_within(SHORT);
    let workstation = clinic.enrol();
    let loris = format!("{HEAD}X-Padding: {}", "a".repeat(2_000));
    for (listener, open) in [
        ("main", (&|| Peer::of(&workstation)) as &dyn Fn() -> Peer),
        ("enrolment", &|| Peer::enrolling(&clinic)),
    ] {
        let before = turned_away(&clinic, listener, "head");
        assert_eq!(open().hears(), b"", "{listener}");
        let mut half = open();
        half.say(HEAD);
        serves(&workstation);
        assert_eq!(half.hears(), b"", "{listener}: a head without an end");
        let mut slow = open();
        slow.drip(loris.as_bytes());
        assert_eq!(slow.hears(), b"", "{listener}: a byte at a time");
        assert_eq!(turned_away(&clinic, listener, "head"), before + 3, "{listener}");
    }
    serves(&workstation);
}

#[test]
fn a_connection_that_has_been_answered_may_rest_for_a_while() {
    let clinic = Clinic::open_within(SHORT);
    let workstation = clinic.enrol();
    let mut peer = Peer::of(&workstation);
    for _ in 0..4 {
        peer.say(&format!("{HEAD}\r\n"));
        let mut answer = [0; 4096];
        let length = peer.0.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
        std::thread::sleep(SHORT.idle / 4);
    }
    let before = turned_away(&clinic, "main", "idle");
    assert_eq!(peer.hears(), b"");
    wait_until("it is counted", || turned_away(&clinic, "main", "idle") > before);
    assert_eq!(turned_away(&clinic, "main", "head"), 0, "nobody was late");
    serves(&workstation);
}

#[test]
fn over_http_2_too_a_peer_has_to_ask_for_something() {
    let clinic = Clinic::open_within(SHORT);
    let workstation = clinic.enrol();
    let mut peer = Peer::speaking(&workstation, b"h2");
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    peer.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    peer.0.write_all(&empty_settings).unwrap();
    let heard = peer.hears();
    assert_eq!(heard[3], 4, "a SETTINGS frame (RFC 9113 §6.5)");
    let length = usize::from(heard[1]) << 8 | usize::from(heard[2]);
    let settings: Vec<_> = heard[9..9 + length].chunks(6).collect();
    assert!(settings.contains(&&[0, 3, 0, 0, 0, 7][..]), "streams at once: {settings:?}");
    assert!(settings.contains(&&[0, 6, 0, 1, 0, 0][..]), "the largest head: {settings:?}");
    assert_eq!(turned_away(&clinic, "main", "head"), 1);
    serves(&workstation);
}

#[test]
fn a_body_that_comes_too_slowly_is_refused_and_one_that_keeps_the_pace_is_not() {
    let clinic = Clinic::open_within(SHORT);
    let workstation = clinic.enrol();
    let post = |at: &str, length: usize| {
        format!("POST {at} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")
    };
    let mut steady = Peer::of(&workstation);
    steady.say(&post(path::GRANTS, 8_000));
    for piece in 0..8 {
        // Longer than the grace altogether, and faster than the pace.
        std::thread::sleep(Duration::from_millis(250));
        steady.say(&if piece == 7 { format!("{}{{}}", " ".repeat(998)) } else { " ".repeat(1_000) });
    }
    assert!(steady.hears().starts_with(b"HTTP/1.1 200"), "it keeps the pace");
    for (listener, at) in [("main", path::GRANTS), ("enrolment", path::ENROL)] {
        let mut slow = if listener == "main" { Peer::of(&workstation) } else { Peer::enrolling(&clinic) };
        slow.say(&post(at, 8_000));
        slow.drip(&[b' '; 100]);
        let heard = slow.hears();
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 503"), "{listener}: {heard:?}");
        assert_eq!(turned_away(&clinic, listener, "body"), 1, "{listener}");
    }
    let mut stopped = Peer::of(&workstation);
    stopped.say(&post(path::GRANTS, 8_000));
    stopped.say("{");
    assert!(stopped.hears().starts_with(b"HTTP/1.1 503"), "it is told to come back later");
    serves(&workstation);
}

#[test]
fn who_does_not_take_the_answers_is_cut() {
    let clinic = Clinic::open_within(SHORT);
    let workstation = clinic.enrol();
    // What it does not take must not all fit between the two.
    let stream = connect(clinic.listening, |socket| socket.set_recv_buffer_size(4 << 10).unwrap());
    let identity = (vec![workstation.certificate.clone()], &workstation.key);
    let mut peer = Peer::over(stream, clinic.tls(Some(identity)), b"http/1.1");
    peer.0.sock.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let requests = format!("{HEAD}\r\n").repeat(100);
    wait_until("it is counted", || {
        // Asks for more and more and reads nothing.
        peer.0.write_all(requests.as_bytes()).ok();
        turned_away(&clinic, "main", "unread") == 1
    });
    serves(&workstation);
}

#[test]
fn an_address_gets_so_many_connections_and_another_one_is_not_kept_out() {
    let clinic = Clinic::open_within(Bounds { handshake: 2 * CUT, idle: 2 * CUT, ..SHORT });
    let workstation = clinic.enrol();
    serves(&workstation);
    for (listener, address) in [("main", clinic.listening), ("enrolment", clinic.enrolment)] {
        // What the workstation itself has open may be counted too.
        let mut held = Vec::new();
        wait_until("one more is turned away", || {
            let mut peer = silent(address);
            let is_over = is_closed(&mut peer, Duration::from_millis(300));
            held.push(peer);
            is_over
        });
        assert!((2..=7).contains(&held.len()), "{listener}: {}", held.len());
        assert!(turned_away(&clinic, listener, "room") > 0, "{listener}");
        let elsewhere = from_another_address(address);
        assert!(!is_closed(&mut { elsewhere }, Duration::from_millis(300)), "{listener}");
        let answer = clinic.send(workstation.client.get(clinic.url(path::HEALTH))).unwrap();
        assert_eq!(answer.status, 200, "whoever is in stays in");
        held.clear();
        wait_until("there is room again", || !is_closed(&mut silent(address), Duration::from_millis(100)));
    }
    serves(&workstation);
}

/// The same machine by another of its addresses.
fn from_another_address(to: SocketAddr) -> TcpStream {
    connect(to, |socket| socket.bind("127.0.0.2:0".parse().unwrap()).unwrap())
}

fn connect(to: SocketAddr, prepare: impl FnOnce(&TcpSocket)) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        prepare(&socket);
        let stream = socket.connect(to).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
    })
}

#[test]
fn a_certificate_gets_so_many_connections_and_another_workstation_is_not_kept_out() {
    let clinic = Clinic::open_within(SHORT);
    let (one, other) = (clinic.enrol(), clinic.enrol());
    serves(&other);
    let mut held: Vec<Peer> = (0..3).map(|_| Peer::of(&one)).collect();
    let fourth = Peer::of(&one);
    assert_eq!(fourth.hears(), b"", "one more than its share");
    assert!(turned_away(&clinic, "main", "room") >= 1);
    serves(&other);
    assert!(clinic.meter(r#"chartkeep_connections{listener="main"}"#) >= 3);
    held.clear();
    wait_until("its places are free again", || {
        clinic.send(one.client.get(clinic.url(path::HEALTH))).is_ok_and(|answer| answer.status == 200)
    });
    drop((one, other));
    wait_until("nothing is left of anybody", || {
        clinic.meter(r#"chartkeep_connections{listener="main"}"#) == 0
    });
}
