//! Every cause of a lock, one after the other, and after each the way back with the passphrase alone.

use super::{CLEAN_WITHIN, DRAWER_KEY, HALF_NOTE, MainJob};
use crate::demo::DemoError;
use crate::demo::clinic::say;
use crate::demo::driver::Window;
use crate::demo::lock_watch::LockWatch;
use crate::demo::processes;
use crate::demo::report::LockSeen;
use crate::practice::people::NURSE;

/// What makes the app lock.
#[derive(Clone, Copy)]
enum Cause {
    Key,
    Sleep,
    UserSwitch,
    SessionLock,
    WebProcess,
}

impl Cause {
    const ALL: [Cause; 5] =
        [Cause::Key, Cause::Sleep, Cause::UserSwitch, Cause::SessionLock, Cause::WebProcess];

    fn name(self) -> &'static str {
        match self {
            Cause::Key => "Ctrl+L",
            Cause::Sleep => "sleep",
            Cause::UserSwitch => "user switch",
            Cause::SessionLock => "session lock",
            Cause::WebProcess => "end of the web process",
        }
    }
}

impl MainJob {
    /// Locks for every cause, in the middle of a word each time, and comes back to it.
    pub(super) async fn every_lock(&mut self, mut window: Window) -> Result<Window, DemoError> {
        say(
            "Locks for every cause, with a look into memory before and after; the passphrase alone leads back",
        );
        for cause in Cause::ALL {
            let mut seen = self.lock_for(cause, &mut window).await?;
            window = self.come_back(window, cause, &mut seen).await?;
            self.report.locks.insert(cause.name().to_owned(), seen);
        }
        Ok(window)
    }

    async fn lock_for(&mut self, cause: Cause, window: &mut Window) -> Result<LockSeen, DemoError> {
        window.press_ctrl("note-text", 'a').await?;
        window.press_ctrl("note-text", 'c').await?;
        let copied_before = self.desktop.clipboard().await? == HALF_NOTE;
        self.logind.wait_until_sleep_is_held().await?;
        let before = self.look_into_memory(&format!("before the lock: {}", cause.name()))?;
        let watch = LockWatch::begin(self.desktop.display()?, &self.start.binary, CLEAN_WITHIN)?;
        let begun = watch.begun();
        self.cause(cause, window).await?;
        tokio::time::sleep(CLEAN_WITHIN.saturating_sub(begun.elapsed())).await;
        let after = self.look_into_memory(&format!("1 s after the lock: {}", cause.name()))?;
        let watched = watch.end()?;
        let copied_after = self.desktop.clipboard().await? == HALF_NOTE;
        self.report.count_places(before.total(), after.total());
        Ok(LockSeen {
            blank_ms: watched.blank_ms,
            replaced_ms: watched.replaced_ms,
            places_before: before.total(),
            keys_before: before.total_of(DRAWER_KEY),
            places_after: after.total(),
            copied_before,
            copied_after,
            came_back: false,
        })
    }

    async fn cause(&self, cause: Cause, window: &mut Window) -> Result<(), DemoError> {
        match cause {
            // The app replaces itself, and with it goes the answer to the key.
            Cause::Key => drop(window.press_ctrl("note-text", 'l').await),
            Cause::Sleep => self.logind.sleep(true).await?,
            Cause::UserSwitch => self.logind.be_at_the_screen(false).await?,
            Cause::SessionLock => self.logind.lock_session().await?,
            Cause::WebProcess => processes::kill_web_process(&self.start.binary)?,
        }
        Ok(())
    }

    async fn come_back(
        &mut self,
        window: Window,
        cause: Cause,
        seen: &mut LockSeen,
    ) -> Result<Window, DemoError> {
        self.logind.sleep(false).await?;
        self.logind.be_at_the_screen(true).await?;
        let mut window = window.after_lock(&self.desktop, &self.start).await?;
        let parked = window.text("parked-person").await?;
        self.shoot(&format!("locked-{}", cause.name().replace([' ', '+'], "-").to_lowercase()))?;
        window.type_into("reentry-passphrase", NURSE.passphrase).await?;
        window.click("reentry-submit").await?;
        let words = window.value("note-text").await?;
        seen.came_back = parked.contains(NURSE.name) && words == HALF_NOTE;
        Ok(window)
    }
}
