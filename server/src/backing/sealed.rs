//! The keys file of a backup: which practice and moment, and the server's keys sealed to the recovery key (`docs/formats/backup.md`).

use crate::error::{Failure, Kind};
use crate::practice::Practice;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::{AgreementSecret, Parcel, Random, Secret, SecretBytes};
use records::id::PracticeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use sync::wire::{Base64Bytes, SecretText};

/// The practice's recovery key, which is kept away from the server.
#[derive(Debug)]
pub struct RecoveryKey(AgreementSecret);

impl RecoveryKey {
    /// Reads the file `recovery.key` of the offline root.
    ///
    /// # Errors
    /// When it is not that.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(path).map(SecretBytes::new);
        let bytes = bytes.map_err(|error| Failure::disk("The recovery key cannot be read.", &error))?;
        let secret = Secret::from_slice(bytes.expose()).map(AgreementSecret::from_secret);
        let advice = "It is recovery.key of the folder offline-root: 32 bytes.";
        secret.map(Self).ok_or_else(|| Failure::new(Kind::BadKeys, "This is no recovery key.", advice))
    }
}

/// A keys file. What it holds in the open is no secret.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysFile {
    format: String,
    version: u32,
    practice: PracticeId,
    taken_at: Timestamp,
    parcel: Base64Bytes,
}

/// What a keys file seals.
pub(super) struct Contents {
    /// SHA-256 of the records file.
    pub(super) sha256: [u8; 32],
    /// How long that is, in bytes; 0 where the store is a database of its own.
    pub(super) bytes: u64,
    /// Each key file.
    pub(super) files: BTreeMap<String, SecretBytes>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    sha256: Base64Bytes,
    bytes: u64,
    files: BTreeMap<String, SecretText>,
}

const FORMAT: &str = "chartkeep-backup-keys";
const VERSION: u32 = 1;

impl KeysFile {
    /// Seals keys as a file.
    ///
    /// # Errors
    /// When the practice's recovery key is unreadable.
    pub(super) fn seal(
        practice: &Practice,
        taken_at: Timestamp,
        contents: &Contents,
    ) -> Result<Vec<u8>, Failure> {
        let unwritten = |_| Failure::internal("The keys cannot be written.");
        // EXPOSE: a key file on its way into its own sealed copy.
        let files = contents
            .files
            .iter()
            .map(|(name, bytes)| (name.clone(), SecretText::new(STANDARD.encode(bytes.expose()))));
        let written = Written {
            sha256: Base64Bytes::from(contents.sha256.to_vec()),
            bytes: contents.bytes,
            files: files.collect(),
        };
        let plaintext = SecretBytes::new(serde_json::to_vec(&written).map_err(unwritten)?);
        let recovery = practice.trust()?.recovery_key;
        let id = practice.row.id;
        let sealed = recovery.seal(
            Parcel::BackupKeys,
            &context(id, taken_at),
            plaintext.expose(),
            &mut Random::from_os(),
        );
        let sealed = sealed.map_err(|_| Failure::internal("The recovery key cannot be used."))?;
        let file = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            practice: id,
            taken_at,
            parcel: Base64Bytes::from(sealed),
        };
        serde_json::to_vec_pretty(&file).map_err(unwritten)
    }

    /// Reads what a keys file says in the open.
    ///
    /// # Errors
    /// When it is none, or one of a later version.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(path).map_err(|error| Failure::disk("The keys file cannot be read.", &error))?;
        let read: Option<Self> = serde_json::from_slice(&bytes).ok();
        let advice = "It is a file keys-….ckbackup that `backup make` has written.";
        read.filter(|file| file.format == FORMAT && file.version == VERSION)
            .ok_or_else(|| Failure::new(Kind::Usage, "This is no keys file of a backup.", advice))
    }

    /// Which practice it is of.
    #[must_use]
    pub fn practice(&self) -> PracticeId {
        self.practice
    }

    /// The moment its backup is of.
    #[must_use]
    pub fn taken_at(&self) -> Timestamp {
        self.taken_at
    }

    /// The keys.
    ///
    /// # Errors
    /// When this recovery key does not open them, or the file was changed.
    pub(super) fn open(&self, recovery: &RecoveryKey) -> Result<Contents, Failure> {
        let opened =
            recovery.0.open(Parcel::BackupKeys, &context(self.practice, self.taken_at), &self.parcel.0);
        let written: Option<Written> =
            opened.ok().and_then(|opened| serde_json::from_slice(opened.expose()).ok());
        let contents = written.and_then(Written::contents);
        contents.ok_or_else(|| {
            let advice = "Take the recovery key of the practice that made it. Nothing was written.";
            Failure::new(Kind::BadKeys, "The keys in this backup do not open with this recovery key.", advice)
        })
    }
}

impl Written {
    fn contents(self) -> Option<Contents> {
        let decode = |(name, text): (String, SecretText)| {
            // A name is a file's own and leads nowhere else.
            let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
            let bytes = STANDARD.decode(text.expose()).ok().map(SecretBytes::new)?;
            is_plain.then_some((name, bytes))
        };
        let files = self.files.into_iter().map(decode).collect::<Option<_>>()?;
        Some(Contents { sha256: self.sha256.to_array()?, bytes: self.bytes, files })
    }
}

fn context(practice: PracticeId, taken_at: Timestamp) -> Vec<u8> {
    format!("{practice}/{}", taken_at.as_millisecond()).into_bytes()
}
