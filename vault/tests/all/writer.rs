//! Somebody who works at a workstation and says after each thing that it is done; and the one who checks what is left.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;

use keys::blob::derive_draft_key;
use keys::{AgreementSecret, Random, envelope};
use records::change::Base;
use records::event::EventKind;
use records::id::ChangeId;
use records::rights::Action;
use records::{Drawer, Role};
use vault::{
    AuditFilter, Device, Draft, Drafts, OpenError, OutboxState, RawKey, Slots, Vault, VaultError, Verdict,
};

use crate::clinic::{Clinic, DEVICE_KEY, digest_holds, id, key, note, now, patient, person, small_practice};

/// Works at a workstation.
pub(crate) struct Writer {
    clinic: Clinic,
    vault: Option<Vault>,
    random: Random,
    said: File,
    next: u128,
}

impl Writer {
    /// Goes on in the folder of this clinic, or begins there, with changes numbered from `first` on.
    pub(crate) fn begin(mut clinic: Clinic, first: u128) -> Self {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(&first.to_le_bytes());
        clinic.random = Random::from_seed(seed);
        seed[31] = 1;
        let said = OpenOptions::new().create(true).append(true).open(clinic.path().join("said")).unwrap();
        let mut writer = Self { clinic, vault: None, random: Random::from_seed(seed), said, next: first };
        if !writer.clinic.folder().device_file().exists() {
            drop(writer.clinic.enrol());
            writer.say("enrolled");
        }
        writer.open();
        if writer.vault().freshness().unwrap().iter().any(|fresh| fresh.pulled_at.is_none()) {
            let mut vault = writer.vault.take().unwrap();
            writer.clinic.load(&mut vault, &small_practice());
            writer.vault = Some(vault);
            writer.say("loaded");
        }
        writer
    }

    /// Does one thing, and says so.
    pub(crate) fn work(&mut self) {
        match self.random.bytes::<1>()[0] % 12 {
            0 => self.sign_in(),
            1 => self.draft(),
            2 => self.slot(),
            3 => self.answer(),
            4 => self.look(),
            5 => self.checkpoint(),
            _ => self.save(),
        }
        let head = self.vault().device().log_head();
        let root: String = head.root.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        self.say(&format!("log {} {root}", head.size));
    }

    fn vault(&mut self) -> &mut Vault {
        self.vault.as_mut().unwrap()
    }

    fn open(&mut self) {
        let random = Random::from_seed(self.random.bytes());
        let grants = self.clinic.grants(&Drawer::ALL);
        self.vault = Some(Vault::open(self.clinic.device(), grants, random, now()).unwrap());
    }

    fn sign_in(&mut self) {
        drop(self.vault.take());
        self.open();
        let step = u64::try_from(self.next).unwrap();
        if self.vault().device_mut().use_step(person(Role::Nurse), step).unwrap().is_ok() {
            self.say(&format!("step {step}"));
        }
    }

    fn save(&mut self) {
        let number = self.next;
        self.next += 1;
        let mut vault = self.vault.take().unwrap();
        let fresh = note(&format!("w{number}"), "ada", "written");
        let permit = self.clinic.write_permit(&mut vault, Action::Create, "ada", &[&fresh]);
        let change = self.clinic.change(number, vec![(fresh, Base::None)]);
        vault.save(permit, &change, &self.clinic.pen(), now()).unwrap();
        self.vault = Some(vault);
        self.say(&format!("note {number}"));
    }

    fn draft(&mut self) {
        let number = self.next;
        self.next += 1;
        let drafts = drafts(&self.clinic);
        drafts.put(&draft(number), &mut self.random).unwrap();
        self.say(&format!("draft {number}"));
    }

    fn slot(&mut self) {
        let generation = u64::try_from(self.next).unwrap();
        self.next += 1;
        let slots = Slots::new(&self.clinic.folder());
        let before = slots.of(person(Role::Nurse)).unwrap();
        slots.write(person(Role::Nurse), generation, &generation.to_le_bytes()).unwrap();
        self.say(&format!("slot {generation}"));
        for earlier in before {
            slots.remove(person(Role::Nurse), earlier.generation).unwrap();
        }
    }

    /// The server's answer to the oldest change that waits.
    fn answer(&mut self) {
        let vault = self.vault();
        let Some(entry) = vault.device().unsent().unwrap().into_iter().next() else { return };
        let number = entry.change.uuid().as_u128() - id(1000).as_u128();
        let versions = vec![(key(&format!("DocumentReference/w{number}")), 1)];
        vault.apply_verdict(entry.change, &Verdict::Applied { versions, merged: false }, now()).unwrap();
        self.say(&format!("applied {number}"));
    }

    fn look(&mut self) {
        let mut vault = self.vault.take().unwrap();
        let permit = self.clinic.chart_permit(&mut vault, Role::Clinician, "bob");
        assert!(!vault.chart(&permit).unwrap().is_empty());
        self.vault = Some(vault);
    }

    fn checkpoint(&mut self) {
        self.vault().device_mut().keep_checkpoint(b"signed", now()).unwrap();
    }

    /// One write, so that what was said is said whole.
    fn say(&mut self, what: &str) {
        self.said.write_all(format!("{what}\n").as_bytes()).unwrap();
    }
}

fn drafts(clinic: &Clinic) -> Drafts {
    let secret = AgreementSecret::make(&mut Random::from_seed([4; 32]));
    let nurse = person(Role::Nurse);
    Drafts::open(&clinic.folder(), nurse, derive_draft_key(nurse.uuid(), &secret)).unwrap()
}

fn draft(number: u128) -> Draft {
    Draft { form: "note".into(), patient: Some(patient("ada")), content: number.to_string() }
}

/// What was said, the latest of each that only the latest counts of.
#[derive(Default)]
struct Said {
    begun: bool,
    loaded: bool,
    notes: Vec<u128>,
    logs: Vec<(u64, String)>,
    latest: BTreeMap<String, u128>,
}

impl Said {
    fn of(text: &str) -> Self {
        let mut said = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["enrolled"] => said.begun = true,
                ["loaded"] => said.loaded = true,
                ["note", number] => said.notes.push(number.parse().unwrap()),
                ["log", size, root] => said.logs.push((size.parse().unwrap(), root.to_owned())),
                [what, number] => {
                    said.latest.insert(what.to_owned(), number.parse().unwrap());
                }
                _ => panic!("{line}"),
            }
        }
        said
    }
}

/// Opens the folder and checks that all that was said to be done is there, whole and in order.
pub(crate) fn check(clinic: &mut Clinic, said: &str) {
    let said = Said::of(said);
    let device = match Device::open(clinic.folder(), &RawKey::new(DEVICE_KEY)) {
        Ok(device) => device,
        Err(VaultError::Device(OpenError::Missing)) if !said.begun => return,
        Err(error) => panic!("device.db does not open: {error:?}"),
    };
    let mut vault = clinic.unlock(device, &Drawer::ALL);
    check_log(&vault, &said);
    if said.loaded || !said.notes.is_empty() {
        check_changes(clinic, &mut vault, &said);
    }
    check_trail(clinic, &mut vault);
    for drawer in Drawer::ALL {
        assert!(digest_holds(&mut vault, drawer), "{drawer}");
    }
    let at_least = |what: &str, here: Option<u128>| {
        let said = said.latest.get(what).copied();
        assert!(here >= said, "{what}: said {said:?}, found {here:?}");
    };
    let kept = drafts(clinic).get("note", Some(&patient("ada"))).unwrap();
    at_least("draft", kept.map(|draft| draft.content.parse().unwrap()));
    let slots = Slots::new(&clinic.folder()).of(person(Role::Nurse)).unwrap();
    at_least("slot", slots.first().map(|slot| u64::from_le_bytes(slot.bytes[..].try_into().unwrap()).into()));
    at_least("step", vault.device().last_step(person(Role::Nurse)).unwrap().map(u128::from));
}

fn check_log(vault: &Vault, said: &Said) {
    assert_eq!(vault.device().verify_log(&[]).unwrap().first_bad, None);
    let Some((size, root)) = said.logs.last() else { return };
    let head = vault.device().head_at(*size).unwrap().expect("the log is shorter than was said");
    let here: String = head.root.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(here, *root, "the log is another one than was said");
}

fn check_changes(clinic: &mut Clinic, vault: &mut Vault, said: &Said) {
    let permit = clinic.chart_permit(vault, Role::Nurse, "ada");
    let chart = vault.chart(&permit).unwrap();
    for number in &said.notes {
        let name = format!("w{number}");
        assert!(chart.iter().any(|found| found.document.id().as_str() == name), "{name} is not in the chart");
        let change = ChangeId::from_uuid(id(1000 + number));
        let entry = vault.device().outbox_entry(change).unwrap().expect("a change that was saved is listed");
        assert!(matches!(entry.state, OutboxState::Waiting | OutboxState::Applied), "{name}: {entry:?}");
    }
    assert!(vault.device().outbox_in(OutboxState::Intended).unwrap().is_empty());
    for entry in vault.device().unsent().unwrap() {
        let sealed = vault.device().envelope(entry.change).unwrap().expect("an envelope for each that waits");
        let opened = envelope::open(&sealed, &clinic.sealing).unwrap();
        let signed = opened.verify(&clinic.author_key.verifying_key()).unwrap();
        assert_eq!(signed.header.change, entry.change.uuid());
    }
}

/// Every intent has exactly one result, whatever came between.
fn check_trail(clinic: &mut Clinic, vault: &mut Vault) {
    let all = clinic.practice_permit(vault, Role::Auditor, Action::ReadAudit);
    let filter = AuditFilter { patient: Some(patient("ada")), before: None, limit: u32::MAX };
    let page = vault.device().audit_page(&all, &filter).unwrap();
    let mut open: BTreeMap<String, i32> = BTreeMap::new();
    for entry in &page {
        let summary = entry.event.summary();
        match summary.kind {
            Some(EventKind::WriteIntent) => *open.entry(summary.id.unwrap().to_string()).or_default() += 1,
            Some(EventKind::Written) => *open.entry(summary.intent.unwrap().to_string()).or_default() -= 1,
            _ => {}
        }
    }
    let odd: Vec<_> = open.iter().filter(|(_, balance)| **balance != 0).collect();
    assert!(odd.is_empty(), "intents without a result, or results without one: {odd:?}");
}

/// What was said so far.
pub(crate) fn said(clinic: &Clinic) -> String {
    fs::read_to_string(clinic.path().join("said")).unwrap_or_default()
}
