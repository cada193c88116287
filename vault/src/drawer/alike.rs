//! Which patients of a drawer are to be compared with the others, and what came of it: numbers alone.

use rusqlite::{Connection, params};

use super::{OpenDrawer, Writing};
use crate::error::StoreError;
use crate::number;

/// What is noted of two patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alike {
    /// All that is known agrees.
    Certain,
    /// A person should look.
    Likely,
    /// Somebody said that they are two people.
    Apart,
}

impl Alike {
    const fn as_str(self) -> &'static str {
        match self {
            Alike::Certain => "certain",
            Alike::Likely => "likely",
            Alike::Apart => "apart",
        }
    }
}

/// What a comparison found: the other patient's number, and how alike.
pub(crate) type Found = (i64, Alike);

impl OpenDrawer {
    /// Patients who are to be compared.
    pub(crate) fn to_compare(&self, most: u32) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT patient FROM to_compare LIMIT ?1")?;
        let numbers = statement.query_map([most], |row| row.get(0))?;
        Ok(numbers.collect::<Result<_, _>>()?)
    }

    /// Notes what came of comparing patients, in one commit, in the place of what was known of them.
    pub(crate) fn note_compared(&mut self, compared: &[(i64, Vec<Found>)]) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            for (patient, found) in compared {
                forget_alike(tx, *patient)?;
                for (other, alike) in found {
                    let sql = "INSERT OR REPLACE INTO alike (patient, other, state)
                               VALUES (?1, ?2, ?3), (?2, ?1, ?3)";
                    tx.prepare_cached(sql)?.execute(params![patient, other, alike.as_str()])?;
                }
                tx.prepare_cached("DELETE FROM to_compare WHERE patient = ?1")?.execute([patient])?;
            }
            Ok(())
        })
    }

    /// Pairs that were found, each once: those that are open, the likeliest first, or those that were told apart.
    pub(crate) fn alike_pairs(&self, are_apart: bool, most: usize) -> Result<Vec<(i64, i64)>, StoreError> {
        let sql = "SELECT patient, other FROM alike WHERE patient < other AND (state = 'apart') = ?1
                   ORDER BY state, patient, other LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let pairs = statement.query_map(params![are_apart, most], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(pairs.collect::<Result<_, _>>()?)
    }

    /// How many pairs are open.
    pub(crate) fn count_alike(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM alike WHERE patient < other AND state <> 'apart'";
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| number::unsigned(row, 0))?)
    }

    /// Patients that a full-text expression finds, whoever may see them.
    pub(crate) fn matches(&self, expression: &str, most: usize) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT rowid FROM patient_index WHERE patient_index MATCH ?1 LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let numbers = statement.query_map(params![expression, most], |row| row.get(0))?;
        Ok(numbers.collect::<Result<_, _>>()?)
    }
}

impl Writing<'_> {
    /// A patient's own record is another one now.
    pub(super) fn compare_again(&self, patient: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO to_compare (patient) VALUES (?1) ON CONFLICT DO NOTHING";
        self.tx.prepare_cached(sql)?.execute([patient])?;
        Ok(())
    }

    /// It is gone.
    pub(super) fn compare_no_more(&self, patient: i64) -> Result<(), StoreError> {
        self.tx.prepare_cached("DELETE FROM to_compare WHERE patient = ?1")?.execute([patient])?;
        Ok(forget_alike(self.tx, patient)?)
    }
}

/// Forgets every pair of a patient, both ways.
pub(super) fn forget_alike(conn: &Connection, patient: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM alike WHERE other = ?1
               AND patient IN (SELECT other FROM alike WHERE patient = ?1)";
    conn.prepare_cached(sql)?.execute([patient])?;
    conn.prepare_cached("DELETE FROM alike WHERE patient = ?1")?.execute([patient])?;
    Ok(())
}
