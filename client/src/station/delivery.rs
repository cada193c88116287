//! What leaves this workstation, and what the server says of it: envelopes and audit events, also with nobody signed in.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use records::event::{Alert, AuditEvent};
use records::id::{ChangeId, RecordKey};
use sync::wire::{AuditReceipt, Base64Bytes, Cursor, MadeVersion, RefusalCode, ResourceVersion, Standing};
use sync::{LogAlarm, LogPosition, Machine, QueuedChange, Restored};
use vault::{LogHead, OutboxEntry, OutboxState, Setting, StoreError, Verdict};

use super::Station;
use crate::ClientError;
use crate::courier::events::signed_note;
use crate::receipts::{self, Worth};
use crate::syncing::Told;

/// An envelope that was answered is kept no longer, whatever the server says of its backups.
const KEPT_AT_MOST: SignedDuration = SignedDuration::from_hours(24 * 90);
/// One request of audit events stays below this many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// Audit events on their way, with the signed head that covers them.
pub(crate) struct AuditBatchOut {
    /// The exact bytes of each event.
    pub(crate) events: Vec<Vec<u8>>,
    /// Their marks, as they are sent.
    pub(crate) marks: Option<Vec<u8>>,
    /// The signed note.
    pub(crate) checkpoint: String,
}

/// What the server says of a change.
#[derive(Debug)]
pub(crate) struct Settled {
    /// The change.
    pub(crate) change: ChangeId,
    /// What became of it.
    pub(crate) standing: Standing,
    /// When the server received it.
    pub(crate) received_at: Timestamp,
}

impl Station {
    /// Applies a page of history to the open vault.
    pub(crate) fn apply_page(
        self: &Arc<Self>,
        from: Cursor,
        next: Cursor,
        body: Vec<u8>,
    ) -> Result<(), ClientError> {
        self.ask(move |session| session.apply_page(from, next, &body))?;
        self.compare_charts();
        self.sync_page_changed();
        Ok(())
    }

    /// The sync machine as the disk says.
    pub(crate) fn machine(&self, seed: u64) -> Result<Machine, ClientError> {
        let now = self.now();
        let device = self.device();
        let waiting = device.unsent()?;
        let changes = waiting.iter().filter_map(|entry| queued(&device, entry)).collect();
        let refused = device.outbox_in(OutboxState::Refused)?.into_iter().map(|entry| entry.change).collect();
        let log = LogPosition {
            log: self.identity().log,
            size: device.log_head().size,
            delivered: device.delivered_size()?,
        };
        Ok(Machine::new(self.sync_config(), Restored { changes, refused, log: Some(log) }, seed, now))
    }

    fn sync_config(&self) -> sync::Config {
        sync::Config { first_page: 250, largest_page: 1_000, ..sync::Config::default() }
    }

    /// The envelopes of these changes, in this order; `None` when one cannot be read.
    pub(crate) fn envelopes(&self, changes: &[ChangeId]) -> Option<Vec<Base64Bytes>> {
        let device = self.device();
        let read = |change: &ChangeId| device.envelope(*change).ok().flatten().map(Base64Bytes::from);
        changes.iter().map(read).collect()
    }

    /// What those of these changes had made that the server has answered before.
    pub(crate) fn made(&self, changes: &[ChangeId]) -> Vec<MadeVersion> {
        let device = self.device();
        let known = changes.iter().filter_map(|change| device.outbox_entry(*change).ok().flatten());
        let versions = known.flat_map(|entry| entry.made().into_iter().map(move |made| (entry.change, made)));
        versions
            .map(|(change, (key, version))| MadeVersion { change, key: key.to_string(), version })
            .collect()
    }

    /// The server was put back to an older state: everything that is kept for it goes out once more.
    pub(super) fn send_all_again(&self) -> Result<(), ClientError> {
        let again = self.device().send_again()?;
        self.device().offer_attachments_again()?;
        self.files_moved();
        self.driver().tell(Told::Attached);
        tracing::info!(changes = again.len(), "the server was put back; what is kept is sent again");
        self.send(again);
        self.sync_page_changed();
        Ok(())
    }

    /// Lets go of what the server has in a backup of its own; of what is older than any restore should go back to, in any case.
    pub(super) fn forget_backed_up(&self, held_until: Option<Timestamp>, now: Timestamp) {
        let longest = now.saturating_sub(KEPT_AT_MOST).unwrap_or(Timestamp::MIN);
        let until = held_until.map_or(longest, |until| until.max(longest));
        if let Err(error) = self.device().forget_backed_up(until) {
            tracing::warn!(%error, "envelopes that the server has in a backup are removed later");
        }
    }

    /// A change to be sent, or sent again.
    pub(crate) fn queue_again(&self, change: ChangeId) -> Option<QueuedChange> {
        let device = self.device();
        let entry = device.outbox_entry(change).ok().flatten()?;
        queued(&device, &entry)
    }

    /// A change was saved: it is sent when the server can be reached.
    pub(crate) fn saved(&self, change: Option<&str>) {
        self.send(change.and_then(|id| id.parse().ok()));
    }

    /// These changes are ready to be sent. One that is on its way already is not sent twice.
    pub(crate) fn send(&self, changes: impl IntoIterator<Item = ChangeId>) {
        for change in changes.into_iter().filter_map(|change| self.queue_again(change)) {
            self.driver().tell(Told::Saved(change));
        }
    }

    /// Events from `first_index` on, with the checkpoint over the log up to the last of them.
    pub(crate) fn audit_batch(&self, first_index: u64, count: u32) -> Option<AuditBatchOut> {
        self.mark_before_delivery();
        let (events, marks, head) = {
            let device = self.device();
            let batch = device.entries_from(first_index, count, BATCH_BYTES).ok()?;
            let size = first_index + u64::try_from(batch.events.len()).ok()?;
            (batch.events, batch.marks, device.head_at(size).ok().flatten()?)
        };
        let checkpoint = self.signed_note(head, self.now())?;
        Some(AuditBatchOut { events, marks: marks.map(|marks| marks.to_bytes()), checkpoint })
    }

    /// The same now and then, where the log has grown since.
    pub(crate) fn keep_checkpoint_of_growth(&self) {
        let (last, head) = {
            let device = self.device();
            (device.last_checkpoint().ok().flatten(), device.log_head())
        };
        if last.is_none_or(|last| last.head != head)
            && let Err(error) = self.keep_checkpoint()
        {
            tracing::warn!(code = error.code.as_str(), "the log was not signed");
        }
        self.turn_epoch();
    }

    /// Signs the log as it stands and keeps the note: at lock, and now and then.
    pub(crate) fn keep_checkpoint(&self) -> Result<(), ClientError> {
        let now = self.now();
        let mut device = self.device();
        if let Some(note) = self.signed_note(device.log_head(), now) {
            device.keep_checkpoint(note.as_bytes(), now)?;
        }
        Ok(())
    }

    fn signed_note(&self, head: LogHead, at: Timestamp) -> Option<String> {
        signed_note(self.identity(), self.keys(), head, at)
    }

    /// Takes the server's word on the log in: how much of it the server holds, where that is proven and kept. What does not
    /// fit is an alarm.
    pub(crate) fn take_receipt(&self, receipt: &AuditReceipt) -> Option<u64> {
        let trust = self.trust();
        if receipt.trust_bundle > trust.number() {
            tracing::info!("a receipt is cosigned under a trust bundle that has not come here yet");
            return None;
        }
        let worth = receipts::weigh(&self.device(), receipt, &[trust.witness()]).ok()?;
        match worth {
            Worth::Fits => self.keep_receipt(receipt).then_some(receipt.size),
            Worth::Ahead => Some(receipt.size),
            Worth::OtherTree => self.disbelieve(LogAlarm::Forked),
            Worth::Refused => self.disbelieve(LogAlarm::ReceiptRefused),
        }
    }

    fn disbelieve(&self, reason: LogAlarm) -> Option<u64> {
        self.driver().tell(Told::LogAlarm(reason));
        None
    }

    fn keep_receipt(&self, receipt: &AuditReceipt) -> bool {
        let kept = serde_json::to_vec(receipt)
            .map(|json| self.device().keep_receipt(receipt.size, &json, receipt.received_at));
        let is_kept = matches!(kept, Ok(Ok(())));
        if !is_kept {
            tracing::error!("a receipt was not kept; its events will be sent again");
        }
        is_kept
    }

    /// The server holds more of the log than before.
    pub(crate) fn audit_delivered(&self) {
        self.contact();
        self.sync_page_changed();
    }

    /// Notes what became of changes, and lets the open vault take it in.
    pub(crate) fn settle(&self, settled: &[Settled]) {
        self.contact();
        if let Err(error) = self.keep_standings(settled) {
            tracing::error!(%error, "the answers to changes were not kept; they will be asked for again");
            return;
        }
        // With nobody signed in the drawer takes it in at the next unlock.
        let taken = self.ask(|session| session.take_verdicts());
        if let Err(error) = taken {
            tracing::debug!(code = error.code.as_str(), "the drawer takes the answers in later");
        }
        self.sync_page_changed();
    }

    fn keep_standings(&self, settled: &[Settled]) -> Result<(), StoreError> {
        let of = |one: &Settled| Some((one.change, verdict(&one.standing)?, one.received_at));
        let answers: Vec<_> = settled.iter().filter_map(of).collect();
        let news = self.device().record_verdicts(&answers)?;
        let is_bad = |(change, verdict, _): &&(ChangeId, Verdict, Timestamp)| {
            news.contains(change) && verdict.state() != OutboxState::Applied
        };
        let alert = |_| AuditEvent::security_alert(self.stamp(), self.node(), Alert::ChangeRefused);
        let alerts: Vec<_> = answers.iter().filter(is_bad).map(alert).collect();
        if !alerts.is_empty() {
            self.device().append_all(&alerts)?;
            self.tell_log();
        }
        Ok(())
    }

    /// The server does not accept the log: an alarm that stays until a person has looked.
    pub(crate) fn raise_log_alarm(&self, reason: LogAlarm) {
        self.net().alarm = Some(reason);
        if reason == LogAlarm::ServerAhead {
            let message =
                "The data folder of this computer is an older copy: the server holds more of its log.";
            self.folder_is_older(message.to_owned());
        }
        let alert = AuditEvent::security_alert(self.stamp(), self.node(), Alert::LogBroken);
        if let Err(error) = self.record(&[alert]) {
            tracing::error!(?reason, code = error.code.as_str(), "the alarm over the log was not recorded");
        }
        self.state_changed();
    }

    /// The server was reached now.
    pub(crate) fn contact(&self) {
        let now = self.now();
        self.net().last_contact = Some(now);
        if let Err(error) = self.device().set(Setting::LastContact, now.to_string().as_bytes()) {
            tracing::warn!(%error, "the time of the last contact was not kept");
        }
    }
}

fn queued(device: &vault::Device, entry: &OutboxEntry) -> Option<QueuedChange> {
    let bytes = device.envelope(entry.change).ok().flatten()?.len();
    // What a change stands on is in its envelope; the server asks for it when it came too early.
    Some(QueuedChange { id: entry.change, base: None, bytes: u64::try_from(bytes).unwrap_or(u64::MAX) })
}

/// The server's answer as `device.db` keeps it; waiting is no answer.
pub(crate) fn verdict(standing: &Standing) -> Option<Verdict> {
    match standing {
        Standing::Applied { versions, merged } => {
            Some(Verdict::Applied { versions: keyed(versions), merged: *merged })
        }
        Standing::Conflict { versions } => Some(Verdict::Conflict { versions: keyed(versions) }),
        Standing::Refused { code } => Some(Verdict::Refused { code: code_text(*code) }),
        Standing::Quarantined => Some(Verdict::Quarantined),
        Standing::Waiting { .. } => None,
    }
}

fn keyed(versions: &[ResourceVersion]) -> Vec<(RecordKey, u64)> {
    versions.iter().filter_map(|one| Some((one.key.parse().ok()?, one.version))).collect()
}

fn code_text(code: RefusalCode) -> String {
    serde_json::to_value(code).ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
}
