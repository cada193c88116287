//! Keystroke to rows: what the vault takes from a key to the patients found, at every length of what is typed.

use std::time::Duration;

use keys::Random;
use records::find::Query;
use records::rights::Action;
use records::view::PatientSummary;
use vault::{MOST_SHOWN, Vault};

use super::clinic::{Clinic, TODAY, now};
use super::report::{Limit, Line};
use super::statistics::{by_round, millis, percentile, spread};
use super::stopwatch::timed;
use super::{BenchResult, ROUNDS, Scale};

const LIMIT_MS: f64 = 5.0;

pub(super) fn measure(clinic: &Clinic, vault: &mut Vault, scale: Scale) -> BenchResult<Line> {
    let permit = clinic.permit(vault, Action::Search, &mut Random::from_os())?;
    let mut samples: Vec<Duration> = Vec::with_capacity(scale.samples);
    let mut empty = 0;
    let mut typed =
        clinic.known.iter().cycle().enumerate().flat_map(|(turn, patient)| keystrokes(turn, patient));
    // The first keystrokes read the index from the disk.
    for text in typed.by_ref().take(200) {
        vault.search(&permit, &Query::parse(&text, TODAY), MOST_SHOWN, now())?;
    }
    for text in typed.take(scale.samples) {
        let (time, page) = timed(|| vault.search(&permit, &Query::parse(&text, TODAY), MOST_SHOWN, now()));
        empty += usize::from(page?.rows.is_empty());
        samples.push(time);
    }
    let note = format!(
        "p50 {:.2} ms, longest {:.2} ms over {} keystrokes of names, birth dates, record and telephone numbers, from the first letter on; \
         {empty} found nobody{}",
        millis(percentile(&samples, 500)),
        millis(percentile(&samples, 1000)),
        samples.len(),
        scale.note(),
    );
    Ok(Line {
        name: "keystroke to rows, vault, p99",
        value: millis(percentile(&samples, 990)),
        unit: "ms",
        limit: Some(Limit::Most(LIMIT_MS)),
        spread: Some(spread(&by_round(&samples, 990, ROUNDS))),
        note,
        reason: "each row found for the first time is a page to read and decrypt, and a few letters match many patients; beyond it are \
                 stalls of the machine (see pure computing)",
    })
}

/// What someone who looks for this patient types, key by key. One in eight types a birth date, a record number or a telephone number.
fn keystrokes(turn: usize, patient: &PatientSummary) -> Vec<String> {
    let given = patient.given.split(' ').next().unwrap_or_default();
    let text = match turn % 8 {
        0 => patient.born.map(|born| born.to_string()).unwrap_or_default(),
        1 => patient.numbers.first().cloned().unwrap_or_default(),
        2 => patient.phones.first().cloned().unwrap_or_default(),
        3 => given.to_owned(),
        4 => format!("{given} {}", patient.family),
        5 => format!("{}, {given}", patient.family),
        _ => patient.family.clone(),
    };
    let ends = text.char_indices().map(|(at, letter)| at + letter.len_utf8());
    ends.map(|end| text.split_at(end).0.to_owned()).collect()
}
