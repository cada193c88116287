//! Half-done sign-ins and sessions in SQL.

use super::column::millis;
use super::{StoreError, Work};
use crate::store::{AttemptKind, AttemptRow, SessionRow, Sessions};
use jiff::Timestamp;
use records::id::{DeviceId, PersonId, SessionId};

impl Sessions for Work<'_> {
    fn insert_attempt(&self, attempt: &AttemptRow) -> Result<(), StoreError> {
        let person = attempt.person.map(|person| person.uuid());
        self.send(
            "INSERT INTO attempt (id, kind, device, person, state, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[&attempt.id, &attempt.kind.as_str(), &attempt.device.uuid(), &person, &attempt.state, &millis(attempt.expires_at)],
        )
    }

    fn take_attempt(
        &self,
        id: &[u8; 32],
        kind: AttemptKind,
        device: DeviceId,
    ) -> Result<Option<AttemptRow>, StoreError> {
        let sql = "DELETE FROM attempt WHERE id = $1 AND kind = $2 AND device = $3
            RETURNING person, state, expires_at";
        self.run_first(sql, &[&id, &kind.as_str(), &device.uuid()], |row| {
            Ok(AttemptRow {
                id: *id,
                kind,
                device,
                person: row.maybe_uuid(0)?.map(PersonId::from_uuid),
                state: row.get(1)?,
                expires_at: row.time(2)?,
            })
        })
    }

    fn insert_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        self.send(
            "INSERT INTO session (token, id, person, device, certificate, expires_at, scopes) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[&session.token, &session.id.uuid(), &session.person.uuid(), &session.device.uuid(), &session.certificate, &millis(session.expires_at), &session.scopes],
        )
    }

    fn session(&self, token: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let sql = "SELECT id, person, device, certificate, expires_at, scopes FROM session WHERE token = $1";
        self.first(sql, &[&token], |row| {
            Ok(SessionRow {
                token: *token,
                id: SessionId::from_uuid(row.uuid(0)?),
                person: PersonId::from_uuid(row.uuid(1)?),
                device: DeviceId::from_uuid(row.uuid(2)?),
                certificate: row.bytes(3)?,
                expires_at: row.time(4)?,
                scopes: row.get(5)?,
            })
        })
    }

    fn end_sessions_of(&self, person: PersonId) -> Result<(), StoreError> {
        self.send("DELETE FROM session WHERE person = $1", &[&person.uuid()])
    }

    fn purge_expired(&self, at: Timestamp) -> Result<(), StoreError> {
        self.send("DELETE FROM attempt WHERE expires_at <= $1", &[&millis(at)])?;
        self.send("DELETE FROM session WHERE expires_at <= $1", &[&millis(at)])
    }
}
