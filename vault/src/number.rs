//! Whole numbers and times between Rust and SQLite, which knows only signed 64-bit integers.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Row};

/// A number as SQLite stores it. Counts, sizes and versions never come near the limit.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).expect("no count here reaches 2^63")
}

/// A number that is never negative.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

/// A time in milliseconds since 1970.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The time in a column of milliseconds since 1970.
pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let millis: i64 = row.get(column)?;
    Timestamp::from_millisecond(millis).map_err(|_| Error::IntegralValueOutOfRange(column, millis))
}

/// A value kept as text that `parse` understands.
pub(crate) fn text<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|_| Error::InvalidColumnType(column, String::new(), Type::Text))
}

/// A UUID kept as 16 bytes.
pub(crate) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<uuid::Uuid> {
    Ok(uuid::Uuid::from_bytes(row.get(column)?))
}
