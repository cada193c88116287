//! Signals of the operating system that mean "lock": screen lock, sleep and another user at the screen.

mod logind;
mod screensaver;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::LockCause;
use zbus::Connection;

/// How long to wait before a bus that went away, or was never there, is asked again.
const AGAIN: Duration = Duration::from_secs(15);

/// What is heard now. All of it false where there is no such bus: the idle limit and Ctrl+L stand by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// logind answers: sleep is heard, and screen lock and user switch of the sessions below.
    pub(crate) logind: bool,
    /// logind knows which session is ours. Otherwise the signals of every session lock.
    pub(crate) own_session: bool,
    /// Sleep waits until the workstation is locked.
    pub(crate) sleep_waits: bool,
    /// The desktop's own screen locker is heard.
    pub(crate) screensaver: bool,
    /// The desktop says when somebody last touched anything, in whatever program.
    pub(crate) presence: bool,
}

/// What is heard, for whoever wants to show it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ears(Arc<Mutex<Heard>>);

impl Ears {
    /// What is heard now.
    #[must_use]
    pub(crate) fn heard(&self) -> Heard {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a change of what is heard.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Locks, and returns when the workstation is locked.
pub(crate) type Lock = Arc<dyn Fn(LockCause) + Send + Sync>;

/// Calls `lock` whenever the system says that the screen locks, the machine goes to sleep or another user comes.
///
/// A bus that is missing is no error: it is asked again every now and then, and the health page says what is heard.
pub(crate) fn watch(ears: &Ears, lock: impl Fn(LockCause) + Send + Sync + 'static) {
    let lock: Lock = Arc::new(lock);
    let (to_logind, ears_of_logind) = (Arc::clone(&lock), ears.clone());
    tauri::async_runtime::spawn(again_and_again("logind", move || {
        let (lock, ears) = (Arc::clone(&to_logind), ears_of_logind.clone());
        async move {
            let session = std::env::var("XDG_SESSION_ID").ok();
            let done = logind::listen(Connection::system().await?, session, lock, &ears).await;
            ears.note(|heard| {
                (heard.logind, heard.own_session, heard.sleep_waits) = (false, false, false);
            });
            done
        }
    }));
    let ears_of_desktop = ears.clone();
    tauri::async_runtime::spawn(again_and_again("the desktop's screen locker", move || {
        let (lock, ears) = (Arc::clone(&lock), ears_of_desktop.clone());
        async move {
            let done = screensaver::listen(Connection::session().await?, lock, &ears).await;
            ears.note(|heard| heard.screensaver = false);
            done
        }
    }));
}

async fn again_and_again<F: Future<Output = zbus::Result<()>>>(source: &'static str, listen: impl Fn() -> F) {
    let mut said = false;
    loop {
        if let Err(error) = listen().await
            && !std::mem::replace(&mut said, true)
        {
            tracing::info!(%error, source, "no lock signals from here");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Locks on a thread that may wait, and returns when it is done.
async fn lock_now(lock: &Lock, cause: LockCause) {
    let lock = Arc::clone(lock);
    // A lock that panicked has locked the page all the same, and there is nobody to tell.
    let _panicked = tauri::async_runtime::spawn_blocking(move || lock(cause)).await;
}
