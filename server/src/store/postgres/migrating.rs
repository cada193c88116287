//! Bringing the tables up to date, as their owner, while servers work on them.
//!
//! A migration is a file of its own, frozen once it has shipped, run once, in one transaction, and only forward. One process
//! at a time migrates. What a running server still needs stays: a migration first only adds (and says that older programs
//! may go on: `serves`); what nobody needs any more goes in a later release, whose `serves` shuts the older ones out.

use super::failed;
use super::opening::{connect, connections};
use crate::database::Database;
use crate::error::Failure;
use crate::store::StoreError;
use jiff::Timestamp;
use tokio_postgres::Client;

/// One step of the schema.
struct Migration {
    number: u32,
    /// The oldest schema that a program may know and still work on the tables as they are from here on.
    serves: u32,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, serves: 1, sql: include_str!("../../../migrations/postgres/0001_init.sql") }];

/// The newest schema that this program knows.
pub(super) const KNOWN: u32 = 1;

/// Whoever holds this lock migrates.
const BEGIN: &str = "SELECT pg_advisory_lock(7163381843523298150)";
/// A table that is in use is waited for no longer than servers can wait behind that.
const PATIENCE: &str = "SET lock_timeout = '3s'";

/// What a migration came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The schema before; 0 where there was none.
    pub from: u32,
    /// The schema now.
    pub to: u32,
}

/// Brings the tables of a database up to date, as the role that owns them.
///
/// # Errors
/// When the database cannot be reached, the role may not, or a table is in use for too long; a step that was begun is undone.
pub fn migrate(database: &Database, now: Timestamp) -> Result<Migrated, Failure> {
    // Closed at the end, and with it goes the lock.
    let mut connection = connect(&connections(database)?)?;
    connection.run(async |client| run(client, now).await).map_err(Into::into)
}

async fn run(client: &mut Client, now: Timestamp) -> Result<Migrated, StoreError> {
    client.batch_execute(BEGIN).await.map_err(failed)?;
    client.batch_execute(PATIENCE).await.map_err(failed)?;
    let from = newest(client).await?;
    let mut to = from;
    for step in MIGRATIONS.iter().filter(|step| step.number > from) {
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.batch_execute(step.sql).await.map_err(failed)?;
        let sql = "INSERT INTO migration (number, serves, applied_at) VALUES ($1, $2, $3)";
        let (number, serves) = (i64::from(step.number), i64::from(step.serves));
        transaction.execute(sql, &[&number, &serves, &now.as_millisecond()]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        to = step.number;
    }
    Ok(Migrated { from, to })
}

async fn newest(client: &Client) -> Result<u32, StoreError> {
    let sql = "SELECT to_regclass('chartkeep.migration') IS NOT NULL";
    let is_there: bool = client.query_one(sql, &[]).await.map_err(failed)?.get(0);
    if !is_there {
        return Ok(0);
    }
    let sql = "SELECT coalesce(max(number), 0) FROM migration";
    let number: i64 = client.query_one(sql, &[]).await.map_err(failed)?.get(0);
    u32::try_from(number).map_err(|_| StoreError::Unreadable("a schema number out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_count_up_from_one_and_never_serve_who_does_not_know_them_yet() {
        for (place, step) in MIGRATIONS.iter().enumerate() {
            assert_eq!(step.number as usize, place + 1);
            assert!(step.serves <= step.number);
        }
        assert_eq!(MIGRATIONS.last().map(|step| step.number), Some(KNOWN));
    }
}
