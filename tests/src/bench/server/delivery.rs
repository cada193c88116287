//! One event's delivery while others deliver too: from the request to the receipt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use client::{Clock as _, SystemClock};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::super::report::Line;
use super::super::statistics::{by_round, millis, percentile, spread};
use super::super::{BenchResult, ROUNDS, say};
use super::Store;
use super::ingest::{Fleet, open_chart};
use crate::served::{Batch, Station};

/// Workstations that make the load, and events in each of their deliveries.
const LOADERS: usize = 4;
const OF_EACH: usize = 25;
/// How often each of them delivers.
const PACE: Duration = Duration::from_millis(100);
/// Fewer are no p99.
const ENOUGH: usize = 10_000;

pub(super) fn measure(
    store: Store,
    fleet: &mut Fleet,
    runtime: &Runtime,
    samples: usize,
) -> BenchResult<Line> {
    say(&format!("{}: deliveries of one event", store.name()));
    let stop = Arc::new(AtomicBool::new(false));
    let loaders = fleet.stations.drain(..LOADERS);
    let loads: Vec<_> = loaders.map(|station| runtime.spawn(load(station, stop.clone()))).collect();
    let timed = time_all(fleet, runtime, samples);
    stop.store(true, Ordering::SeqCst);
    let loaded = runtime.block_on(all_of(loads))?;
    let (times, whole) = timed?;
    let per_second = f64::from(u32::try_from(loaded)?) / whole.as_secs_f64();
    let few = if times.len() < ENOUGH { "; fewer than 10,000 samples: no p99" } else { "" };
    Ok(Line {
        name: match store {
            Store::Sqlcipher => "delivery of one event, SQLCipher, p99",
            Store::Postgres => "delivery of one event, PostgreSQL, p99",
        },
        value: millis(percentile(&times, 990)),
        unit: "ms",
        limit: None,
        spread: Some(spread(&by_round(&times, 990, ROUNDS))),
        note: format!(
            "p50 {:.2} ms, p95 {:.2} ms, longest {:.1} ms of {} deliveries, from request to receipt, while {LOADERS} other workstations \
             deliver {per_second:.0} events/s in batches of {OF_EACH}{few}",
            millis(percentile(&times, 500)),
            millis(percentile(&times, 950)),
            millis(percentile(&times, 1000)),
            times.len(),
        ),
        reason: "",
    })
}

/// One delivery after another, at one workstation after another: none of them asks for more than it may.
fn time_all(fleet: &mut Fleet, runtime: &Runtime, samples: usize) -> BenchResult<(Vec<Duration>, Duration)> {
    let clock = SystemClock::new();
    let mut times = Vec::with_capacity(samples);
    let begun = clock.monotonic();
    for sample in 0..samples {
        let station = sample % fleet.stations.len();
        let batch = fleet.record(station, 1)?;
        let way = fleet.stations.get(station).map(Station::way).ok_or("no such workstation")?;
        let sent = clock.monotonic();
        runtime.block_on(batch.deliver(&way))?;
        times.push(clock.monotonic() - sent);
    }
    Ok((times, clock.monotonic() - begun))
}

/// Delivers at its pace until told to stop; how many events that were.
async fn load(mut station: Station, stop: Arc<AtomicBool>) -> BenchResult<u64> {
    let (mut pace, way) = (tokio::time::interval(PACE), station.way());
    let (before, mut number) = (station.size(), 0_u32);
    while !stop.load(Ordering::SeqCst) {
        pace.tick().await;
        for _ in 0..OF_EACH {
            number = number.wrapping_add(1);
            open_chart(&mut station, number)?;
        }
        let batch: Batch = station.batch(SystemClock::new().now())?;
        batch.deliver(&way).await?;
    }
    Ok(station.size() - before)
}

async fn all_of(loads: Vec<JoinHandle<BenchResult<u64>>>) -> BenchResult<u64> {
    let mut sum = 0;
    for load in loads {
        sum += load.await??;
    }
    Ok(sum)
}
