//! Slot files on disk: `slots/<person>.<generation>.slot`, and `….key` of those that a security key opens. What is in them is
//! `keys::slot`'s business.

use std::fs;
use std::io;
use std::path::PathBuf;

use records::id::PersonId;

use crate::durable;
use crate::folder::Folder;

/// The slot files of a workstation that one kind of factor opens.
#[derive(Debug, Clone)]
pub struct Slots {
    folder: PathBuf,
    /// What their names end in.
    ending: &'static str,
}

/// One slot file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSlot {
    /// Which generation it is; the newest one that opens counts.
    pub generation: u64,
    /// The sealed bytes.
    pub bytes: Vec<u8>,
}

impl Slots {
    /// The slots in this data folder that one-time codes open.
    #[must_use]
    pub fn new(folder: &Folder) -> Self {
        Self { folder: folder.slots(), ending: ".slot" }
    }

    /// The slots in this data folder that security keys open.
    #[must_use]
    pub fn of_security_keys(folder: &Folder) -> Self {
        Self { folder: folder.slots(), ending: ".key" }
    }

    /// Every generation of a person's slot, newest first; empty when the person has none here.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn of(&self, person: PersonId) -> io::Result<Vec<StoredSlot>> {
        let mut found = Vec::new();
        for (owner, generation) in self.listed()? {
            if owner == person {
                let bytes = fs::read(self.file(person, generation))?;
                found.push(StoredSlot { generation, bytes });
            }
        }
        found.sort_by_key(|slot| std::cmp::Reverse(slot.generation));
        Ok(found)
    }

    /// The people who have a slot here.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn people(&self) -> io::Result<Vec<PersonId>> {
        let mut people: Vec<_> = self.listed()?.into_iter().map(|(person, _)| person).collect();
        people.sort();
        people.dedup();
        Ok(people)
    }

    /// Writes one generation, durable when this returns.
    ///
    /// # Errors
    /// When the operating system refuses; then the file is the old one or none.
    pub fn write(&self, person: PersonId, generation: u64, bytes: &[u8]) -> io::Result<()> {
        durable::write(&self.file(person, generation), bytes)
    }

    /// Removes one generation, after a newer one was proven to open.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn remove(&self, person: PersonId, generation: u64) -> io::Result<()> {
        durable::remove(&self.file(person, generation))
    }

    /// Puts one generation that cannot be read under another name, so that a new slot does not overwrite it.
    ///
    /// # Errors
    /// When the operating system refuses; then it is where it was.
    pub fn set_aside(&self, person: PersonId, generation: u64) -> io::Result<()> {
        let file = self.file(person, generation);
        let aside = (1_u32..)
            .map(|number| file.with_extension(format!("unreadable-{number}")))
            .find(|path| !path.exists())
            .expect("there are more numbers than files");
        fs::rename(file, aside)
    }

    fn file(&self, person: PersonId, generation: u64) -> PathBuf {
        self.folder.join(format!("{person}.{generation}{}", self.ending))
    }

    fn listed(&self) -> io::Result<Vec<(PersonId, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            found.extend(entry?.file_name().to_str().and_then(|name| slot_name(name, self.ending)));
        }
        Ok(found)
    }
}

/// Person and generation in a file name; `None` for anything that is no slot, such as one half written.
fn slot_name(name: &str, ending: &str) -> Option<(PersonId, u64)> {
    let (person, rest) = name.split_once('.')?;
    let generation = rest.strip_suffix(ending)?;
    Some((person.parse().ok()?, generation.parse().ok()?))
}
