//! Arithmetic that gives the same digits on every machine: decimals as scaled integers, a power without the C library, dates.

use jiff::Span;
use jiff::civil::{Date, Weekday};

/// A decimal number: `scaled` units of the last of `places` digits after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) scaled: i64,
    pub(super) places: u32,
}

impl Decimal {
    pub(super) const fn new(scaled: i64, places: u32) -> Decimal {
        Decimal { scaled, places }
    }

    pub(super) const fn whole(value: i64) -> Decimal {
        Decimal { scaled: value, places: 0 }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.places == 0 {
            return write!(f, "{}", self.scaled);
        }
        let unit = 10_i64.pow(self.places);
        let sign = if self.scaled < 0 { "-" } else { "" };
        let digits = self.scaled.abs();
        write!(f, "{sign}{}.{:0width$}", digits / unit, digits % unit, width = self.places as usize)
    }
}

/// `base` to the power of `exponent` for `base > 0`, from additions, multiplications and divisions alone: IEEE 754 fixes those to
/// the bit, while the `powf` of each platform rounds as it likes.
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    exponential(exponent * logarithm(base))
}

/// The nearest integer.
#[expect(clippy::cast_possible_truncation, reason = "clinical values are far below 2^53")]
pub(super) fn rounded(value: f64) -> i64 {
    if value < 0.0 { (value - 0.5) as i64 } else { (value + 0.5) as i64 }
}

fn logarithm(value: f64) -> f64 {
    let mut scaled = value;
    let mut twos = 0.0;
    while scaled > 1.5 {
        scaled /= 2.0;
        twos += 1.0;
    }
    while scaled < 0.75 {
        scaled *= 2.0;
        twos -= 1.0;
    }
    let ratio = (scaled - 1.0) / (scaled + 1.0);
    let mut term = ratio;
    let mut sum = 0.0;
    let mut odd = 1.0;
    while odd < 30.0 {
        sum += term / odd;
        term *= ratio * ratio;
        odd += 2.0;
    }
    2.0 * sum + twos * std::f64::consts::LN_2
}

fn exponential(value: f64) -> f64 {
    let quarter = value / 16.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut step = 1.0;
    while step < 16.0 {
        term *= quarter / step;
        sum += term;
        step += 1.0;
    }
    let second = sum * sum;
    let fourth = second * second;
    let eighth = fourth * fourth;
    eighth * eighth
}

pub(super) fn days_after(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days.clamp(-200_000, 200_000)))
}

/// Whole days from `earlier` to `later`.
pub(super) fn days_between(earlier: Date, later: Date) -> i64 {
    i64::from((later - earlier).get_days())
}

/// Completed years of life, 0 before birth.
pub(super) fn age_at(birth: Date, on: Date) -> i64 {
    let before_birthday = (on.month(), on.day()) < (birth.month(), birth.day());
    (i64::from(on.year()) - i64::from(birth.year()) - i64::from(before_birthday)).max(0)
}

/// The date itself, or the Friday or Monday next to it: the clinic is shut on weekends.
pub(super) fn weekday_near(date: Date) -> Date {
    match date.weekday() {
        Weekday::Saturday => days_after(date, -1),
        Weekday::Sunday => days_after(date, 1),
        Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday => date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_decimal_keeps_its_precision() {
        assert_eq!(Decimal::new(70, 1).to_string(), "7.0");
        assert_eq!(Decimal::new(-5, 2).to_string(), "-0.05");
        assert_eq!(Decimal::whole(120).to_string(), "120");
    }

    #[test]
    fn a_power_agrees_with_the_library() {
        for (base, exponent) in [(0.6_f64, -1.154_f64), (1.9, -1.154), (87.0, -0.203), (1.0, 3.0)] {
            assert!((power(base, exponent) - base.powf(exponent)).abs() < 1e-9 * base.powf(exponent));
        }
    }

    #[test]
    fn a_year_is_complete_on_the_birthday() {
        assert_eq!(age_at(date(2000, 6, 15), date(2020, 6, 14)), 19);
        assert_eq!(age_at(date(2000, 6, 15), date(2020, 6, 15)), 20);
    }
}
