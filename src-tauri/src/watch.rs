//! Watches the idle clock: warns the page, and locks.

use std::time::Duration;

use client::{IdleState, LockCause};

use crate::desk::Desk;

/// The pace of the countdown. Far below what a person notices, far above what a processor does.
const PACE: Duration = Duration::from_millis(250);

/// Watches until the process ends.
pub(crate) fn idle(desk: Desk) {
    let watching = std::thread::Builder::new().name("idle-watch".to_owned()).spawn(move || {
        let mut warned = false;
        loop {
            std::thread::sleep(PACE);
            warned = step(&desk, warned);
        }
    });
    if let Err(error) = watching {
        // Without it nothing would lock by itself, so the app does not run.
        tracing::error!(%error, "the idle watch did not start");
        std::process::exit(1);
    }
}

fn step(desk: &Desk, warned: bool) -> bool {
    if desk.clock_was_set() {
        desk.lock_away(LockCause::ClockSet);
    }
    match desk.idle_state() {
        Some(IdleState::Warning { left }) => {
            desk.warn(left);
            true
        }
        Some(IdleState::Lock(cause)) => desk.lock_away(cause),
        Some(IdleState::Quiet { .. }) | None => {
            if warned {
                desk.warn(Duration::ZERO);
            }
            false
        }
    }
}
