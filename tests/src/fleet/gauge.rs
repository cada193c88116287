//! What is measured while a fleet is served: at each checkpoint, what the time since the one before was like.

use std::path::PathBuf;
use std::time::Duration;

use chartkeep_server::practice::Practice;
use chartkeep_server::store::{self, StoreError};
use client::{Clock as _, SystemClock};
use serde::Serialize;

use super::tally::Tally;
use crate::bench::statistics::{millis, percentile};
use crate::served::{Cluster, Outcome, cpu_of, memory_of};

/// The first of the checkpoints; they go on at twice, five times and ten times as many events.
const FIRST: u64 = 10_000;

/// What a fleet was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// Everybody says hello for the first time.
    Beginning,
    /// Shift after shift.
    Work,
    /// Everybody comes back at the end, and fetches what there is.
    Return,
}

/// One look, and what came since the look before.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Checkpoint {
    /// What the time was like; growth is judged by work alone.
    pub(super) phase: Phase,
    /// Events of workstations that the server holds.
    pub(super) events: u64,
    /// Seconds since the look before.
    pub(super) seconds: f64,
    /// Events a second, with the workstations on the same machine.
    pub(super) events_a_second: f64,
    /// Time of a core in the server for each event, everything else it did included, in microseconds.
    pub(super) server_us_an_event: f64,
    /// As much in the database; absent where it is a file.
    pub(super) database_us_an_event: Option<f64>,
    /// How many deliveries there were.
    pub(super) deliveries: usize,
    /// Events in each.
    pub(super) events_a_delivery: f64,
    pub(super) delivery_p50_ms: f64,
    pub(super) delivery_p99_ms: f64,
    pub(super) delivery_longest_ms: f64,
    /// Bytes that are sent for each event: the event itself, its mark, and its share of what is around a delivery.
    pub(super) sent_bytes_an_event: f64,
    /// How many pages were fetched, and records in them.
    pub(super) pages: usize,
    pub(super) records: u64,
    pub(super) page_p50_ms: f64,
    pub(super) page_p99_ms: f64,
    /// Bytes of the store for each event in it, what was there before them taken off.
    pub(super) store_bytes_an_event: f64,
    /// The store.
    pub(super) store_mib: f64,
    /// Memory of the server's process, its share of what is common included.
    pub(super) server_mib: f64,
    /// Events that the watch over the trail has not looked at, about.
    pub(super) unwatched: u64,
}

/// What the store lies in.
pub(super) enum Place<'a> {
    /// A file, and those beside it whose names begin as its own.
    File(PathBuf),
    /// A database.
    Cluster(&'a Cluster),
}

/// Looks at a server now and then.
pub(super) struct Gauge<'a> {
    place: Place<'a>,
    practice: Practice,
    process: u32,
    clock: SystemClock,
    begun: Duration,
    /// When the last look was, and what the processes had done.
    last: (Duration, Duration, Option<Duration>),
    /// Bytes before the first event.
    empty: u64,
    next: u64,
    since: Tally,
    /// Everything since the beginning, without the single times.
    events: u64,
    pub(super) checkpoints: Vec<Checkpoint>,
}

impl<'a> Gauge<'a> {
    pub(super) fn new(place: Place<'a>, practice: Practice, process: u32) -> Outcome<Gauge<'a>> {
        let clock = SystemClock::new();
        let begun = clock.monotonic();
        let last = (begun, cpu_of(process)?, place.cpu()?);
        let empty = place.bytes()?;
        let (since, checkpoints) = (Tally::default(), Vec::new());
        Ok(Gauge {
            place,
            practice,
            process,
            clock,
            begun,
            last,
            empty,
            next: FIRST,
            since,
            events: 0,
            checkpoints,
        })
    }

    /// How long the fleet has been at work.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.monotonic() - self.begun
    }

    /// Adds what was done; true where it is time to look.
    pub(super) fn add(&mut self, tally: Tally) -> bool {
        self.events += tally.delivered;
        self.since.add(tally);
        self.events >= self.next
    }

    /// Events of workstations that the server holds.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Whether anything came since the last look.
    pub(super) fn has_news(&self) -> bool {
        self.since.delivered > 0
    }

    /// Looks, and begins to count anew.
    pub(super) fn look(&mut self, phase: Phase) -> Outcome<&Checkpoint> {
        let is_first = self.checkpoints.is_empty() && phase == Phase::Work;
        let now = (self.clock.monotonic(), cpu_of(self.process)?, self.place.cpu()?);
        let before = std::mem::replace(&mut self.last, now);
        let since = std::mem::take(&mut self.since);
        let (seconds, came) = ((now.0 - before.0).as_secs_f64(), number(since.delivered));
        let micros = |spent: Duration| spent.as_secs_f64() * 1e6 / came.max(1.0);
        let database = now.2.zip(before.2).map(|(now, before)| micros(now.saturating_sub(before)));
        let store = self.place.bytes()?;
        while self.next <= self.events {
            // 1, 2, 5, 10, …
            let is_two = self.next.to_string().starts_with('2');
            self.next = if is_two { self.next / 2 * 5 } else { self.next * 2 };
        }
        self.checkpoints.push(Checkpoint {
            phase: if is_first { Phase::Beginning } else { phase },
            events: self.events,
            seconds,
            events_a_second: came / seconds,
            server_us_an_event: micros(now.1.saturating_sub(before.1)),
            database_us_an_event: database,
            deliveries: since.deliveries.len(),
            events_a_delivery: came / number(since.deliveries.len() as u64).max(1.0),
            delivery_p50_ms: millis(percentile(&since.deliveries, 500)),
            delivery_p99_ms: millis(percentile(&since.deliveries, 990)),
            delivery_longest_ms: millis(percentile(&since.deliveries, 1000)),
            sent_bytes_an_event: number(since.bytes) / came.max(1.0),
            pages: since.pulls.len(),
            records: since.pulled,
            page_p50_ms: millis(percentile(&since.pulls, 500)),
            page_p99_ms: millis(percentile(&since.pulls, 990)),
            store_bytes_an_event: number(store.saturating_sub(self.empty)) / number(self.events).max(1.0),
            store_mib: number(store) / f64::from(1 << 20),
            server_mib: number(memory_of(self.process)?.pss) / 1024.0,
            unwatched: self.unwatched()?,
        });
        Ok(self.checkpoints.last().ok_or("a look leaves something behind")?)
    }

    /// How far the watch over the trail is behind what came in.
    fn unwatched(&self) -> Outcome<u64> {
        let (own, watched) = store::read(self.practice.store.as_ref(), |tx| -> Result<_, StoreError> {
            let own = tx.log(self.practice.row.log)?.map_or(0, |log| log.tree.size());
            Ok((own, tx.server_setting("watched-until")?))
        })?;
        let watched = watched.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok((self.events + own).saturating_sub(watched))
    }
}

impl Place<'_> {
    fn bytes(&self) -> Outcome<u64> {
        let path = match self {
            Place::Cluster(cluster) => return cluster.bytes(),
            Place::File(path) => path,
        };
        let (folder, name) = (path.parent().ok_or("a file has a folder")?, path.file_name());
        let name = name.ok_or("a file has a name")?.to_string_lossy().into_owned();
        let mut bytes = 0;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&name) {
                bytes += entry.metadata()?.len();
            }
        }
        Ok(bytes)
    }

    fn cpu(&self) -> Outcome<Option<Duration>> {
        match self {
            Place::Cluster(cluster) => Ok(Some(cluster.cpu()?)),
            Place::File(_) => Ok(None),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
