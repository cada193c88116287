//! Programs in SQL.

use super::Params;
use super::asking::Work;
use super::column::{Columns, millis, plain};
use crate::store::{ProgramRow, Programs, StoreError};
use ::records::id::PersonId;
use jiff::Timestamp;

const PROGRAM: &str = "SELECT id, name, scopes, jwks, added_at, admitted_at, ended_at FROM program";

impl Programs for Work<'_> {
    fn insert_program(&self, program: &ProgramRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO program (id, name, scopes, jwks, added_at) VALUES ($1, $2, $3, $4, $5)";
        let row: Params<'_> = &[
            &program.id.uuid(),
            &plain(&program.name),
            &program.scopes,
            &program.jwks,
            &millis(program.added_at),
        ];
        self.send(sql, row)
    }

    fn program(&self, id: PersonId) -> Result<Option<ProgramRow>, StoreError> {
        self.first(&format!("{PROGRAM} WHERE id = $1"), &[&id.uuid()], program)
    }

    fn programs(&self) -> Result<Vec<ProgramRow>, StoreError> {
        self.all(&format!("{PROGRAM} ORDER BY added_at, id"), &[], program)
    }

    fn admit_program(&self, id: PersonId, at: Timestamp) -> Result<(), StoreError> {
        let sql =
            "UPDATE program SET admitted_at = $2 WHERE id = $1 AND admitted_at IS NULL AND ended_at IS NULL";
        self.send(sql, &[&id.uuid(), &millis(at)])
    }

    fn end_program(&self, id: PersonId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE program SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
        Ok(self.run(sql, &[&id.uuid(), &millis(at)])? == 1)
    }

    fn use_assertion(&self, id: &[u8; 32], until: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO attempt (id, kind, device, state, expires_at) VALUES ($1, 'assertion', '00000000-0000-0000-0000-000000000000', '', $2)
            ON CONFLICT (id) DO NOTHING";
        Ok(self.run(sql, &[&id, &millis(until)])? == 1)
    }
}

fn program(row: &Columns<'_>) -> Result<ProgramRow, StoreError> {
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
