//! How long a lock takes: until nothing is on the screen, and until no process of before is left.

use std::fs;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;

use super::DemoError;
use super::driver::now;
use super::processes;

/// Between two looks; a look itself takes about as long.
const PACE: Duration = Duration::from_millis(2);

/// Looks at the screen and at the processes over and over, from before the lock on.
#[derive(Debug)]
pub(crate) struct LockWatch {
    begun: Instant,
    watching: JoinHandle<Seen>,
}

/// When a lock was seen, in milliseconds from its cause; `None` where it was not within the limit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// The whole display has one colour: no window is on it.
    pub(crate) blank_ms: Option<f64>,
    /// Every process of the app has ended or replaced its image.
    pub(crate) replaced_ms: Option<f64>,
}

impl LockWatch {
    /// Begins; what causes the lock comes right after. It ends when both were seen, or after `limit`.
    ///
    /// # Errors
    /// Where the display or the processes cannot be looked at, or nothing is on the display.
    pub(crate) fn begin(display: &str, app_binary: &Path, limit: Duration) -> Result<LockWatch, DemoError> {
        let screen = Screen::of(display)?;
        if screen.is_blank()? {
            return Err(DemoError::not_seen("a window on the display"));
        }
        let images: Vec<(u32, Vec<u8>)> =
            processes::of_app(app_binary)?.into_keys().map(|id| (id, image_of(id))).collect();
        let begun = now();
        let watching = std::thread::spawn(move || watch(&screen, &images, begun, limit));
        Ok(LockWatch { begun, watching })
    }

    /// When it began.
    #[must_use]
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// What was seen.
    ///
    /// # Errors
    /// Where the watch itself broke.
    pub(crate) fn end(self) -> Result<Seen, DemoError> {
        self.watching.join().map_err(|_| DemoError::step("watch a lock"))
    }
}

fn watch(screen: &Screen, images: &[(u32, Vec<u8>)], begun: Instant, limit: Duration) -> Seen {
    let mut seen = Seen::default();
    let passed = || begun.elapsed().as_secs_f64() * 1000.0;
    while begun.elapsed() < limit && (seen.blank_ms.is_none() || seen.replaced_ms.is_none()) {
        if seen.blank_ms.is_none() && screen.is_blank().unwrap_or(false) {
            seen.blank_ms = Some(passed());
        }
        if seen.replaced_ms.is_none() && images.iter().all(|(id, image)| image_of(*id) != *image) {
            seen.replaced_ms = Some(passed());
        }
        // The app needs the processor too.
        std::thread::sleep(PACE);
    }
    seen
}

/// What tells one image of a process from the next: the kernel's vector for it holds addresses that are random anew after
/// each `exec` (proc(5)). Empty for a process that has ended.
fn image_of(id: u32) -> Vec<u8> {
    fs::read(format!("/proc/{id}/auxv")).unwrap_or_default()
}

#[derive(Debug)]
struct Screen {
    server: RustConnection,
    root: u32,
    size: (u16, u16),
}

impl Screen {
    fn of(display: &str) -> Result<Screen, DemoError> {
        let broken = || DemoError::step("look at the display");
        let (server, number) = x11rb::connect(Some(display)).map_err(|_| broken())?;
        let screen = server.setup().roots.get(number).ok_or_else(broken)?;
        let (root, size) = (screen.root, (screen.width_in_pixels, screen.height_in_pixels));
        Ok(Screen { server, root, size })
    }

    /// Whether every pixel of the display has one colour.
    fn is_blank(&self) -> Result<bool, DemoError> {
        let broken = || DemoError::step("look at the display");
        let (width, height) = self.size;
        let asked = self.server.get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, width, height, u32::MAX);
        let picture = asked.map_err(|_| broken())?.reply().map_err(|_| broken())?.data;
        // All of one colour if each pixel, of four bytes, is as the one before it.
        let from_second = picture.get(4..).ok_or_else(broken)?;
        Ok(from_second == &picture[..from_second.len()])
    }
}
