//! Our values as columns and back.

use super::StoreError;
use jiff::Timestamp;
use std::str::FromStr;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

/// A time as a column: milliseconds since 1970.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A count as a column; the store's integers are signed.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A text from outside as a column: PostgreSQL's has no place for a zero.
pub(super) fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// One row, read by place.
pub(super) struct Columns<'a>(pub(super) &'a Row);

impl<'a> Columns<'a> {
    pub(super) fn get<T: FromSql<'a>>(&self, at: usize) -> Result<T, StoreError> {
        self.0.try_get(at).map_err(|_| StoreError::Unreadable("a column of another type"))
    }

    pub(super) fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], StoreError> {
        sized(self.get(at)?)
    }

    pub(super) fn maybe_bytes<const N: usize>(&self, at: usize) -> Result<Option<[u8; N]>, StoreError> {
        self.get::<Option<&[u8]>>(at)?.map(sized).transpose()
    }

    pub(super) fn number(&self, at: usize) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(at)?).map_err(|_| StoreError::Unreadable("a negative count"))
    }

    pub(super) fn small(&self, at: usize) -> Result<u32, StoreError> {
        u32::try_from(self.get::<i64>(at)?).map_err(|_| StoreError::Unreadable("a count out of range"))
    }

    pub(super) fn uuid(&self, at: usize) -> Result<Uuid, StoreError> {
        self.get(at)
    }

    pub(super) fn maybe_uuid(&self, at: usize) -> Result<Option<Uuid>, StoreError> {
        self.get(at)
    }

    pub(super) fn time(&self, at: usize) -> Result<Timestamp, StoreError> {
        time(self.get(at)?)
    }

    pub(super) fn maybe_time(&self, at: usize) -> Result<Option<Timestamp>, StoreError> {
        self.get::<Option<i64>>(at)?.map(time).transpose()
    }

    /// A value that is stored as its text.
    pub(super) fn parsed<T: FromStr>(&self, at: usize) -> Result<T, StoreError> {
        self.get::<&str>(at)?.parse().map_err(|_| StoreError::Unreadable("a name that is none of ours"))
    }
}

fn time(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::Unreadable("a time out of range"))
}

fn sized<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Unreadable("bytes of another length"))
}
