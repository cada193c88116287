//! Write transactions.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Runs `work` in one write transaction, which takes the write lock at once and commits when `work` succeeds.
///
/// # Errors
/// What `work` returns (then nothing is written), or the failure to begin or commit.
pub fn immediate<T, E>(
    conn: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<rusqlite::Error>,
{
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&tx)?;
    tx.commit()?;
    Ok(value)
}
