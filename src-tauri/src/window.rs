//! The one window and what its web view may not do.

use tauri::{AppHandle, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// Label of the window; `capabilities/main.json` grants its commands by this name.
pub(crate) const LABEL: &str = "main";

/// Opens the window. Its title never changes, so that no task bar or window list can show a patient. `on_crash` is called
/// on a thread that may wait when the process that shows the page ends by itself.
///
/// # Errors
/// Where the web view cannot be made.
pub(crate) fn open(app: &AppHandle, on_crash: impl Fn() + Send + Sync + 'static) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Chartkeep")
        .inner_size(1280.0, 800.0)
        .min_inner_size(640.0, 480.0)
        .maximized(true)
        // Nothing of the web view's own reaches the disk: no cache, no cookie, no storage. A context without a disk
        // cannot be driven from outside (wry), so a build for tests does without it.
        .incognito(cfg!(not(feature = "webdriver")))
        .general_autofill_enabled(false)
        .browser_extensions_enabled(false)
        // Windows and macOS leave the window out of pictures of the screen; Linux has nothing of the kind.
        .content_protected(true)
        .disable_drag_drop_handler()
        .on_navigation(|url| matches!(url.scheme(), "tauri") || url.host_str() == Some("tauri.localhost"))
        .build()?;
    listen_for_crash(&window, on_crash)
}

/// A web process that is killed, crashes or runs out of memory.
#[cfg(target_os = "linux")]
fn listen_for_crash(
    window: &WebviewWindow,
    on_crash: impl Fn() + Send + Sync + 'static,
) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt as _;

    let on_crash = std::sync::Arc::new(on_crash);
    window.with_webview(move |page| {
        page.inner().connect_web_process_terminated(move |_, reason| {
            tracing::error!(?reason, "the web process ended");
            let on_crash = std::sync::Arc::clone(&on_crash);
            tauri::async_runtime::spawn_blocking(move || on_crash());
        });
    })
}
