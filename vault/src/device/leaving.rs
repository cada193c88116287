//! A drawer that nobody can open here any more leaves the disk: its records are at the server, and no key is left for them.

use records::Drawer;
use rusqlite::params;

use super::Device;
use crate::error::StoreError;

impl Device {
    /// Removes the files of a drawer for good, and forgets that it was made here: whoever is granted it later begins with an
    /// empty one. Says `false`, and removes nothing, while somebody here has a grant for it, or something that was written in it
    /// waits to be sent, is in conflict or was refused, and may have to be looked at again.
    ///
    /// The drawer must not be open.
    ///
    /// # Errors
    /// When `device.db` cannot be read or written, or the operating system refuses; then it is to be called again.
    pub fn remove_drawer(&mut self, drawer: Drawer) -> Result<bool, StoreError> {
        if self.granted_drawers()?.contains(&drawer) || self.has_unfinished(drawer)? {
            return Ok(false);
        }
        // The files first: one that is listed and gone is told, one that is there and not listed would be taken for another's.
        self.folder.remove_drawer(drawer)?;
        sqlcipher::immediate(&mut self.conn, |tx| {
            tx.execute("DELETE FROM drawer_file WHERE drawer = ?1", [drawer.as_str()])?;
            tx.execute("DELETE FROM erasure_due WHERE drawer = ?1", [drawer.as_str()])?;
            Ok(true)
        })
    }

    fn has_unfinished(&self, drawer: Drawer) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM outbox
                   WHERE drawer = ?1 AND state IN ('intended', 'waiting', 'conflict', 'refused'))";
        Ok(self.conn.query_row(sql, params![drawer.as_str()], |row| row.get(0))?)
    }
}
