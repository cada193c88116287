//! What this workstation knows of a person's passphrase and phone: which number they have, and with what key here the
//! person signs a slot that was prepared elsewhere.

use records::id::PersonId;
use rusqlite::{OptionalExtension as _, params};

use super::Device;
use crate::error::StoreError;
use crate::number;

/// A person's passphrase and phone, as far as this workstation knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// Counts the person's passphrases and phones.
    pub number: u64,
    /// The Ed25519 public key that the person has here.
    pub signing_key: [u8; 32],
}

impl Device {
    /// What is known of a person; `None` before their first sign-in here.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn credential(&self, person: PersonId) -> Result<Option<Credential>, StoreError> {
        let sql = "SELECT number, signing_key FROM credential WHERE person = ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let read = statement.query_row([person.uuid().into_bytes()], |row| {
            Ok(Credential { number: number::unsigned(row, 0)?, signing_key: row.get(1)? })
        });
        Ok(read.optional()?)
    }

    /// Notes the key that a person has here, who has just signed in.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn note_signing_key(&mut self, person: PersonId, key: [u8; 32]) -> Result<(), StoreError> {
        let sql = "INSERT INTO credential (person, number, signing_key) VALUES (?1, 0, ?2)
                   ON CONFLICT (person) DO UPDATE SET signing_key = excluded.signing_key
                   WHERE signing_key <> excluded.signing_key";
        self.conn.execute(sql, params![person.uuid().into_bytes(), key])?;
        Ok(())
    }

    /// Notes the number of what a person signs in with here from now on, and the key they have here. Never a lower one.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn note_credential(&mut self, person: PersonId, credential: &Credential) -> Result<(), StoreError> {
        let sql = "INSERT INTO credential (person, number, signing_key) VALUES (?1, ?2, ?3)
                   ON CONFLICT (person) DO UPDATE
                   SET number = max(number, excluded.number), signing_key = excluded.signing_key";
        let row =
            params![person.uuid().into_bytes(), number::stored(credential.number), credential.signing_key];
        self.conn.execute(sql, row)?;
        Ok(())
    }
}
