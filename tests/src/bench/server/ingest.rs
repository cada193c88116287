//! Audit ingest: workstations deliver their logs as fast as the server takes them, each event durable and searchable when it is receipted.

use client::{Clock as _, SystemClock};
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::super::report::{Limit, Line};
use super::super::statistics::{median, spread};
use super::super::{BenchResult, ROUNDS, say};
use super::Store;
use crate::served::{Batch, Served, Station};

/// Events a second, each in the search index when its receipt leaves.
const LIMIT: f64 = 5_000.0;
/// Workstations that deliver at once.
const STATIONS: usize = 8;
/// Events in one delivery, as a workstation sends them.
const BATCH: usize = 1_000;

/// Charts that are opened on a day, and the days.
const A_DAY: u32 = 3_600;
const DAYS: u32 = 60;
const FIRST_DAY: Timestamp = Timestamp::constant(1_785_456_000, 0);

/// Workstations that only record and deliver.
pub(super) struct Fleet {
    pub(super) stations: Vec<Station>,
    /// Counts what is recorded, so that people and patients differ.
    number: u32,
}

impl Fleet {
    pub(super) fn enrol(served: &Served, runtime: &Runtime) -> BenchResult<Fleet> {
        let mut stations = Vec::new();
        for number in 0..2 * STATIONS {
            let token = served.token(&format!("Light {number}"))?;
            let now = SystemClock::new().now();
            stations.push(runtime.block_on(Station::enrol(&served.enrolment_address(), &token, now))?);
        }
        Ok(Fleet { stations, number: 0 })
    }

    /// Records so many events at a workstation and makes them ready.
    pub(super) fn record(&mut self, station: usize, count: usize) -> BenchResult<Batch> {
        let station = self.stations.get_mut(station).ok_or("no such workstation")?;
        for _ in 0..count {
            self.number = self.number.wrapping_add(1);
            open_chart(station, self.number)?;
        }
        station.batch(SystemClock::new().now())
    }
}

/// A chart is opened as in a clinic of forty: every ten seconds by day, by one person after another, for weeks. All of it within
/// minutes would be a mass look-up by everybody, and the watch over the trail would judge nothing else.
pub(super) fn open_chart(station: &mut Station, number: u32) -> BenchResult<()> {
    let (day, of_day) = (number / A_DAY % DAYS, number % A_DAY);
    let at_s = i64::from(day) * 86_400 + 8 * 3_600 + i64::from(of_day) * 10;
    let at = FIRST_DAY.checked_add(SignedDuration::from_secs(at_s))?;
    station.open_chart(number % 40, number.wrapping_mul(2_654_435_761) % 20_000, at)
}

/// How fast, and the batches of the last round.
pub(super) fn measure(
    store: Store,
    fleet: &mut Fleet,
    runtime: &Runtime,
    events: u32,
) -> BenchResult<(Line, Vec<Batch>)> {
    say(&format!("{}: audit ingest", store.name()));
    let clock = SystemClock::new();
    let each = usize::try_from(events)? / (ROUNDS * STATIONS);
    let (mut rates, mut last) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut queues = Vec::new();
        for station in 0..STATIONS {
            queues.push(queue(fleet, station, each)?);
        }
        last = queues.iter().flatten().cloned().collect();
        let begun = clock.monotonic();
        runtime.block_on(deliver(fleet, queues))?;
        let time = clock.monotonic() - begun;
        rates.push(f64::from(u32::try_from(each * STATIONS)?) / time.as_secs_f64());
    }
    let bytes = last.iter().map(|batch| batch.body().len()).sum::<usize>() / (each * STATIONS).max(1);
    let line = Line {
        name: match store {
            Store::Sqlcipher => "audit ingest, SQLCipher",
            Store::Postgres => "audit ingest, PostgreSQL",
        },
        value: median(&rates),
        unit: "events/s",
        limit: Some(Limit::Least(LIMIT)),
        spread: Some(spread(&rates)),
        note: format!(
            "fully indexed when receipted (lag 0 s); {STATIONS} workstations over mutual TLS in batches of up to {BATCH}, marks and \
             checkpoints verified, about {bytes} bytes an event; median of {ROUNDS} rounds of {} events",
            each * STATIONS
        ),
        reason: "each event is parsed for the index and entered into five of them in the same commit",
    };
    Ok((line, last))
}

fn queue(fleet: &mut Fleet, station: usize, events: usize) -> BenchResult<Vec<Batch>> {
    let (whole, rest) = (events / BATCH, events % BATCH);
    let sizes = std::iter::repeat_n(BATCH, whole).chain((rest > 0).then_some(rest));
    sizes.map(|size| fleet.record(station, size)).collect()
}

/// Each workstation sends its batches one after another, all workstations at once.
async fn deliver(fleet: &Fleet, queues: Vec<Vec<Batch>>) -> BenchResult<()> {
    let mut sending = JoinSet::new();
    for (station, queue) in fleet.stations.iter().zip(queues) {
        let way = station.way();
        sending.spawn(async move {
            for batch in queue {
                batch.deliver(&way).await?;
            }
            BenchResult::Ok(())
        });
    }
    while let Some(done) = sending.join_next().await {
        done??;
    }
    Ok(())
}
