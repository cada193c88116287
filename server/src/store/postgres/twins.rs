//! Twins and prepared slots in SQL.

use super::column::count;
use super::{Params, StoreError, Work};
use crate::store::{PreparedRow, TwinRow, Twins};
use records::id::{DeviceId, PersonId};

impl Twins for Work<'_> {
    fn put_twin(&self, twin: &TwinRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO twin (person, of_device, on_device, bytes) VALUES ($1, $2, $3, $4)
            ON CONFLICT (person, of_device, on_device) DO UPDATE SET bytes = $4";
        let row: Params<'_> = &[&twin.person.uuid(), &twin.of.uuid(), &twin.on.uuid(), &twin.bytes];
        self.send(sql, row)
    }

    fn twin(&self, person: PersonId, of: DeviceId, on: DeviceId) -> Result<Option<TwinRow>, StoreError> {
        let sql = "SELECT bytes FROM twin WHERE person = $1 AND of_device = $2 AND on_device = $3";
        let row: Params<'_> = &[&person.uuid(), &of.uuid(), &on.uuid()];
        self.first(sql, row, |row| Ok(TwinRow { person, of, on, bytes: row.get(0)? }))
    }

    fn put_prepared(&self, prepared: &PreparedRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO prepared_slot (person, device, number, bytes) VALUES ($1, $2, $3, $4)
            ON CONFLICT (person, device) DO UPDATE SET number = $3, bytes = $4";
        let row: Params<'_> =
            &[&prepared.person.uuid(), &prepared.device.uuid(), &count(prepared.number), &prepared.bytes];
        self.send(sql, row)
    }

    fn prepared(&self, device: DeviceId, at_most: u32) -> Result<Vec<PreparedRow>, StoreError> {
        let sql =
            "SELECT person, number, bytes FROM prepared_slot WHERE device = $1 ORDER BY person LIMIT $2";
        self.all(sql, &[&device.uuid(), &i64::from(at_most)], |row| {
            Ok(PreparedRow {
                person: PersonId::from_uuid(row.uuid(0)?),
                device,
                number: row.number(1)?,
                bytes: row.get(2)?,
            })
        })
    }

    fn forget_prepared(&self, person: PersonId, device: DeviceId, number: u64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM prepared_slot WHERE person = $1 AND device = $2 AND number <= $3";
        let row: Params<'_> = &[&person.uuid(), &device.uuid(), &count(number)];
        Ok(self.run(sql, row)? == 1)
    }

    fn forget_keys_on(&self, person: PersonId, device: DeviceId) -> Result<(), StoreError> {
        let (person, device) = (person.uuid(), device.uuid());
        let sql = "DELETE FROM twin WHERE person = $1 AND (of_device = $2 OR on_device = $2)";
        self.send(sql, &[&person, &device])?;
        self.send("DELETE FROM prepared_slot WHERE person = $1 AND device = $2", &[&person, &device])
    }

    fn forget_twins_of(&self, person: PersonId) -> Result<(), StoreError> {
        let person = person.uuid();
        self.send("DELETE FROM twin WHERE person = $1", &[&person])?;
        self.send("DELETE FROM prepared_slot WHERE person = $1", &[&person])
    }

    fn forget_twins_on(&self, device: DeviceId) -> Result<(), StoreError> {
        let device = device.uuid();
        self.send("DELETE FROM twin WHERE of_device = $1 OR on_device = $1", &[&device])?;
        self.send("DELETE FROM prepared_slot WHERE device = $1", &[&device])
    }
}
