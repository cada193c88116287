//! Who this workstation is, and the values it keeps beside that.

use records::id::{DeviceId, LogId, PracticeId};
use rusqlite::{OptionalExtension as _, params};
use uuid::Uuid;

use super::Device;
use crate::error::StoreError;
use crate::number;

/// Who this workstation is. Made at enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The workstation.
    pub device: DeviceId,
    /// The one practice whose records it holds.
    pub practice: PracticeId,
    /// Its audit log.
    pub log: LogId,
    /// The vault: goes into what every row is sealed with, so that a row of another vault never opens here.
    pub vault: Uuid,
}

/// A value that `device.db` keeps. The names are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// The device certificate, PEM.
    Certificate,
    /// The certificates between it and the root, PEM.
    CertificateChain,
    /// The trust bundle, signed by the practice's offline root.
    TrustBundle,
    /// The trust bundles before it, oldest first, one a line: what was signed under them has to verify later.
    EarlierTrustBundles,
    /// The public halves of the keys that signed checkpoints here, base64, the present one first, one a line.
    CheckpointKeys,
    /// What IT has set.
    Policy,
    /// Where the server is.
    ServerAddress,
    /// Where the server takes in workstations that have no certificate, or one that has ended.
    EnrolmentAddress,
    /// The server's answer to a request for the next certificate; empty where there is none.
    Renewing,
    /// What is known of the offline lease besides the policy.
    Lease,
    /// What the practice is called.
    PracticeName,
    /// What this workstation is called.
    DeviceLabel,
    /// When the server was last reached.
    LastContact,
    /// What is proven of the time.
    ProvenTime,
    /// The server's answer to enrolment that has not been used up yet (escrow and the like).
    Enrolment,
    /// The number of the last recovery epoch of the server that was heard of (8 bytes, big-endian).
    RecoveryEpoch,
    /// The number of the order to wipe, once the workstation has begun to retire.
    Retiring,
    /// What else the caller keeps for the workstation, under one value.
    Client,
    /// Up to where in the log every intent has its result, or is in the outbox index (8 bytes, big-endian).
    ClosedUntil,
}

impl Setting {
    fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::CertificateChain => "certificate-chain",
            Self::TrustBundle => "trust-bundle",
            Self::EarlierTrustBundles => "earlier-trust-bundles",
            Self::CheckpointKeys => "checkpoint-keys",
            Self::Policy => "policy",
            Self::ServerAddress => "server-address",
            Self::EnrolmentAddress => "enrolment-address",
            Self::Renewing => "renewing",
            Self::Lease => "lease",
            Self::PracticeName => "practice-name",
            Self::DeviceLabel => "device-label",
            Self::LastContact => "last-contact",
            Self::ProvenTime => "proven-time",
            Self::Enrolment => "enrolment",
            Self::RecoveryEpoch => "recovery-epoch",
            Self::Retiring => "retiring",
            Self::Client => "client",
            Self::ClosedUntil => "closed-until",
        }
    }
}

impl Device {
    /// Who this workstation is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// A kept value.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn setting(&self, setting: Setting) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
        Ok(statement.query_row([setting.name()], |row| row.get(0)).optional()?)
    }

    /// Keeps a value, durably.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn set(&mut self, setting: Setting, value: &[u8]) -> Result<(), StoreError> {
        self.set_all(&[(setting, value)])
    }

    /// Keeps several values in one commit.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn set_all(&mut self, values: &[(Setting, &[u8])]) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| Ok(write_all(tx, values)?))
    }
}

pub(super) fn write_all(conn: &rusqlite::Connection, values: &[(Setting, &[u8])]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO setting (name, value) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    for (setting, value) in values {
        conn.execute(sql, params![setting.name(), value])?;
    }
    Ok(())
}

pub(super) fn write_identity(conn: &rusqlite::Connection, identity: &Identity) -> rusqlite::Result<()> {
    conn.execute(
        "INSERT INTO identity (only_row, device, practice, log, vault) VALUES (1, ?1, ?2, ?3, ?4)",
        params![
            identity.device.uuid().into_bytes(),
            identity.practice.uuid().into_bytes(),
            identity.log.uuid().into_bytes(),
            identity.vault.into_bytes(),
        ],
    )?;
    Ok(())
}

pub(super) fn read_identity(conn: &rusqlite::Connection) -> rusqlite::Result<Identity> {
    conn.query_row("SELECT device, practice, log, vault FROM identity", [], |row| {
        Ok(Identity {
            device: DeviceId::from_uuid(number::uuid(row, 0)?),
            practice: PracticeId::from_uuid(number::uuid(row, 1)?),
            log: LogId::from_uuid(number::uuid(row, 2)?),
            vault: number::uuid(row, 3)?,
        })
    })
}
