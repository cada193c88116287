//! For tests: a workstation that belongs to a practice, with a person who can unlock it, all without a server.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::certificate::{self, Authority, CertificateRequest};
use keys::grant::{GrantBody, GrantHeader};
use keys::slot::{NewSlot, SlotContents, SlotCost};
use keys::totp::{self, TotpSeed};
use keys::trust::TrustBundle;
use keys::{AgreementSecret, DrawerKeys, Passphrase, Random, SigningKey, grant, slot};
use records::id::{DeviceId, LogId, PersonId, PracticeId};
use records::{Drawer, Role};
use uuid::Uuid;
use vault::{Device, Folder, Identity, RawKey, Setting, Slots, StoredGrant};

use crate::client_state::{ClientState, Profile};
use crate::device_keys::DeviceKeys;
use crate::keyring::MemoryKeyring;
use crate::sign_in::kept_slot::SlotShelf;
use crate::{Clock, KeyCost, Settings, SignInForm, SteppedClock, Workstation};

pub(crate) const PASSPHRASE: &str = "copper kettle hums at dusk";

/// A nurse, and a second one for the tests that need two.
const PEOPLE: [(&str, &str); 2] = [("rosa", "Rosa Quintanilla"), ("ingrid", "Ingrid Solheim")];

/// A workstation on disk and in a keyring, and nurses who can unlock it.
pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) keyring: Arc<MemoryKeyring>,
    pub(crate) clock: Arc<SteppedClock>,
    pub(crate) person: PersonId,
    people: usize,
    seed: TotpSeed,
}

impl Fixture {
    /// Enrolled, with a slot, a profile and a grant for each drawer of a nurse. Nobody listens at the server's address.
    pub(crate) fn enrolled() -> Self {
        Self::with_people(1)
    }

    /// The same with Rosa and Ingrid, who has another passphrase ([`Fixture::passphrase_of`]).
    pub(crate) fn with_two() -> Self {
        Self::with_people(2)
    }

    fn with_people(people: usize) -> Self {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
            keyring: Arc::default(),
            clock: Arc::new(SteppedClock::at(now)),
            person: PersonId::from_uuid(Uuid::from_u128(77)),
            people,
            seed: TotpSeed::make(&mut Random::from_seed([5; 32])),
        };
        fixture.fill(&mut Random::from_seed([6; 32]));
        fixture
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn device_file(&self) -> std::path::PathBuf {
        self.data_dir().join("device.db")
    }

    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::standard(self.data_dir().to_owned());
        settings.key_cost = KeyCost::ForTests;
        settings.window_days = 7;
        settings
    }

    pub(crate) fn start(&self) -> Workstation {
        Workstation::start(self.settings(), self.keyring.clone(), self.clock.clone(), |_| {})
    }

    /// The code of this moment.
    pub(crate) fn code(&self) -> String {
        self.code_at(self.clock.now())
    }

    /// The code that a phone shows at this time.
    pub(crate) fn code_at(&self, at: Timestamp) -> String {
        totp::code_at(&self.seed, totp::step_at(at))
    }

    /// Every file of the data folder, by name; without what SQLite notes there of who reads.
    pub(crate) fn files(&self) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
        let mut all = std::collections::BTreeMap::new();
        let mut folders = vec![self.data_dir().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.to_string_lossy().ends_with("-shm") {
                    all.insert(path.clone(), std::fs::read(&path).unwrap());
                }
            }
        }
        all
    }

    pub(crate) fn form(&self, passphrase: &str, code: &str) -> SignInForm {
        SignInForm {
            username: "Rosa".to_owned(),
            passphrase: passphrase.to_owned(),
            code: code.to_owned(),
            phone_time: None,
        }
    }

    /// The passphrase of Rosa, or Ingrid's.
    pub(crate) fn passphrase_of(username: &str) -> String {
        if username == PEOPLE[0].0 { PASSPHRASE.to_owned() } else { format!("{PASSPHRASE} {username}") }
    }

    /// What somebody types who has both factors. Everybody's phone shows the same codes here.
    pub(crate) fn full_form(&self, username: &str) -> SignInForm {
        let passphrase = Self::passphrase_of(username);
        SignInForm { username: username.to_owned(), passphrase, code: self.code(), phone_time: None }
    }

    fn fill(&self, random: &mut Random) {
        let now = self.clock.now();
        let practice = PracticeId::from_uuid(random.uuid());
        let device = DeviceId::from_uuid(random.uuid());
        let rights = SigningKey::make(random);
        let root = Authority::make_root(practice.uuid(), "Alder Street", now, random).unwrap();
        let issuing = root.make_issuing("Alder Street", now, random).unwrap();
        let request = CertificateRequest::make().unwrap();
        let leaf = issuing.issue_client(&request.request_pem, device.uuid(), now, random).unwrap();
        let keys = DeviceKeys::make(request.key, random);
        keys.store(self.keyring.as_ref()).unwrap();
        let identity =
            Identity { device, practice, log: LogId::from_uuid(random.uuid()), vault: random.uuid() };
        let key = RawKey::new(*keys.device_file.expose());
        let mut file = Device::create(Folder::new(self.data_dir()), &key, identity).unwrap();
        let mut state = ClientState::new(certificate::fingerprint(root.certificate()), random);
        let drawers = Role::Nurse.drawers().iter().map(|drawer| (*drawer, DrawerKeys::make(1, random)));
        let drawers: Vec<(Drawer, DrawerKeys)> = drawers.collect();
        let mut grants: Vec<StoredGrant> = Vec::new();
        for (number, (username, name)) in (0..).zip(&PEOPLE[..self.people]) {
            let person = Person {
                id: PersonId::from_uuid(Uuid::from_u128(self.person.uuid().as_u128() + number)),
                signing: SigningKey::make(random),
                agreement: AgreementSecret::make(random),
            };
            let profile = Profile { name: (*name).to_owned(), roles: vec![Role::Nurse] };
            let draft_key = keys::blob::derive_draft_key(person.id.uuid(), &person.agreement);
            state.keep_profile(person.id, &profile, &draft_key, random);
            file.remember_username(state.username_token(username).unwrap(), person.id).unwrap();
            let theirs = drawers.iter().map(|drawer| person.grant(drawer, &identity, &rights, now, random));
            grants.extend(theirs);
            self.make_slot(&person, device, &Self::passphrase_of(username), random);
        }
        file.replace_grants(&grants).unwrap();
        let chain = certificate::to_pem(&[issuing.certificate(), root.certificate()]);
        let bundle = bundle(practice, now, &rights, &issuing, random).sign(&root).unwrap();
        file.set_all(&[
            (Setting::Certificate, certificate::to_pem(&[&leaf]).as_bytes()),
            (Setting::CertificateChain, chain.as_bytes()),
            (Setting::TrustBundle, STANDARD.encode(bundle).as_bytes()),
            (Setting::ServerAddress, b"https://localhost:9"),
            (Setting::PracticeName, b"Alder Street"),
            (Setting::DeviceLabel, b"Front room"),
            (Setting::Client, &state.to_bytes()),
        ])
        .unwrap();
    }

    fn make_slot(&self, person: &Person, device: DeviceId, passphrase: &str, random: &mut Random) {
        let contents = SlotContents {
            person: person.id.uuid(),
            signing: person.signing.duplicate(),
            agreement: person.agreement.duplicate(),
            totp_seed: self.seed.duplicate(),
            last_step: totp::step_at(self.clock.now()) - 10,
            anchors: std::collections::BTreeMap::new(),
        };
        let slot_id = random.uuid();
        let new = NewSlot {
            slot: slot_id,
            device: device.uuid(),
            contents: &contents,
            passphrase: &Passphrase::from_typed(passphrase).unwrap(),
            window_days: 7,
            cost: SlotCost::for_tests(),
        };
        let made = slot::create(&new, random).unwrap();
        let files = Slots::new(&Folder::new(self.data_dir()));
        let shelf = SlotShelf { files: &files, keyring: self.keyring.as_ref() };
        shelf.replace(person.id, slot_id, &made, || Ok(())).unwrap();
    }
}

struct Person {
    id: PersonId,
    signing: SigningKey,
    agreement: AgreementSecret,
}

impl Person {
    fn grant(
        &self,
        (drawer, keys): &(Drawer, DrawerKeys),
        identity: &Identity,
        rights: &SigningKey,
        now: Timestamp,
        random: &mut Random,
    ) -> StoredGrant {
        let header = GrantHeader {
            number: 1,
            practice: identity.practice.uuid(),
            device: identity.device.uuid(),
            person: self.id.uuid(),
            drawer: drawer.as_str().to_owned(),
            generation: 1,
            not_before: now,
            not_after: now + jiff::SignedDuration::from_hours(24 * 400),
        };
        let body = GrantBody { header, keys: keys.duplicate() };
        let bytes = grant::issue(&body, rights, &self.agreement.public(), random).unwrap();
        StoredGrant {
            person: self.id,
            drawer: *drawer,
            generation: 1,
            number: 1,
            not_after: body.header.not_after,
            bytes,
        }
    }
}

fn bundle(
    practice: PracticeId,
    now: Timestamp,
    rights: &SigningKey,
    issuing: &Authority,
    random: &mut Random,
) -> TrustBundle {
    let mut verifying = || SigningKey::make(random).verifying_key();
    let (directive_key, witness_key) = (verifying(), verifying());
    TrustBundle {
        practice: practice.uuid(),
        number: 1,
        issued_at: now,
        sealing_key: AgreementSecret::make(random).public(),
        recovery_key: AgreementSecret::make(random).public(),
        directive_key,
        rights_key: rights.verifying_key(),
        witness_key,
        issuing: vec![issuing.certificate().to_vec()],
    }
}
