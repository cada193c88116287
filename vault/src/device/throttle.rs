//! How long to wait after failed sign-ins. Survives restart; failed guesses never wipe anything.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::Device;
use crate::error::StoreError;
use crate::number;

/// Seconds to wait after that many failures in a row; the last one holds from then on.
const WAITS_S: [i64; 8] = [0, 0, 0, 5, 15, 60, 300, 900];

/// So many failures in a row close a slot until the person signs in online.
pub const MOST_FAILURES: u32 = 100;

/// What is throttled: a keyed token of the username that was typed, known or not, or a person's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject(pub [u8; 16]);

/// Failed sign-ins in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub last_at: Timestamp,
}

/// Whether another try is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Now.
    None,
    /// Not before this time.
    Until(Timestamp),
    /// Only online.
    UntilOnline,
}

impl Throttle {
    /// Whether another try is allowed at `now`.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Wait {
        if self.failures >= MOST_FAILURES {
            return Wait::UntilOnline;
        }
        let step = usize::try_from(self.failures).unwrap_or(usize::MAX).min(WAITS_S.len() - 1);
        // A clock that was once in the future must not shut anybody out: never wait longer than the step says.
        let since = self.last_at.min(now);
        let until = since + SignedDuration::from_secs(WAITS_S[step]);
        if until > now { Wait::Until(until) } else { Wait::None }
    }
}

impl Device {
    /// The failures in a row of a subject.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn throttle(&self, subject: Subject) -> Result<Option<Throttle>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT failures, last_at FROM throttle WHERE subject = ?1")?;
        let found = statement.query_row([subject.0], |row| {
            Ok(Throttle { failures: row.get(0)?, last_at: number::time(row, 1)? })
        });
        Ok(found.optional()?)
    }

    /// Counts a failure, durably, and returns the new state. Called before the answer is shown.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn record_failure(&mut self, subject: Subject, now: Timestamp) -> Result<Throttle, StoreError> {
        let sql = "INSERT INTO throttle (subject, failures, last_at) VALUES (?1, 1, ?2)
                   ON CONFLICT (subject) DO UPDATE SET failures = failures + 1, last_at = excluded.last_at
                   RETURNING failures";
        let failures = self.conn.query_row(sql, params![subject.0, number::millis(now)], |row| row.get(0))?;
        Ok(Throttle { failures, last_at: now })
    }

    /// Has everybody whose username is known here sign in online next, as after too many failures.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn require_online(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO throttle (subject, failures, last_at) SELECT token, ?1, ?2 FROM username WHERE true
                   ON CONFLICT (subject) DO UPDATE SET failures = max(failures, excluded.failures)";
        self.conn.execute(sql, params![MOST_FAILURES, number::millis(now)])?;
        Ok(())
    }

    /// Forgets the failures after a sign-in.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn clear_failures(&mut self, subject: Subject) -> Result<(), StoreError> {
        self.conn.execute("DELETE FROM throttle WHERE subject = ?1", [subject.0])?;
        Ok(())
    }
}
