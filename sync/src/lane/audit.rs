//! The audit log on its way to the server: one unbroken run of leaves.

use crate::backoff::Backoff;
use crate::config::Config;
use crate::event::{Event, LogAlarm};
use crate::lane::InFlight;
use crate::request::Request;
use records::id::LogId;
use std::collections::VecDeque;

/// The local log and how much of it the server holds, in leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPosition {
    /// The log.
    pub log: LogId,
    /// How many leaves are on this workstation's disk.
    pub size: u64,
    /// How many of them the server has confirmed.
    pub delivered: u64,
}

/// The lane.
#[derive(Debug, Default)]
pub(crate) struct AuditLane {
    position: Option<LogPosition>,
    /// Set once the server and this workstation disagree; a person has to look.
    alarm: Option<LogAlarm>,
    /// How many events a request may hold; falls when the server finds it too large.
    limit: Option<u32>,
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) backoff: Backoff,
}

impl AuditLane {
    /// The lane of a log as it was left.
    pub(crate) fn new(position: Option<LogPosition>) -> Self {
        Self { position, ..Self::default() }
    }

    /// How many leaves wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.position.map_or(0, |p| p.size.saturating_sub(p.delivered))
    }

    /// Notes that the local log has grown, or is a new one.
    pub(crate) fn grow(&mut self, log: LogId, size: u64) {
        match &mut self.position {
            Some(position) if position.log == log => position.size = position.size.max(size),
            Some(_) | None => {
                *self = Self::new(Some(LogPosition { log, size, delivered: 0 }));
            }
        }
    }

    /// The next request, if there is one to send.
    pub(crate) fn next(&self, config: &Config) -> Option<Request> {
        let position = self.position.filter(|_| self.in_flight.is_none() && self.alarm.is_none())?;
        let waiting = position.size.checked_sub(position.delivered).filter(|n| *n > 0)?;
        let most = self.limit.unwrap_or(config.events_per_request).max(1);
        let count = u32::try_from(waiting).unwrap_or(u32::MAX).min(most);
        Some(Request::DeliverAudit { log: position.log, first_index: position.delivered, count })
    }

    /// The server holds `size` leaves: never goes back here, and alarms when that is more than there are.
    pub(crate) fn confirm(&mut self, size: u64, events: &mut VecDeque<Event>) {
        let Some(position) = &mut self.position else { return };
        if size > position.size {
            self.raise(LogAlarm::ServerAhead, events);
        } else if size > position.delivered {
            position.delivered = size;
            events.push_back(Event::AuditDelivered { log: position.log, size });
        }
    }

    /// The server says that it holds `size` leaves and misses what comes between: go on where it stands.
    pub(crate) fn go_to(&mut self, size: u64, events: &mut VecDeque<Event>) {
        match &mut self.position {
            Some(position) if size < position.size => position.delivered = size,
            Some(_) => self.raise(LogAlarm::ServerAhead, events),
            None => {}
        }
    }

    /// Stops delivery and tells.
    pub(crate) fn raise(&mut self, reason: LogAlarm, events: &mut VecDeque<Event>) {
        if let (Some(position), None) = (self.position, self.alarm) {
            self.alarm = Some(reason);
            events.push_back(Event::LogAlarm { log: position.log, reason });
        }
    }

    /// Sends less at once from now on; returns whether that is possible.
    pub(crate) fn halve(&mut self, config: &Config) -> bool {
        let limit = self.limit.unwrap_or(config.events_per_request);
        self.limit = Some((limit / 2).max(1));
        limit > 1
    }
}
