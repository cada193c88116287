//! The machine's other half: what may be sent now, and when there will be something to do.

use super::Machine;
use crate::backoff::{Backoff, later};
use crate::lane::InFlight;
use crate::request::{Request, RequestId, Transmit};
use jiff::Timestamp;

impl Machine {
    /// Queues every request that may go now.
    pub(super) fn drive(&mut self, now: Timestamp) {
        self.now = now;
        if !self.contact.is_over(&self.config, now) {
            return;
        }
        self.drive_directives(now);
        if self.revoked {
            return;
        }
        self.drive_audit(now);
        self.drive_changes(now);
        self.drive_pulls(now);
    }

    /// While contact is lost one request at a time goes out, as a probe.
    fn may_send(&self) -> bool {
        !self.is_probing()
    }

    fn drive_directives(&mut self, now: Timestamp) {
        // A due time further off than one interval was set by a clock that has been set back since.
        let furthest = later(now, self.config.interval);
        self.directives.due = self.directives.due.min(furthest);
        let is_due = self.directives.in_flight.is_none() && self.directives.due <= now;
        if is_due && self.directives.backoff.is_over(&self.config, now) && self.may_send() {
            let out = self.send(Request::Directives, now);
            self.directives.in_flight = Some(out);
        }
    }

    fn drive_audit(&mut self, now: Timestamp) {
        let Some(request) = self.audit.next(&self.config) else { return };
        if self.audit.backoff.is_over(&self.config, now) && self.may_send() {
            let out = self.send(request, now);
            self.audit.in_flight = Some(out);
        }
    }

    fn drive_changes(&mut self, now: Timestamp) {
        if self.changes.in_flight.is_some() || !self.changes.backoff.is_over(&self.config, now) {
            return;
        }
        let mut changes = self.changes.next(&self.config);
        if changes.is_empty() && self.changes.has_held() {
            self.changes.retry_held();
            changes = self.changes.next(&self.config);
        }
        if !changes.is_empty() && self.may_send() {
            let out = self.send(Request::DeliverChanges { changes }, now);
            self.changes.in_flight = Some(out);
        }
    }

    fn drive_pulls(&mut self, now: Timestamp) {
        for at in 0..self.pulls.len() {
            let Some(lane) = self.pulls.get_mut(at) else { return };
            lane.keep_due_near(&self.config, now);
            let Some(request) = lane.next(&self.config, now) else { continue };
            if !lane.backoff.is_over(&self.config, now) || !self.may_send() {
                continue;
            }
            let out = self.send(request, now);
            if let Some(lane) = self.pulls.get_mut(at) {
                lane.in_flight = Some(out);
            }
        }
    }

    fn send(&mut self, request: Request, now: Timestamp) -> InFlight {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.transmits.push_back(Transmit { id, request });
        InFlight { id, sent: now }
    }

    /// Whether contact is lost and the one request that may find it again is out.
    pub(super) fn is_probing(&self) -> bool {
        self.contact.is_failing() && self.outs().next().is_some()
    }

    fn outs(&self) -> impl Iterator<Item = InFlight> {
        let singles = [self.changes.in_flight, self.audit.in_flight, self.directives.in_flight];
        singles.into_iter().chain(self.pulls.iter().map(|lane| lane.in_flight)).flatten()
    }

    /// When each request that is out counts as lost.
    pub(super) fn lost_times(&self) -> impl Iterator<Item = Timestamp> {
        self.outs().map(|out| later(out.sent, self.config.request_timeout))
    }

    /// When each lane that has no request out wants to send one.
    pub(super) fn due_times(&self) -> impl Iterator<Item = Timestamp> {
        let contact = self.contact.until();
        let wake = move |due: Timestamp, backoff: &Backoff| {
            [backoff.until(), contact].into_iter().flatten().fold(due, Timestamp::max)
        };
        let directives = &self.directives;
        let asks = directives.in_flight.is_none().then(|| wake(directives.due, &directives.backoff));
        let has_events = self.audit.next(&self.config).is_some() && !self.revoked;
        let events = has_events.then(|| wake(self.now, &self.audit.backoff));
        let has_changes = self.changes.in_flight.is_none() && self.changes.len() > 0 && !self.revoked;
        let changes = has_changes.then(|| wake(self.now, &self.changes.backoff));
        let open = self.pulls.iter().filter(|lane| lane.has_room(&self.config) && !self.revoked);
        let pulls = open.map(move |lane| wake(lane.due_at().max(self.now), &lane.backoff));
        asks.into_iter().chain(events).chain(changes).chain(pulls)
    }
}
