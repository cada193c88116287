//! Practice and workstations in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::{
    CertificateRow, DeviceRow, Devices, DirectiveRow, GrantRow, NewDevice, PracticeRow, ReportRow, TokenRow,
};
use jiff::Timestamp;
use keys::{AgreementPublic, VerifyingKey};
use records::Drawer;
use records::id::{DeviceId, LogId, PersonId, PracticeId};
use sqlcipher::rusqlite::params;

const DEVICE: &str = "SELECT id, practice, label, certificate, renewing, checkpoint_key, agreement_key, log,
    directives_done, enrolled_at, contact_at, revoked_at, directives_since, may_link, certificate_until, renewing_until,
    program, system, disk, swap, unsent_changes, unsent_events FROM device";

impl Devices for Work<'_> {
    fn practice(&self) -> Result<PracticeRow, StoreError> {
        let sql = "SELECT id, name, host, node, log, trust, trust_number, made_at FROM practice";
        self.first(sql, [], |row| {
            Ok(PracticeRow {
                id: PracticeId::from_uuid(row.uuid(0)?),
                name: row.get(1)?,
                host: row.get(2)?,
                node: DeviceId::from_uuid(row.uuid(3)?),
                log: LogId::from_uuid(row.uuid(4)?),
                trust: row.get(5)?,
                trust_number: row.number(6)?,
                made_at: row.time(7)?,
            })
        })?
        .ok_or(StoreError::Unreadable("a store without a practice"))
    }

    fn insert_practice(&self, practice: &PracticeRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO practice (id, name, host, node, log, trust, trust_number, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                practice.id.uuid().into_bytes(),
                practice.name,
                practice.host,
                practice.node.uuid().into_bytes(),
                practice.log.uuid().into_bytes(),
                practice.trust,
                count(practice.trust_number),
                millis(practice.made_at)
            ],
        )?;
        Ok(())
    }

    fn set_trust(&self, trust: &str, number: u64) -> Result<(), StoreError> {
        self.run("UPDATE practice SET trust = ?1, trust_number = ?2", params![trust, count(number)])?;
        Ok(())
    }

    fn policy(&self) -> Result<Option<String>, StoreError> {
        Ok(self.first("SELECT policy FROM practice", [], |row| row.get(0))?.flatten())
    }

    fn set_policy(&self, json: &str) -> Result<(), StoreError> {
        self.run("UPDATE practice SET policy = ?1", params![json])?;
        Ok(())
    }

    fn insert_token(&self, token: &TokenRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO enrolment_token (hash, label, expires_at, device) VALUES (?1, ?2, ?3, ?4)",
            params![
                token.hash,
                token.label,
                millis(token.expires_at),
                token.device.map(|device| device.uuid().into_bytes())
            ],
        )?;
        Ok(())
    }

    fn token(&self, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let sql = "SELECT hash, label, expires_at, used_by, device FROM enrolment_token WHERE hash = ?1";
        self.first(sql, params![hash], |row| {
            Ok(TokenRow {
                hash: row.get(0)?,
                label: row.get(1)?,
                expires_at: row.time(2)?,
                device: row.maybe_uuid(4)?.map(DeviceId::from_uuid),
                used_by: row.maybe_uuid(3)?.map(DeviceId::from_uuid),
            })
        })
    }

    fn use_token(&self, hash: &[u8; 32], by: DeviceId) -> Result<bool, StoreError> {
        let sql = "UPDATE enrolment_token SET used_by = ?2 WHERE hash = ?1 AND used_by IS NULL";
        Ok(self.run(sql, params![hash, by.uuid().into_bytes()])? == 1)
    }

    fn insert_device(&self, device: &NewDevice) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO device (id, practice, label, certificate, checkpoint_key, agreement_key, escrow, enrolled_at,
                contact_at, certificate_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)",
            params![
                device.id.uuid().into_bytes(),
                device.practice.uuid().into_bytes(),
                device.label,
                device.certificate.fingerprint,
                device.checkpoint_key.to_bytes(),
                device.agreement_key.to_bytes(),
                device.escrow,
                millis(device.enrolled_at),
                millis(device.certificate.until)
            ],
        )?;
        Ok(())
    }

    fn enrol_again(&self, device: &NewDevice) -> Result<(), StoreError> {
        let (id, at) = (device.id.uuid().into_bytes(), millis(device.enrolled_at));
        let keep = "INSERT INTO earlier_device_key (device, until_at, checkpoint_key, agreement_key, escrow)
            SELECT id, ?2, checkpoint_key, agreement_key, escrow FROM device WHERE id = ?1";
        self.run(keep, params![id, at])?;
        let sql =
            "UPDATE device SET certificate = ?2, certificate_until = ?7, renewing = NULL, renewing_until = NULL,
            checkpoint_key = ?3, agreement_key = ?4, escrow = coalesce(?5, escrow), contact_at = ?6, may_link = 1,
            directives_since = directives_done WHERE id = ?1";
        let row = params![
            id,
            device.certificate.fingerprint,
            device.checkpoint_key.to_bytes(),
            device.agreement_key.to_bytes(),
            device.escrow,
            at,
            millis(device.certificate.until)
        ];
        self.run(sql, row)?;
        Ok(())
    }

    fn checkpoint_keys(&self, id: DeviceId) -> Result<Vec<VerifyingKey>, StoreError> {
        let sql = "SELECT checkpoint_key FROM (
                SELECT checkpoint_key, 1 AS present, 0 AS n FROM device WHERE id = ?1
                UNION ALL SELECT checkpoint_key, 0, n FROM earlier_device_key WHERE device = ?1
            ) ORDER BY present DESC, n DESC";
        self.all(sql, params![id.uuid().into_bytes()], |row| {
            VerifyingKey::from_bytes(row.get(0)?).map_err(|_| StoreError::Unreadable("a checkpoint key"))
        })
    }

    fn set_log(&self, id: DeviceId, log: LogId) -> Result<(), StoreError> {
        let sql = "UPDATE device SET log = ?2 WHERE id = ?1";
        self.run(sql, params![id.uuid().into_bytes(), log.uuid().into_bytes()])?;
        Ok(())
    }

    fn end_linking(&self, id: DeviceId) -> Result<(), StoreError> {
        self.run("UPDATE device SET may_link = 0 WHERE id = ?1", params![id.uuid().into_bytes()])?;
        Ok(())
    }

    fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        self.first(&format!("{DEVICE} WHERE id = ?1"), params![id.uuid().into_bytes()], device)
    }

    /// Nobody else writes anything.
    fn hold_device(&self, _id: DeviceId) -> Result<(), StoreError> {
        Ok(())
    }

    fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        self.all(&format!("{DEVICE} ORDER BY enrolled_at, id"), [], device)
    }

    fn touch_device(
        &self,
        id: DeviceId,
        report: &ReportRow,
        done: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE device SET directives_done = max(directives_done, ?2), contact_at = ?3, program = ?4,
            system = ?5, disk = ?6, swap = ?7, unsent_changes = ?8, unsent_events = ?9 WHERE id = ?1";
        self.run(
            sql,
            params![
                id.uuid().into_bytes(),
                count(done),
                millis(at),
                report.program,
                report.system,
                report.disk,
                report.swap,
                count(report.unsent_changes),
                count(report.unsent_events)
            ],
        )?;
        Ok(())
    }

    fn begin_renewal(&self, id: DeviceId, certificate: &CertificateRow) -> Result<(), StoreError> {
        let sql = "UPDATE device SET renewing = ?2, renewing_until = ?3 WHERE id = ?1";
        self.run(sql, params![id.uuid().into_bytes(), certificate.fingerprint, millis(certificate.until)])?;
        Ok(())
    }

    fn end_renewal(&self, id: DeviceId, certificate: &[u8; 32]) -> Result<bool, StoreError> {
        let sql =
            "UPDATE device SET certificate = renewing, certificate_until = renewing_until, renewing = NULL,
            renewing_until = NULL WHERE id = ?1 AND renewing = ?2";
        Ok(self.run(sql, params![id.uuid().into_bytes(), certificate])? == 1)
    }

    fn revoke_device(&self, id: DeviceId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE device SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
        Ok(self.run(sql, params![id.uuid().into_bytes(), millis(at)])? == 1)
    }

    fn forget_escrow(&self, id: DeviceId) -> Result<(), StoreError> {
        self.run("UPDATE device SET escrow = NULL WHERE id = ?1", params![id.uuid().into_bytes()])?;
        Ok(())
    }

    fn escrow(&self, id: DeviceId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT escrow FROM device WHERE id = ?1";
        Ok(self.first(sql, params![id.uuid().into_bytes()], |row| row.get(0))?.flatten())
    }

    fn insert_drawer_key(
        &self,
        (device, drawer): (DeviceId, Drawer),
        generation: u32,
        sealed: &[u8],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO drawer_key (device, drawer, generation, keys, made_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.run(sql, params![device.uuid().into_bytes(), drawer.as_str(), generation, sealed, millis(at)])?;
        Ok(())
    }

    fn drawer_keys_made(&self, device: DeviceId, drawer: Drawer) -> Result<Vec<Timestamp>, StoreError> {
        let sql = "SELECT made_at FROM drawer_key WHERE device = ?1 AND drawer = ?2 ORDER BY generation DESC";
        self.all(sql, params![device.uuid().into_bytes(), drawer.as_str()], |row| row.time(0))
    }

    fn drawer_keys(&self, device: DeviceId, drawer: Drawer) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
        let sql = "SELECT generation, keys FROM drawer_key WHERE device = ?1 AND drawer = ?2
            ORDER BY generation DESC";
        self.all(sql, params![device.uuid().into_bytes(), drawer.as_str()], |row| {
            Ok((row.small(0)?, row.get(1)?))
        })
    }

    fn retire_drawer_keys(
        &self,
        device: DeviceId,
        drawer: Drawer,
        before: u32,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let id = device.uuid().into_bytes();
        let sql = "DELETE FROM drawer_key WHERE device = ?1 AND drawer = ?2 AND generation < ?3";
        self.run(sql, params![id, drawer.as_str(), before])?;
        let sql = "UPDATE drawer_grant SET ended_at = ?4
            WHERE device = ?1 AND drawer = ?2 AND generation < ?3 AND ended_at IS NULL";
        self.run(sql, params![id, drawer.as_str(), before, millis(at)])?;
        Ok(())
    }

    fn next_grant_number(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(number), 0) + 1 FROM drawer_grant";
        Ok(self.first(sql, [], |row| row.number(0))?.unwrap_or(1))
    }

    fn insert_grant(&self, grant: &GrantRow, _at: Timestamp) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO drawer_grant (number, person, device, drawer, generation, not_after, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                count(grant.number),
                grant.person.uuid().into_bytes(),
                grant.device.uuid().into_bytes(),
                grant.drawer.as_str(),
                grant.generation,
                millis(grant.not_after),
                grant.bytes
            ],
        )?;
        Ok(())
    }

    fn grants(&self, device: DeviceId, at: Timestamp) -> Result<Vec<GrantRow>, StoreError> {
        let sql = "SELECT number, person, device, drawer, generation, not_after, bytes FROM drawer_grant
            WHERE device = ?1 AND ended_at IS NULL AND not_after > ?2 ORDER BY number";
        self.all(sql, params![device.uuid().into_bytes(), millis(at)], |row| {
            Ok(GrantRow {
                number: row.number(0)?,
                person: PersonId::from_uuid(row.uuid(1)?),
                device: DeviceId::from_uuid(row.uuid(2)?),
                drawer: row.parsed(3)?,
                generation: row.small(4)?,
                not_after: row.time(5)?,
                bytes: row.get(6)?,
            })
        })
    }

    fn end_grants(
        &self,
        person: PersonId,
        device: Option<DeviceId>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE drawer_grant SET ended_at = ?3
            WHERE person = ?1 AND ended_at IS NULL AND (?2 IS NULL OR device = ?2)";
        let device = device.map(|device| device.uuid().into_bytes());
        self.run(sql, params![person.uuid().into_bytes(), device, millis(at)])?;
        Ok(())
    }

    fn directives(&self, device: DeviceId, after: u64) -> Result<Vec<DirectiveRow>, StoreError> {
        let sql = "SELECT number, issued_at, body, signature FROM directive WHERE device = ?1 AND number > ?2
            ORDER BY number";
        self.all(sql, params![device.uuid().into_bytes(), count(after)], |row| {
            Ok(DirectiveRow {
                number: row.number(0)?,
                issued_at: row.time(1)?,
                body: row.get(2)?,
                signature: row.get(3)?,
            })
        })
    }

    fn insert_directive(&self, device: DeviceId, directive: &DirectiveRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO directive (device, number, issued_at, body, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                device.uuid().into_bytes(),
                count(directive.number),
                millis(directive.issued_at),
                directive.body,
                directive.signature
            ],
        )?;
        Ok(())
    }
}

fn device(row: &Columns<'_, '_>) -> Result<DeviceRow, StoreError> {
    let checkpoint_key = VerifyingKey::from_bytes(row.get(5)?);
    Ok(DeviceRow {
        id: DeviceId::from_uuid(row.uuid(0)?),
        practice: PracticeId::from_uuid(row.uuid(1)?),
        label: row.get(2)?,
        certificate: CertificateRow { fingerprint: row.get(3)?, until: row.time(14)? },
        renewing: renewing(row)?,
        checkpoint_key: checkpoint_key.map_err(|_| StoreError::Unreadable("a checkpoint key"))?,
        agreement_key: AgreementPublic::from_bytes(row.get(6)?),
        log: row.maybe_uuid(7)?.map(LogId::from_uuid),
        directives_done: row.number(8)?,
        enrolled_at: row.time(9)?,
        contact_at: row.time(10)?,
        revoked_at: row.maybe_time(11)?,
        directives_since: row.number(12)?,
        may_link: row.get(13)?,
        report: ReportRow {
            program: row.get(16)?,
            system: row.get(17)?,
            disk: row.get(18)?,
            swap: row.get(19)?,
            unsent_changes: row.number(20)?,
            unsent_events: row.number(21)?,
        },
    })
}

fn renewing(row: &Columns<'_, '_>) -> Result<Option<CertificateRow>, StoreError> {
    let fingerprint: Option<[u8; 32]> = row.get(4)?;
    Ok(fingerprint.zip(row.maybe_time(15)?).map(|(fingerprint, until)| CertificateRow { fingerprint, until }))
}
