//! The end of a lock: every process that has held a patient's data ends, and the lock screen is a new one.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tauri::{AppHandle, Manager};

use crate::parked::HandedOn;
use crate::{clipboard, single, window};

/// How long the thread that paints may take until the process simply ends.
const PATIENCE: Duration = Duration::from_secs(3);

/// Takes everything off the screen. Called before anything else of a lock, so that nothing is seen while files close.
pub(crate) fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(window::LABEL) {
        // A window that is already gone hides nothing.
        let _gone = window.hide();
    }
}

/// Destroys the windows and replaces this program by itself.
///
/// Destroying the window alone ends the web process, but what was typed stays in this process's heap; only a new
/// image has a clean one (measured: `docs/adr/0005-lock-replaces-the-process.md`). The vault must be closed before.
/// Never returns: who waits for this waits for the lock.
pub(crate) fn replace_process(app: &AppHandle, handed_on: Option<Arc<HandedOn>>) -> ! {
    let app_on_main = app.clone();
    let asked = app.run_on_main_thread(move || {
        if let Some(window) = app_on_main.get_webview_window(window::LABEL) {
            let _gone = window.destroy();
        }
        clipboard::forget();
        exec_again(handed_on.as_deref());
    });
    if asked.is_ok() {
        std::thread::sleep(PATIENCE);
        tracing::error!("the window did not let go in time; Chartkeep ends instead of locking");
    }
    // The event loop is ending or stuck: then so does the process, which is as clean.
    std::process::exit(0);
}

/// Replaces the running image, and hands it who may come back. Where that fails the process ends: a lock that leaves memory
/// behind is none.
fn exec_again(handed_on: Option<&HandedOn>) {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Ok(program) = std::env::current_exe() {
        let mut again = Command::new(program);
        again.args(arguments).env(single::HOLDER, std::process::id().to_string());
        // Who cannot be handed on signs in fully.
        let _kept = handed_on.map(|memory| memory.hand_on(&mut again));
        let _refused = again.exec();
    }
    std::process::exit(1);
}
