//! How long nobody has touched anything, from a Wayland compositor that speaks `ext-idle-notify-v1`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::Clock;
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_seat::{self, WlSeat};
use wayland_client::{Connection, Dispatch, EventQueue, Proxy as _, QueueHandle};
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notification_v1::{
    self, ExtIdleNotificationV1,
};
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notifier_v1::{self, ExtIdleNotifierV1};

/// The compositor says when nobody has touched anything for so long. Shorter pauses are not told apart.
const GRAIN: Duration = Duration::from_secs(1);
/// From this version on one can ask for hands alone. Before, a film that keeps the screen on counts as somebody.
const HANDS_ALONE: u32 = 2;

/// What a compositor says, kept up to date by a thread of its own.
pub(super) struct Idle {
    last: Arc<Mutex<Last>>,
    clock: Arc<dyn Clock>,
}

/// What was said last.
#[derive(Clone, Copy)]
enum Last {
    /// Somebody is there.
    Touched,
    /// Nobody has been since then (since the machine was started).
    QuietSince(Duration),
    /// The compositor says nothing any more.
    Gone,
}

impl Idle {
    /// Listens to this compositor; `None` where it does not speak the protocol.
    pub(super) fn of(compositor: &Connection, clock: Arc<dyn Clock>) -> Option<Self> {
        let last = Arc::new(Mutex::new(Last::Touched));
        let (globals, mut queue) = registry_queue_init::<Listener>(compositor).ok()?;
        let handle = queue.handle();
        let seat: WlSeat = globals.bind(&handle, 1..=1, ()).ok()?;
        let notifier: ExtIdleNotifierV1 = globals.bind(&handle, 1..=HANDS_ALONE, ()).ok()?;
        let grain_ms = u32::try_from(GRAIN.as_millis()).ok()?;
        if notifier.version() >= HANDS_ALONE {
            notifier.get_input_idle_notification(grain_ms, &seat, &handle, ());
        } else {
            notifier.get_idle_notification(grain_ms, &seat, &handle, ());
        }
        let mut listener = Listener { last: Arc::clone(&last), clock: Arc::clone(&clock) };
        queue.roundtrip(&mut listener).ok()?;
        let listening = std::thread::Builder::new().name("wayland-idle".to_owned());
        listening.spawn(move || listen(&mut queue, &mut listener)).ok()?;
        Some(Self { last, clock })
    }

    /// Time since the last key or move, at least; `None` once the compositor is gone.
    pub(super) fn quiet_for(&self) -> Option<Duration> {
        match *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Last::Touched => Some(GRAIN),
            Last::QuietSince(since) => Some(self.clock.since_boot().saturating_sub(since)),
            Last::Gone => None,
        }
    }
}

fn listen(queue: &mut EventQueue<Listener>, listener: &mut Listener) {
    while queue.blocking_dispatch(listener).is_ok() {}
    tracing::info!("the compositor does not tell any more when somebody was last there");
    listener.note(Last::Gone);
}

struct Listener {
    last: Arc<Mutex<Last>>,
    clock: Arc<dyn Clock>,
}

impl Listener {
    fn note(&self, said: Last) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = said;
    }
}

impl Dispatch<ExtIdleNotificationV1, ()> for Listener {
    fn event(
        listener: &mut Self,
        _: &ExtIdleNotificationV1,
        event: ext_idle_notification_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            ext_idle_notification_v1::Event::Idled => {
                listener.note(Last::QuietSince(listener.clock.since_boot().saturating_sub(GRAIN)));
            }
            ext_idle_notification_v1::Event::Resumed => listener.note(Last::Touched),
            // What a later version of the protocol may say.
            _ => {}
        }
    }
}

/// What these objects say is of no interest here.
macro_rules! unheard {
    ($($Object:ty, $event:path, $Data:ty;)*) => {
        $(impl Dispatch<$Object, $Data> for Listener {
            fn event(_: &mut Self, _: &$Object, _: $event, _: &$Data, _: &Connection, _: &QueueHandle<Self>) {}
        })*
    };
}
unheard! {
    WlRegistry, wl_registry::Event, GlobalListContents;
    WlSeat, wl_seat::Event, ();
    ExtIdleNotifierV1, ext_idle_notifier_v1::Event, ();
}

#[cfg(test)]
mod tests;
