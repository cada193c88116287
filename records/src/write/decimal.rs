//! A decimal number with the digits that were typed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// A number as it was typed: `36.60` stays `36.60`.
#[derive(Debug, Clone, PartialEq)]
pub struct Decimal {
    text: String,
    value: f64,
}

/// A text that is not a plain decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a number")]
pub struct NotADecimal;

impl Decimal {
    /// The number.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// A number rounded to so many digits after the point.
    pub fn rounded(value: f64, decimals: usize) -> Result<Self, NotADecimal> {
        format!("{value:.decimals$}").parse()
    }

    pub(super) fn json(&self) -> Value {
        Number::from_str(&self.text).map_or(Value::Null, Value::Number)
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    /// Reads `36.6`, and `36,6` as many keyboards write it. No sign, no exponent: no vital sign needs them.
    fn from_str(typed: &str) -> Result<Self, NotADecimal> {
        let text = typed.trim().replace(',', ".");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(NotADecimal);
        }
        // JSON has no leading zeros.
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            trimmed => trimmed,
        };
        let text = match text.split_once('.') {
            Some((_, fraction)) => format!("{whole}.{fraction}"),
            None => whole.to_owned(),
        };
        let value = text.parse().map_err(|_| NotADecimal)?;
        Ok(Self { text, value })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
