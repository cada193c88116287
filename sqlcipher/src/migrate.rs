//! Numbered migrations: forward only, one transaction each, the number kept in `user_version`.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::OpenError;

/// One step from schema `number - 1` to `number`. Frozen the day it ships.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Schema number after this step; the first is 1.
    pub number: u32,
    /// Statements of the step.
    pub sql: &'static str,
}

/// All steps a program knows, in order.
#[derive(Debug, Clone, Copy)]
pub struct Migrations(&'static [Migration]);

impl Migrations {
    /// Takes the steps, which must be numbered 1, 2, 3, …
    ///
    /// # Panics
    /// At compile time (in a `const`) or at start, when the numbering has a gap.
    #[must_use]
    pub const fn new(steps: &'static [Migration]) -> Self {
        let mut at = 0;
        while at < steps.len() {
            assert!(steps[at].number as usize == at + 1, "migrations are numbered 1, 2, 3, … without a gap");
            at += 1;
        }
        Self(steps)
    }

    /// The newest schema number.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.0.last().map_or(0, |step| step.number)
    }

    /// Refuses a file that is newer than this program, and says whether an older one needs work.
    pub(crate) fn behind(&self, conn: &Connection) -> Result<bool, OpenError> {
        let found = version(conn)?;
        let known = self.newest();
        if found > known {
            return Err(OpenError::NewerVersion { found, known });
        }
        Ok(found < known)
    }

    /// Applies every step the file lacks.
    pub(crate) fn apply(&self, conn: &mut Connection) -> Result<(), OpenError> {
        for step in self.0 {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Read inside the transaction: another process may have taken the step meanwhile.
            if version(&tx)? >= step.number {
                continue;
            }
            tx.execute_batch(step.sql)?;
            tx.pragma_update(None, "user_version", step.number)?;
            tx.commit()?;
        }
        Ok(())
    }
}

/// The schema number a file is at.
pub(crate) fn version(conn: &Connection) -> Result<u32, OpenError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
