//! Drives [`sync::Machine`]: feeds it time and answers, sends what it asks for, does what it tells. Runs while locked too.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use records::id::LogId;
use sync::wire::Cursor;
use sync::{Answer, Event, Failure, LogAlarm, Machine, QueuedChange, RequestId};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::{attachments, pages, send, session};
use crate::station::{Settled, Station};

/// What the rest of the client tells the driver.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// A change was saved, and its envelope lies in the outbox.
    Saved(QueuedChange),
    /// A file was attached, or all of them are to be offered again.
    Attached,
    /// The server holds an attached file whole.
    FileHeld,
    /// The audit log has grown to this size.
    Log(LogId, u64),
    /// What the server signed of the audit log is not believed.
    LogAlarm(LogAlarm),
    /// Somebody signed in: get a session, then pull.
    Opened,
    /// A session is there for these drawers.
    Session(Vec<Cursor>),
    /// Nobody is signed in any more.
    Shut,
    /// Somebody asked for it.
    SyncNow,
    /// Drawers were opened or shut.
    DrawersMoved,
    /// A page is in the vault.
    PageApplied(Cursor),
    /// A page is in the inbox.
    PageKept(Cursor),
    /// A page that starts here could not be taken.
    PageFailed(Cursor),
    /// The program ends.
    Stop,
}

impl Told {
    fn moves_shut_drawers(&self) -> bool {
        match self {
            Self::Opened
            | Self::Shut
            | Self::DrawersMoved
            | Self::PageKept(_)
            | Self::PageFailed(_)
            | Self::Session(_) => true,
            Self::Saved(_)
            | Self::Log(..)
            | Self::LogAlarm(_)
            | Self::SyncNow
            | Self::Attached
            | Self::FileHeld
            | Self::PageApplied(_)
            | Self::Stop => false,
        }
    }
}

/// The way to the driver.
#[derive(Clone, Debug)]
pub(crate) struct DriverHandle(UnboundedSender<Told>);

impl DriverHandle {
    /// A handle and the end that the driver reads.
    pub(crate) fn pair() -> (Self, UnboundedReceiver<Told>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }

    /// Tells the driver; once it has ended there is nobody to tell.
    pub(crate) fn tell(&self, told: Told) {
        self.0.send(told).unwrap_or_default();
    }
}

/// A date that jumps must not leave the driver asleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);

/// How often the log is signed while it grows.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(15 * 60);

/// How often a mirror is looked after when nothing has changed: a disk may have been put in.
const MIRROR_LOOK: Duration = Duration::from_secs(20);

/// What the screens know of the sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SyncState {
    /// Whether the server answered last; `None` before the first try ended.
    pub(crate) online: Option<bool>,
    /// Changes on their way.
    pub(crate) unsent_changes: usize,
    /// Events on their way.
    pub(crate) unsent_events: u64,
    /// When the server is tried again, while it does not answer.
    pub(crate) next_try: Option<Timestamp>,
}

/// The driver's own state.
pub(crate) struct Driver {
    station: Arc<Station>,
    machine: Machine,
    told: UnboundedReceiver<Told>,
    answers: JoinSet<(RequestId, Result<Answer, Failure>)>,
    /// What the server said of changes, and is not kept yet.
    settled: Vec<Settled>,
    shown: SyncState,
    /// What was unsent when the mirror was last looked after, and when that was.
    copied: Option<((usize, usize, u64), Duration)>,
    copying: Option<tokio::task::JoinHandle<()>>,
    copy_again: bool,
    /// When the log was signed last, by the monotonic clock.
    signed: Duration,
    /// Whether other drawers may be shut, or go on elsewhere, than the machine was told.
    shut_moved: bool,
}

impl Driver {
    /// A driver that goes on where the disk says.
    pub(crate) fn new(station: Arc<Station>, machine: Machine, told: UnboundedReceiver<Told>) -> Self {
        Self {
            signed: station.monotonic(),
            station,
            machine,
            told,
            answers: JoinSet::new(),
            settled: Vec::new(),
            shown: SyncState::default(),
            copied: None,
            copying: None,
            copy_again: false,
            shut_moved: true,
        }
    }

    /// Runs until told to stop.
    pub(crate) async fn run(mut self) {
        loop {
            self.send_and_tell().await;
            self.show();
            self.mirror();
            self.checkpoint();
            let sleep = self.time_to_sleep();
            tokio::select! {
                told = self.told.recv() => match told {
                    None | Some(Told::Stop) => return,
                    Some(told) => self.hear(told),
                },
                Some(answered) = self.answers.join_next() => self.take_answer(answered.ok()),
                () = tokio::time::sleep(sleep) => self.pass_time().await,
            }
        }
    }

    fn checkpoint(&mut self) {
        let now = self.station.monotonic();
        if now.saturating_sub(self.signed) >= BETWEEN_CHECKPOINTS {
            self.signed = now;
            let station = self.station.clone();
            self.station.in_background("checkpoint", move || station.keep_checkpoint_of_growth());
        }
    }

    async fn send_and_tell(&mut self) {
        if std::mem::take(&mut self.shut_moved) {
            let station = self.station.clone();
            let shut = blocking(move || station.shut_cursors()).await.unwrap_or_default();
            self.machine.handle_shut(shut, self.station.now());
        }
        while let Some(transmit) = self.machine.poll_transmit() {
            let station = self.station.clone();
            self.answers.spawn(async move { (transmit.id, send::send(&station, transmit.request).await) });
        }
        while let Some(event) = self.machine.poll_event() {
            if !matches!(event, Event::ChangeSettled { .. }) {
                self.settle().await;
            }
            self.act_on(event).await;
        }
        self.settle().await;
    }

    fn hear(&mut self, told: Told) {
        let now = self.station.now();
        self.shut_moved |= told.moves_shut_drawers();
        match told {
            Told::Saved(change) => self.machine.handle_saved(change, now),
            Told::Log(log, size) => self.machine.handle_log(log, size, now),
            Told::LogAlarm(reason) => self.machine.handle_log_alarm(reason, now),
            Told::Opened => session::begin(&self.station),
            Told::Session(cursors) => self.machine.handle_session(cursors, now),
            Told::Shut => self.machine.handle_session(Vec::new(), now),
            Told::Attached => attachments::begin(&self.station),
            Told::SyncNow => {
                self.machine.handle_sync_now(now);
                attachments::begin(&self.station);
                session::begin(&self.station);
            }
            Told::PageApplied(next) | Told::PageKept(next) => self.machine.handle_page_applied(next, now),
            Told::PageFailed(from) => self.machine.handle_page_failed(from, now),
            // The mirror is looked after.
            Told::DrawersMoved | Told::FileHeld | Told::Stop => {}
        }
    }

    fn take_answer(&mut self, answered: Option<(RequestId, Result<Answer, Failure>)>) {
        let now = self.station.now();
        // Whose grants are in force, and whether to retire, comes with the orders.
        self.shut_moved |= matches!(answered, Some((_, Ok(Answer::Directives { .. }))));
        match answered {
            Some((id, Ok(answer))) => self.machine.handle_answer(id, answer, now),
            Some((id, Err(failure))) => self.machine.handle_failure(id, failure, now),
            // A request that panicked is one that was lost; the machine gives it up by itself.
            None => {}
        }
    }

    async fn act_on(&mut self, event: Event) {
        match event {
            Event::ChangeSettled { change, standing, received_at } => {
                self.settled.push(Settled { change, standing, received_at });
            }
            Event::ChangeStopped { change, because } => {
                tracing::warn!(%change, %because, "a change waits for a refused one");
            }
            Event::ChangeMissing { missing } => {
                let station = self.station.clone();
                let again = blocking(move || station.queue_again(missing)).await.flatten();
                if let Some(change) = again {
                    self.machine.handle_saved(change, self.station.now());
                }
            }
            Event::AuditDelivered { .. } => {
                let station = self.station.clone();
                blocking(move || {
                    station.audit_delivered();
                    station.orders_after_delivery();
                    station.note_anchors_sometimes();
                })
                .await;
            }
            Event::LogAlarm { log, reason } => {
                tracing::error!(%log, ?reason, "the server does not accept the audit log of this workstation");
                self.station.raise_log_alarm(reason);
            }
            Event::Page { from, next, body } => pages::apply(&self.station, from, next, body),
            Event::SealedPage { from, next, body } => pages::keep(&self.station, from, next, body),
            Event::Online => {
                attachments::begin(&self.station);
                session::begin(&self.station);
                self.station.state_changed();
            }
            Event::Offline => self.station.state_changed(),
            Event::SessionEnded => {
                self.station.forget_session_token();
                session::begin(&self.station);
            }
            Event::DeviceRevoked => {
                tracing::error!("this workstation was revoked");
                self.station.state_changed();
            }
        }
    }

    /// Keeps the answers of one request with one commit.
    async fn settle(&mut self) {
        let settled = std::mem::take(&mut self.settled);
        if settled.is_empty() {
            return;
        }
        let station = self.station.clone();
        blocking(move || {
            station.settle(&settled);
            station.orders_after_delivery();
        })
        .await;
    }

    async fn pass_time(&mut self) {
        self.machine.handle_timeout(self.station.now());
        if self.machine.is_online() == Some(true) {
            attachments::begin(&self.station);
        }
        let station = self.station.clone();
        blocking(move || station.watch_lease()).await;
    }

    fn show(&mut self) {
        let state = SyncState {
            online: self.machine.is_online(),
            unsent_changes: self.machine.unsent_changes(),
            unsent_events: self.machine.unsent_events(),
            next_try: self.machine.next_try(),
        };
        if state != self.shown {
            self.shown = state;
            self.station.sync_changed(state);
        }
    }

    /// Copies what is unsent onto the mirror, beside everything else: a disk that hangs holds nobody up.
    fn mirror(&mut self) {
        if self.copying.as_ref().is_some_and(|copying| !copying.is_finished()) {
            self.copy_again = true;
            return;
        }
        let (files, events) = (self.station.unsent_files(), self.machine.unsent_events());
        let state = (self.machine.unsent_changes(), files, events);
        let now = self.station.monotonic();
        let is_due = self.copied.is_none_or(|(copied, at)| copied != state || now >= at + MIRROR_LOOK);
        if is_due || std::mem::take(&mut self.copy_again) {
            self.copied = Some((state, now));
            let station = self.station.clone();
            self.copying = Some(tokio::task::spawn_blocking(move || station.mirror_now()));
        }
    }

    fn time_to_sleep(&self) -> Duration {
        let wake = self.machine.poll_timeout();
        let wait = wake.map_or(LONGEST_SLEEP, |at| {
            Duration::try_from(self.station.now().duration_until(at)).unwrap_or_default()
        });
        wait.min(LONGEST_SLEEP)
    }
}

/// Runs what touches the disk where it does not hold up the network.
async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(act).await.ok()
}
