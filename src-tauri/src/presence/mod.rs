//! When the operating system last saw a key or the pointer, in whatever program.

use std::time::Duration;

use x11rb::connection::Connection as _;
use x11rb::protocol::screensaver::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::desk::Desk;
use crate::signals::Ears;

/// How often it is asked. Far below any limit.
const PACE: Duration = Duration::from_secs(5);

/// Who is asked. A desktop that offers neither leaves the count to what happens in the window, which locks earlier.
enum Source {
    /// The X server's screen saver extension.
    X11(Box<RustConnection>, u32),
    /// GNOME's compositor, on Wayland.
    Mutter(zbus::Connection),
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
    /// On Wayland the X server is an emulation that hears only its own programs, so the compositor goes first.
    fn find() -> Option<Self> {
        let source = Self::mutter().or_else(Self::x11)?;
        source.quiet_for().is_some().then_some(source)
    }

    fn mutter() -> Option<Self> {
        std::env::var_os("WAYLAND_DISPLAY")?;
        let bus = tauri::async_runtime::block_on(zbus::Connection::session()).ok()?;
        Some(Self::Mutter(bus))
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
