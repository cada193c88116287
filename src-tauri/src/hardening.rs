//! What the process gives up before it does anything else: core dumps, readers of its memory, remote control.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, WaitOptions, dumpable_behavior, getrlimit, set_dumpable_behavior,
    setrlimit, wait,
};

/// Variables by which a web view lets itself be driven from outside. A shipped build honours none of them.
#[cfg(not(feature = "webdriver"))]
const REMOTE_CONTROL: [&str; 4] = [
    "TAURI_AUTOMATION",
    "TAURI_WEBVIEW_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
];

/// No core dump, for this process and every one it starts. The limit of one byte is smaller than any core file, and unlike
/// zero it also keeps the kernel from handing a core to a program that collects them (`fs/coredump.c`, core(5)).
const NO_CORE: Rlimit = Rlimit { current: Some(1), maximum: Some(1) };

/// Hardens the process. First thing in `main`, and again after each `exec`, which resets "not dumpable".
///
/// # Errors
/// The name of the step that the operating system refused; the app must not start then.
pub(crate) fn harden() -> Result<(), &'static str> {
    // `PR_SET_DUMPABLE` keeps other programs of the same OS account out of our memory (prctl(2)).
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|_| "not dumpable")?;
    // The start before a lock has set it already, and may not set it higher than a stricter account allows.
    if getrlimit(Resource::Core).maximum != Some(0) {
        setrlimit(Resource::Core, NO_CORE).map_err(|_| "no core files")?;
    }
    reap_predecessors();
    Ok(())
}

/// Whether the process is still as [`harden`] left it.
#[must_use]
pub(crate) fn is_shielded() -> bool {
    let not_dumpable = dumpable_behavior().is_ok_and(|now| now == DumpableBehavior::NotDumpable);
    not_dumpable && getrlimit(Resource::Core).maximum.is_some_and(|bytes| bytes <= 1)
}

/// Starts this program again without the variables that would let a web view be driven from outside.
///
/// An environment can only be changed safely before it is inherited, so the program replaces itself.
///
/// # Errors
/// The name of the step, where the program could not replace itself; the app must not start then.
#[cfg(not(feature = "webdriver"))]
pub(crate) fn refuse_remote_control() -> Result<(), &'static str> {
    use std::os::unix::process::CommandExt;

    if REMOTE_CONTROL.iter().all(|name| std::env::var_os(name).is_none()) {
        return Ok(());
    }
    let program = std::env::current_exe().map_err(|_| "own path")?;
    let mut again = std::process::Command::new(program);
    again.args(std::env::args_os().skip(1));
    for name in REMOTE_CONTROL {
        again.env_remove(name);
    }
    let _refused = again.exec();
    Err("start without remote control")
}

/// Builds for tests opt in to remote control by the cargo feature `webdriver`.
///
/// # Errors
/// None; the signature is that of the shipped build.
#[cfg(feature = "webdriver")]
pub(crate) fn refuse_remote_control() -> Result<(), &'static str> {
    Ok(())
}

/// Collects the web processes that the image before an `exec` left behind as zombies.
fn reap_predecessors() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
