//! The first sync: a new workstation signs in and fetches everything its person may see. How fast, and in how much memory at each end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use client::view::DrawerPull;
use client::{Clock as _, SystemClock};
use records::{Document, classify};

use super::super::clinic::{DRAWERS, TODAY};
use super::super::report::{Limit, Line};
use super::super::statistics::{rate_by_part, spread};
use super::super::{BenchResult, say};
use super::{PARTS, Store};
use crate::practice::people::CLINICIAN;
use crate::practice::{Density, Practice};
use crate::served::{Desk, Memory, Served, memory_of};

/// Resources a second.
const LIMIT: f64 = 5_000.0;
/// How much more memory the last quarter may take than the second one.
const GROWTH: f64 = 1.15;
const SEED: u64 = 7;
/// More patients than are ever asked for: the file ends at the resources.
const MANY: u32 = 1_000_000;

/// The records that the server is given.
pub(super) struct Records {
    /// One resource a line.
    pub(super) path: PathBuf,
    total: u32,
    /// How many of them are for the drawers of a clinician, drawer by drawer.
    pulled: BTreeMap<String, u32>,
}

/// What was seen at one moment of the sync.
struct Look {
    at: Duration,
    arrived: f64,
    server: Memory,
    client: Memory,
}

impl Records {
    /// Writes so many resources of a practice into a file.
    pub(super) fn write(path: &Path, total: u32) -> BenchResult<Records> {
        let mut file = BufWriter::new(File::create(path)?);
        let mut pulled = BTreeMap::new();
        let practice = Practice::new(SEED, MANY, TODAY).density(Density::Light);
        for bytes in practice.resources().take(usize::try_from(total)?) {
            file.write_all(&bytes)?;
            file.write_all(b"\n")?;
            let drawer = classify(&Document::parse(bytes)?).drawer();
            if DRAWERS.contains(&drawer) {
                *pulled.entry(drawer.as_str().to_owned()).or_default() += 1;
            }
        }
        file.flush()?;
        Ok(Records { path: path.to_owned(), total, pulled })
    }

    fn to_pull(&self) -> f64 {
        self.pulled.values().copied().map(f64::from).sum()
    }

    /// How many have arrived, by what the sync page shows.
    fn arrived(&self, pulls: &[DrawerPull]) -> f64 {
        let share = |pull: &DrawerPull| match (pull.arrived_percent, &pull.at) {
            (Some(percent), _) => f64::from(percent) / 100.0,
            (None, Some(_)) => 1.0,
            (None, None) => 0.0,
        };
        let of = |pull: &DrawerPull| self.pulled.get(&pull.drawer).copied().map_or(0.0, f64::from);
        pulls.iter().map(|pull| of(pull) * share(pull)).sum()
    }
}

/// Imports, serves, and lets a workstation fetch everything. The server runs on, and somebody is at the workstation.
pub(super) fn measure(
    store: Store,
    served: &mut Served,
    folder: &Path,
    records: &Records,
) -> BenchResult<(Desk, Vec<Line>)> {
    let clock = SystemClock::new();
    say(&format!("{}: import", store.name()));
    let begun = clock.monotonic();
    served.import(&records.path)?;
    let import = clock.monotonic() - begun;
    served.start()?;
    say(&format!("{}: first sync", store.name()));
    let mut desk = Desk::join(served, &folder.join("workstation"), &CLINICIAN)?;
    desk.sign_in()?;
    let looks = follow(&desk, served, records)?;
    let mut lines = vec![imported(store, records, import), rate(store, records, &looks)];
    lines.extend(memory(store, &looks));
    Ok((desk, lines))
}

/// Looks on until everything has arrived.
fn follow(desk: &Desk, served: &Served, records: &Records) -> BenchResult<Vec<Look>> {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    let (server, client) = (served.process()?, std::process::id());
    let mut looks = Vec::new();
    loop {
        let pulls = desk.workstation.sync_status()?.last_pull;
        let is_done = pulls.len() == records.pulled.len()
            && pulls.iter().all(|pull| pull.at.is_some() && pull.arrived_percent.is_none());
        looks.push(Look {
            at: clock.monotonic() - begun,
            arrived: records.arrived(&pulls),
            server: memory_of(server)?,
            client: memory_of(client)?,
        });
        if is_done {
            return Ok(looks);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn imported(store: Store, records: &Records, time: Duration) -> Line {
    Line {
        name: match store {
            Store::Sqlcipher => "import at the server, SQLCipher",
            Store::Postgres => "import at the server, PostgreSQL",
        },
        value: f64::from(records.total) / time.as_secs_f64(),
        unit: "resources/s",
        limit: None,
        spread: None,
        note: format!("{} resources from a file, by the server's command", records.total),
        reason: "",
    }
}

fn rate(store: Store, records: &Records, looks: &[Look]) -> Line {
    let time = looks.last().map_or(f64::NAN, |look| look.at.as_secs_f64());
    let arrivals: Vec<_> = looks.iter().map(|look| (look.at, look.arrived)).collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Line {
        name: match store {
            Store::Sqlcipher => "first sync, SQLCipher",
            Store::Postgres => "first sync, PostgreSQL",
        },
        value: records.to_pull() / time,
        unit: "resources/s",
        limit: Some(Limit::Least(LIMIT)),
        spread: Some(spread(&rate_by_part(&arrivals, PARTS))),
        note: format!(
            "{} resources in {time:.1} s from the open screen to the last page, server and workstation on {cores} cores over loopback; the \
             rounds are {PARTS} parts of it of equal time",
            records.to_pull()
        ),
        reason: "the workstation parses, classifies, seals and indexes each resource on one core",
    }
}

/// Whether the memory of both processes stays where it is once their caches are full.
fn memory(store: Store, looks: &[Look]) -> [Line; 2] {
    let names = match store {
        Store::Sqlcipher => ["memory of the server, SQLCipher", "memory of the workstation, SQLCipher"],
        Store::Postgres => ["memory of the server, PostgreSQL", "memory of the workstation, PostgreSQL"],
    };
    let server: Vec<Memory> = looks.iter().map(|look| look.server).collect();
    let client: Vec<Memory> = looks.iter().map(|look| look.client).collect();
    [grown(names[0], &server), grown(names[1], &client)]
}

fn grown(name: &'static str, looks: &[Memory]) -> Line {
    let peak = |looks: &[Memory]| looks.iter().map(|look| look.pss).max().unwrap_or(0);
    let (quarter, half) = (looks.len() / 4, looks.len() / 2);
    let (before, after) = (peak(&looks[quarter..half.max(quarter)]), peak(&looks[looks.len() - quarter..]));
    let mib = |kib: u64| kib / 1024;
    Line {
        name,
        value: ratio(after, before),
        unit: "× 2nd quarter",
        limit: Some(Limit::Most(GROWTH)),
        spread: None,
        note: format!(
            "during the first sync, peak of the last quarter against that of the second; PSS at the start {} MiB, in the middle {} MiB, at \
             the end {} MiB, most {} MiB",
            mib(looks.first().map_or(0, |look| look.pss)),
            mib(looks.get(half).map_or(0, |look| look.pss)),
            mib(looks.last().map_or(0, |look| look.pss)),
            mib(peak(looks)),
        ),
        reason: "caches of SQLite (64 MiB) still fill where there are few resources; measure with --resources 1000000",
    }
}

#[expect(clippy::cast_precision_loss, reason = "kibibytes of a process")]
fn ratio(after: u64, before: u64) -> f64 {
    if before == 0 { f64::NAN } else { after as f64 / before as f64 }
}
