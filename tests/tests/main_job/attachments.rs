//! A file is attached where the server is away: it goes up while the workstation is locked, and opens in another room.

use std::fs;
use std::path::Path;

use chartkeep_server::{directing, store};
use client::view::{DocumentRow, SaveView};
use client::{AttachForm, Code, LockCause, Workstation};
use sync::wire::DirectiveOrder;

use super::clinic::until;
use super::conflicts::{Rooms, sent};
use super::restored::Practice;

const MARK: &[u8] = b"zinnober-otter";

/// A scan of several parts, with a mark in it that can be looked for.
pub(super) fn scan() -> Vec<u8> {
    MARK.iter().copied().cycle().take(2_500_000).collect()
}

fn attach(rooms: &Rooms, room: &Workstation, bytes: Vec<u8>) -> SaveView {
    let patient_id = rooms.patient.clone();
    let media_type = "image/png".to_owned();
    room.attach(AttachForm { patient_id, title: "Scan of a letter".to_owned(), media_type, bytes }).unwrap()
}

fn scans(rooms: &Rooms, room: &Workstation) -> Vec<DocumentRow> {
    let documents = room.open_chart(&rooms.patient, None).unwrap().documents;
    documents.into_iter().filter(|row| row.title == "Scan of a letter").collect()
}

/// The one scan in the chart of a room, once its record has come.
fn record(rooms: &Rooms, room: &Workstation) -> String {
    until("the record is there", || {
        // Where a server was put back, what is missing may be in the other room.
        [rooms.nurse(), room].iter().for_each(|room| room.sync_now().unwrap());
        !scans(rooms, room).is_empty()
    });
    scans(rooms, room).remove(0).id
}

/// How many files hold the mark in the open.
pub(super) fn open_in(folder: &Path) -> usize {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let has =
        |path: &Path| fs::read(path).is_ok_and(|bytes| bytes.windows(MARK.len()).any(|part| part == MARK));
    paths.map(|path| if path.is_dir() { open_in(&path) } else { usize::from(has(&path)) }).sum()
}

#[test]
fn a_file_that_was_attached_offline_goes_up_while_locked_and_opens_in_another_room() {
    let mut rooms = Rooms::with(&[]);
    rooms.clinic.server.stop();
    let nurse = rooms.nurse();
    assert!(attach(&rooms, nurse, scan()).saved);
    let here = scans(&rooms, nurse).remove(0).id;
    assert_eq!(nurse.attachment(&rooms.patient, &here).unwrap(), scan(), "it opens where it was attached");
    assert_eq!(nurse.status().unsent_changes, 2, "the record, and the file");
    nurse.lock(LockCause::Person);
    assert_eq!(nurse.attachment(&rooms.patient, &here).unwrap_err().code, Code::Locked);

    rooms.clinic.server.start();
    sent(rooms.nurse());

    let there = record(&rooms, &rooms.doctor);
    assert_eq!(rooms.doctor.attachment(&rooms.patient, &there).unwrap(), scan());
    rooms.clinic.server.stop();
    assert_eq!(rooms.doctor.attachment(&rooms.patient, &there).unwrap(), scan(), "once fetched, it stays");
    assert_eq!(open_in(rooms.clinic.folder.path()), 0, "nothing of it lies open on a disk");
    let within = rooms.doctor.attachment(&rooms.patient, &rooms.note).unwrap();
    assert_eq!(within, b"Cough since Monday.", "what is within a record opens as well");
}

#[test]
fn a_server_that_was_put_back_gets_the_file_again_from_where_it_was_attached() {
    let mut practice = Practice::make();
    assert!(attach(&practice.rooms, practice.rooms.nurse(), scan()).saved);
    sent(practice.rooms.nurse());
    practice.lose_the_server();

    practice.rooms.clinic.server.start();

    let rooms = &practice.rooms;
    let there = record(rooms, &rooms.doctor);
    until("the file is at the server again", || {
        rooms.nurse().sync_now().unwrap();
        rooms.doctor.attachment(&rooms.patient, &there).is_ok()
    });
    assert_eq!(rooms.doctor.attachment(&rooms.patient, &there).unwrap(), scan());
}

#[test]
fn a_workstation_that_retires_sends_its_files_first() {
    let mut rooms = Rooms::with(&[]);
    rooms.clinic.server.stop();
    assert!(attach(&rooms, rooms.nurse(), scan()).saved);
    rooms.nurse().lock(LockCause::Person);
    let practice = &rooms.clinic.server.practice;
    let devices = store::read(practice.store.as_ref(), |tx| tx.devices()).unwrap();
    directing::order(practice, devices[0].id, &DirectiveOrder::Wipe { deliver_first: true }).unwrap();

    rooms.clinic.server.start();
    until("the workstation is wiped", || {
        rooms.nurse().sync_now().unwrap_or_default();
        rooms.nurse().status().problem.is_some_and(|problem| problem.code == Code::Wiped)
    });

    until("the record is there", || {
        rooms.doctor.sync_now().unwrap();
        !scans(&rooms, &rooms.doctor).is_empty()
    });
    let there = scans(&rooms, &rooms.doctor).remove(0).id;
    assert_eq!(rooms.doctor.attachment(&rooms.patient, &there).unwrap(), scan());
}

#[test]
fn what_has_not_arrived_says_so_and_what_cannot_be_attached_is_named() {
    let rooms = Rooms::with(&[]);
    for bytes in [Vec::new(), vec![1; (25 << 20) + 1]] {
        let view = attach(&rooms, rooms.nurse(), bytes);
        assert_eq!((view.saved, view.warnings[0].field.as_str()), (false, "file"));
    }
    assert!(scans(&rooms, rooms.nurse()).is_empty());
    assert!(attach(&rooms, rooms.nurse(), scan()).saved);
    sent(rooms.nurse());
    let there = record(&rooms, &rooms.doctor);
    // As where the record was faster than the file.
    let blobs = fs::read_dir(rooms.clinic.data_dir().join("blobs")).unwrap();
    let files: Vec<_> = blobs.map(|entry| entry.unwrap().path()).collect();
    let id = files[0].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let store = rooms.clinic.server.practice.store.clone();
    store::write(store.as_ref(), |tx| tx.empty_attachment(id)).unwrap();
    let missing = rooms.doctor.attachment(&rooms.patient, &there).unwrap_err();
    assert_eq!((files.len(), missing.code), (1, Code::AttachmentNotHere));
}
