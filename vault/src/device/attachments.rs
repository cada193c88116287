//! Attached files in `blobs/`: sealed under keys that are in their records, on their way to the server or come from it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use records::id::AttachmentId;
use rusqlite::params;
use sha2::{Digest as _, Sha256};

use super::Device;
use crate::durable;
use crate::error::StoreError;
use crate::number;

/// A file that was attached here and that the server does not hold whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAttachment {
    /// The file.
    pub id: AttachmentId,
    /// How long it is, sealed, in bytes.
    pub length: u64,
    /// SHA-256 over all of it, sealed.
    pub digest: [u8; 32],
    /// So many bytes of it the server has.
    pub held: u64,
}

impl Device {
    /// Keeps a sealed file that was attached here, durably, and queues it for the server.
    ///
    /// # Errors
    /// When the file or `device.db` cannot be written.
    pub fn keep_attachment(&mut self, id: AttachmentId, sealed: &[u8]) -> Result<(), StoreError> {
        durable::write(&self.folder.attachment(id), sealed)?;
        let digest = Sha256::digest(sealed);
        let length = u64::try_from(sealed.len()).map_err(|_| StoreError::Damaged)?;
        let sql = "INSERT INTO attachment (id, length, digest) VALUES (?1, ?2, ?3)";
        self.conn.execute(sql, params![id.uuid().into_bytes(), number::stored(length), digest.as_slice()])?;
        Ok(())
    }

    /// Takes back a file whose record was not saved.
    ///
    /// # Errors
    /// When the file or `device.db` cannot be written.
    pub fn forget_attachment(&mut self, id: AttachmentId) -> Result<(), StoreError> {
        self.conn.execute("DELETE FROM attachment WHERE id = ?1", [id.uuid().into_bytes()])?;
        durable::remove(&self.folder.attachment(id))?;
        Ok(())
    }

    /// The files that the server does not hold whole.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn unsent_attachments(&self) -> Result<Vec<OwnAttachment>, StoreError> {
        let sql = "SELECT id, length, digest, held FROM attachment WHERE held < length ORDER BY id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(OwnAttachment {
                id: AttachmentId::from_uuid(number::uuid(row, 0)?),
                length: number::unsigned(row, 1)?,
                digest: row.get(2)?,
                held: number::unsigned(row, 3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The server has said how much of a file it holds.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn attachment_held(&mut self, id: AttachmentId, held: u64) -> Result<(), StoreError> {
        let sql = "UPDATE attachment SET held = min(?2, length) WHERE id = ?1";
        // The number came over the network.
        let held = i64::try_from(held).unwrap_or(i64::MAX);
        self.conn.execute(sql, params![id.uuid().into_bytes(), held])?;
        Ok(())
    }

    /// The server was put back: it is asked about every file that was attached here and is still here.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn offer_attachments_again(&mut self) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT id FROM attachment")?;
        let ids = statement.query_map([], |row| Ok(AttachmentId::from_uuid(number::uuid(row, 0)?)))?;
        for id in ids.collect::<Result<Vec<_>, _>>()? {
            if self.folder.attachment(id).exists() {
                let sql = "UPDATE attachment SET held = 0 WHERE id = ?1";
                self.conn.execute(sql, [id.uuid().into_bytes()])?;
            }
        }
        Ok(())
    }

    /// A sealed file, where it is here and whole.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn attachment(&self, id: AttachmentId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(durable::read(&self.folder.attachment(id))?)
    }

    /// At most so many bytes of a sealed file that is here, from a place on.
    ///
    /// # Errors
    /// When the operating system refuses, or there is no such file.
    pub fn attachment_part(&self, id: AttachmentId, from: u64, most: u64) -> Result<Vec<u8>, StoreError> {
        let mut file = File::open(self.folder.attachment(id))?;
        file.seek(SeekFrom::Start(from))?;
        let mut part = Vec::new();
        file.take(most).read_to_end(&mut part)?;
        Ok(part)
    }

    /// How much has come of a file that is fetched.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn fetched(&self, id: AttachmentId) -> Result<u64, StoreError> {
        match std::fs::metadata(self.folder.attachment_part(id)) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the next part of a file that is fetched.
    ///
    /// # Errors
    /// When the operating system refuses; what came before is still there.
    pub fn take_fetched(&mut self, id: AttachmentId, part: &[u8]) -> Result<(), StoreError> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(self.folder.attachment_part(id))?;
        file.write_all(part)?;
        file.sync_data()?;
        Ok(())
    }

    /// All of a file has come. Says `false`, and begins anew, where it is not what it should be.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn finish_fetched(&mut self, id: AttachmentId, digest: &[u8]) -> Result<bool, StoreError> {
        let path = self.folder.attachment_part(id);
        let whole = durable::read(&path)?.unwrap_or_default();
        let is_right = Sha256::digest(&whole).as_slice() == digest;
        if is_right {
            // Each part was synced when it came.
            std::fs::rename(&path, self.folder.attachment(id))?;
            durable::sync_folder(&path)?;
        } else {
            durable::remove(&path)?;
        }
        Ok(is_right)
    }
}
