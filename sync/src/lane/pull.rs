//! Following the history of one drawer, a page or two ahead of what is applied; for a drawer that is shut, of what is kept.

use crate::backoff::{Backoff, later};
use crate::config::Config;
use crate::lane::InFlight;
use crate::request::Request;
use crate::wire::Cursor;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// The lane of one drawer.
#[derive(Debug)]
pub(crate) struct PullLane {
    /// Where the vault stands.
    applied: Cursor,
    /// Where the last page fetched ends.
    fetched: Cursor,
    /// Pages handed over and not applied yet: where each ends, and since when.
    ahead: VecDeque<(Cursor, Timestamp)>,
    /// Whether the server is known to have more.
    more: bool,
    /// When to ask again where nothing more is known.
    due: Timestamp,
    page: u32,
    /// Whether it was handed over that the drawer has no history at all.
    empty_told: bool,
    /// Whether the drawer is shut: pages come sealed to it, and are kept until somebody opens it.
    is_shut: bool,
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) backoff: Backoff,
}

impl PullLane {
    /// The lane of an open drawer; it asks at once.
    pub(crate) fn new(applied: Cursor, config: &Config, now: Timestamp) -> Self {
        Self {
            applied,
            fetched: applied,
            ahead: VecDeque::new(),
            more: false,
            due: now,
            page: config.first_page,
            empty_told: false,
            is_shut: false,
            in_flight: None,
            backoff: Backoff::default(),
        }
    }

    /// The lane of a drawer that is shut; it asks at once.
    pub(crate) fn shut(kept: Cursor, config: &Config, now: Timestamp) -> Self {
        Self { is_shut: true, ..Self::new(kept, config, now) }
    }

    /// Whether the drawer is shut.
    pub(crate) fn is_shut(&self) -> bool {
        self.is_shut
    }

    /// Where the vault stands.
    pub(crate) fn applied(&self) -> Cursor {
        self.applied
    }

    /// Asks at once.
    pub(crate) fn hurry(&mut self, now: Timestamp) {
        self.due = self.due.min(now);
        self.backoff.hurry();
    }

    /// The next request, if one is due.
    pub(crate) fn next(&self, config: &Config, now: Timestamp) -> Option<Request> {
        let (cursor, count) = (self.fetched, self.page);
        let request = if self.is_shut {
            Request::PullSealed { cursor, count }
        } else {
            Request::Pull { cursor, count }
        };
        (self.has_room(config) && self.due_at() <= now).then_some(request)
    }

    /// When the next request is due.
    pub(crate) fn due_at(&self) -> Timestamp {
        if self.more { Timestamp::MIN } else { self.due }
    }

    /// A due time further off than one interval was set by a clock that has been set back since.
    pub(crate) fn keep_due_near(&mut self, config: &Config, now: Timestamp) {
        self.due = self.due.min(later(now, config.interval));
    }

    /// Whether there is room for another page.
    pub(crate) fn has_room(&self, config: &Config) -> bool {
        self.in_flight.is_none() && self.ahead.len() < config.pages_ahead
    }

    /// Takes a page in; returns where it was asked from, or `None` when it leads nowhere. That a drawer has no history leads
    /// somewhere once: it is then known to be empty, which is not the same as not fetched.
    pub(crate) fn receive(&mut self, page: &Arrived, config: &Config, now: Timestamp) -> Option<Cursor> {
        let took = page.sent.duration_until(now);
        self.adapt(took, page.entries, config);
        let leads_on = page.next.drawer == self.fetched.drawer && page.next.after > self.fetched.after;
        self.more = page.more && leads_on;
        self.due = later(now, config.interval);
        let is_empty =
            !page.more && page.next == self.fetched && page.next == Cursor::start(page.next.drawer);
        if !leads_on && (self.is_shut || !is_empty || std::mem::replace(&mut self.empty_told, true)) {
            return None;
        }
        let from = self.fetched;
        self.fetched = page.next;
        self.ahead.push_back((page.next, now));
        Some(from)
    }

    /// The vault holds everything up to `next` now.
    pub(crate) fn applied_to(&mut self, next: Cursor, config: &Config, now: Timestamp) {
        while let Some(&(end, since)) = self.ahead.front() {
            if end.after > next.after {
                break;
            }
            self.ahead.pop_front();
            if since.duration_until(now) > config.page_aim {
                self.page = (self.page / 2).max(config.smallest_page);
            }
        }
        self.applied = next;
        if self.fetched.after < next.after {
            self.fetched = next;
            // What is under way begins before this, and would lead nowhere.
            self.in_flight = None;
        }
    }

    /// Whether the vault stands here, or will when some of the pages that were handed over are applied.
    pub(crate) fn leads_to(&self, cursor: Cursor) -> bool {
        self.applied == cursor || self.ahead.iter().any(|&(end, _)| end == cursor)
    }

    /// Whether a page that starts here was handed over and is not applied yet.
    pub(crate) fn has_handed_over(&self, from: Cursor) -> bool {
        let starts = std::iter::once(self.applied).chain(self.ahead.iter().map(|&(end, _)| end));
        starts.take(self.ahead.len()).any(|start| start == from)
    }

    /// A page could not be applied: go back to where the vault stands.
    pub(crate) fn rewind(&mut self) {
        self.ahead.clear();
        self.fetched = self.applied;
        self.in_flight = None;
        self.more = false;
        self.empty_told = false;
    }

    /// Brings the page size nearer to what takes the time aimed at, at most doubled or halved.
    fn adapt(&mut self, took: SignedDuration, entries: u32, config: &Config) {
        if took > config.page_aim {
            self.page /= 2;
        } else if took < config.page_aim / 2 && entries >= self.page {
            self.page = self.page.saturating_mul(2);
        }
        self.page = self.page.clamp(config.smallest_page, config.largest_page);
    }
}

/// A page as it arrived, without its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    /// When it was asked for.
    pub(crate) sent: Timestamp,
    /// Where it says to go on.
    pub(crate) next: Cursor,
    /// Whether it says that more waits there.
    pub(crate) more: bool,
    /// How many entries it has.
    pub(crate) entries: u32,
}
