//! All keys that one person can get at on a workstation, and every attempt they allow.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chartkeep_tests::practice::people::DemoPerson;
use client::keyring::Keyring;
use jiff::Timestamp;
use keys::grant::{self, GrantRefused};
use keys::slot::{self, Attempt, OpenedSlot, SlotKey, SlotRefused};
use keys::trust::TrustBundle;
use keys::{AgreementSecret, DrawerKeys, Passphrase, Secret, blob, envelope, row, totp};
use records::Drawer;
use records::id::PersonId;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};
use vault::{Device, Folder, Identity, RawKey, Setting, Slots, StoredGrant};

use crate::main_job::clinic::Clinic;

/// What is in the attacker's hands.
pub(super) struct Loot {
    data: PathBuf,
    person: PersonId,
    passphrase: Passphrase,
    now: Timestamp,
    slot: OpenedSlot,
    device_agreement: AgreementSecret,
    /// The whole keyring of the account.
    keyring: BTreeMap<String, Vec<u8>>,
    settings: Vec<Vec<u8>>,
    grants: Vec<StoredGrant>,
    identity: Identity,
    trust: TrustBundle,
    own: BTreeMap<Drawer, DrawerKeys>,
}

impl Loot {
    /// Takes everything that lies open to this person: keyring, `device.db`, own slot, own grants.
    pub(super) fn of(clinic: &Clinic, person: &DemoPerson) -> Self {
        let data = clinic.data_dir();
        let keyring: BTreeMap<String, Vec<u8>> = clinic
            .keyring
            .names()
            .into_iter()
            .map(|name| (name.clone(), clinic.keyring.read(&name).unwrap().unwrap().to_vec()))
            .collect();
        let workstation = &keyring["workstation"];
        let device_agreement =
            AgreementSecret::from_secret(Secret::from_slice(&workstation[65..97]).unwrap());
        let key = RawKey::new(workstation[1..33].try_into().unwrap());
        let device = Device::open(Folder::new(&data), &key).unwrap();
        let id = PersonId::from_uuid(person.id);
        let slots = Slots::new(&Folder::new(&data));
        let grants =
            slots.people().unwrap().into_iter().flat_map(|id| device.grants_of(id).unwrap()).collect();
        let kept = [Setting::Client, Setting::TrustBundle, Setting::Certificate, Setting::Policy];
        let settings = kept.into_iter().filter_map(|kept| device.setting(kept).unwrap()).collect();
        let identity = device.identity();
        let slot = open_slot(clinic, &slots, &keyring, person);
        let mut loot = Self {
            trust: trust(&device, identity),
            person: id,
            passphrase: Passphrase::from_typed(person.passphrase).unwrap(),
            now: client::Clock::now(clinic.clock.as_ref()),
            own: BTreeMap::new(),
            data,
            slot,
            device_agreement,
            keyring,
            settings,
            grants,
            identity,
        };
        loot.own =
            loot.grants.iter().filter_map(|grant| Some((grant.drawer, loot.open(grant).ok()?))).collect();
        loot
    }

    fn open(&self, grant: &StoredGrant) -> Result<DrawerKeys, GrantRefused> {
        let (agreement, device) = (&self.slot.contents.agreement, self.identity.device.uuid());
        grant::open(&grant.bytes, &self.trust.rights_key, agreement, device, self.now).map(|body| body.keys)
    }

    /// The drawers that this person's grants are for.
    pub(super) fn drawers(&self) -> impl Iterator<Item = Drawer> + '_ {
        self.own.keys().copied()
    }

    /// Whether any key there is, raw or derived, opens a drawer's file.
    pub(super) fn opens_file(&self, drawer: Drawer) -> bool {
        let path = Folder::new(&self.data).drawer_file(drawer);
        self.keys().iter().any(|key| opens(&path, key))
    }

    /// Every 32 bytes that might be a key: secrets, what derives from them, and whatever lies about.
    fn keys(&self) -> Vec<[u8; 32]> {
        let contents = &self.slot.contents;
        let person = self.person.uuid();
        let mut keys = vec![
            *contents.signing.seed().expose(),
            *contents.agreement.expose(),
            *blob::derive_draft_key(person, &contents.agreement).expose(),
            *row::derive_token_key(&row::FieldKey::from_secret(self.device_key())).expose(),
        ];
        for own in self.own.values() {
            keys.push(*own.file.expose());
            keys.push(*own.field.expose());
            keys.push(*row::derive_token_key(&own.field).expose());
            keys.push(*row::derive_inbox_key(&own.field).expose());
        }
        let lying_about = self.keyring.values().chain(&self.settings);
        let grants = self.grants.iter().map(|grant| &grant.bytes);
        for bytes in lying_about.chain(grants) {
            keys.extend(bytes.windows(32).take(200).map(|window| <[u8; 32]>::try_from(window).unwrap()));
        }
        let hashed: Vec<[u8; 32]> = keys
            .iter()
            .take(30)
            .flat_map(|key| {
                Drawer::ALL.map(|drawer| Sha256::digest([key, drawer.as_str().as_bytes()].concat()).into())
            })
            .collect();
        keys.extend(hashed);
        keys
    }

    fn device_key(&self) -> Secret<32> {
        Secret::from_slice(&self.keyring["workstation"][1..33]).unwrap()
    }

    /// Grants of others do not open with this person's key, nor with the device's.
    pub(super) fn opens_no_grant_of_others(&self) {
        let others: Vec<_> = self.grants.iter().filter(|grant| grant.person != self.person).collect();
        assert!(others.len() >= 7, "{} grants of others", others.len());
        for grant in others {
            assert_eq!(self.open(grant).err(), Some(GrantRefused::OtherPerson));
            let (rights, device) = (&self.trust.rights_key, self.identity.device.uuid());
            let opened = grant::open(&grant.bytes, rights, &self.device_agreement, device, self.now);
            assert_eq!(opened.err(), Some(GrantRefused::OtherPerson));
        }
    }

    /// Slots of others do not open with their keyring halves and everything else of this person.
    pub(super) fn opens_no_slot_of(&self, people: [uuid::Uuid; 3]) {
        let own = totp::code_at(&self.slot.contents.totp_seed, totp::step_at(self.now));
        for person in people {
            let stored = Slots::new(&Folder::new(&self.data)).of(PersonId::from_uuid(person)).unwrap();
            let file = &stored.first().unwrap().bytes;
            let half = &self.keyring[&slot_item(file)];
            let k_slot = SlotKey::from_secret(Secret::from_slice(half).unwrap());
            for code in [own.as_str(), "000000", "123456"] {
                let attempt = Attempt {
                    passphrase: &self.passphrase,
                    code,
                    k_slot: &k_slot,
                    now: self.now,
                    last_used_step: None,
                };
                assert_eq!(slot::open(file, &attempt).err(), Some(SlotRefused::NotOpened));
            }
        }
    }

    /// What others have begun to type stays theirs.
    pub(super) fn opens_no_draft(&self) {
        let key = blob::derive_draft_key(self.person.uuid(), &self.slot.contents.agreement);
        let mut tried = 0;
        for folder in fs::read_dir(self.data.join("drafts")).unwrap() {
            let folder = folder.unwrap();
            let whose = folder.file_name().into_string().unwrap();
            for file in fs::read_dir(folder.path()).unwrap() {
                let file = file.unwrap();
                let context = format!("draft/{whose}/{}", file.file_name().to_str().unwrap());
                assert!(blob::open(&key, context.as_bytes(), &fs::read(file.path()).unwrap()).is_err());
                tried += 1;
            }
        }
        assert!(tried >= 2, "{tried} drafts");
    }

    /// What others have written and was not delivered yet is the server's to read.
    pub(super) fn opens_no_envelope(&self) {
        let files: Vec<_> = fs::read_dir(self.data.join("outbox")).unwrap().collect();
        assert!(files.len() >= 2, "{} envelopes", files.len());
        for file in files {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            for key in [&self.slot.contents.agreement, &self.device_agreement] {
                assert!(envelope::open(&bytes, key).is_err());
            }
        }
    }
}

fn trust(device: &Device, identity: Identity) -> TrustBundle {
    let kept = device.setting(Setting::TrustBundle).unwrap().unwrap();
    let bytes = STANDARD.decode(kept).unwrap();
    let chain = device.setting(Setting::CertificateChain).unwrap().unwrap();
    let chain = keys::certificate::from_pem(std::str::from_utf8(&chain).unwrap()).unwrap();
    TrustBundle::verify(&bytes, chain.last().unwrap(), identity.practice.uuid(), None).unwrap()
}

fn slot_item(file: &[u8]) -> String {
    let header = slot::inspect(file).unwrap();
    format!("slot.{}.{}", header.slot, header.generation)
}

/// Unlocks the person's own slot: passphrase, a new code, keyring half.
fn open_slot(
    clinic: &Clinic,
    slots: &Slots,
    keyring: &BTreeMap<String, Vec<u8>>,
    person: &DemoPerson,
) -> OpenedSlot {
    let code = clinic.next_code(person);
    let stored = slots.of(PersonId::from_uuid(person.id)).unwrap();
    let newest = stored.first().unwrap();
    let k_slot = SlotKey::from_secret(Secret::from_slice(&keyring[&slot_item(&newest.bytes)]).unwrap());
    let attempt = Attempt {
        passphrase: &Passphrase::from_typed(person.passphrase).unwrap(),
        code: &code,
        k_slot: &k_slot,
        now: client::Clock::now(clinic.clock.as_ref()),
        last_used_step: None,
    };
    slot::open(&newest.bytes, &attempt).unwrap()
}

/// Whether SQLCipher reads a page of the file with this key.
fn opens(path: &Path, key: &[u8; 32]) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    connection.pragma_update(None, "key", format!("x'{hex}'")).unwrap();
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).is_ok()
}

/// No file of SQLite's own lies in a folder for temporary files.
pub(super) fn no_temporary_files() {
    for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        assert!(!target.to_string_lossy().contains("etilqs_"), "{} is open", target.display());
    }
}
