//! Which recovery slots may still open, and which codes of theirs the server has still to be given.
//!
//! This list decides: a slot that is not in it opens nothing, whatever files and keyring items are put back.

use jiff::Timestamp;
use records::id::{PersonId, SlotId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension as _, Row, params};

use super::Device;
use crate::error::StoreError;
use crate::number;

/// Which of a person's recovery codes opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryPlace {
    /// The code at this place of the sheet, from 0 on.
    Sheet(u8),
    /// The code that the server holds, to be read out on the telephone.
    Telephone,
}

/// As which number [`RecoveryPlace::Telephone`] is stored.
const TELEPHONE: u8 = 255;

/// A recovery slot that may still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoverySlot {
    /// The slot.
    pub slot: SlotId,
    /// Which code opens it.
    pub place: RecoveryPlace,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whether the server holds its code.
    pub is_held: bool,
    /// Whether the server has read its code out.
    pub is_released: bool,
}

/// A code that the server has still to be given, sealed to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeToEscrow {
    /// The slot it opens.
    pub slot: SlotId,
    /// Whose it is.
    pub person: PersonId,
    /// The sealed code.
    pub sealed: Vec<u8>,
}

impl Device {
    /// A person's recovery slots, those of the sheet first.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn recovery_slots(&self, person: PersonId) -> Result<Vec<RecoverySlot>, StoreError> {
        let sql = "SELECT slot, place, made_at, length(escrow) = 0, released FROM recovery_slot
                   WHERE person = ?1 ORDER BY place";
        let mut statement = self.conn.prepare_cached(sql)?;
        let slots = statement.query_map([person.uuid().into_bytes()], recovery_slot)?;
        Ok(slots.collect::<Result<_, _>>()?)
    }

    /// The slot that a person's code at this place opens.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn recovery_slot(
        &self,
        person: PersonId,
        place: RecoveryPlace,
    ) -> Result<Option<SlotId>, StoreError> {
        let sql = "SELECT slot FROM recovery_slot WHERE person = ?1 AND place = ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let read = |row: &Row<'_>| number::uuid(row, 0).map(SlotId::from_uuid);
        Ok(statement.query_row(params![person.uuid().into_bytes(), place], read).optional()?)
    }

    /// Every slot that may still open, of whomever.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn all_recovery_slots(&self) -> Result<Vec<SlotId>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT slot FROM recovery_slot")?;
        let slots = statement.query_map([], |row| number::uuid(row, 0).map(SlotId::from_uuid))?;
        Ok(slots.collect::<Result<_, _>>()?)
    }

    /// Puts a new sheet in the place of the person's old one, in one commit. The slots stand in the order of their places.
    ///
    /// # Errors
    /// When `device.db` cannot be written; then the old sheet is good.
    pub fn replace_recovery_sheet(
        &mut self,
        person: PersonId,
        slots: &[SlotId],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            let person = person.uuid().into_bytes();
            tx.execute(
                "DELETE FROM recovery_slot WHERE person = ?1 AND place <> ?2",
                params![person, TELEPHONE],
            )?;
            for (place, slot) in (0..TELEPHONE).zip(slots) {
                tx.execute(
                    "INSERT INTO recovery_slot (person, place, slot, made_at) VALUES (?1, ?2, ?3, ?4)",
                    params![person, place, slot.uuid().into_bytes(), number::millis(at)],
                )?;
            }
            Ok(())
        })
    }

    /// Puts a new slot of the telephone in the place of the person's old one, with its code sealed to the server.
    ///
    /// # Errors
    /// When `device.db` cannot be written; then the old one is good.
    pub fn replace_telephone_slot(
        &mut self,
        person: PersonId,
        slot: SlotId,
        escrow: &[u8],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO recovery_slot (person, place, slot, made_at, escrow) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (person, place) DO UPDATE SET slot = ?3, made_at = ?4, escrow = ?5, released = 0";
        let (person, slot) = (person.uuid().into_bytes(), slot.uuid().into_bytes());
        self.conn.execute(sql, params![person, TELEPHONE, slot, number::millis(at), escrow])?;
        Ok(())
    }

    /// Uses a slot up, durably, before anything is shown; false when it was used up already.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn use_recovery_slot(&mut self, slot: SlotId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM recovery_slot WHERE slot = ?1";
        Ok(self.conn.execute(sql, [slot.uuid().into_bytes()])? == 1)
    }

    /// None of a person's recovery slots opens any more.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn drop_recovery_slots(&mut self, person: PersonId) -> Result<(), StoreError> {
        self.conn.execute("DELETE FROM recovery_slot WHERE person = ?1", [person.uuid().into_bytes()])?;
        Ok(())
    }

    /// The codes that the server has still to be given, at most `limit`.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn codes_to_escrow(&self, limit: u32) -> Result<Vec<CodeToEscrow>, StoreError> {
        let sql = "SELECT slot, person, escrow FROM recovery_slot WHERE length(escrow) > 0 LIMIT ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let codes = statement.query_map([limit], |row| {
            Ok(CodeToEscrow {
                slot: SlotId::from_uuid(number::uuid(row, 0)?),
                person: PersonId::from_uuid(number::uuid(row, 1)?),
                sealed: row.get(2)?,
            })
        })?;
        Ok(codes.collect::<Result<_, _>>()?)
    }

    /// The server holds these codes now, and these it has read out.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn note_escrow(&mut self, held: &[SlotId], released: &[SlotId]) -> Result<(), StoreError> {
        if held.is_empty() && released.is_empty() {
            return Ok(());
        }
        sqlcipher::immediate(&mut self.conn, |tx| {
            for slot in held {
                let sql = "UPDATE recovery_slot SET escrow = x'' WHERE slot = ?1";
                tx.execute(sql, [slot.uuid().into_bytes()])?;
            }
            for slot in released {
                let sql = "UPDATE recovery_slot SET released = 1 WHERE slot = ?1";
                tx.execute(sql, [slot.uuid().into_bytes()])?;
            }
            Ok(())
        })
    }
}

fn recovery_slot(row: &Row<'_>) -> rusqlite::Result<RecoverySlot> {
    Ok(RecoverySlot {
        slot: SlotId::from_uuid(number::uuid(row, 0)?),
        place: row.get(1)?,
        made_at: number::time(row, 2)?,
        is_held: row.get(3)?,
        is_released: row.get(4)?,
    })
}

impl ToSql for RecoveryPlace {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Sheet(place) => (*place).into(),
            Self::Telephone => TELEPHONE.into(),
        })
    }
}

impl FromSql for RecoveryPlace {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let stored = value.as_i64()?;
        let place = u8::try_from(stored).map_err(|_| FromSqlError::OutOfRange(stored))?;
        Ok(if place == TELEPHONE { Self::Telephone } else { Self::Sheet(place) })
    }
}
