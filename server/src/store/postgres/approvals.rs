//! What needs two people, in SQL.

use super::column::{Columns, count, millis};
use super::{Params, StoreError, Work};
use crate::store::{Act, ApprovalRow, Approvals, NewApproval};
use jiff::Timestamp;
use records::id::{PatientId, PersonId};

const APPROVAL: &str =
    "SELECT number, act, subject, asked_by, asked_at, expires_at, approved_by, approved_at,
    reason FROM approval";

impl Approvals for Work<'_> {
    fn insert_approval(&self, new: &NewApproval) -> Result<u64, StoreError> {
        let sql = "INSERT INTO approval (act, subject, reason, asked_by, asked_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING number";
        let row: Params<'_> = &[
            &new.act.as_str(),
            &new.act.subject(),
            &new.act.reason(),
            &new.asked_by.uuid(),
            &millis(new.asked_at),
            &millis(new.expires_at),
        ];
        self.run_first(sql, row, |row| row.number(0))?
            .ok_or(StoreError::Unreadable("an approval without a number"))
    }

    fn approval(&self, number: u64) -> Result<Option<ApprovalRow>, StoreError> {
        self.first(&format!("{APPROVAL} WHERE number = $1"), &[&count(number)], approval)
    }

    fn waiting_approvals(&self, at: Timestamp) -> Result<Vec<ApprovalRow>, StoreError> {
        let sql = format!("{APPROVAL} WHERE approved_by IS NULL AND expires_at > $1 ORDER BY number");
        self.all(&sql, &[&millis(at)], approval)
    }

    fn approve(&self, number: u64, by: PersonId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE approval SET approved_by = $2, approved_at = $3
            WHERE number = $1 AND approved_by IS NULL AND expires_at > $3 AND asked_by <> $2";
        Ok(self.run(sql, &[&count(number), &by.uuid(), &millis(at)])? == 1)
    }

    fn end_waiting_erasure(&self, patient: &PatientId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE approval SET expires_at = $2 WHERE act = 'patient-erasure' AND subject = $1
            AND approved_by IS NULL AND expires_at > $2";
        self.send(sql, &[&patient.as_str(), &millis(at)])
    }
}

fn approval(row: &Columns<'_>) -> Result<ApprovalRow, StoreError> {
    let act = Act::named(&row.get::<String>(1)?, &row.get::<String>(2)?, &row.get::<String>(8)?);
    let by = row.maybe_uuid(6)?.map(PersonId::from_uuid);
    Ok(ApprovalRow {
        number: row.number(0)?,
        act: act.ok_or(StoreError::Unreadable("an act that is none of ours"))?,
        asked_by: PersonId::from_uuid(row.uuid(3)?),
        asked_at: row.time(4)?,
        expires_at: row.time(5)?,
        approved: by.zip(row.maybe_time(7)?),
    })
}
