//! Percentiles, medians and spreads.

use std::time::Duration;

/// The time that a share of the samples does not exceed, by the nearest rank; `share` in parts of 1000. Zero without samples.
pub(crate) fn percentile(samples: &[Duration], share: usize) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * share).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The middle value; the mean of the two middle ones of an even number. NaN without values.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The distance of the quartiles as a share of the median.
pub(super) fn spread(values: &[f64]) -> f64 {
    (quantile(values, 0.75) - quantile(values, 0.25)) / median(values)
}

/// The percentile of each of `rounds` equal runs of samples, in milliseconds.
pub(super) fn by_round(samples: &[Duration], share: usize, rounds: usize) -> Vec<f64> {
    let size = samples.len().div_ceil(rounds).max(1);
    samples.chunks(size).map(|round| millis(percentile(round, share))).collect()
}

/// The rate in each of some parts of equal time of something that was looked at now and then: when, and how much was done.
pub(super) fn rate_by_part(looks: &[(Duration, f64)], parts: u32) -> Vec<f64> {
    let (Some((begun, _)), Some((end, _))) = (looks.first(), looks.last()) else { return Vec::new() };
    let part = (*end - *begun) / parts;
    let done_by = |number: u32| {
        let before = looks.iter().take_while(|(at, _)| *at <= *begun + part * number);
        before.last().map_or(0.0, |(_, done)| *done)
    };
    (0..parts).map(|number| (done_by(number + 1) - done_by(number)) / part.as_secs_f64()).collect()
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Linear between the two nearest values.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list of a few values"
)]
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let place = share * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        (Some(_) | None, _) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let samples: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&samples, 990), Duration::from_millis(99));
        assert_eq!(percentile(&samples, 500), Duration::from_millis(50));
        assert_eq!(percentile(&samples, 1000), Duration::from_millis(100));
        assert_eq!(percentile(&[], 990), Duration::ZERO);
    }

    #[test]
    fn the_spread_is_that_of_the_quartiles() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((spread(&[1.0, 2.0, 3.0, 4.0, 5.0]) - 2.0 / 3.0).abs() < 1e-9);
        assert!(spread(&[1.0, 1.0, 1.0, 9.0]) > 0.2, "one outlier in four is seen");
        assert!(spread(&[1.0, 1.0, 1.0, 1.0, 9.0]) < 0.2, "one outlier in five is not");
    }

    #[test]
    fn a_steady_pace_has_the_same_rate_in_every_part() {
        let looks: Vec<_> =
            (0..=60_u32).map(|at| (Duration::from_secs(at.into()), f64::from(at * 7))).collect();
        assert!(rate_by_part(&looks, 3).iter().all(|rate| (rate - 7.0).abs() < 1e-9));
        assert_eq!(rate_by_part(&[], 3), [0.0; 0]);
    }

    #[test]
    fn rounds_are_taken_in_the_order_of_the_samples() {
        let samples: Vec<Duration> = (1..=9).map(Duration::from_millis).collect();
        assert_eq!(by_round(&samples, 1000, 3), [3.0, 6.0, 9.0]);
    }
}
