//! The server's disk is gone, and an older backup takes its place: what was confirmed since comes back by itself, once.

use chartkeep_server::store::{self, Transaction};
use chartkeep_server::{backing, carrying, directing, recovering};
use chartkeep_tests::practice::people::{IT_ADMIN, NURSE};
use client::courier::{self, Item};
use client::{Clock as _, LockCause, Workstation};
use jiff::SignedDuration;
use records::Drawer;
use std::path::PathBuf;
use std::time::Duration;

use super::clinic::until;
use super::conflicts::{Rooms, sent};
use super::rescue::proof;

/// Two rooms, one note that both have, and a backup that is 40 hours old.
pub(super) struct Practice {
    pub(super) rooms: Rooms,
    backup: PathBuf,
}

impl Practice {
    pub(super) fn make() -> Self {
        let rooms = Rooms::with(&[&IT_ADMIN]);
        let backup = rooms.clinic.folder.path().join("backup");
        rooms.clinic.server.back_up(&backup);
        Self { rooms, backup }
    }

    /// Somebody changes the note, the server confirms it, and both rooms have it.
    fn change(&self, room: &Workstation, text: &str) {
        self.rooms.write(room, Some(&self.rooms.note), text, false);
        sent(room);
        self.both_have(text);
    }

    fn both_have(&self, text: &str) {
        until("both rooms have it", || {
            let rooms = [self.rooms.nurse(), &self.rooms.doctor];
            // One may wait for what only the other can send.
            rooms.iter().for_each(|room| room.sync_now().unwrap());
            rooms.iter().all(|room| self.rooms.texts(room) == [text])
        });
    }

    pub(super) fn lose_the_server(&mut self) {
        let taken_at = self.rooms.clinic.server.practice.clock.now() - SignedDuration::from_hours(40);
        self.rooms.clinic.server.stop();
        let proof = proof(&self.rooms.clinic, &IT_ADMIN);
        self.rooms.clinic.server.put_back(&self.backup, |practice| {
            recovering::note_restored(practice, taken_at).unwrap();
            assert!(recovering::check(practice).is_err(), "it does not serve before that");
            recovering::declare(practice, None, &proof).unwrap();
            recovering::check(practice).unwrap();
        });
    }

    fn look<T>(&self, work: impl FnOnce(&dyn Transaction) -> Result<T, store::StoreError>) -> T {
        store::read(self.rooms.clinic.server.practice.store.as_ref(), work).unwrap()
    }
}

#[test]
fn edits_on_one_another_from_two_rooms_come_back_in_their_order() {
    let mut practice = Practice::make();
    let before = practice.look(|tx| tx.applied_changes());
    practice.change(practice.rooms.nurse(), "Cough is better.");
    practice.change(&practice.rooms.doctor, "Cough is better, no fever.");
    practice.change(practice.rooms.nurse(), "Cough is better, no fever, eats.");
    assert_eq!(practice.look(|tx| tx.applied_changes()), before + 3);
    practice.lose_the_server();
    // On a version that nobody but the two rooms has ever heard of.
    practice.rooms.write(&practice.rooms.doctor, Some(&practice.rooms.note), "All well again.", true);

    practice.rooms.clinic.server.start();

    // Each edit waits for one of the other room's, so both rooms send more than once.
    practice.both_have("All well again.");
    practice.rooms.agree_on(&["All well again."]);
    assert_eq!(practice.look(|tx| tx.applied_changes()), before + 4, "each once");
}

#[test]
fn a_drawer_that_took_new_keys_after_the_backup_opens_and_takes_newer_ones_that_the_server_knows() {
    let mut practice = Practice::make();
    let device = practice.look(|tx| tx.devices())[0].id;
    let keys = |practice: &Practice| {
        let keys = practice.look(|tx| tx.drawer_keys(device, Drawer::Clinical));
        keys.into_iter().map(|(generation, _)| generation).collect::<Vec<_>>()
    };
    let last =
        |practice: &Practice| practice.look(|tx| tx.directives(device, 0)).last().map_or(0, |row| row.number);
    let settled = |practice: &Practice, what: &str, is_new: &dyn Fn(u32) -> bool| {
        until(what, || {
            let nurse = practice.rooms.nurse();
            nurse.sync_now().unwrap();
            // New keys come into the hands of who signs in after they were heard of.
            if practice.look(|tx| tx.device(device)).unwrap().directives_done < last(practice) {
                nurse.lock(LockCause::Person);
                practice.rooms.clinic.sign_in(nurse, &NURSE).unwrap();
                std::thread::sleep(Duration::from_millis(500));
            }
            matches!(keys(practice)[..], [one] if is_new(one))
        });
    };
    directing::re_key(&practice.rooms.clinic.server.practice, device, Drawer::Clinical).unwrap();
    settled(&practice, "the drawer is under its second keys", &|generation| generation == 2);
    practice.lose_the_server();

    practice.rooms.clinic.server.start();
    settled(&practice, "the drawer is under keys that both know", &|generation| generation > 2);

    practice.rooms.nurse().lock(LockCause::Person);
    practice.rooms.clinic.server.stop();
    practice.rooms.clinic.sign_in(practice.rooms.nurse(), &NURSE).unwrap();
    assert_eq!(practice.rooms.texts(practice.rooms.nurse()), ["Cough since Monday."]);
}

#[test]
fn what_a_courier_brings_back_from_the_lost_server_counts_no_more() {
    let mut practice = Practice::make();
    practice.rooms.clinic.server.stop();
    practice.rooms.write(practice.rooms.nurse(), Some(&practice.rooms.note), "Cough is better.", false);
    practice.rooms.switch_off();
    let clinic = &practice.rooms.clinic;
    let (folder, keyring, now) = (clinic.data_dir(), clinic.keyring.clone(), clinic.clock.now());
    let stick = courier::collect(&folder, Some(keyring.as_ref()), now).unwrap();
    let items: Vec<Vec<u8>> = stick.items().map(|item| item.unwrap().to_bytes()).collect();
    let answers = carrying::take_items(&clinic.server.practice, &items).unwrap().answers;
    let answers: Vec<Item> = answers.iter().map(|answer| Item::parse(&answer.0).unwrap()).collect();
    assert_eq!(practice.look(|tx| tx.applied_changes()), 2, "the note, and the change of it");

    practice.lose_the_server();

    practice.rooms.clinic.server.start();
    practice.rooms.switch_on();
    practice.both_have("Cough is better.");
    practice.rooms.switch_off();
    let taken = courier::take_back(&folder, keyring.as_ref(), &answers, now).unwrap();
    assert_eq!((taken.outdated, taken.changes, taken.events), (1, 0, None));
}

#[test]
fn what_a_backup_holds_is_not_kept_and_what_it_does_not_hold_is() {
    let practice = Practice::make();
    let kept = || {
        let outbox = practice.rooms.clinic.data_dir().join("outbox");
        std::fs::read_dir(outbox).unwrap().count()
    };
    let first = kept();
    assert!(first > 0, "confirmed, and in no backup");
    practice.change(practice.rooms.nurse(), "Cough is better.");
    assert_eq!(kept(), first + 1);
    practice.rooms.clinic.pass(120);
    backing::note(&practice.rooms.clinic.server.practice, practice.rooms.clinic.server.practice.clock.now())
        .unwrap();
    until("the room has heard of the backup", || {
        practice.rooms.nurse().sync_now().unwrap();
        kept() == 0
    });
}
