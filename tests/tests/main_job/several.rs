//! One person on two workstations: what they change at one works at the other, and nothing that was changed does.

use std::sync::Arc;

use chartkeep_server::people::end_person;
use chartkeep_server::store::{self, AlertKind, PreparedRow, StoreError, Transaction};
use chartkeep_tests::practice::people::NURSE;
use client::keyring::MemoryKeyring;
use client::view::{CredentialView, Lifecycle, OpenedView, Place};
use client::{ClientError, Code, LockCause, PassphraseForm, ReenterForm, SheetForm, Workstation};
use keys::prepared::{self, PreparedFor};
use keys::slot::{MadeSlot, NewSlot, SlotContents, SlotCost, create};
use keys::{AgreementSecret, Passphrase, Random, SigningKey, TotpSeed};
use records::id::{DeviceId, PersonId};

use super::clinic::{Clinic, until};

const NEW: &str = "seven geese cross the harbour";
const NEWER: &str = "a lantern for every crooked stair";

/// A nurse who was signed in at both, and is at the first.
struct Two {
    clinic: Clinic,
    here: Workstation,
    there: Workstation,
    keyring: Arc<MemoryKeyring>,
    /// The first one's id, and the second one's.
    devices: (DeviceId, DeviceId),
}

impl Two {
    fn make() -> Self {
        let two = Self::without_twins();
        // Each seals its keys to the other once it knows of it.
        two.clinic.sign_in(&two.there, &NURSE).unwrap();
        until("both have twins for the other", || {
            let (here, there) = two.devices;
            let twin = |of, on| two.look(|tx| tx.twin(nurse(), of, on)).is_some();
            twin(here, there) && twin(there, here)
        });
        two.there.save_place(place()).unwrap();
        two.there.lock(LockCause::Person);
        assert_eq!(two.there.status().parked.len(), 1);
        two
    }

    /// At the second before the first, so that the second does not know of the first.
    fn without_twins() -> Self {
        let clinic = Clinic::make(3);
        let ids = || -> Vec<DeviceId> {
            let store = clinic.server.practice.store.clone();
            store::read(store.as_ref(), |tx| tx.devices()).unwrap().into_iter().map(|row| row.id).collect()
        };
        let here = clinic.workstation();
        clinic.enrol(&here);
        let first = ids()[0];
        clinic.activate(&here, &NURSE);
        let keyring = Arc::default();
        let there = clinic.workstation_in(clinic.folder.path().join("other"), Arc::clone(&keyring));
        clinic.enrol(&there);
        let second = ids().into_iter().find(|id| *id != first).unwrap();
        clinic.sign_in(&there, &NURSE).unwrap();
        there.lock(LockCause::SignOut);
        clinic.sign_in(&here, &NURSE).unwrap();
        Self { clinic, here, there, keyring, devices: (first, second) }
    }

    fn look<T>(&self, work: impl FnOnce(&dyn Transaction) -> Result<T, StoreError>) -> T {
        store::read(self.clinic.server.practice.store.as_ref(), work).unwrap()
    }

    fn change(&self, present: &str, new: &str) -> Result<CredentialView, ClientError> {
        let code = self.clinic.next_code(&NURSE);
        self.here.change_passphrase(PassphraseForm {
            passphrase: present.to_owned(),
            code,
            new_passphrase: new.to_owned(),
        })
    }

    /// Waits until the second has heard what waits for it.
    fn second_hears(&self) {
        let (_, there) = self.devices;
        until("the second workstation has its slot", || {
            self.there.sync_now().unwrap();
            self.look(|tx| tx.prepared(there, 8)).is_empty()
        });
    }

    fn opens(&self, workstation: &Workstation, passphrase: &str) -> OpenedView {
        let code = self.clinic.next_code(&NURSE);
        let opened = self.clinic.sign_in_with(workstation, &NURSE, passphrase, &code);
        let opened = opened.unwrap_or_else(|error| panic!("{passphrase}: {error}"));
        workstation.lock(LockCause::SignOut);
        opened
    }

    fn refuses(&self, workstation: &Workstation, passphrase: &str) {
        let code = self.clinic.next_code(&NURSE);
        let refused = self.clinic.sign_in_with(workstation, &NURSE, passphrase, &code);
        assert_eq!(refused.err().map(|error| error.code), Some(Code::SignInRefused), "{passphrase}");
    }

    fn start_second_again(&mut self) {
        let folder = self.clinic.folder.path().join("other");
        self.there = self.clinic.workstation_in(folder, self.keyring.clone());
    }

    fn stop_second(&mut self) {
        let stopped = std::mem::replace(
            &mut self.there,
            self.clinic.workstation_in(self.clinic.folder.path().join("nothing"), Arc::default()),
        );
        stopped.stop();
    }
}

fn nurse() -> PersonId {
    PersonId::from_uuid(NURSE.id)
}

fn place() -> Place {
    Place { screen: "chart".to_owned(), patient_id: None, section: None, field: None, caret: Some(3) }
}

#[test]
fn a_new_passphrase_opens_the_other_workstation_without_a_network_and_the_old_one_opens_neither() {
    let mut two = Two::make();
    let code = two.clinic.next_code(&NURSE);
    let form = SheetForm { passphrase: NURSE.passphrase.to_owned(), code, pin: None };
    two.here.make_recovery_sheet(form).unwrap().unwrap();
    two.here.keep_recovery_sheet().unwrap();
    let changed = two.change(NURSE.passphrase, NEW).unwrap();
    assert_eq!((changed.ready.len(), changed.later.len()), (1, 0));
    assert_eq!(two.here.status().state, Lifecycle::Open, "work goes on");
    assert_eq!(two.here.recovery_status().unwrap().left, 0, "the sheet is void");
    two.second_hears();
    assert!(two.there.status().parked.is_empty(), "nobody comes back with the old passphrase");
    two.clinic.server.stop();
    let opened = two.opens(&two.there, NEW);
    assert_eq!((opened.online, opened.place), (false, Some(place())), "what was open there is readable");
    two.refuses(&two.there, NURSE.passphrase);
    two.here.lock(LockCause::Person);
    let parked = two.here.status().parked;
    for parked in &parked {
        let back = ReenterForm { person: parked.person.clone(), passphrase: NURSE.passphrase.to_owned() };
        assert!(two.here.reenter(back).is_err());
    }
    assert!(parked.is_empty());
    two.refuses(&two.here, NURSE.passphrase);
    assert!(!two.opens(&two.here, NEW).online);
    assert!(!two.opens(&two.here, NEW).online, "and again, after its refresh");
}

#[test]
fn a_new_phone_counts_at_both_workstations_and_the_old_one_at_neither() {
    let mut two = Two::make();
    let code = two.clinic.next_code(&NURSE);
    let form = SheetForm { passphrase: NURSE.passphrase.to_owned(), code, pin: None };
    let shown = two.here.begin_new_phone(form).unwrap();
    let wrong = two.here.confirm_new_phone("000000").err().map(|error| error.code);
    assert_eq!(wrong, Some(Code::ProofRefused));
    let old = two.clinic.take_phone(&NURSE, &shown.seed);
    let code = two.clinic.next_code(&NURSE);
    assert_eq!(two.here.confirm_new_phone(&code).unwrap().ready.len(), 1);
    let again = two.here.confirm_new_phone(&code).err().map(|error| error.code);
    assert_eq!(again, Some(Code::CredentialOver));
    two.second_hears();
    two.clinic.server.stop();
    two.here.lock(LockCause::SignOut);
    for workstation in [&two.here, &two.there] {
        two.clinic.pass(31);
        let refused =
            two.clinic.sign_in_with(workstation, &NURSE, NURSE.passphrase, &two.clinic.code_of(&old));
        assert_eq!(refused.err().map(|error| error.code), Some(Code::SignInRefused));
        assert!(!two.opens(workstation, NURSE.passphrase).online);
    }
}

#[test]
fn a_workstation_that_has_not_heard_opens_with_the_old_passphrase_until_it_does() {
    let mut two = Two::make();
    two.stop_second();
    two.change(NURSE.passphrase, NEW).unwrap();
    two.clinic.server.stop();
    two.start_second_again();
    let opened = two.opens(&two.there, NURSE.passphrase);
    assert_eq!((opened.online, opened.place), (false, Some(place())));
    two.refuses(&two.there, NEW);
    two.clinic.server.start();
    two.second_hears();
    two.refuses(&two.there, NURSE.passphrase);
    assert_eq!(two.opens(&two.there, NEW).place, Some(place()));
}

#[test]
fn where_no_slot_could_be_prepared_the_next_sign_in_at_the_server_makes_one() {
    let two = Two::without_twins();
    let changed = two.change(NURSE.passphrase, NEW).unwrap();
    assert_eq!((changed.ready.len(), changed.later.len()), (0, 1));
    two.there.sync_now().unwrap();
    let (_, there) = two.devices;
    until("the second has forgotten the nurse", || {
        two.there.sync_now().unwrap();
        two.look(|tx| tx.device(there)).unwrap().directives_done > 0
    });
    assert!(two.opens(&two.there, NEW).online);
    assert!(!two.opens(&two.there, NEW).online);
}

#[test]
fn a_change_takes_the_present_passphrase_a_fresh_code_and_another_passphrase() {
    let mut two = Two::make();
    let refused = |result: Result<CredentialView, ClientError>| result.err().map(|error| error.code);
    assert_eq!(refused(two.change(NURSE.passphrase, NURSE.passphrase)), Some(Code::PassphraseWeak));
    assert_eq!(refused(two.change(NURSE.passphrase, "password1234")), Some(Code::PassphraseWeak));
    assert_eq!(refused(two.change("somebody else's passphrase", NEW)), Some(Code::SignInRefused));
    two.clinic.server.stop();
    let away = two.change(NURSE.passphrase, NEW).unwrap_err();
    assert_eq!(away.code, Code::ServerAway, "{away}");
    two.here.lock(LockCause::SignOut);
    assert!(!two.opens(&two.here, NURSE.passphrase).online, "nothing was changed");
    assert_eq!(refused(two.change(NURSE.passphrase, NEW)), Some(Code::Locked));
}

#[test]
fn an_old_slot_that_is_sent_again_and_one_that_somebody_else_made_change_nothing() {
    let two = Two::make();
    let (_, there) = two.devices;
    two.change(NURSE.passphrase, NEW).unwrap();
    let old = two.look(|tx| tx.prepared(there, 8)).remove(0);
    two.second_hears();
    two.change(NEW, NEWER).unwrap();
    two.second_hears();
    let put = |row: &PreparedRow| {
        let practice = &two.clinic.server.practice;
        store::write(practice.store.as_ref(), |tx| tx.put_prepared(row)).unwrap();
        two.second_hears();
    };
    put(&old);
    two.refuses(&two.there, NEW);
    assert!(!two.opens(&two.there, NEWER).online);
    let bytes = forged(&two, there, &old);
    put(&PreparedRow { bytes, number: 9, ..old });
    two.refuses(&two.there, NURSE.passphrase);
}

/// What a server could make: right in all but the person's signature.
fn forged(two: &Two, there: DeviceId, old: &PreparedRow) -> Vec<u8> {
    let mut random = Random::from_os();
    let device = two.look(|tx| tx.device(there)).unwrap();
    let contents = SlotContents {
        person: nurse().uuid(),
        signing: SigningKey::make(&mut random),
        agreement: AgreementSecret::make(&mut random),
        totp_seed: TotpSeed::make(&mut random),
        last_step: 1,
        anchors: std::collections::BTreeMap::new(),
    };
    let passphrase = Passphrase::from_typed(NURSE.passphrase).unwrap();
    let new = NewSlot {
        slot: random.uuid(),
        device: there.uuid(),
        contents: &contents,
        passphrase: &passphrase,
        window_days: 7,
        cost: SlotCost::for_tests(),
    };
    let made: MadeSlot = create(&new, &mut random).unwrap();
    let place = PreparedFor { number: 9, ..prepared::inspect(&old.bytes).unwrap() };
    prepared::make(&place, &made, &device.agreement_key, &contents.signing, &mut random).unwrap()
}

#[test]
fn whoever_left_meanwhile_gets_no_slot_and_is_forgotten() {
    let mut two = Two::make();
    let (_, there) = two.devices;
    two.stop_second();
    two.change(NURSE.passphrase, NEW).unwrap();
    end_person(&two.clinic.server.practice, nurse()).unwrap();
    assert!(two.look(|tx| tx.prepared(there, 8)).is_empty());
    two.start_second_again();
    until("the second has done its orders", || {
        two.there.sync_now().unwrap();
        two.look(|tx| tx.device(there)).unwrap().directives_done > 0
    });
    two.refuses(&two.there, NEW);
    two.refuses(&two.there, NURSE.passphrase);
}

#[test]
fn a_code_that_opened_both_workstations_is_an_alert_once_they_have_told_of_it() {
    let mut two = Two::make();
    two.here.lock(LockCause::SignOut);
    two.clinic.server.stop();
    let code = two.clinic.next_code(&NURSE);
    for workstation in [&two.here, &two.there] {
        let opened = two.clinic.sign_in_with(workstation, &NURSE, NURSE.passphrase, &code).unwrap();
        assert!(!opened.online);
    }
    two.clinic.server.start();
    two.here.sync_now().unwrap();
    two.there.sync_now().unwrap();
    until("the server has seen the reuse", || two.look(|tx| tx.count_alerts(AlertKind::CodeReused)) == 1);
}
