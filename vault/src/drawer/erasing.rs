//! Taking a patient out of a drawer: the wrapped key and every row, the digest in step, in one commit.

use records::id::ChangeId;
use rusqlite::OptionalExtension as _;

use super::duplicate::delete_patient;
use super::{OpenDrawer, Writing};
use crate::error::StoreError;
use crate::number;

impl OpenDrawer {
    /// The changes of a patient whose envelopes lie here.
    pub(crate) fn envelopes_of(&self, patient: &str) -> Result<Vec<ChangeId>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT change FROM envelope WHERE ?1 IN (patient, also)")?;
        let changes = statement.query_map([patient], |row| number::uuid(row, 0).map(ChangeId::from_uuid))?;
        Ok(changes.collect::<Result<_, _>>()?)
    }
}

impl Writing<'_> {
    /// Deletes a patient's key and rows, and the drawer's own copies of envelopes; one who is not here is no error.
    pub(crate) fn erase(&mut self, patient: &str) -> Result<(), StoreError> {
        self.tx.execute("DELETE FROM envelope WHERE ?1 IN (patient, also)", [patient])?;
        let sql = "SELECT number FROM patient WHERE id = ?1";
        let number: Option<i64> = self.tx.query_row(sql, [patient], |row| row.get(0)).optional()?;
        let Some(number) = number else { return Ok(()) };
        let sql = "SELECT place, kind, id, revision FROM document WHERE patient = ?1";
        let mut statement = self.tx.prepare(sql)?;
        let mut rows = statement.query([number])?;
        while let Some(row) = rows.next()? {
            let key = format!("{}/{}", row.get::<_, String>(1)?, row.get::<_, String>(2)?);
            self.gone(row.get(0)?, &key, number::unsigned(row, 3)?);
        }
        drop(rows);
        self.compare_no_more(number)?;
        delete_patient(self.tx, number)
    }
}
