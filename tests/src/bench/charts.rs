//! Opening a chart of 1,000 resources: facts, decision, the durable event, every document read, opened and parsed.

use std::time::Duration;

use keys::Random;
use vault::Vault;

use super::clinic::Clinic;
use super::report::{Limit, Line};
use super::statistics::{by_round, millis, percentile, spread};
use super::stopwatch::timed;
use super::{BenchResult, ROUNDS, Scale};

const LIMIT_MS: f64 = 30.0;

pub(super) fn measure(clinic: &Clinic, vault: &mut Vault, scale: Scale) -> BenchResult<Line> {
    let actor = clinic.clinician();
    let mut random = Random::from_os();
    let mut samples: Vec<Duration> = Vec::with_capacity(scale.samples);
    let mut fewest = usize::MAX;
    for patient in clinic.thick.iter().cycle().take(scale.samples) {
        let (time, size) = timed(|| -> BenchResult<usize> {
            let permit = clinic.chart_permit(vault, &actor, patient, &mut random)?;
            Ok(vault.chart(&permit)?.len())
        });
        fewest = fewest.min(size?);
        samples.push(time);
    }
    let note = format!(
        "p50 {:.2} ms, longest {:.2} ms over {} openings of {} charts; {fewest} resources read in the smallest; the sync of the event is in it{}",
        millis(percentile(&samples, 500)),
        millis(percentile(&samples, 1000)),
        samples.len(),
        clinic.thick.len(),
        scale.note(),
    );
    Ok(Line {
        name: "open a chart of 1,000, event included, p99",
        value: millis(percentile(&samples, 990)),
        unit: "ms",
        limit: Some(Limit::Most(LIMIT_MS)),
        spread: Some(spread(&by_round(&samples, 990, ROUNDS))),
        note,
        reason: "every opening parses its 1,000 resources anew, most of the p50; beyond it are checkpoints of the log and stalls of the \
                 machine (see pure computing)",
    })
}
