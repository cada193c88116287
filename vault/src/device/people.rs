//! Who may sign in here: keyed username tokens, and drawer keys wrapped for one person each.

use std::collections::BTreeSet;

use jiff::Timestamp;
use records::Drawer;
use records::id::PersonId;
use rusqlite::{OptionalExtension as _, Row, params};

use super::Device;
use crate::error::StoreError;
use crate::number;

/// A grant as it is kept: wrapped, signed by the server, of use to its person alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGrant {
    /// Whose it is.
    pub person: PersonId,
    /// Which drawer it opens.
    pub drawer: Drawer,
    /// Which generation of the drawer's keys.
    pub generation: u32,
    /// The server's number of the grant.
    pub number: u64,
    /// When it ends.
    pub not_after: Timestamp,
    /// The sealed grant (`keys::grant`).
    pub bytes: Vec<u8>,
}

impl Device {
    /// The person whose username has this token.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn person_of(&self, username: [u8; 16]) -> Result<Option<PersonId>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT person FROM username WHERE token = ?1")?;
        let found = statement.query_row([username], |row| number::uuid(row, 0).map(PersonId::from_uuid));
        Ok(found.optional()?)
    }

    /// The token of a person's username.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn username_of(&self, person: PersonId) -> Result<Option<[u8; 16]>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT token FROM username WHERE person = ?1")?;
        Ok(statement.query_row([person.uuid().into_bytes()], |row| row.get(0)).optional()?)
    }

    /// Remembers whose username has this token; an earlier username of the person is forgotten.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn remember_username(&mut self, token: [u8; 16], person: PersonId) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            let person = person.uuid().into_bytes();
            tx.execute("DELETE FROM username WHERE token = ?1 OR person = ?2", params![token, person])?;
            tx.execute("INSERT INTO username (token, person) VALUES (?1, ?2)", params![token, person])?;
            Ok(())
        })
    }

    /// Forgets a person's grants, username and key. What they wrote, their slots and their drafts lie elsewhere.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn forget_person(&mut self, person: PersonId) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            let person = person.uuid().into_bytes();
            tx.execute("DELETE FROM wrapped_grant WHERE person = ?1", [person])?;
            tx.execute("DELETE FROM username WHERE person = ?1", [person])?;
            tx.execute("DELETE FROM credential WHERE person = ?1", [person])?;
            Ok(())
        })
    }

    /// The grants of a person, by drawer, newest generation first.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn grants_of(&self, person: PersonId) -> Result<Vec<StoredGrant>, StoreError> {
        let sql = "SELECT person, drawer, generation, number, not_after, bytes FROM wrapped_grant
                   WHERE person = ?1 ORDER BY drawer, generation DESC";
        let mut statement = self.conn.prepare_cached(sql)?;
        let grants = statement.query_map([person.uuid().into_bytes()], stored_grant)?;
        Ok(grants.collect::<Result<_, _>>()?)
    }

    /// The drawers that somebody has a grant for, whoever it is.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn granted_drawers(&self) -> Result<BTreeSet<Drawer>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT DISTINCT drawer FROM wrapped_grant")?;
        Ok(statement.query_map([], |row| number::text(row, 0))?.collect::<Result<_, _>>()?)
    }

    /// Takes all grants the server has for this workstation; those it no longer names are dropped. What opens a drawer as it is
    /// stays with whoever has a grant for other keys of it: a server that was put back does not know the present ones.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn replace_grants(&mut self, grants: &[StoredGrant]) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            let kept = unknown_to_server(tx, grants)?;
            tx.execute("DELETE FROM wrapped_grant", [])?;
            grants.iter().chain(&kept).try_for_each(|grant| put_grant(tx, grant))?;
            Ok(())
        })
    }

    /// Takes the grants of one person, in the place of those the person had.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn replace_grants_of(&mut self, person: PersonId, grants: &[StoredGrant]) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            tx.execute("DELETE FROM wrapped_grant WHERE person = ?1", [person.uuid().into_bytes()])?;
            let theirs = grants.iter().filter(|grant| grant.person == person);
            theirs.into_iter().try_for_each(|grant| put_grant(tx, grant))?;
            Ok(())
        })
    }
}

/// The grants for the present keys of a drawer whose person the server names for other keys of it alone. Before it takes keys
/// back it has heard that the drawer is under newer ones; so these it does not know.
fn unknown_to_server(
    conn: &rusqlite::Connection,
    named: &[StoredGrant],
) -> rusqlite::Result<Vec<StoredGrant>> {
    let sql = "SELECT w.person, w.drawer, w.generation, w.number, w.not_after, w.bytes FROM wrapped_grant w
               JOIN drawer_file f ON f.drawer = w.drawer AND f.generation = w.generation";
    let mut statement = conn.prepare_cached(sql)?;
    let present: Vec<StoredGrant> = statement.query_map([], stored_grant)?.collect::<Result<_, _>>()?;
    let is_unknown = |held: &StoredGrant| {
        let mut theirs = named.iter().filter(|g| (g.person, g.drawer) == (held.person, held.drawer));
        theirs.clone().next().is_some() && theirs.all(|grant| grant.generation != held.generation)
    };
    Ok(present.into_iter().filter(is_unknown).collect())
}

fn put_grant(conn: &rusqlite::Connection, grant: &StoredGrant) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO wrapped_grant (person, drawer, generation, number, not_after, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        grant.person.uuid().into_bytes(),
        grant.drawer.as_str(),
        grant.generation,
        number::stored(grant.number),
        number::millis(grant.not_after),
        grant.bytes,
    ])?;
    Ok(())
}

fn stored_grant(row: &Row<'_>) -> rusqlite::Result<StoredGrant> {
    Ok(StoredGrant {
        person: PersonId::from_uuid(number::uuid(row, 0)?),
        drawer: number::text(row, 1)?,
        generation: row.get(2)?,
        number: number::unsigned(row, 3)?,
        not_after: number::time(row, 4)?,
        bytes: row.get(5)?,
    })
}
