//! What a run of a fleet has shown: a table for people and JSON for machines.

use serde::Serialize;

use super::gauge::Checkpoint;
use super::growth::{self, Growth};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum End {
    /// Every day was worked.
    Whole,
    /// The time that was given was over.
    Time,
    /// The disk had too little room to go on.
    Disk,
}

/// A run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) store: &'static str,
    pub(super) devices: u32,
    pub(super) days: u32,
    pub(super) seed: u64,
    pub(super) ended: End,
    /// Days that were worked to their end.
    pub(super) days_worked: u32,
    /// Seconds from the first shift until the last workstation had come back.
    pub(super) seconds: f64,
    pub(super) events_recorded: u64,
    pub(super) events_held: u64,
    pub(super) changes_written: u64,
    pub(super) changes_applied: u64,
    pub(super) requests_repeated: u64,
    /// Requests that came to nothing and were made again.
    pub(super) troubles: u64,
    pub(super) troubles_told: Vec<String>,
    pub(super) losses: u64,
    pub(super) losses_told: Vec<String>,
    /// Seconds of the check of every log from its bytes up, and of all that was counted.
    pub(super) judged_in_seconds: f64,
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) growth: Vec<Growth>,
}

impl Report {
    /// Says how the costs have grown.
    pub(super) fn set_checkpoints(&mut self, checkpoints: Vec<Checkpoint>) {
        self.growth = growth::of(&checkpoints);
        self.checkpoints = checkpoints;
    }

    pub(super) fn json(&self) -> serde_json::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    pub(super) fn table(&self) -> String {
        let mut lines = vec![String::new(), HEAD.to_owned()];
        lines.extend(self.checkpoints.iter().map(line));
        lines.push(String::new());
        lines.push("growth of each cost with the number of stored events".to_owned());
        lines.extend(self.growth.iter().map(Growth::line));
        lines.push(String::new());
        lines.push(format!(
            "{} workstations on {}, {} of {} days ({}): {} events recorded and {} held, {} changes written and {} applied, {} \
             requests repeated on purpose, {} made again after a failure; {:.0} s, then judged in {:.0} s",
            self.devices,
            self.store,
            self.days_worked,
            self.days,
            self.ended.words(),
            self.events_recorded,
            self.events_held,
            self.changes_written,
            self.changes_applied,
            self.requests_repeated,
            self.troubles,
            self.seconds,
            self.judged_in_seconds,
        ));
        lines.extend(self.troubles_told.iter().map(|trouble| format!("made again: {trouble}")));
        lines.extend(self.losses_told.iter().map(|loss| format!("LOST: {loss}")));
        lines.push(match self.losses {
            0 => "nothing was lost".to_owned(),
            count => format!("{count} LOSSES"),
        });
        lines.push(String::new());
        lines.join("\n")
    }
}

const HEAD: &str = "    events  events/s  core µs/event  deliveries  events each  delivery p50  p99 ms  pages  records  page p50  p99 ms  \
                    sent B/event  stored B/event  store MiB  server MiB  unwatched";

/// A checkpoint, below [`HEAD`].
pub(super) fn line(look: &Checkpoint) -> String {
    let core = match look.database_us_an_event {
        Some(database) => format!("{:.0}+{database:.0}", look.server_us_an_event),
        None => format!("{:.0}", look.server_us_an_event),
    };
    format!(
        "{:>10}  {:>8.0}  {core:>13}  {:>10}  {:>11.1}  {:>12.1}  {:>6.1}  {:>5}  {:>7}  {:>8.1}  {:>6.1}  {:>12.0}  {:>14.0}  {:>9.0}  {:>10.0}  {:>9}",
        look.events,
        look.events_a_second,
        look.deliveries,
        look.events_a_delivery,
        look.delivery_p50_ms,
        look.delivery_p99_ms,
        look.pages,
        look.records,
        look.page_p50_ms,
        look.page_p99_ms,
        look.sent_bytes_an_event,
        look.store_bytes_an_event,
        look.store_mib,
        look.server_mib,
        look.unwatched,
    )
}

impl End {
    fn words(self) -> &'static str {
        match self {
            End::Whole => "all of it",
            End::Time => "the time was over",
            End::Disk => "the disk is nearly full",
        }
    }
}
