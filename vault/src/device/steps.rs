//! One-time-code steps that were used here: a used code is dead at once.

use records::id::PersonId;
use rusqlite::{OptionalExtension as _, params};

use super::Device;
use crate::error::StoreError;
use crate::number;

/// The step, or a later one, was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUsed;

impl Device {
    /// The last step a person used here.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn last_step(&self, person: PersonId) -> Result<Option<u64>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT step FROM used_step WHERE person = ?1")?;
        Ok(statement.query_row([person.uuid().into_bytes()], |row| number::unsigned(row, 0)).optional()?)
    }

    /// Marks a step as used, durably, before anything is shown; a step that is not later than the last is refused.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn use_step(&mut self, person: PersonId, step: u64) -> Result<Result<(), StepUsed>, StoreError> {
        let sql = "INSERT INTO used_step (person, step) VALUES (?1, ?2)
                   ON CONFLICT (person) DO UPDATE SET step = excluded.step WHERE excluded.step > step";
        let changed = self.conn.execute(sql, params![person.uuid().into_bytes(), number::stored(step)])?;
        Ok(if changed == 1 { Ok(()) } else { Err(StepUsed) })
    }

    /// Notes a step that opened something, for the server to be told of.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn note_step_to_tell(&mut self, person: PersonId, step: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO step_to_tell (person, step) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.conn.execute(sql, params![person.uuid().into_bytes(), number::stored(step)])?;
        Ok(())
    }

    /// Steps that the server has not been told of, oldest first, at most so many.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn steps_to_tell(&self, at_most: u32) -> Result<Vec<(PersonId, u64)>, StoreError> {
        let sql = "SELECT person, step FROM step_to_tell ORDER BY step LIMIT ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let read = statement.query_map([at_most], |row| {
            Ok((PersonId::from_uuid(number::uuid(row, 0)?), number::unsigned(row, 1)?))
        })?;
        Ok(read.collect::<Result<_, _>>()?)
    }

    /// The server was told of these.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn steps_told(&mut self, told: &[(PersonId, u64)]) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            for (person, step) in told {
                let row = params![person.uuid().into_bytes(), number::stored(*step)];
                tx.execute("DELETE FROM step_to_tell WHERE person = ?1 AND step = ?2", row)?;
            }
            Ok(())
        })
    }

    /// Lets a person begin again at `step`, which the server has accepted: for one whose last code here was of a phone
    /// with a date far in the future.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn restart_steps(&mut self, person: PersonId, step: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO used_step (person, step) VALUES (?1, ?2)
                   ON CONFLICT (person) DO UPDATE SET step = excluded.step";
        self.conn.execute(sql, params![person.uuid().into_bytes(), number::stored(step)])?;
        Ok(())
    }
}
