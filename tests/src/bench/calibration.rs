//! How fast this machine syncs and computes, so that figures of two machines can be compared.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::BenchResult;
use super::report::Line;
use super::statistics::{millis, percentile};
use super::stopwatch::timed;

const SYNCS: usize = 2_000;
/// Pieces of pure computing of about 2 ms.
const PIECES: usize = 2_000;
const MEBIBYTES: u32 = 64;

pub(super) fn measure(folder: &Path) -> BenchResult<Vec<Line>> {
    let syncs = syncs(&folder.join("calibration"))?;
    let sync = |name, share| Line {
        name,
        value: millis(percentile(&syncs, share)),
        unit: "ms",
        limit: None,
        spread: None,
        note: format!("calibration: 4 KiB appended and synced, {SYNCS} times"),
        reason: "",
    };
    let mut lines = vec![sync("fsync p50", 500), sync("fsync p95", 950), sync("fsync p99", 990), hashing()];
    lines.extend(stalls());
    Ok(lines)
}

fn syncs(path: &Path) -> BenchResult<Vec<Duration>> {
    let mut file = File::create(path)?;
    let block = [0x5a_u8; 4096];
    let mut samples = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let (time, result) = timed(|| file.write_all(&block).and_then(|()| file.sync_data()));
        result?;
        samples.push(time);
    }
    Ok(samples)
}

/// How long the same piece of computing takes now and then: what no program on this machine can be better than.
fn stalls() -> [Line; 2] {
    let block = vec![0x5a_u8; 3 << 20];
    let samples: Vec<Duration> = (0..PIECES)
        .map(|_| {
            let (time, digest) = timed(|| Sha256::digest(&block));
            black_box(digest);
            time
        })
        .collect();
    let line = |name, share| Line {
        name,
        value: millis(percentile(&samples, share)) / millis(percentile(&samples, 500)),
        unit: "× p50",
        limit: None,
        spread: None,
        note: format!("calibration: 3 MiB hashed {PIECES} times on an otherwise idle thread"),
        reason: "",
    };
    [line("pure computing, p99", 990), line("pure computing, longest", 1000)]
}

fn hashing() -> Line {
    let block = vec![0x5a_u8; 1 << 20];
    let (time, ()) = timed(|| {
        let mut hash = Sha256::new();
        for _ in 0..MEBIBYTES {
            hash.update(&block);
        }
        black_box(hash.finalize());
    });
    Line {
        name: "SHA-256, one core",
        value: f64::from(MEBIBYTES) / time.as_secs_f64(),
        unit: "MiB/s",
        limit: None,
        spread: None,
        note: format!("calibration: {MEBIBYTES} MiB"),
        reason: "",
    }
}
