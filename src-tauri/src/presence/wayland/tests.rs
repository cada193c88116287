//! The words of a compositor that is played here; the one that speaks them for real is not in every system's packages.

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;
use wayland_protocols::ext::idle_notify::v1::server::ext_idle_notification_v1::{
    ExtIdleNotificationV1 as Notification, Request as NotificationRequest,
};
use wayland_protocols::ext::idle_notify::v1::server::ext_idle_notifier_v1::{
    ExtIdleNotifierV1 as Notifier, Request,
};
use wayland_server::backend::ClientData;
use wayland_server::protocol::wl_seat::{Request as SeatRequest, WlSeat as Seat};
use wayland_server::{Client, DataInit, Display, DisplayHandle, GlobalDispatch, New};

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// A clock that stands until the test moves it.
struct Stands(AtomicU64);

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn monotonic(&self) -> Duration {
        self.since_boot()
    }
    fn since_boot(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
    fn boot(&self) -> Uuid {
        Uuid::nil()
    }
    fn time_zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

/// How a program asked to be told.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    hands_alone: bool,
    after_ms: u32,
}

/// A compositor with one seat; it ends with the test.
struct Compositor {
    asked: Receiver<(Asked, Notification)>,
    socket: UnixStream,
    ends: Arc<AtomicBool>,
    runs: Option<JoinHandle<()>>,
}

impl Compositor {
    /// Speaks this version of the protocol, or does not speak it.
    fn start(version: Option<u32>) -> Self {
        let (tell, asked) = channel();
        let (theirs, ours) = UnixStream::pair().expect("a pair of sockets");
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let runs = std::thread::spawn(move || {
            let mut display = Display::<Told>::new().expect("a display");
            let handle = display.handle();
            handle.create_global::<Told, Seat, ()>(1, ());
            if let Some(version) = version {
                handle.create_global::<Told, Notifier, ()>(version, ());
            }
            display.handle().insert_client(theirs, Arc::new(Anybody)).expect("a client");
            let mut told = Told(tell);
            while !ended.load(Ordering::SeqCst) {
                display.dispatch_clients(&mut told).expect("it listens");
                display.flush_clients().expect("it speaks");
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Self { asked, socket: ours, ends, runs: Some(runs) }
    }

    /// What the app makes of it.
    fn idle(&self, clock: &Arc<Stands>) -> Option<Idle> {
        let socket = self.socket.try_clone().ok()?;
        Idle::of(&Connection::from_socket(socket).ok()?, Arc::clone(clock) as _)
    }

    fn end(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        self.runs.take().expect("it runs").join().expect("it ends");
    }
}

impl Drop for Compositor {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
    }
}

struct Anybody;
impl ClientData for Anybody {}

struct Told(Sender<(Asked, Notification)>);

impl GlobalDispatch<Seat, ()> for Told {
    fn bind(
        _: &mut Self,
        _: &DisplayHandle,
        _: &Client,
        seat: New<Seat>,
        (): &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(seat, ());
    }
}

impl GlobalDispatch<Notifier, ()> for Told {
    fn bind(
        _: &mut Self,
        _: &DisplayHandle,
        _: &Client,
        notifier: New<Notifier>,
        (): &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(notifier, ());
    }
}

impl wayland_server::Dispatch<Notifier, ()> for Told {
    fn request(
        told: &mut Self,
        _: &Client,
        _: &Notifier,
        request: Request,
        (): &(),
        _: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        let (id, asked) = match request {
            Request::GetIdleNotification { id, timeout, .. } => {
                (id, Asked { hands_alone: false, after_ms: timeout })
            }
            Request::GetInputIdleNotification { id, timeout, .. } => {
                (id, Asked { hands_alone: true, after_ms: timeout })
            }
            other @ (Request::Destroy | _) => panic!("not asked for: {other:?}"),
        };
        told.0.send((asked, init.init(id, ()))).expect("the test listens");
    }
}

impl wayland_server::Dispatch<Notification, ()> for Told {
    fn request(
        _: &mut Self,
        _: &Client,
        _: &Notification,
        _: NotificationRequest,
        (): &(),
        _: &DisplayHandle,
        _: &mut DataInit<'_, Self>,
    ) {
    }
}

impl wayland_server::Dispatch<Seat, ()> for Told {
    fn request(
        _: &mut Self,
        _: &Client,
        _: &Seat,
        _: SeatRequest,
        (): &(),
        _: &DisplayHandle,
        _: &mut DataInit<'_, Self>,
    ) {
    }
}

fn clock_at(seconds: u64) -> Arc<Stands> {
    Arc::new(Stands(AtomicU64::new(seconds)))
}

/// Waits until the compositor's word has arrived.
fn within(idle: &Idle, arrived: impl Fn(Last) -> bool) {
    for _ in 0..500 {
        if arrived(*idle.last.lock().expect("no panic")) {
            return;
        }
        std::thread::sleep(LIMIT / 500);
    }
    panic!("the compositor's word did not arrive");
}

#[test]
fn the_time_that_nobody_is_there_counts_from_the_last_touch_of_hands() {
    let (compositor, clock) = (Compositor::start(Some(2)), clock_at(100));
    let idle = compositor.idle(&clock).expect("it speaks the protocol");
    let (asked, notification) = compositor.asked.recv_timeout(LIMIT).expect("it is asked");
    assert_eq!(asked, Asked { hands_alone: true, after_ms: 1000 });
    assert_eq!(idle.quiet_for(), Some(GRAIN), "until it says otherwise somebody is there");

    clock.0.store(200, Ordering::SeqCst);
    notification.idled();
    within(&idle, |last| matches!(last, Last::QuietSince(_)));
    clock.0.store(500, Ordering::SeqCst);
    assert_eq!(idle.quiet_for(), Some(Duration::from_secs(301)));

    notification.resumed();
    within(&idle, |last| matches!(last, Last::Touched));
    assert_eq!(idle.quiet_for(), Some(GRAIN));
}

#[test]
fn a_compositor_of_the_first_version_is_asked_in_its_own_words() {
    let (compositor, clock) = (Compositor::start(Some(1)), clock_at(100));
    let _idle = compositor.idle(&clock).expect("it speaks the protocol");
    let (asked, _) = compositor.asked.recv_timeout(LIMIT).expect("it is asked");
    assert_eq!(asked, Asked { hands_alone: false, after_ms: 1000 });
}

#[test]
fn a_compositor_that_does_not_speak_it_or_ends_tells_nothing() {
    assert!(Compositor::start(None).idle(&clock_at(0)).is_none());

    let mut compositor = Compositor::start(Some(2));
    let idle = compositor.idle(&clock_at(0)).expect("it speaks the protocol");
    compositor.end();
    within(&idle, |last| matches!(last, Last::Gone));
    assert_eq!(idle.quiet_for(), None);
}
