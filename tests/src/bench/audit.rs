//! Audit append: an event marked and made durable in the log of `device.db`, beside one bare insert into another SQLCipher file.

use std::path::Path;
use std::time::Duration;

use keys::Random;
use keys::epoch::StartKey;
use records::event::{AuditEvent, Observer, Stamp};
use records::id::PatientId;
use records::rights::Trail;
use rusqlite::{Connection, params};
use sqlcipher::{Migration, Migrations, Profile, RawKey};
use vault::Vault;

use super::clinic::{Clinic, event_id, now};
use super::report::{Limit, Line};
use super::statistics::{median, millis, percentile, spread};
use super::stopwatch::timed;
use super::{BenchResult, ROUNDS};

const LIMIT: f64 = 1.5;
/// Appends and inserts in a round, one after the other.
const PAIRS: usize = 1_000;

const BARE: Migrations = Migrations::new(&[Migration {
    number: 1,
    sql: "CREATE TABLE entry (position INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT;",
}]);

pub(super) fn measure(clinic: &Clinic, vault: &mut Vault, folder: &Path) -> BenchResult<Vec<Line>> {
    let mut random = Random::from_os();
    // As on an enrolled workstation: every entry is marked with the key of its epoch.
    let size = vault.device().log_head().size;
    let key = StartKey::make(&mut random).epoch();
    if !vault.device_mut().begin_chain(size, b"start", key)? {
        return Err("the log is marked already".into());
    }
    let bare = sqlcipher::create_new(
        &folder.join("bare.db"),
        &RawKey::new(random.bytes()),
        &Profile::exclusive(8),
        &BARE,
    )?;
    let rounds: Vec<Round> =
        (0..ROUNDS).map(|_| Round::run(clinic, vault, &bare, &mut random)).collect::<BenchResult<_>>()?;
    Ok(vec![
        line("audit append, durable, p50", &rounds, 500),
        line("audit append, durable, p95", &rounds, 950),
    ])
}

struct Round {
    appends: Vec<Duration>,
    inserts: Vec<Duration>,
}

impl Round {
    fn run(clinic: &Clinic, vault: &mut Vault, bare: &Connection, random: &mut Random) -> BenchResult<Round> {
        let mut round = Round { appends: Vec::with_capacity(PAIRS), inserts: Vec::with_capacity(PAIRS) };
        for (turn, patient) in clinic.known.iter().cycle().take(PAIRS).enumerate() {
            let stamp = Stamp {
                id: event_id(random),
                at: now(),
                observer: Observer::Workstation(clinic.identity.device),
            };
            let event =
                AuditEvent::read(stamp, &clinic.clinician(), Some(&PatientId(patient.id.0.clone())), &[]);
            // Each goes first in half of the pairs.
            for first in [turn % 2 == 0, turn % 2 == 1] {
                if first {
                    let (time, position) = timed(|| vault.device_mut().append(&event));
                    position?;
                    round.appends.push(time);
                } else {
                    let (time, inserted) = timed(|| insert(bare, event.bytes()));
                    inserted?;
                    round.inserts.push(time);
                }
            }
        }
        Ok(round)
    }

    fn ratio(&self, share: usize) -> f64 {
        millis(percentile(&self.appends, share)) / millis(percentile(&self.inserts, share))
    }
}

fn insert(conn: &Connection, event: &[u8]) -> rusqlite::Result<usize> {
    conn.prepare_cached("INSERT INTO entry (event) VALUES (?1)")?.execute(params![event])
}

fn line(name: &'static str, rounds: &[Round], share: usize) -> Line {
    let ratios: Vec<f64> = rounds.iter().map(|round| round.ratio(share)).collect();
    let appends: Vec<Duration> = rounds.iter().flat_map(|round| round.appends.iter().copied()).collect();
    let inserts: Vec<Duration> = rounds.iter().flat_map(|round| round.inserts.iter().copied()).collect();
    Line {
        name,
        value: median(&ratios),
        unit: "× insert",
        limit: Some(Limit::Most(LIMIT)),
        spread: Some(spread(&ratios)),
        note: format!(
            "append {:.2} ms, one SQLCipher insert of the same bytes with synchronous=FULL {:.2} ms; median of {} interleaved rounds of {PAIRS}",
            millis(percentile(&appends, share)),
            millis(percentile(&inserts, share)),
            rounds.len(),
        ),
        reason: "beside the insert, the event is parsed, hashed into the tree, marked, and entered in the index by patient: one page more a sync",
    }
}
