//! Attached files in `blobs/`: sealed under keys that are in their records, on their way to the server or come from it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use records::id::{AttachmentId, ChangeId};
use rusqlite::{OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};

use super::Device;
use crate::durable;
use crate::error::StoreError;
use crate::folder::Folder;
use crate::number;

/// How much of a file is read at a time where it is looked through, in bytes.
const PIECE: usize = 64 << 10;

/// In the order in which [`own`] reads them.
const COLUMNS: &str = "id, change, length, digest, held";

/// A file that was attached here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAttachment {
    /// The file.
    pub id: AttachmentId,
    /// The change whose record speaks of it.
    pub change: ChangeId,
    /// How long it is, sealed, in bytes.
    pub length: u64,
    /// SHA-256 over all of it, sealed.
    pub digest: [u8; 32],
    /// So many bytes of it the server has.
    pub held: u64,
}

impl OwnAttachment {
    /// Whether the file lies in this folder as it was attached, and can be read.
    #[must_use]
    pub fn is_whole_in(&self, folder: &Folder) -> bool {
        digest(&folder.attachment(self.id)).is_ok_and(|digest| digest == self.digest)
    }
}

impl Device {
    /// Keeps a sealed file that is attached here with a change, durably, and queues it for the server.
    ///
    /// # Errors
    /// When the file or `device.db` cannot be written.
    pub fn keep_attachment(
        &mut self,
        id: AttachmentId,
        change: ChangeId,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        durable::write(&self.folder.attachment(id), sealed)?;
        let digest = Sha256::digest(sealed);
        let length = u64::try_from(sealed.len()).map_err(|_| StoreError::Damaged)?;
        let sql = "INSERT INTO attachment (id, change, length, digest) VALUES (?1, ?2, ?3, ?4)";
        let (id, change) = (id.uuid().into_bytes(), change.uuid().into_bytes());
        self.conn.execute(sql, params![id, change, number::stored(length), digest.as_slice()])?;
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
        let sql = format!("SELECT {COLUMNS} FROM attachment WHERE held < length ORDER BY id");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([], own)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A file that was attached here, whether the server holds it or not.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn own_attachment(&self, id: AttachmentId) -> Result<Option<OwnAttachment>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM attachment WHERE id = ?1");
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row([id.uuid().into_bytes()], own).optional()?)
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

fn own(row: &Row<'_>) -> rusqlite::Result<OwnAttachment> {
    Ok(OwnAttachment {
        id: AttachmentId::from_uuid(number::uuid(row, 0)?),
        change: ChangeId::from_uuid(number::uuid(row, 1)?),
        length: number::unsigned(row, 2)?,
        digest: row.get(3)?,
        held: number::unsigned(row, 4)?,
    })
}

/// SHA-256 over a file, which is read piece by piece.
fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hash, mut piece) = (File::open(path)?, Sha256::new(), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        match piece.get(..read) {
            None | Some([]) => return Ok(hash.finalize().into()),
            Some(read) => hash.update(read),
        }
    }
}
