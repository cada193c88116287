//! Keys kept as files that only the server's user reads: made once with the practice, read at each start.

mod keeping;
mod kek_file;
mod settings;
mod token;

pub use keeping::{Custody, CustodyError, Provider};

use crate::authorities;
use crate::data_dir::{DataDir, replace_private, write_private};
use crate::error::{Failure, Kind};
use jiff::Timestamp;
use keys::blob::{self, BlobKey};
use keys::certificate::Authority;
use keys::row;
use keys::sign_in::ServerSetup;
use keys::trust::TrustBundle;
use keys::{
    AgreementPublic, AgreementSecret, DrawerKeys, FieldKey, FileKey, Random, Secret, SecretBytes, SigningKey,
    TokenKey,
};
use sqlcipher::RawKey;
use std::fs;
use std::path::Path;
use uuid::Uuid;

/// Everything the server signs, opens and seals with.
#[derive(Debug)]
pub struct ServerKeys {
    /// The root's certificate, DER; its key is not here.
    pub root: Vec<u8>,
    /// Opens envelopes.
    pub sealing: AgreementSecret,
    /// Signs grants.
    pub rights: SigningKey,
    /// Signs directives and receipts.
    pub directive: SigningKey,
    /// Cosigns checkpoints.
    pub witness: SigningKey,
    /// OPAQUE's long-term secret.
    pub opaque: ServerSetup,
    /// Makes the tokens that records are found by.
    search: TokenKey,
    /// Seals what is secret within the store.
    custody: BlobKey,
}

/// What a new practice gets beside its keys.
#[derive(Debug)]
pub struct NewKeys {
    /// The keys.
    pub keys: ServerKeys,
    /// The key of the store.
    pub store: RawKey,
    /// The first trust bundle.
    pub trust: Vec<u8>,
}

/// A key for the witness that is not in use yet: `keys/witness.next`.
#[derive(Debug)]
pub(crate) struct WitnessKey(SigningKey);

impl WitnessKey {
    const NEXT: &str = "witness.next";

    /// The one that was made and did not take its place.
    pub(crate) fn next(dir: &DataDir) -> Result<Option<Self>, Failure> {
        if !dir.key(Self::NEXT).exists() {
            return Ok(None);
        }
        Ok(Some(Self(SigningKey::from_seed(&secret(dir, Self::NEXT)?))))
    }

    /// A new one, on the disk before anything speaks of it.
    pub(crate) fn make(dir: &DataDir, random: &mut Random) -> Result<Self, Failure> {
        let key = SigningKey::make(random);
        replace_private(&dir.key(Self::NEXT), key.seed().expose())
            .map_err(|error| Failure::disk("The new witness key cannot be written.", &error))?;
        Ok(Self(key))
    }

    pub(crate) fn verifying_key(&self) -> keys::VerifyingKey {
        self.0.verifying_key()
    }

    /// Servers that start from now on cosign with it.
    pub(crate) fn take_place(self, dir: &DataDir) -> Result<(), Failure> {
        let moved = replace_private(&dir.key("witness.key"), self.0.seed().expose())
            .and_then(|()| fs::remove_file(dir.key(Self::NEXT)));
        moved.map_err(|error| Failure::disk("The new witness key cannot take its place.", &error))
    }
}

/// What a sealed secret is; one sealed as one thing does not open as another.
#[derive(Clone, Copy, Debug)]
pub enum Sealed {
    /// A person's TOTP seed.
    Seed(Uuid),
    /// The keys of a drawer on a workstation.
    Drawer(Uuid, &'static str, u32),
    /// The key of a workstation's `device.db`.
    Escrow(Uuid),
    /// The recovery code of a slot.
    RecoveryCode(Uuid),
    /// Where a search of a person goes on.
    Search(Uuid),
    /// What follows the marks of a log.
    Marks(Uuid),
    /// The state between the halves of an exchange.
    Attempt([u8; 32]),
}

impl Sealed {
    fn context(self) -> Vec<u8> {
        match self {
            Self::Seed(person) => [b"seed/".as_slice(), person.as_bytes()].concat(),
            Self::Drawer(device, drawer, generation) => {
                [b"drawer/".as_slice(), device.as_bytes(), &generation.to_be_bytes(), drawer.as_bytes()]
                    .concat()
            }
            Self::Escrow(device) => [b"escrow/".as_slice(), device.as_bytes()].concat(),
            Self::RecoveryCode(slot) => [b"recovery-code/".as_slice(), slot.as_bytes()].concat(),
            Self::Search(person) => [b"search/".as_slice(), person.as_bytes()].concat(),
            Self::Marks(log) => [b"marks/".as_slice(), log.as_bytes()].concat(),
            Self::Attempt(id) => [b"attempt/".as_slice(), &id].concat(),
        }
    }
}

impl ServerKeys {
    /// Makes the keys of a new practice and writes them down.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate, or the disk refuses.
    pub fn make(
        dir: &DataDir,
        practice: Uuid,
        practice_name: &str,
        host: &str,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<NewKeys, Failure> {
        let bad_name = |_| {
            let advice = "Use a plain DNS name or an IP address for --host and a short name for --practice.";
            Failure::new(Kind::Usage, "A certificate for this name cannot be made.", advice)
        };
        let root = Authority::make_root(practice, practice_name, now, random).map_err(bad_name)?;
        let issuing = root.make_issuing(practice_name, now, random).map_err(bad_name)?;
        let server = issuing.make_server(&authorities::hosts(host), now, random).map_err(bad_name)?;
        let recovery = AgreementSecret::make(random);
        let keys = Self {
            root: root.certificate().to_vec(),
            sealing: AgreementSecret::make(random),
            rights: SigningKey::make(random),
            directive: SigningKey::make(random),
            witness: SigningKey::make(random),
            opaque: ServerSetup::make(random),
            search: TokenKey::make(random),
            custody: BlobKey::make(random),
        };
        let trust = keys.trust_bundle(practice, &issuing, recovery.public(), now);
        let trust = trust.sign(&root).map_err(bad_name)?;
        let store = Secret::<32>::make(random);
        keys.write(dir, &store)
            .and_then(|()| authorities::write_first(dir, &issuing, &server))
            .map_err(|error| Failure::disk("The keys cannot be written.", &error))?;
        write_offline(dir, &root, &recovery)
            .map_err(|error| Failure::disk("The root cannot be written.", &error))?;
        Ok(NewKeys { keys, store: RawKey::new(*store.expose()), trust })
    }

    /// Reads the keys of a practice.
    ///
    /// # Errors
    /// When one is missing or is not what it should be.
    pub fn read(dir: &DataDir) -> Result<(Self, RawKey), Failure> {
        let opaque = ServerSetup::from_bytes(&bytes(dir, "opaque.key")?);
        let keys = Self {
            root: bytes(dir, "root.crt")?,
            sealing: AgreementSecret::from_secret(secret(dir, "sealing.key")?),
            rights: SigningKey::from_seed(&secret(dir, "rights.key")?),
            directive: SigningKey::from_seed(&secret(dir, "directive.key")?),
            witness: SigningKey::from_seed(&secret(dir, "witness.key")?),
            opaque: opaque.map_err(|_| bad_key("opaque.key"))?,
            search: TokenKey::from_secret(secret(dir, "search.key")?),
            custody: BlobKey::from_secret(secret(dir, "custody.key")?),
        };
        Ok((keys, RawKey::new(*secret(dir, "store.key")?.expose())))
    }

    /// Seals a secret for the store.
    #[must_use]
    pub fn seal(&self, what: Sealed, plaintext: &[u8]) -> Vec<u8> {
        blob::seal(&self.custody, &what.context(), plaintext, &mut Random::from_os())
    }

    /// Opens a secret of the store; `None` when it is not that secret.
    #[must_use]
    pub fn open(&self, what: Sealed, sealed: &[u8]) -> Option<SecretBytes> {
        blob::open(&self.custody, &what.context(), sealed).ok().map(SecretBytes::new)
    }

    /// The token of a value that can tell who somebody is, under the name of its search parameter.
    #[must_use]
    pub(crate) fn search_token(&self, parameter: &str, value: &[u8]) -> [u8; 16] {
        row::token(&self.search, parameter, value)
    }

    /// Seals the keys of a drawer for the store.
    #[must_use]
    pub fn seal_drawer(&self, device: Uuid, drawer: &'static str, keys: &DrawerKeys) -> Vec<u8> {
        let plaintext = SecretBytes::new([keys.file.expose().as_slice(), keys.field.expose()].concat());
        self.seal(Sealed::Drawer(device, drawer, keys.generation), plaintext.expose())
    }

    /// Opens the keys of a drawer.
    #[must_use]
    pub fn open_drawer(
        &self,
        device: Uuid,
        drawer: &'static str,
        generation: u32,
        sealed: &[u8],
    ) -> Option<DrawerKeys> {
        let opened = self.open(Sealed::Drawer(device, drawer, generation), sealed)?;
        let (file, field) = opened.expose().split_at_checked(32)?;
        Some(DrawerKeys {
            file: FileKey::from_secret(Secret::from_slice(file)?),
            field: FieldKey::from_secret(Secret::from_slice(field)?),
            generation,
        })
    }

    fn trust_bundle(
        &self,
        practice: Uuid,
        issuing: &Authority,
        recovery_key: AgreementPublic,
        now: Timestamp,
    ) -> TrustBundle {
        TrustBundle {
            practice,
            number: 1,
            issued_at: now,
            sealing_key: self.sealing.public(),
            recovery_key,
            directive_key: self.directive.verifying_key(),
            rights_key: self.rights.verifying_key(),
            witness_key: self.witness.verifying_key(),
            issuing: vec![issuing.certificate().to_vec()],
        }
    }

    fn write(&self, dir: &DataDir, store: &Secret<32>) -> std::io::Result<()> {
        // Every `expose` here hands a key to its own file, which only the server's user reads.
        write_private(&dir.key("root.crt"), &self.root)?;
        write_private(&dir.key("sealing.key"), self.sealing.expose())?;
        write_private(&dir.key("rights.key"), self.rights.seed().expose())?;
        write_private(&dir.key("directive.key"), self.directive.seed().expose())?;
        write_private(&dir.key("witness.key"), self.witness.seed().expose())?;
        write_private(&dir.key("opaque.key"), self.opaque.to_bytes().expose())?;
        write_private(&dir.key("search.key"), self.search.expose())?;
        write_private(&dir.key("custody.key"), self.custody.expose())?;
        write_private(&dir.key("store.key"), store.expose())
    }
}

const OFFLINE_NOTE: &str = "\
The two keys in this folder are the practice itself. Take the folder away from this machine now: onto two
encrypted sticks, kept in two places, and delete it here. The server works without it.

root.key      signs new issuing authorities and trust bundles.
recovery.key  opens every change and every counselling note, for a legal reason, with two people present.
";

fn write_offline(dir: &DataDir, root: &Authority, recovery: &AgreementSecret) -> std::io::Result<()> {
    write_private(&dir.offline("root.crt"), root.certificate())?;
    write_private(&dir.offline("root.key"), root.key_pkcs8().expose())?;
    write_private(&dir.offline("recovery.key"), recovery.expose())?;
    write_private(&dir.offline("README.txt"), OFFLINE_NOTE.as_bytes())
}

fn bytes(dir: &DataDir, name: &str) -> Result<Vec<u8>, Failure> {
    read_file(&dir.key(name)).ok_or_else(|| bad_key(name))
}

fn secret(dir: &DataDir, name: &str) -> Result<Secret<32>, Failure> {
    let bytes = SecretBytes::new(bytes(dir, name)?);
    Secret::from_slice(bytes.expose()).ok_or_else(|| bad_key(name))
}

fn read_file(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

pub(crate) fn bad_key(name: &str) -> Failure {
    let advice =
        "Nothing was changed. Put the file back from a backup of the keys, and check who may read it.";
    Failure::new(
        Kind::BadKeys,
        format!("The key file keys/{name} is missing or not what it should be."),
        advice,
    )
}
