//! When the operating system last saw a key or the pointer, in whatever program.

mod wayland;

use std::sync::Arc;
use std::time::Duration;

use client::SystemClock;
use x11rb::connection::Connection as _;
use x11rb::protocol::screensaver::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::desk::Desk;
use crate::signals::Ears;

/// How often it is asked. Far below any limit.
const PACE: Duration = Duration::from_secs(5);

/// Who is asked. A desktop that offers none of them leaves the count to what happens in the window, which locks earlier.
enum Source {
    /// The X server's screen saver extension.
    X11(Box<RustConnection>, u32),
    /// GNOME's compositor, on Wayland.
    Mutter(zbus::Connection),
    /// Other compositors, on Wayland.
    Wayland(wayland::Idle),
}

/// Tells the desk every few seconds, until the process ends.
pub(crate) fn watch(desk: Desk, ears: Ears) {
    let watching = std::thread::Builder::new().name("presence".to_owned()).spawn(move || {
        let Some(source) = Source::find() else {
            tracing::info!("this desktop does not tell when somebody was last there; only the window counts");
            return;
        };
        ears.note(|heard| heard.presence = true);
        loop {
            std::thread::sleep(PACE);
            if desk.idle_state().is_some()
                && let Some(quiet) = source.quiet_for()
            {
                desk.seen_elsewhere(quiet);
            }
        }
    });
    if let Err(error) = watching {
        tracing::warn!(%error, "only what happens in the window counts as activity");
    }
}

impl Source {
    /// On Wayland the X server is an emulation that hears only its own programs, so it is not asked there.
    fn find() -> Option<Self> {
        let on_wayland = std::env::var_os("WAYLAND_DISPLAY").is_some();
        let offered: &[fn() -> Option<Self>] =
            if on_wayland { &[Self::mutter, Self::wayland] } else { &[Self::x11] };
        offered.iter().filter_map(|find| find()).find(|source| source.quiet_for().is_some())
    }

    fn mutter() -> Option<Self> {
        let bus = tauri::async_runtime::block_on(zbus::Connection::session()).ok()?;
        Some(Self::Mutter(bus))
    }

    fn wayland() -> Option<Self> {
        let compositor = wayland_client::Connection::connect_to_env().ok()?;
        Some(Self::Wayland(wayland::Idle::of(&compositor, Arc::new(SystemClock::new()))?))
    }

    fn x11() -> Option<Self> {
        let (server, screen) = x11rb::connect(None).ok()?;
        let root = server.setup().roots.get(screen)?.root;
        Some(Self::X11(Box::new(server), root))
    }

    /// Time since the last key or move; none where there is no answer.
    fn quiet_for(&self) -> Option<Duration> {
        match self {
            Self::X11(server, root) => {
                let info = server.screensaver_query_info(*root).ok()?.reply().ok()?;
                Some(Duration::from_millis(info.ms_since_user_input.into()))
            }
            Self::Mutter(bus) => tauri::async_runtime::block_on(mutter_quiet_for(bus)).ok(),
            Self::Wayland(idle) => idle.quiet_for(),
        }
    }
}

async fn mutter_quiet_for(bus: &zbus::Connection) -> zbus::Result<Duration> {
    let answer = bus
        .call_method(
            Some("org.gnome.Mutter.IdleMonitor"),
            "/org/gnome/Mutter/IdleMonitor/Core",
            Some("org.gnome.Mutter.IdleMonitor"),
            "GetIdletime",
            &(),
        )
        .await?;
    Ok(Duration::from_millis(answer.body().deserialize::<u64>()?))
}
