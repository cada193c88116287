//! How a cost grows with the store: by which power of it, from the checkpoints of a run.

use serde::Serialize;

use super::gauge::{Checkpoint, Phase};

/// Fewer are no growth.
const ENOUGH: usize = 3;
/// Fewer have no p99.
const SAMPLES: usize = 500;

/// How one cost has grown.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Growth {
    name: &'static str,
    /// At the first checkpoint, and at the last one.
    first: f64,
    last: f64,
    /// The cost goes as this power of the number of stored events; absent where there are too few checkpoints.
    power: Option<f64>,
    /// The same in a word.
    word: Word,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    /// Ten times the store, at most a quarter more.
    Flat,
    /// More than that, and less than the store.
    SlowerThanTheStore,
    /// As the store.
    Linear,
    /// More than the store.
    Worse,
    /// Too few checkpoints to say.
    Unknown,
}

/// Every cost that is looked at, while people work.
pub(super) fn of(checkpoints: &[Checkpoint]) -> Vec<Growth> {
    type Cost = fn(&Checkpoint) -> f64;
    let costs: [(&'static str, Cost); 8] = [
        ("time of a core in the server, an event", |look| look.server_us_an_event),
        ("time of a core in the database, an event", |look| look.database_us_an_event.unwrap_or(f64::NAN)),
        ("delivery, p50", |look| look.delivery_p50_ms),
        ("delivery, p99", |look| enough(look.deliveries, look.delivery_p99_ms)),
        ("page of a pull, p50", |look| look.page_p50_ms),
        ("page of a pull, p99", |look| enough(look.pages, look.page_p99_ms)),
        ("bytes of the store, an event", |look| look.store_bytes_an_event),
        ("memory of the server", |look| look.server_mib),
    ];
    let of = |(name, cost): (&'static str, Cost)| {
        let looks =
            checkpoints.iter().filter(|look| look.phase == Phase::Work).map(|look| (look.events, cost(look)));
        Growth::of(name, &looks.filter(|(_, cost)| *cost > 0.0).collect::<Vec<_>>())
    };
    costs.into_iter().filter_map(of).collect()
}

/// A p99 of few samples is none.
fn enough(samples: usize, p99: f64) -> f64 {
    if samples >= SAMPLES { p99 } else { f64::NAN }
}

impl Growth {
    /// From how many events there were, and the cost then.
    fn of(name: &'static str, looks: &[(u64, f64)]) -> Option<Growth> {
        let (first, last) = (looks.first()?.1, looks.last()?.1);
        let power = (looks.len() >= ENOUGH).then(|| slope(looks));
        let word = match power {
            None => Word::Unknown,
            Some(power) if power < 0.1 => Word::Flat,
            Some(power) if power < 0.9 => Word::SlowerThanTheStore,
            Some(power) if power <= 1.1 => Word::Linear,
            Some(_) => Word::Worse,
        };
        Some(Growth { name, first, last, power, word })
    }

    /// A line for people.
    pub(super) fn line(&self) -> String {
        let power = self.power.map_or_else(|| "-".to_owned(), |power| format!("{power:.2}"));
        let Growth { name, first, last, word, .. } = self;
        format!("{name:<42} {first:>9.2} → {last:>9.2}   power {power:>5}   {}", word.as_str())
    }
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Word::Flat => "flat",
            Word::SlowerThanTheStore => "grows slower than the store",
            Word::Linear => "linear",
            Word::Worse => "WORSE than linear",
            Word::Unknown => "too few checkpoints to say",
        }
    }
}

/// The slope of the straight line that lies nearest, both on logarithmic scales.
fn slope(looks: &[(u64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let points: Vec<(f64, f64)> =
        looks.iter().map(|(events, cost)| ((*events as f64).ln(), cost.ln())).collect();
    #[expect(clippy::cast_precision_loss, reason = "a few checkpoints")]
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let above: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let below: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(cost: impl Fn(f64) -> f64) -> Word {
        let looks: Vec<(u64, f64)> =
            [1_u32, 2, 5, 10, 20].iter().map(|at| (u64::from(*at), cost(f64::from(*at)))).collect();
        Growth::of("a", &looks).unwrap().word
    }

    #[test]
    fn a_cost_is_called_by_how_it_grows() {
        assert_eq!(word(|_| 5.0), Word::Flat);
        assert_eq!(word(|events| 5.0 / events), Word::Flat);
        assert_eq!(word(f64::sqrt), Word::SlowerThanTheStore);
        assert_eq!(word(|events| 3.0 * events), Word::Linear);
        assert_eq!(word(|events| events * events), Word::Worse);
    }

    #[test]
    fn two_looks_say_nothing() {
        assert_eq!(Growth::of("a", &[(1, 1.0), (2, 9.0)]).unwrap().word, Word::Unknown);
        assert!(Growth::of("a", &[]).is_none());
    }
}
