//! Noting in the keyring how far this workstation has come, and finding out that what is on the disk is older.
//!
//! Noted at the start, after a sign-in, at a lock and after a delivery, always in the background: a keyring that fails is in
//! the log, and care goes on. Where `device.db` is older than was noted, the note stays, so that every start says so until
//! the newer folder is back or the workstation was enrolled again. A drawer that is older says so itself from then on, and
//! is fetched again.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use records::Drawer;
use records::event::{Alert, AuditEvent};
use sync::LogAlarm;
use vault::{Anchor, Count, HeldFor, Standing};

use super::{Station, held};
use crate::anchors::Anchors;
use crate::syncing::Told;
use crate::{ClientError, Code};

/// After a delivery the keyring is not asked again for so long.
const BETWEEN_DELIVERIES: Duration = Duration::from_secs(60);
/// How long a lock waits for the keyring.
const AT_LOCK: Duration = Duration::from_millis(250);
/// Rows that are counted before somebody else may ask the vault.
const ROWS_A_TURN: u32 = 1_000;
/// How long the counting leaves the vault to others between two turns.
const BETWEEN_TURNS: Duration = Duration::from_millis(5);

/// What is known of the folder's age.
#[derive(Default)]
pub(crate) struct Age {
    /// What was wrong, once it was found; it stays until the program ends.
    pub(super) problem: Option<ClientError>,
    /// Reading of the monotonic clock when the last note was begun.
    noted: Option<Duration>,
    /// How far the drawers had come at the last look into the keyring.
    drawers: BTreeMap<Drawer, Anchor>,
}

impl Station {
    /// Notes how far this workstation has come, in the background.
    pub(crate) fn note_anchors(self: &Arc<Self>) {
        held(&self.age).noted = Some(self.monotonic());
        let station = self.clone();
        self.in_background("anchors", move || {
            station.compare_and_note();
            station.turn_epoch();
        });
    }

    /// The same after a delivery: now and then.
    pub(crate) fn note_anchors_sometimes(self: &Arc<Self>) {
        let last = held(&self.age).noted;
        if last.is_none_or(|last| self.monotonic().saturating_sub(last) >= BETWEEN_DELIVERIES) {
            self.note_anchors();
        }
    }

    /// The same at a lock, after which the process may end: waits a little for the keyring.
    pub(crate) fn note_anchors_at_lock(self: &Arc<Self>) {
        let (done, wait) = mpsc::channel();
        let station = self.clone();
        self.in_background("anchors", move || {
            station.compare_and_note();
            station.turn_epoch();
            done.send(()).unwrap_or_default();
        });
        if wait.recv_timeout(AT_LOCK).is_err() {
            tracing::warn!("the keyring was too slow to note how far this workstation has come");
        }
    }

    /// Compares what is on the disk with what was noted, and notes it.
    pub(crate) fn compare_and_note(&self) {
        let turn = held(&self.anchor_turn);
        if self.retiring().is_some() {
            return;
        }
        let kept = match Anchors::read(self.keyring()) {
            Ok(kept) => kept.filter(|kept| kept.log == self.identity().log),
            Err(problem) => {
                tracing::warn!(%problem, "what was noted of this workstation cannot be read, and stays");
                return;
            }
        };
        if let Some(kept) = &kept {
            if !matches!(kept.holds_for(&self.device()), Ok(true)) {
                return self.folder_is_older(format!(
                    "The data folder of this computer is an older copy: it had come to {} before.",
                    self.minute(kept.noted_at)
                ));
            }
            held(&self.age).drawers.clone_from(&kept.drawers);
            self.compare_drawers(kept.drawers.clone());
        }
        // The log first: a drawer that goes on meanwhile is ahead of its note, never behind.
        let head = self.device().log_head();
        let mut drawers = kept.as_ref().map(|kept| kept.drawers.clone()).unwrap_or_default();
        for (drawer, here) in self.store().anchors() {
            // One that turned out older just as the lock came keeps its note, to be found at the next sign-in.
            let older = drawers.get(&drawer).is_some_and(|kept| here.against(kept) == Standing::Behind);
            if !older {
                drawers.insert(drawer, here);
            }
        }
        let (log, root) = (self.identity().log, *head.root.as_bytes());
        let here = Anchors { log, size: head.size, root, noted_at: self.now(), drawers };
        if kept.is_some_and(|kept| kept.tells_the_same(&here)) {
            return;
        }
        match here.write(self.keyring()) {
            Ok(()) => held(&self.age).drawers = here.drawers,
            Err(problem) => tracing::warn!(%problem, "how far this workstation has come was not noted"),
        }
        drop(turn);
    }

    /// Compares the open drawers with what the keyring said last, without asking it.
    pub(crate) fn compare_with_last_note(&self) {
        let noted = held(&self.age).drawers.clone();
        self.compare_drawers(noted);
    }

    /// Holds back the open drawers that are older than was noted of them. Each leaves an event.
    pub(crate) fn compare_drawers(&self, noted: BTreeMap<Drawer, Anchor>) {
        // With nobody signed in there is nothing to hold back.
        let found = self.ask(move |session| session.hold_back_older(&noted)).unwrap_or_default();
        for drawer in &found {
            tracing::error!(drawer = drawer.as_str(), "a drawer is older than it was");
        }
        if !found.is_empty() {
            self.state_changed();
            self.sync_page_changed();
        }
    }

    /// `device.db` is older than was noted, or than what the server holds of its log.
    pub(crate) fn folder_is_older(&self, message: String) {
        {
            let mut age = held(&self.age);
            if age.problem.is_some() {
                return;
            }
            age.problem = Some(ClientError::saying(Code::FolderOlder, message));
        }
        tracing::error!("the data folder is older than it was");
        let alert = AuditEvent::security_alert(self.stamp(), self.node(), Alert::RolledBack);
        if let Err(error) = self.record(&[alert]) {
            tracing::error!(code = error.code.as_str(), "the alarm over the folder was not recorded");
        }
        self.state_changed();
    }

    /// What is wrong with the folder or the audit log, for every screen.
    pub(crate) fn notice(&self) -> Option<ClientError> {
        let older = held(&self.age).problem.clone();
        older.or_else(|| self.net().alarm.map(log_refused))
    }

    /// Counts the rows of the open drawers in the background, between what people ask for.
    pub(crate) fn count_rows(self: &Arc<Self>) {
        let station = self.clone();
        self.in_background("row-count", move || {
            for drawer in Drawer::ALL {
                // Locked meanwhile, or not readable: whoever opens the vault next counts again.
                let Ok(count) = station.count_drawer(drawer) else { return };
                if count == Count::Wrong {
                    station.rows_are_wrong(drawer);
                }
            }
        });
    }

    fn count_drawer(&self, drawer: Drawer) -> Result<Count, ClientError> {
        loop {
            match self.ask(move |session| session.count_part(drawer, ROWS_A_TURN))? {
                Count::Unfinished => thread::sleep(BETWEEN_TURNS),
                ended @ (Count::Right | Count::Wrong) => return Ok(ended),
            }
        }
    }

    fn rows_are_wrong(self: &Arc<Self>, drawer: Drawer) {
        tracing::error!(drawer = drawer.as_str(), "a drawer has other rows than were written");
        let held = self.ask(move |session| session.hold_back(drawer, HeldFor::OtherRows));
        if let Err(error) = held {
            tracing::error!(code = error.code.as_str(), "a drawer with other rows was not held back");
        }
        // The cursors are others now.
        self.driver().tell(Told::Opened);
        self.state_changed();
        self.sync_page_changed();
    }

    /// Waits for what goes on in the background, and begins nothing more: whoever has `device.db` open must be gone.
    pub(crate) fn end_background(&self) {
        for thread in held(&self.background).end() {
            // A panic there has let go of everything, which is what is waited for.
            thread.join().unwrap_or_default();
        }
    }

    pub(crate) fn in_background(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        held(&self.background).begin(name, work);
    }
}

fn log_refused(reason: LogAlarm) -> ClientError {
    let message = match reason {
        LogAlarm::Forked => "The server holds another audit log of this computer than the one that is here.",
        LogAlarm::ServerAhead => {
            "The server holds more of the audit log of this computer than there is here."
        }
        LogAlarm::CheckpointRefused => {
            "The server does not accept what this computer signed of its audit log."
        }
        LogAlarm::MarksRefused => {
            "The server does not believe the audit log of this computer: an entry was not marked as it should be."
        }
        LogAlarm::ReceiptRefused => {
            "The server's receipt for the audit log of this computer is not believed."
        }
    };
    ClientError::saying(Code::LogRefused, message.to_owned())
}

/// Threads that hold the station.
#[derive(Default)]
pub(crate) struct Background {
    threads: Vec<JoinHandle<()>>,
    ended: bool,
}

impl Background {
    fn begin(&mut self, name: &str, work: impl FnOnce() + Send + 'static) {
        self.threads.retain(|thread| !thread.is_finished());
        if self.ended {
            return;
        }
        match thread::Builder::new().name(name.to_owned()).spawn(work) {
            Ok(thread) => self.threads.push(thread),
            Err(_) => tracing::warn!(name, "no thread for work in the background"),
        }
    }

    fn end(&mut self) -> Vec<JoinHandle<()>> {
        self.ended = true;
        std::mem::take(&mut self.threads)
    }
}
