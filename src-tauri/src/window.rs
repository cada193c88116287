//! The one window and what its web view may not do.

use tauri::{AppHandle, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// Label of the window; `capabilities/main.json` grants its commands by this name.
pub(crate) const LABEL: &str = "main";

/// Opens the window. Its title never changes, so that no task bar or window list can show a patient.
///
/// # Errors
/// Where the web view cannot be made.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Chartkeep")
        .inner_size(1280.0, 800.0)
        .min_inner_size(640.0, 480.0)
        .maximized(true)
        // Nothing of the web view's own reaches the disk: no cache, no cookie, no storage. A context without a disk
        // cannot be driven from outside (wry), so a build for tests does without it.
        .incognito(cfg!(not(feature = "webdriver")))
        .general_autofill_enabled(false)
        .browser_extensions_enabled(false)
        .content_protected(true)
        .disable_drag_drop_handler()
        .on_navigation(|url| matches!(url.scheme(), "tauri") || url.host_str() == Some("tauri.localhost"))
        .build()
}
