//! Patients that were erased by order, and which drawers still have to be written anew because of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use records::Drawer;
use records::id::{ChangeId, PatientId};
use rusqlite::params;

use super::Device;
use crate::durable;
use crate::error::StoreError;
use crate::number;

impl Device {
    /// Takes in the order to erase a patient, durably: from now on nothing of them is taken in again, and every drawer that
    /// was made here is due to be written anew. Harmless when it was taken in before.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn erase_patient(&mut self, patient: &PatientId, now: Timestamp) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            let sql =
                "INSERT INTO erased_patient (patient, ordered_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            if tx.execute(sql, params![patient.as_str(), number::millis(now)])? == 1 {
                let sql = "INSERT INTO erasure_due (drawer, patient) SELECT drawer, ?1 FROM drawer_file";
                tx.execute(sql, [patient.as_str()])?;
            }
            Ok(())
        })
    }

    /// Whether a patient was erased.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn is_erased(&self, patient: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM erased_patient WHERE patient = ?1)";
        Ok(self.conn.prepare_cached(sql)?.query_row([patient], |row| row.get(0))?)
    }

    /// Every patient that was erased.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn erased_patients(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT patient FROM erased_patient")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The drawers that have to be written anew.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn erasures_due(&self) -> Result<BTreeSet<Drawer>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT DISTINCT drawer FROM erasure_due")?;
        Ok(statement.query_map([], |row| number::text(row, 0))?.collect::<Result<_, _>>()?)
    }

    /// Whether nothing of an erased patient is left here: every drawer was written anew, and each change of theirs has its
    /// answer. Copies of changes that have one are removed from `outbox/`.
    ///
    /// # Errors
    /// When `device.db` cannot be read, or a file cannot be removed.
    pub fn is_erasure_done(&mut self, patient: &PatientId) -> Result<bool, StoreError> {
        let mut waits = false;
        for (change, open) in self.changes_of(patient)? {
            if open {
                waits = true;
            } else {
                durable::remove(&self.folder.envelope_file(change))?;
            }
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM erasure_due WHERE patient = ?1)";
        let due: bool = self.conn.prepare_cached(sql)?.query_row([patient.as_str()], |row| row.get(0))?;
        Ok(!waits && !due)
    }

    /// The changes of a patient that were made here, each with whether it still waits for an answer.
    pub(crate) fn changes_of(&self, patient: &PatientId) -> Result<Vec<(ChangeId, bool)>, StoreError> {
        let sql = "SELECT change, state IN ('intended', 'waiting') FROM outbox WHERE ?1 IN (patient, also)";
        let mut statement = self.conn.prepare_cached(sql)?;
        let changes = statement.query_map([patient.as_str()], |row| {
            Ok((ChangeId::from_uuid(number::uuid(row, 0)?), row.get(1)?))
        })?;
        Ok(changes.collect::<Result<_, _>>()?)
    }

    /// Rows of an erased patient were found in a drawer: it has to be written anew.
    pub(crate) fn erasure_is_due(&mut self, drawer: Drawer, patient: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO erasure_due (drawer, patient) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.conn.execute(sql, params![drawer.as_str(), patient])?;
        Ok(())
    }

    /// A drawer lies in another file from now on, which holds none of the erased patients: the one commit that counts.
    pub(crate) fn drawer_rewritten(
        &mut self,
        drawer: Drawer,
        generation: u32,
        copy: u32,
    ) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            let sql = "UPDATE drawer_file SET generation = ?2, copy = ?3 WHERE drawer = ?1";
            tx.execute(sql, params![drawer.as_str(), generation, copy])?;
            tx.execute("DELETE FROM erasure_due WHERE drawer = ?1", [drawer.as_str()])?;
            Ok(())
        })
    }
}
