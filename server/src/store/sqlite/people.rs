//! People in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::{ActivationRow, NewPerson, People, PersonKeyRow, PersonRow, RelationRow, ThrottleRow};
use jiff::Timestamp;
use keys::{AgreementPublic, VerifyingKey};
use records::Role;
use records::id::{DeviceId, PatientId, PersonId, PracticeId};
use sqlcipher::rusqlite::params;

const PERSON: &str = "SELECT id, practice, username, name, opaque, seed, signed_in_at, ended_at, credential
    FROM person";
const KEY: &str = "SELECT person, device, signing_key, agreement_key, since_at, until_at FROM person_key";

impl People for Work<'_> {
    fn insert_person(&self, person: &NewPerson) -> Result<bool, StoreError> {
        let sql = "INSERT INTO person (id, practice, username, name, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO NOTHING";
        let row = params![
            person.id.uuid().into_bytes(),
            person.practice.uuid().into_bytes(),
            person.username,
            person.name,
            millis(person.made_at)
        ];
        Ok(self.run(sql, row)? == 1)
    }

    fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.first(&format!("{PERSON} WHERE id = ?1"), params![id.uuid().into_bytes()], person)
    }

    fn person_named(&self, username: &str) -> Result<Option<PersonRow>, StoreError> {
        self.first(&format!("{PERSON} WHERE username = ?1"), params![username], person)
    }

    fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.all(&format!("{PERSON} ORDER BY made_at, id"), [], person)
    }

    fn set_credentials(&self, person: PersonId, opaque: &[u8], sealed_seed: &[u8]) -> Result<(), StoreError> {
        let sql = "UPDATE person SET opaque = ?2, seed = ?3, credential = credential + 1 WHERE id = ?1";
        self.run(sql, params![person.uuid().into_bytes(), opaque, sealed_seed])?;
        Ok(())
    }

    fn forget_passphrase(&self, person: PersonId) -> Result<(), StoreError> {
        self.run("UPDATE person SET opaque = NULL WHERE id = ?1", params![person.uuid().into_bytes()])?;
        Ok(())
    }

    fn note_sign_in(&self, person: PersonId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE person SET signed_in_at = ?2 WHERE id = ?1";
        self.run(sql, params![person.uuid().into_bytes(), millis(at)])?;
        Ok(())
    }

    fn throttle(&self, name: &[u8; 32]) -> Result<Option<ThrottleRow>, StoreError> {
        let sql = "SELECT failures, not_before FROM throttle WHERE name = ?1";
        self.first(sql, params![name], |row| {
            Ok(ThrottleRow { failures: row.small(0)?, not_before: row.time(1)? })
        })
    }

    fn set_throttle(&self, name: &[u8; 32], throttle: Option<ThrottleRow>) -> Result<(), StoreError> {
        match throttle {
            Some(throttle) => {
                let sql = "INSERT INTO throttle (name, failures, not_before) VALUES (?1, ?2, ?3)
                    ON CONFLICT (name) DO UPDATE SET failures = ?2, not_before = ?3";
                self.run(sql, params![name, throttle.failures, millis(throttle.not_before)])?;
            }
            None => {
                self.run("DELETE FROM throttle WHERE name = ?1", params![name])?;
            }
        }
        Ok(())
    }

    fn end_person(&self, person: PersonId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE person SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL";
        Ok(self.run(sql, params![person.uuid().into_bytes(), millis(at)])? == 1)
    }

    fn roles(&self, person: PersonId, at: Timestamp) -> Result<Vec<Role>, StoreError> {
        let sql = "SELECT DISTINCT role FROM role_grant
            WHERE person = ?1 AND since_at <= ?2 AND (until_at IS NULL OR until_at > ?2) ORDER BY role";
        self.all(sql, params![person.uuid().into_bytes(), millis(at)], |row| row.parsed(0))
    }

    fn insert_role(&self, person: PersonId, role: Role, since: Timestamp) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO role_grant (person, role, since_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.run(sql, params![person.uuid().into_bytes(), role.as_str(), millis(since)])?;
        Ok(())
    }

    fn end_role(&self, person: PersonId, role: Role, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE role_grant SET until_at = ?3 WHERE person = ?1 AND role = ?2 AND until_at IS NULL";
        self.run(sql, params![person.uuid().into_bytes(), role.as_str(), millis(at)])?;
        Ok(())
    }

    fn end_roles(&self, person: PersonId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE role_grant SET until_at = ?2 WHERE person = ?1 AND until_at IS NULL";
        self.run(sql, params![person.uuid().into_bytes(), millis(at)])?;
        Ok(())
    }

    fn set_activation(&self, person: PersonId, activation: &ActivationRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO activation (person, code, expires_at, failures) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (person) DO UPDATE SET code = ?2, expires_at = ?3, failures = ?4";
        let row = params![
            person.uuid().into_bytes(),
            activation.code,
            millis(activation.expires_at),
            activation.failures
        ];
        self.run(sql, row)?;
        Ok(())
    }

    fn activation(&self, person: PersonId) -> Result<Option<ActivationRow>, StoreError> {
        let sql = "SELECT code, expires_at, failures FROM activation WHERE person = ?1";
        self.first(sql, params![person.uuid().into_bytes()], |row| {
            Ok(ActivationRow { code: row.get(0)?, expires_at: row.time(1)?, failures: row.small(2)? })
        })
    }

    fn end_activation(&self, person: PersonId) -> Result<(), StoreError> {
        self.run("DELETE FROM activation WHERE person = ?1", params![person.uuid().into_bytes()])?;
        Ok(())
    }

    fn person_key(&self, person: PersonId, device: DeviceId) -> Result<Option<PersonKeyRow>, StoreError> {
        let sql = format!("{KEY} WHERE person = ?1 AND device = ?2 AND until_at IS NULL");
        self.first(&sql, params![person.uuid().into_bytes(), device.uuid().into_bytes()], key)
    }

    fn person_keys(&self, person: PersonId, device: DeviceId) -> Result<Vec<PersonKeyRow>, StoreError> {
        let sql = format!("{KEY} WHERE person = ?1 AND device = ?2 ORDER BY since_at DESC");
        self.all(&sql, params![person.uuid().into_bytes(), device.uuid().into_bytes()], key)
    }

    fn people_on(&self, device: DeviceId) -> Result<Vec<PersonId>, StoreError> {
        let sql = "SELECT person FROM person_key WHERE device = ?1 AND until_at IS NULL ORDER BY person";
        self.all(sql, params![device.uuid().into_bytes()], |row| Ok(PersonId::from_uuid(row.uuid(0)?)))
    }

    fn set_person_key(&self, key: &PersonKeyRow) -> Result<(), StoreError> {
        let (person, device) = (key.person.uuid(), key.device.uuid());
        let end =
            "UPDATE person_key SET until_at = ?3 WHERE person = ?1 AND device = ?2 AND until_at IS NULL";
        self.run(end, params![person.into_bytes(), device.into_bytes(), millis(key.since)])?;
        // Two sign-ins within one millisecond: the later one counts.
        let sql = "INSERT INTO person_key (person, device, since_at, signing_key, agreement_key)
            VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (person, device, since_at)
            DO UPDATE SET signing_key = ?4, agreement_key = ?5, until_at = NULL";
        let row = params![
            person.into_bytes(),
            device.into_bytes(),
            millis(key.since),
            key.signing_key.to_bytes(),
            key.agreement_key.to_bytes()
        ];
        self.run(sql, row)?;
        Ok(())
    }

    fn use_step(&self, person: PersonId, device: DeviceId, step: u64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO used_step (person, step, device) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        Ok(self.run(sql, params![person.uuid().into_bytes(), count(step), device.uuid().into_bytes()])? == 1)
    }

    fn step_used_elsewhere(&self, person: PersonId, device: DeviceId, step: u64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM used_step WHERE person = ?1 AND step = ?2 AND device <> ?3";
        let row = params![person.uuid().into_bytes(), count(step), device.uuid().into_bytes()];
        Ok(self.first(sql, row, |_| Ok(()))?.is_some())
    }

    fn insert_relation(&self, relation: &RelationRow) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO relation (person, patient, since_at, until_at, source) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (person, patient, since_at) DO UPDATE SET until_at = max(until_at, ?4)";
        let row = params![
            relation.person.uuid().into_bytes(),
            relation.patient.as_str(),
            millis(relation.since),
            millis(relation.until),
            relation.source
        ];
        self.run(sql, row)?;
        Ok(())
    }

    fn relation_until(
        &self,
        person: PersonId,
        patient: &PatientId,
        at: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT max(until_at) FROM relation
            WHERE person = ?1 AND patient = ?2 AND since_at <= ?3 AND until_at > ?3";
        let row = params![person.uuid().into_bytes(), patient.as_str(), millis(at)];
        Ok(self.first(sql, row, |row| row.maybe_time(0))?.flatten())
    }
}

fn person(row: &Columns<'_, '_>) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        id: PersonId::from_uuid(row.uuid(0)?),
        practice: PracticeId::from_uuid(row.uuid(1)?),
        username: row.get(2)?,
        name: row.get(3)?,
        opaque: row.get(4)?,
        sealed_seed: row.get(5)?,
        signed_in_at: row.maybe_time(6)?,
        ended_at: row.maybe_time(7)?,
        credential: row.number(8)?,
    })
}

fn key(row: &Columns<'_, '_>) -> Result<PersonKeyRow, StoreError> {
    let signing_key = VerifyingKey::from_bytes(row.get(2)?);
    Ok(PersonKeyRow {
        person: PersonId::from_uuid(row.uuid(0)?),
        device: DeviceId::from_uuid(row.uuid(1)?),
        signing_key: signing_key.map_err(|_| StoreError::Unreadable("a signing key"))?,
        agreement_key: AgreementPublic::from_bytes(row.get(3)?),
        since: row.time(4)?,
        until: row.maybe_time(5)?,
    })
}
