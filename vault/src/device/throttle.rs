//! Failed sign-ins in a row, by name. What they cost is the caller's rule; failed guesses never wipe anything.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use uuid::Uuid;

use super::Device;
use crate::error::StoreError;
use crate::number;

/// What is throttled: a keyed token of the username that was typed, known or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject(pub [u8; 16]);

/// How sign-ins under one name went. Of two copies the one that has seen more is the later: fields in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Throttle {
    /// How often the count has begun anew.
    pub rounds: u64,
    /// Failures in a row since then.
    pub failures: u32,
    /// When the last one was, since the machine was started.
    pub last_at: Duration,
    /// Which start of the machine that was.
    pub boot: Uuid,
}

impl Device {
    /// How sign-ins under a name went.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn throttle(&self, subject: Subject) -> Result<Option<Throttle>, StoreError> {
        let sql = "SELECT rounds, failures, last_at, boot FROM throttle WHERE subject = ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let found = statement.query_row([subject.0], |row| {
            Ok(Throttle {
                rounds: number::unsigned(row, 0)?,
                failures: row.get(1)?,
                last_at: Duration::from_millis(number::unsigned(row, 2)?),
                boot: number::uuid(row, 3)?,
            })
        });
        Ok(found.optional()?)
    }

    /// Keeps how sign-ins under a name went, durably. A failure is kept before the answer is shown.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn keep_throttle(&mut self, subject: Subject, throttle: &Throttle) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO throttle (subject, rounds, failures, last_at, boot) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (subject) DO UPDATE SET rounds = excluded.rounds, failures = excluded.failures,
                       last_at = excluded.last_at, boot = excluded.boot";
        let last_at = u64::try_from(throttle.last_at.as_millis()).unwrap_or(u64::MAX);
        let (rounds, last_at) = (number::stored(throttle.rounds), number::stored(last_at));
        let boot = throttle.boot.into_bytes();
        self.conn.execute(sql, params![subject.0, rounds, throttle.failures, last_at, boot])?;
        Ok(())
    }

    /// Counts at least so many failures for everybody whose username is known here.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn raise_failures(&mut self, to: u32) -> Result<(), StoreError> {
        let sql = "INSERT INTO throttle (subject, rounds, failures, last_at, boot)
                   SELECT token, 0, ?1, 0, zeroblob(16) FROM username WHERE true
                   ON CONFLICT (subject) DO UPDATE SET failures = max(failures, excluded.failures)";
        self.conn.execute(sql, [to])?;
        Ok(())
    }
}
