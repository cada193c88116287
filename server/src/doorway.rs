//! The doorway of a listener: how long a peer may take, how much room it gets, and what is counted of those who want more.
//!
//! A connection costs memory and a descriptor whoever is at its other end, so it has to earn them: first by a handshake, then by
//! whole requests, and all the while at a least pace. Before the handshake a peer is its address; on the main listener it is its
//! certificate from then on, so that many workstations behind one address do not stand in each other's way.

mod pace;
mod room;
mod watched;

pub use pace::Pace;
pub(crate) use pace::{TooSlow, hold};
pub use room::Room;
pub(crate) use watched::{Activity, Watched};

use crate::clock::timer_now;
use crate::limits::nonzero;
use crate::meters::Meters;
use axum_server::{Address, Server};
use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use hyper_util::rt::TokioTimer;
use room::{Peer, Place, Places};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a peer may take, and how much room it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For the handshake.
    pub handshake: Duration,
    /// From the handshake to the end of the first request's head.
    pub head: Duration,
    /// From the end of an answer to the end of the next request's head.
    pub idle: Duration,
    /// How fast a request's body comes, and an answer goes, at the least.
    pub pace: Pace,
    /// How often an HTTP/2 peer is asked whether it is there.
    pub ping: Duration,
    /// How long it may take to say so.
    pub pong: Duration,
    /// Requests at once over one HTTP/2 connection.
    pub streams: u32,
    /// The largest head of a request, in bytes.
    pub head_bytes: u32,
    /// Connections to the main listener that have shown no certificate yet; `each` is an address.
    pub strangers: Room,
    /// Connections to the main listener after that; `each` is a certificate.
    pub workstations: Room,
    /// Connections to the enrolment listener; `each` is an address.
    pub enrolling: Room,
}

impl Bounds {
    /// What a server holds to; `docs/OPERATING.md` says it to whoever runs one.
    pub const STANDARD: Self = Self {
        handshake: Duration::from_secs(10),
        head: Duration::from_secs(15),
        // A workstation lets go of a connection itself after 20 seconds of rest.
        idle: Duration::from_secs(60),
        pace: Pace { grace: Duration::from_secs(15), bytes_a_second: nonzero(1024) },
        ping: Duration::from_secs(20),
        pong: Duration::from_secs(10),
        streams: 64,
        head_bytes: 64 << 10,
        strangers: Room { in_all: 1_024, each: 64 },
        workstations: Room { in_all: 4_096, each: 16 },
        enrolling: Room { in_all: 256, each: 32 },
    };
}

/// Which listener a doorway belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Every peer shows a certificate.
    Main,
    /// For those that have none yet.
    Enrolment,
}

/// Why a connection was not let in, or not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Why {
    /// There are enough of them.
    Room,
    /// The handshake took too long.
    Handshake,
    /// No whole request came after the handshake.
    Head,
    /// It rested for long; most do at some time.
    Idle,
    /// A request's body came too slowly.
    Body,
    /// An answer was taken too slowly.
    Unread,
}

impl Listener {
    /// The word for it in log and meters.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Enrolment => "enrolment",
        }
    }
}

impl Why {
    pub(crate) const ALL: [Self; 6] =
        [Self::Room, Self::Handshake, Self::Head, Self::Idle, Self::Body, Self::Unread];

    /// The word for it in log and meters.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Body => "body",
            Self::Unread => "unread",
        }
    }
}

/// So many lines in the log for one reason at once, and one a minute in the long run; the meters count them all.
const LINES: NonZeroU32 = nonzero(5);

/// The doorway of one listener.
pub(crate) struct Doorway {
    listener: Listener,
    bounds: Bounds,
    strangers: Places,
    workstations: Places,
    meters: Arc<Meters>,
    lines: RateLimiter<Why, DefaultKeyedStateStore<Why>, DefaultClock>,
}

impl Doorway {
    /// A doorway that nobody stands in.
    #[must_use]
    pub(crate) fn new(listener: Listener, bounds: Bounds, meters: Arc<Meters>) -> Arc<Self> {
        let strangers = match listener {
            Listener::Main => bounds.strangers,
            Listener::Enrolment => bounds.enrolling,
        };
        let line = Quota::per_minute(nonzero(1)).allow_burst(LINES);
        Arc::new(Self {
            listener,
            bounds,
            strangers: Places::new(strangers),
            workstations: Places::new(bounds.workstations),
            meters,
            lines: RateLimiter::keyed(line),
        })
    }

    /// Tells hyper what holds for every connection.
    pub(crate) fn set_up<A: Address, Acceptor>(&self, server: &mut Server<A, Acceptor>) {
        let head_bytes = usize::try_from(self.bounds.head_bytes).unwrap_or(usize::MAX);
        let builder = server.http_builder();
        builder.http1().max_buf_size(head_bytes);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.bounds.streams)
            .max_header_list_size(self.bounds.head_bytes)
            .keep_alive_interval(self.bounds.ping)
            .keep_alive_timeout(self.bounds.pong);
    }

    /// A place for somebody who has shown nothing yet.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn admit(&self, address: IpAddr) -> io::Result<Place> {
        self.strangers.take(Peer::of_address(address)).ok_or_else(|| self.turned_away(address, Why::Room))
    }

    /// A place for a workstation.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn admit_workstation(&self, address: IpAddr, certificate: [u8; 32]) -> io::Result<Place> {
        let place = self.workstations.take(Peer::Certificate(certificate));
        place.ok_or_else(|| self.turned_away(address, Why::Room))
    }

    /// The handshake, within its time.
    ///
    /// # Errors
    /// When it fails or takes too long.
    pub(crate) async fn shake_hands(
        &self,
        acceptor: &TlsAcceptor,
        stream: TcpStream,
        address: IpAddr,
    ) -> io::Result<TlsStream<TcpStream>> {
        stream.set_nodelay(true)?;
        let handshake = tokio::time::timeout(self.bounds.handshake, acceptor.accept(stream)).await;
        handshake.unwrap_or_else(|_| Err(self.turned_away(address, Why::Handshake)))
    }

    /// A connection whose peer has to keep moving, and what it does.
    pub(crate) fn watch<S>(
        self: &Arc<Self>,
        stream: S,
        address: IpAddr,
        place: Place,
    ) -> (Watched<S>, Arc<Activity>) {
        let activity = Arc::new(Activity::new(address, timer_now()));
        (Watched::new(stream, Arc::clone(self), Arc::clone(&activity), place), activity)
    }

    /// Counts and logs one that was turned away, and returns the error for it.
    fn turned_away(&self, address: IpAddr, why: Why) -> io::Error {
        let count = self.meters.turned_away(self.listener, why, 1);
        // A workstation that rests is no news.
        if why != Why::Idle && self.lines.check_key(&why).is_ok() {
            let (listener, why) = (self.listener.as_str(), why.as_str());
            tracing::warn!(peer = %address, listener, why, count, "a connection was turned away");
        }
        io::ErrorKind::TimedOut.into()
    }
}

impl fmt::Debug for Doorway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Doorway({})", self.listener.as_str())
    }
}
