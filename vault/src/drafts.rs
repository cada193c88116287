//! What is being typed, sealed to the person who types it: `drafts/<person>/<name>.draft`.
//!
//! A file's name is a hash of the ids of what the draft is for; a file opens only for its person, under its own name.

use std::fs;
use std::path::PathBuf;

use keys::{Random, blob};
use records::id::{PatientId, PersonId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::durable;
use crate::folder::{Folder, make_private};

/// Drafts of one person.
#[derive(Debug)]
pub struct Drafts {
    folder: PathBuf,
    person: PersonId,
    key: blob::BlobKey,
}

/// Something unfinished.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Which form it was typed into, such as `note`; `place` for where the person was.
    pub form: String,
    /// For which patient.
    pub patient: Option<PatientId>,
    /// What was typed, in the form's own words.
    pub content: String,
}

impl Draft {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a draft is plain data")
    }
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({}, {} bytes)", self.form, self.content.len())
    }
}

/// A draft could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The file is another person's, was moved, or is damaged.
    #[error("a draft does not open")]
    Unreadable,
    /// The operating system refused.
    #[error("reading or writing a draft failed")]
    Io(#[from] std::io::Error),
}

impl Drafts {
    /// The drafts of a person, under the key that only this person has (`keys::blob::derive_draft_key`).
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Folder, person: PersonId, key: blob::BlobKey) -> Result<Self, DraftError> {
        let folder = folder.drafts_of(person);
        make_private(&folder)?;
        Ok(Self { folder, person, key })
    }

    /// Keeps a draft, in the place of the one for the same form and patient. Durable when this returns.
    ///
    /// # Errors
    /// When the file cannot be written; then the one before is still there.
    pub fn put(&self, draft: &Draft, random: &mut Random) -> Result<(), DraftError> {
        let name = self.name(&draft.form, draft.patient.as_ref());
        let sealed = blob::seal(&self.key, &self.context(&name), &draft.to_bytes(), random);
        Ok(durable::write(&self.folder.join(&name), &sealed)?)
    }

    /// The draft for a form and patient.
    ///
    /// # Errors
    /// [`DraftError::Unreadable`] when it does not open; the file stays.
    pub fn get(&self, form: &str, patient: Option<&PatientId>) -> Result<Option<Draft>, DraftError> {
        let name = self.name(form, patient);
        match durable::read(&self.folder.join(&name))? {
            Some(sealed) => self.unseal(&name, &sealed).map(Some),
            None => Ok(None),
        }
    }

    /// All drafts. One that does not open is left where it is and counted in the second part.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> Result<(Vec<Draft>, usize), DraftError> {
        let (mut drafts, mut unreadable) = (Vec::new(), 0);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.extend(entry?.file_name().into_string().ok().filter(|name| name.ends_with(".draft")));
        }
        names.sort_unstable();
        for name in names {
            match self.unseal(&name, &fs::read(self.folder.join(&name))?) {
                Ok(draft) => drafts.push(draft),
                Err(_) => unreadable += 1,
            }
        }
        Ok((drafts, unreadable))
    }

    /// Removes a draft: what was typed has been saved, or thrown away by its author.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(&self, form: &str, patient: Option<&PatientId>) -> Result<(), DraftError> {
        Ok(durable::remove(&self.folder.join(self.name(form, patient)))?)
    }

    /// Removes what anybody was typing for a patient in these forms. Needs no key: the name of a file says what it is for to
    /// whoever knows it. Returns how many there were.
    ///
    /// # Errors
    /// When a folder cannot be read or a file not removed.
    pub fn forget_patient(folder: &Folder, forms: &[&str], patient: &PatientId) -> std::io::Result<usize> {
        let mut gone = 0;
        for entry in fs::read_dir(folder.drafts())? {
            let entry = entry?;
            let Some(person) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            for form in forms {
                let file = entry.path().join(name_of(person, form, Some(patient)));
                if file.try_exists()? {
                    durable::remove(&file)?;
                    gone += 1;
                }
            }
        }
        Ok(gone)
    }

    fn unseal(&self, name: &str, sealed: &[u8]) -> Result<Draft, DraftError> {
        let opened =
            blob::open(&self.key, &self.context(name), sealed).map_err(|_| DraftError::Unreadable)?;
        serde_json::from_slice(&opened).map_err(|_| DraftError::Unreadable)
    }

    fn context(&self, name: &str) -> Vec<u8> {
        format!("draft/{}/{name}", self.person).into_bytes()
    }

    fn name(&self, form: &str, patient: Option<&PatientId>) -> String {
        name_of(self.person, form, patient)
    }
}

/// Ids only go into it, so a plain hash will do; the person keeps two people's names for one patient apart.
fn name_of(person: PersonId, form: &str, patient: Option<&PatientId>) -> String {
    let what = format!("{person}/{form}/{}", patient.map(PatientId::as_str).unwrap_or_default());
    let hash = Sha256::digest(what.as_bytes());
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.draft")
}
