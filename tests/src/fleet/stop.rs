//! Ctrl-C, or being told to end: what is under way ends at the next good moment, and everything that was started ends with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::served::Outcome;

/// Whether somebody wants the run to end.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens from now on, within a runtime.
    pub(super) fn listen() -> Outcome<Stop> {
        let stop = Stop::default();
        let (told, words) = (stop.clone(), words()?);
        tokio::spawn(async move {
            words.await;
            told.0.store(true, Ordering::SeqCst);
        });
        Ok(stop)
    }

    /// Whether it is time to end.
    pub(super) fn is_told(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

fn words() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}
