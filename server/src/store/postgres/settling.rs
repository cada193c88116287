//! Writing anew the pages that held what was deleted, as the owner of the tables.

use super::failed;
use super::opening::{connect, connections};
use crate::database::Database;
use crate::error::Failure;

/// The tables that hold what records say.
const TABLES: [&str; 6] = ["data_key", "version", "search_index", "change", "conflict", "relation"];

/// Writes every table that holds something of records into a new file, without what was deleted, one after the other; each
/// is closed to servers meanwhile. What lies in PostgreSQL's log and in backups is not reached from here.
///
/// # Errors
/// When the database cannot be reached, the role does not own the tables, or one is in use for too long.
pub fn settle(database: &Database) -> Result<(), Failure> {
    let connection = connect(&connections(database)?)?;
    let run = |sql: &str| connection.wait(connection.client.batch_execute(sql)).map_err(failed);
    // As long as it takes, once a table is free.
    run("SET statement_timeout = 0")?;
    for table in TABLES {
        run(&format!("VACUUM (FULL, ANALYZE) {table}"))?;
    }
    Ok(())
}
