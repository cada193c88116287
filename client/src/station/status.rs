//! What the screens may know of the workstation, and telling them when it changes.

use jiff::Timestamp;
use records::date::instant_text;
use sync::wire::{AuditReceipt, MachineReport};

use super::Station;
use crate::syncing::SyncState;
use crate::view::{AuditView, Lifecycle, StatusView, SyncView, VerifiedView};
use crate::{ClientError, health, workstation};

impl Station {
    /// The state of the workstation, without any patient's data.
    pub(crate) fn status(&self) -> StatusView {
        let signed_in = self.person();
        let key_due = signed_in.as_ref().is_some_and(|signed_in| signed_in.key_due);
        let person = signed_in.map(|signed_in| signed_in.view);
        let (sync, unsent_changes, last_contact) = {
            let net = self.net();
            (net.sync, net.unsent(), net.last_contact)
        };
        StatusView {
            state: if person.is_some() { Lifecycle::Open } else { Lifecycle::Locked },
            clinic: self.about.practice.clone(),
            device: self.about.label.clone(),
            online: sync.online.unwrap_or(false),
            unsent_changes,
            unsent_events: sync.unsent_events,
            last_sync: last_contact.map(|at| self.minute(at)),
            parked: if person.is_none() { self.parked_views() } else { Vec::new() },
            person,
            problem: None,
            lease: self.lease_view(),
            notice: self.notice(),
            idle_limit_s: self.idle_limit_s(),
            privacy_cover_s: self.policy().privacy_cover_s,
            key_due,
            demo: self.settings().demo,
        }
    }

    /// What the server is told of this computer.
    pub(crate) fn machine_report(&self) -> MachineReport {
        let (unsent_changes, unsent_events) = {
            let net = self.net();
            (net.unsent(), net.sync.unsent_events)
        };
        health::report(self.settings(), unsent_changes, unsent_events)
    }

    /// The shorter of what was set here and what the practice's policy says.
    fn idle_limit_s(&self) -> u32 {
        let here = u32::try_from(self.settings().idle_limit().as_secs()).unwrap_or(u32::MAX);
        here.min(self.policy().idle_lock_s.max(1))
    }

    /// The sync page. Names and rows only while somebody is signed in.
    pub(crate) fn sync_view(&self) -> SyncView {
        let (sync, unsent_changes, last_contact) = {
            let net = self.net();
            (net.sync, net.unsent(), net.last_contact)
        };
        let unsettled = self.ask(|session| session.unsettled()).ok();
        let (last_pull, unsent, refused) = match unsettled {
            Some(unsettled) => (unsettled.last_pull, unsettled.unsent, unsettled.refused),
            None => (Vec::new(), Vec::new(), Vec::new()),
        };
        SyncView {
            online: sync.online.unwrap_or(false),
            last_contact: last_contact.map(|at| self.minute(at)),
            last_pull,
            unsent,
            refused,
            unsent_changes,
            unsent_events: sync.unsent_events,
            next_try: sync.next_try.map(|at| self.minute(at)),
            mirror: self.mirror_view(),
            re_keying: self.re_key_view(),
        }
    }

    /// A page of the trail with the check of the log.
    pub(crate) fn audit_view(
        &self,
        patient: Option<String>,
        before: Option<u64>,
    ) -> Result<AuditView, ClientError> {
        let witnesses = self.trust().witnesses();
        let reviewed = self.ask(move |session| session.audit_page(patient.as_deref(), before, &witnesses))?;
        let receipt = self
            .device()
            .last_receipt()?
            .and_then(|(json, _)| serde_json::from_slice::<AuditReceipt>(&json).ok());
        let alarm =
            reviewed.bad_receipt.map(bad_receipt).or_else(|| self.notice().map(|notice| notice.message));
        let check = reviewed.check;
        let verified = VerifiedView {
            ok: check.first_bad.is_none() && alarm.is_none(),
            checked: check.head.size,
            size: check.head.size,
            root: base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                check.head.root.as_bytes(),
            ),
            receipt: receipt
                .map(|receipt| format!("{} entries, {}", receipt.size, self.minute(receipt.received_at))),
            first_bad: check.first_bad,
            alarm,
        };
        Ok(AuditView { entries: reviewed.entries, verified })
    }

    /// The sync state has changed: remembered, and told.
    pub(crate) fn sync_changed(&self, sync: SyncState) {
        let was_online = std::mem::replace(&mut self.net().sync, sync).online;
        if was_online != sync.online {
            self.state_changed();
        }
        self.sync_page_changed();
    }

    /// Attached files were queued, or came further on their way: counts them anew.
    pub(crate) fn files_moved(&self) {
        let Ok(unsent) = self.device().unsent_attachments().map(|unsent| unsent.len()) else { return };
        let before = std::mem::replace(&mut self.net().unsent_files, unsent);
        if before != unsent {
            self.state_changed();
            self.sync_page_changed();
        }
    }

    /// Tells that the sync page should be looked at again. The rows are left out: whoever shows them asks for them.
    pub(crate) fn sync_page_changed(&self) {
        let status = self.status();
        let next_try = self.net().sync.next_try;
        let view = SyncView {
            online: status.online,
            last_contact: status.last_sync,
            last_pull: Vec::new(),
            unsent: Vec::new(),
            refused: Vec::new(),
            unsent_changes: status.unsent_changes,
            unsent_events: status.unsent_events,
            next_try: next_try.map(|at| self.minute(at)),
            mirror: self.mirror_view(),
            re_keying: self.re_key_view(),
        };
        (self.surroundings.listener)(workstation::Event::SyncChanged(view));
    }

    /// Tells whoever listens.
    pub(crate) fn tell(&self, event: workstation::Event) {
        (self.surroundings.listener)(event);
    }

    /// Tells what state the workstation is in.
    pub(crate) fn state_changed(&self) {
        (self.surroundings.listener)(workstation::Event::StateChanged(self.status()));
    }

    /// A time as screens show it.
    pub(crate) fn minute(&self, at: Timestamp) -> String {
        instant_text(at, &self.surroundings.clock.time_zone())
    }

    /// The practice's name.
    pub(crate) fn practice_name(&self) -> &str {
        &self.about.practice
    }
}

fn bad_receipt(size: u64) -> String {
    format!("The receipt for {size} entries that was kept here is not the server's.")
}
