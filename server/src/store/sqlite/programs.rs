//! Programs in SQL.

use super::column::{Columns, millis};
use super::{StoreError, Work};
use crate::store::{ProgramRow, Programs};
use jiff::Timestamp;
use records::id::PersonId;
use sqlcipher::rusqlite::params;

const PROGRAM: &str = "SELECT id, name, scopes, jwks, added_at, admitted_at, ended_at FROM program";

impl Programs for Work<'_> {
    fn insert_program(&self, program: &ProgramRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO program (id, name, scopes, jwks, added_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![
            program.id.uuid().into_bytes(),
            program.name,
            program.scopes,
            program.jwks,
            millis(program.added_at)
        ];
        self.run(sql, row)?;
        Ok(())
    }

    fn program(&self, id: PersonId) -> Result<Option<ProgramRow>, StoreError> {
        self.first(&format!("{PROGRAM} WHERE id = ?1"), params![id.uuid().into_bytes()], program)
    }

    fn programs(&self) -> Result<Vec<ProgramRow>, StoreError> {
        self.all(&format!("{PROGRAM} ORDER BY added_at, id"), [], program)
    }

    fn admit_program(&self, id: PersonId, at: Timestamp) -> Result<(), StoreError> {
        let sql =
            "UPDATE program SET admitted_at = ?2 WHERE id = ?1 AND admitted_at IS NULL AND ended_at IS NULL";
        self.run(sql, params![id.uuid().into_bytes(), millis(at)])?;
        Ok(())
    }

    fn end_program(&self, id: PersonId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE program SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL";
        Ok(self.run(sql, params![id.uuid().into_bytes(), millis(at)])? == 1)
    }

    fn use_assertion(&self, id: &[u8; 32], until: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO attempt (id, kind, device, state, expires_at) VALUES (?1, 'assertion', zeroblob(16), x'', ?2)
            ON CONFLICT (id) DO NOTHING";
        Ok(self.run(sql, params![id, millis(until)])? == 1)
    }
}

fn program(row: &Columns<'_, '_>) -> Result<ProgramRow, StoreError> {
    Ok(ProgramRow {
        id: PersonId::from_uuid(row.uuid(0)?),
        name: row.get(1)?,
        scopes: row.get(2)?,
        jwks: row.get(3)?,
        added_at: row.time(4)?,
        admitted_at: row.maybe_time(5)?,
        ended_at: row.maybe_time(6)?,
    })
}
