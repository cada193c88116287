//! Many small disasters, each from a seed: workstations and a server that lose power, each other and people, and what must
//! be true after all of it.
//!
//! `CHARTKEEP_SEED=17 cargo test -p sync simulation` plays one seed again and writes what happened in it.

mod checks;
mod disk;
mod inbox;
mod network;
mod paper;
mod plan;
mod restoring;
mod server;
mod shelf;
mod station;
mod world;

use jiff::Timestamp;
use records::id::LogId;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;
use world::World;

/// Milliseconds since the practice opened.
type Ms = i64;

const MINUTE: Ms = 60_000;
const HOUR: Ms = 60 * MINUTE;
const DAY: Ms = 24 * HOUR;

/// When the practice opened.
const OPENED: Ms = 1_800_000_000_000;

/// How many seeds are tried.
const SEEDS: u64 = 10_000;

/// How many seeds a broken part may pass before it counts as not found.
const SEEDS_TO_FIND: u64 = 3_000;

/// One part that does not do what it promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Breakage {
    /// The server does not know a change it has had.
    AppliesTwice,
    /// The server believes every signature.
    TakesAnySignature,
    /// The server does not ask whether the author may.
    AsksNobody,
    /// The server applies what comes from who has left.
    TakesFromRevoked,
    /// The server keeps nothing of what it puts aside.
    DropsQuarantined,
    /// The server says that it holds a change that it does not.
    ForgetsChanges,
    /// The server puts each change over what is there.
    LastWriterWins,
    /// The server takes the version that a change was merged into for what its author saw.
    BuildsOnWhatWasMerged,
    /// The server does not tell the drawer that a record has left.
    LeavesNoWord,
    /// The server forgets that a record left a drawer once it is changed in the next.
    ForgetsWhatLeft,
    /// The server leaves lines out of the history.
    SkipsHistory,
    /// The server gives everybody every drawer.
    ShowsEveryDrawer,
    /// The server seals pages for drawers that nobody at the workstation may open.
    SealsForNobody,
    /// The server appends what it has already.
    DoublesEvents,
    /// The workstation says saved before anything is written.
    SavesNothing,
    /// The workstation moves its cursor before the rows are there.
    MovesCursorFirst,
    /// The workstation says wiped and is not.
    WipesNothing,
    /// The workstation says that somebody is forgotten, who is not.
    DropsNobody,
    /// A server that was put back gives numbers of before once more.
    NumbersAgain,
    /// The workstation keeps nothing that was answered.
    KeepsNothing,
    /// A server that was put back says that its next backup holds what it had lost.
    ForgetsTooSoon,
}

const BREAKAGES: [Breakage; 21] = [
    Breakage::AppliesTwice,
    Breakage::TakesAnySignature,
    Breakage::AsksNobody,
    Breakage::TakesFromRevoked,
    Breakage::DropsQuarantined,
    Breakage::ForgetsChanges,
    Breakage::LastWriterWins,
    Breakage::BuildsOnWhatWasMerged,
    Breakage::LeavesNoWord,
    Breakage::ForgetsWhatLeft,
    Breakage::SkipsHistory,
    Breakage::ShowsEveryDrawer,
    Breakage::SealsForNobody,
    Breakage::DoublesEvents,
    Breakage::SavesNothing,
    Breakage::MovesCursorFirst,
    Breakage::WipesNothing,
    Breakage::DropsNobody,
    Breakage::NumbersAgain,
    Breakage::KeepsNothing,
    Breakage::ForgetsTooSoon,
];

#[test]
fn simulation_of_practices_that_lose_power_network_and_people() {
    if let Ok(seed) = std::env::var("CHARTKEEP_SEED") {
        replay(seed.parse().unwrap());
        return;
    }
    if let Some(seed) = first_failing(1..=SEEDS) {
        replay(seed);
        unreachable!("seed {seed} fails in one run and not in the next");
    }
}

#[test]
fn simulation_finds_every_part_that_does_not_do_what_it_promises() {
    for breakage in BREAKAGES {
        let found = (1..=SEEDS_TO_FIND).find(|seed| !faults(*seed, Some(breakage)).is_empty());
        assert!(found.is_some(), "{breakage:?} is found by none of {SEEDS_TO_FIND} seeds");
    }
}

#[test]
fn simulation_is_the_same_each_time() {
    for seed in [3, 77, 4_711] {
        let told = |_| {
            let mut world = World::new(seed, None, true);
            plan::play(&mut world);
            world.told
        };
        assert_eq!(told(1), told(2), "seed {seed}");
    }
}

/// What is wrong after a seed was played.
fn faults(seed: u64, breakage: Option<Breakage>) -> Vec<String> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed, breakage, false);
        plan::play(&mut world);
        checks::faults(&world)
    }));
    played.unwrap_or_else(|_| vec!["it stopped with a panic".to_owned()])
}

/// The first seed with a fault, looked for by as many threads as there are cores.
fn first_failing(seeds: std::ops::RangeInclusive<u64>) -> Option<u64> {
    let next = AtomicU64::new(*seeds.start());
    let worst = AtomicU64::new(u64::MAX);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > *seeds.end() || seed > worst.load(Ordering::Relaxed) {
                        return;
                    }
                    if !faults(seed, None).is_empty() {
                        worst.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    Some(worst.into_inner()).filter(|seed| *seed != u64::MAX)
}

/// Plays one seed and writes what happened; past the capture of the test's own output, since that is what is asked for.
fn replay(seed: u64) {
    let mut world = World::new(seed, None, true);
    plan::play(&mut world);
    let faults = checks::faults(&world);
    let mut out = std::io::stderr().lock();
    writeln!(out, "seed {seed}:").unwrap();
    for line in world.told.iter().flatten().chain(&faults) {
        writeln!(out, "  {line}").unwrap();
    }
    drop(out);
    assert!(faults.is_empty(), "seed {seed}: {}", faults.join("\n"));
}

/// A point of time as the machines see it.
fn at(ms: Ms) -> Timestamp {
    Timestamp::from_millisecond(OPENED + ms).unwrap()
}

/// The other way round.
fn since_opening(time: Timestamp) -> Ms {
    time.as_millisecond() - OPENED
}

/// Each workstation's log; the model of the server keeps them apart by workstation.
fn log_id() -> LogId {
    LogId::from_uuid(Uuid::from_u128(77))
}
