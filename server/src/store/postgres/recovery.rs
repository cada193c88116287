//! Recovery codes in SQL.

use super::column::{Columns, millis, plain};
use super::{Params, StoreError, Work};
use crate::store::{RecoveryCodeRow, RecoveryCodes};
use jiff::Timestamp;
use records::id::{DeviceId, PersonId, SlotId};

impl RecoveryCodes for Work<'_> {
    fn put_recovery_code(&self, code: &RecoveryCodeRow) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO recovery_code (person, device, slot, code, received_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (person, device) DO UPDATE SET slot = $3, code = $4, received_at = $5,
            released_at = NULL, released_by = NULL, reason = NULL";
        let row: Params<'_> = &[
            &code.person.uuid(),
            &code.device.uuid(),
            &code.slot.uuid(),
            &code.sealed_code,
            &millis(code.received_at),
        ];
        self.send(sql, row)
    }

    fn recovery_code(
        &self,
        person: PersonId,
        device: DeviceId,
    ) -> Result<Option<RecoveryCodeRow>, StoreError> {
        let sql = "SELECT person, device, slot, code, received_at, released_at FROM recovery_code
            WHERE person = $1 AND device = $2";
        self.first(sql, &[&person.uuid(), &device.uuid()], code)
    }

    fn release_recovery_code(
        &self,
        slot: SlotId,
        by: PersonId,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE recovery_code SET code = NULL, released_at = $2, released_by = $3, reason = $4
            WHERE slot = $1";
        self.send(sql, &[&slot.uuid(), &millis(at), &by.uuid(), &plain(reason)])
    }

    fn forget_recovery_codes(&self, person: PersonId) -> Result<(), StoreError> {
        self.send("DELETE FROM recovery_code WHERE person = $1", &[&person.uuid()])
    }

    fn released_recovery_codes(&self, device: DeviceId) -> Result<Vec<SlotId>, StoreError> {
        let sql = "SELECT slot FROM recovery_code WHERE device = $1 AND released_at IS NOT NULL";
        self.all(sql, &[&device.uuid()], |row| Ok(SlotId::from_uuid(row.uuid(0)?)))
    }
}

fn code(row: &Columns<'_>) -> Result<RecoveryCodeRow, StoreError> {
    Ok(RecoveryCodeRow {
        person: PersonId::from_uuid(row.uuid(0)?),
        device: DeviceId::from_uuid(row.uuid(1)?),
        slot: SlotId::from_uuid(row.uuid(2)?),
        sealed_code: row.get(3)?,
        received_at: row.time(4)?,
        released_at: row.maybe_time(5)?,
    })
}
