//! Our values as columns and back.

use super::{StoreError, Work, failed};
use jiff::Timestamp;
use sqlcipher::rusqlite::types::{FromSql, FromSqlError};
use sqlcipher::rusqlite::{OptionalExtension as _, Params, Row};
use std::str::FromStr;
use uuid::Uuid;

/// A time as a column: milliseconds since 1970.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A count as a column; the store's integers are signed.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One row, read by place.
pub(super) struct Columns<'a, 'b>(pub(super) &'a Row<'b>);

impl<'a> Columns<'a, '_> {
    pub(super) fn get<T: FromSql>(&self, at: usize) -> Result<T, StoreError> {
        self.0.get(at).map_err(failed)
    }

    pub(super) fn text(&self, at: usize) -> Result<&'a str, StoreError> {
        self.0.get_ref(at).map_err(failed)?.as_str().map_err(of_another_type)
    }

    pub(super) fn maybe_text(&self, at: usize) -> Result<Option<&'a str>, StoreError> {
        self.0.get_ref(at).map_err(failed)?.as_str_or_null().map_err(of_another_type)
    }

    pub(super) fn blob(&self, at: usize) -> Result<&'a [u8], StoreError> {
        self.0.get_ref(at).map_err(failed)?.as_blob().map_err(of_another_type)
    }

    pub(super) fn maybe_blob(&self, at: usize) -> Result<Option<&'a [u8]>, StoreError> {
        self.0.get_ref(at).map_err(failed)?.as_blob_or_null().map_err(of_another_type)
    }

    pub(super) fn number(&self, at: usize) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(at)?).map_err(|_| StoreError::Unreadable("a negative count"))
    }

    pub(super) fn small(&self, at: usize) -> Result<u32, StoreError> {
        u32::try_from(self.get::<i64>(at)?).map_err(|_| StoreError::Unreadable("a count out of range"))
    }

    pub(super) fn uuid(&self, at: usize) -> Result<Uuid, StoreError> {
        Ok(Uuid::from_bytes(self.get::<[u8; 16]>(at)?))
    }

    pub(super) fn maybe_uuid(&self, at: usize) -> Result<Option<Uuid>, StoreError> {
        Ok(self.get::<Option<[u8; 16]>>(at)?.map(Uuid::from_bytes))
    }

    pub(super) fn time(&self, at: usize) -> Result<Timestamp, StoreError> {
        time(self.get(at)?)
    }

    pub(super) fn maybe_time(&self, at: usize) -> Result<Option<Timestamp>, StoreError> {
        self.get::<Option<i64>>(at)?.map(time).transpose()
    }

    /// A value that is stored as its text.
    pub(super) fn parsed<T: FromStr>(&self, at: usize) -> Result<T, StoreError> {
        self.get::<String>(at)?.parse().map_err(|_| StoreError::Unreadable("a name that is none of ours"))
    }
}

fn of_another_type(_: FromSqlError) -> StoreError {
    StoreError::Unreadable("a column of another type")
}

fn time(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::Unreadable("a time out of range"))
}

impl Work<'_> {
    /// Runs a statement; how many rows it touched.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed)
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Columns<'_, '_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let row = statement.query_row(params, |row| Ok(read(&Columns(row)))).optional().map_err(failed)?;
        row.transpose()
    }

    /// Every row.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Columns<'_, '_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(params).map_err(failed)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            found.push(read(&Columns(row))?);
        }
        Ok(found)
    }
}
