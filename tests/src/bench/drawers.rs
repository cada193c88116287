//! Drawers against plain SQLite: the same schema, settings and rows; each ratio the median of interleaved rounds.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use keys::row::{RowAad, seal_row};
use keys::{PatientKey, Random};
use records::find::words;
use records::view::PatientSummary;
use uuid::Uuid;

use super::clinic::Clinic;
use super::report::{Limit, Line};
use super::statistics::{median, millis, spread};
use super::stopwatch::timed;
use super::twins::{Twins, find_patients, index_patients, insert_documents, read_documents};
use super::{BenchResult, ROUNDS, Scale, say};

const POINT_READ_LIMIT: f64 = 1.2;
const PREFIX_LIMIT: f64 = 1.2;
const UNIFORM_LIMIT: f64 = 2.5;
const INSERT_LIMIT: f64 = 1.6;

/// Rows whose pages fit into the cache with room to spare.
const CACHED_ROWS: u32 = 20_000;
/// Rows of one commit, as in a page from the server.
const COMMIT: usize = 2_000;
/// Pieces into which the reads or searches of a round are parted.
const TURNS: usize = 20;
/// Reads or searches of a round on each side.
const READS: usize = 10_000;
const SEARCHES: usize = 1_000;

const SAME_LIBRARY: &str =
    "plain SQLite is the same library without a key; same schema, 64 MiB cache on both sides";

pub(super) fn measure(clinic: &Clinic, folder: &Path, scale: Scale) -> BenchResult<Vec<Line>> {
    let mut random = Random::from_os();
    let mut large = Twins::create(folder, "large", &mut random)?;
    let mut lines = inserts(clinic, folder, &mut large, scale, &mut random)?;
    say("drawers against plain SQLite: reads");
    lines.push(uniform_reads(&large, scale, &mut random)?);
    drop(large);
    lines.push(cached_reads(clinic, folder, &mut random)?);
    lines.push(prefix_searches(clinic, folder, &mut random)?);
    Ok(lines)
}

/// The rounds fill the large files; beside them the same rows are sealed first.
fn inserts(
    clinic: &Clinic,
    folder: &Path,
    large: &mut Twins,
    scale: Scale,
    random: &mut Random,
) -> BenchResult<Vec<Line>> {
    let mut sealed = Twins::create(folder, "sealed", random)?;
    let size = scale.rows / u32::try_from(ROUNDS + 1)?;
    let (mut bare, mut whole) = (Rounds::default(), Rounds::default());
    for round in 0..=u32::try_from(ROUNDS)? {
        let (first, end) = (round * size, (round + 1) * size);
        let commits: Vec<Range<u32>> = (first..end)
            .step_by(COMMIT)
            .map(|from| from..end.min(from.saturating_add(u32::try_from(COMMIT).unwrap_or(u32::MAX))))
            .collect();
        let key = PatientKey::make(random);
        let [plain, cipher, sealing] = in_turn(
            &commits,
            [
                &mut |rows| {
                    insert_documents(&mut large.plain, rows.clone(), |number, _id| payload(clinic, number))
                },
                &mut |rows| {
                    insert_documents(&mut large.cipher, rows.clone(), |number, _id| payload(clinic, number))
                },
                &mut |rows| {
                    insert_documents(&mut sealed.cipher, rows.clone(), |number, id| {
                        seal_row(&key, &aad(&format!("Observation/{id}")), &payload(clinic, number), random)
                    })
                },
            ],
        )?;
        // The first round makes the files and is not counted.
        if round > 0 {
            bare.push(plain, cipher);
            whole.push(plain, sealing);
        }
    }
    let rows = f64::from(size);
    let note = format!("{size} rows a round in commits of {COMMIT}; {}", bare.each(rows));
    let before = bare.line("bulk insert, before sealing rows", Some(Limit::Most(INSERT_LIMIT)), &note);
    let after = whole.line("bulk insert, rows sealed", None, &format!("beside it; {}", whole.each(rows)));
    Ok(vec![before, after])
}

fn uniform_reads(large: &Twins, scale: Scale, random: &mut Random) -> BenchResult<Line> {
    let rounds = reads(large, scale.rows / 10 * 9, random)?;
    let count = f64::from(u32::try_from(READS)?);
    Ok(rounds.line(
        "read, uniform over all rows",
        Some(Limit::Most(UNIFORM_LIMIT)),
        &format!("over {} rows; {}", scale.rows, rounds.each(count)),
    ))
}

fn cached_reads(clinic: &Clinic, folder: &Path, random: &mut Random) -> BenchResult<Line> {
    let mut small = Twins::create(folder, "small", random)?;
    for conn in [&mut small.plain, &mut small.cipher] {
        insert_documents(conn, 0..CACHED_ROWS, |number, _id| payload(clinic, number))?;
        let all: Vec<u32> = (0..CACHED_ROWS).collect();
        read_documents(conn, &all)?;
    }
    let rounds = reads(&small, CACHED_ROWS, random)?;
    let count = f64::from(u32::try_from(READS)?);
    Ok(rounds.line(
        "point read, working set in cache",
        Some(Limit::Most(POINT_READ_LIMIT)),
        &format!("{CACHED_ROWS} rows; {}", rounds.each(count)),
    ))
}

fn prefix_searches(clinic: &Clinic, folder: &Path, random: &mut Random) -> BenchResult<Line> {
    let mut twins = Twins::create(folder, "index", random)?;
    // The sample of patients, as often as makes 100,000 of a full run's.
    let names: Vec<BTreeSet<String>> = clinic.known.iter().map(name_words).collect();
    let copies = (100_000 / names.len().max(1)).clamp(1, 16);
    let tokens: Vec<String> = names.iter().cycle().take(names.len() * copies).map(filed).collect();
    for conn in [&mut twins.plain, &mut twins.cipher] {
        index_patients(conn, &tokens)?;
    }
    let mut rounds = Rounds::default();
    for round in 0..=ROUNDS {
        let expressions: Vec<String> = (0..SEARCHES).filter_map(|_| expression(&names, random)).collect();
        let turns: Vec<&[String]> = expressions.chunks(SEARCHES / TURNS).collect();
        let [plain, cipher] = in_turn(
            &turns,
            [&mut |turn| find_patients(&twins.plain, turn).map(|_found| ()), &mut |turn| {
                find_patients(&twins.cipher, turn).map(|_found| ())
            }],
        )?;
        if round > 0 {
            rounds.push(plain, cipher);
        }
    }
    let count = f64::from(u32::try_from(SEARCHES)?);
    Ok(rounds.line(
        "prefix search",
        Some(Limit::Most(PREFIX_LIMIT)),
        &format!("FTS5 of {} patients; {}", tokens.len(), rounds.each(count)),
    ))
}

fn reads(twins: &Twins, rows: u32, random: &mut Random) -> BenchResult<Rounds> {
    let mut rounds = Rounds::default();
    for round in 0..=ROUNDS {
        let numbers: Vec<u32> = (0..READS).map(|_| below(random, rows)).collect();
        let turns: Vec<&[u32]> = numbers.chunks(READS / TURNS).collect();
        let [plain, cipher] = in_turn(
            &turns,
            [&mut |turn| read_documents(&twins.plain, turn).map(|_bytes| ()), &mut |turn| {
                read_documents(&twins.cipher, turn).map(|_bytes| ())
            }],
        )?;
        if round > 0 {
            rounds.push(plain, cipher);
        }
    }
    Ok(rounds)
}

/// One side of a comparison.
type Side<'a, T> = &'a mut dyn FnMut(&T) -> rusqlite::Result<()>;

/// Gives each piece of work to every side, each going first in its turn, so that what else the machine does meets all alike. Returns the time
/// that each side took in all.
fn in_turn<T, const SIDES: usize>(
    work: &[T],
    mut sides: [Side<'_, T>; SIDES],
) -> BenchResult<[Duration; SIDES]> {
    let mut times = [Duration::ZERO; SIDES];
    for (turn, piece) in work.iter().enumerate() {
        for place in 0..SIDES {
            let side = (turn + place) % SIDES;
            let (time, result) = timed(|| sides[side](piece));
            result?;
            times[side] += time;
        }
    }
    Ok(times)
}

/// The times of plain SQLite and SQLCipher, round by round.
#[derive(Default)]
struct Rounds {
    plain: Vec<f64>,
    cipher: Vec<f64>,
}

impl Rounds {
    fn push(&mut self, plain: Duration, cipher: Duration) {
        self.plain.push(millis(plain));
        self.cipher.push(millis(cipher));
    }

    fn ratios(&self) -> Vec<f64> {
        self.plain.iter().zip(&self.cipher).map(|(plain, cipher)| cipher / plain).collect()
    }

    /// Microseconds of one of `count` operations, on both sides.
    fn each(&self, count: f64) -> String {
        let each = |times: &[f64]| median(times) * 1000.0 / count;
        format!("{:.1} µs each, plain {:.1} µs", each(&self.cipher), each(&self.plain))
    }

    fn line(&self, name: &'static str, limit: Option<Limit>, note: &str) -> Line {
        let ratios = self.ratios();
        Line {
            name,
            value: median(&ratios),
            unit: "× plain",
            limit,
            spread: Some(spread(&ratios)),
            note: format!("{note}; median of {} interleaved rounds; {SAME_LIBRARY}", ratios.len()),
            reason: "every page that comes from the file or goes to it is decrypted or encrypted, and authenticated",
        }
    }
}

fn payload(clinic: &Clinic, number: u32) -> Vec<u8> {
    let at = usize::try_from(number).unwrap_or(0) % clinic.payloads.len().max(1);
    clinic.payloads.get(at).cloned().unwrap_or_default()
}

fn aad(row: &str) -> RowAad<'_> {
    RowAad { vault: Uuid::from_u128(7), drawer: "clinical", table: "document", row, version: 1 }
}

fn name_words(patient: &PatientSummary) -> BTreeSet<String> {
    patient.all_names.iter().flat_map(|name| words(name)).collect()
}

/// A patient's words and their endings, as a drawer files them.
fn filed(names: &BTreeSet<String>) -> String {
    let mut tokens: Vec<String> = names.iter().cloned().collect();
    for name in names {
        let ends = name.char_indices().skip(1).map(|(at, _)| name.split_at(at).1);
        tokens.extend(ends.filter(|end| end.chars().count() >= 2).map(|end| format!("~{end}")));
    }
    tokens.join(" ")
}

/// The beginning of somebody's name, two to four letters of it.
fn expression(names: &[BTreeSet<String>], random: &mut Random) -> Option<String> {
    let count = u32::try_from(names.len()).ok()?;
    let word = names.get(usize::try_from(below(random, count)).ok()?)?.first()?;
    let letters = usize::try_from(below(random, 3)).ok()? + 2;
    let beginning: String = word.chars().take(letters).filter(|letter| letter.is_alphanumeric()).collect();
    Some(format!("\"{beginning}\"*"))
}

fn below(random: &mut Random, bound: u32) -> u32 {
    u32::from_be_bytes(random.bytes()) % bound.max(1)
}
