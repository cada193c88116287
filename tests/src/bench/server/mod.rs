//! The server's lines, through the front door: the real server in a process of its own, the real workstation at the other end, mutual
//! TLS over loopback between them. Each on a SQLCipher file and on PostgreSQL.

mod delivery;
mod first_sync;
mod helios;
mod ingest;
mod push;

use std::path::Path;

use crate::served::{Batch, Cluster, Served, server_beside_us};

use super::report::Line;
use super::{BenchResult, say};
use first_sync::Records;

/// How much the server is given to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Resources of the first sync.
    pub(super) resources: u32,
    /// Changes that wait when the server comes back.
    pub(super) changes: u32,
    /// Events that workstations deliver as fast as they can.
    pub(super) events: u32,
    /// Single events whose delivery is timed.
    pub(super) samples: usize,
}

/// Parts of equal time in which the pace of something long is compared.
const PARTS: u32 = 9;

/// What holds the practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Store {
    /// One encrypted file.
    Sqlcipher,
    /// A database on this machine.
    Postgres,
}

/// Measures on each of the stores; beside them a server by others, where its program is named.
pub(super) fn measure(
    stores: &[Store],
    place: &Path,
    load: Load,
    helios: Option<&Path>,
) -> BenchResult<Vec<Line>> {
    let program = server_beside_us()?;
    say(&format!("writing down {} resources", load.resources));
    let records = Records::write(&place.join("records.ndjson"), load.resources)?;
    let (mut lines, mut events) = (Vec::new(), Vec::new());
    for store in stores {
        let folder = place.join(store.name());
        let (of_store, delivered) = on(*store, &program, &folder, (&records, load))?;
        lines.extend(of_store);
        events = delivered;
        std::fs::remove_dir_all(folder)?;
    }
    if let Some(program) = helios {
        lines.extend(helios::measure(program, &place.join("helios-hfs"), &records, &events)?);
    }
    Ok(lines)
}

/// What was measured, and the last batches of events that were delivered.
type Measured = (Vec<Line>, Vec<Batch>);

fn on(
    store: Store,
    program: &Path,
    folder: &Path,
    (records, load): (&Records, Load),
) -> BenchResult<Measured> {
    let cluster = match store {
        Store::Sqlcipher => None,
        // Its own user does not reach the folder of the clone.
        Store::Postgres => Some(Cluster::start(Path::new("/var/tmp"))?),
    };
    let mut served = Served::make(program, folder, cluster.as_ref())?;
    let (desk, mut lines) = first_sync::measure(store, &mut served, folder, records)?;
    lines.extend(push::measure(store, &mut served, &desk, load.changes)?);
    desk.workstation.stop();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut fleet = ingest::Fleet::enrol(&served, &runtime)?;
    let (line, events) = ingest::measure(store, &mut fleet, &runtime, load.events)?;
    lines.push(line);
    lines.push(delivery::measure(store, &mut fleet, &runtime, load.samples)?);
    Ok((lines, events))
}

impl Store {
    fn name(self) -> &'static str {
        match self {
            Store::Sqlcipher => "sqlcipher",
            Store::Postgres => "postgres",
        }
    }
}
