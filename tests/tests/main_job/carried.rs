//! An attached file that was not sent is not lost with keyring, disk or network: by stick, by mirror, and by rescue.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chartkeep_server::people::set_mirror;
use chartkeep_tests::practice::people::{IT_ADMIN, NURSE, PRACTICE_MANAGER};
use client::courier::{self, Delivered, FileReceipt, Item, ItemResult, LeftOut, Stick};
use client::keyring::MemoryKeyring;
use client::view::OpenReason;
use client::{AttachForm, Clock as _, Code, LockCause, Workstation};
use keys::courier::ItemKind;

use super::attachments::{open_in, scan};
use super::clinic::{Clinic, until};
use super::pulled;
use super::rescue::{all_sent, applied, go_on, nurse_with_unsent_notes, rescue};

const TITLE: &str = "Scan of a letter";
/// In so many parts the scan is carried.
const PARTS: usize = 3;

/// Attaches the scan; returns the id of the change.
fn attach(workstation: &Workstation, patient: &str) -> String {
    let form = AttachForm {
        patient_id: patient.to_owned(),
        title: TITLE.to_owned(),
        media_type: "image/png".to_owned(),
        bytes: scan(),
    };
    workstation.attach(form).unwrap().change_id.unwrap()
}

/// Another workstation, which reaches the server.
struct Near {
    folder: PathBuf,
    keyring: Arc<MemoryKeyring>,
}

impl Near {
    fn enrolled(clinic: &Clinic) -> Self {
        let near = Self { folder: clinic.folder.path().join("near"), keyring: Arc::default() };
        let workstation = near.workstation(clinic);
        clinic.enrol(&workstation);
        workstation.stop();
        near
    }

    fn workstation(&self, clinic: &Clinic) -> Workstation {
        clinic.workstation_in(self.folder.clone(), self.keyring.clone())
    }

    fn deliver(&self, items: impl Iterator<Item = Result<Item, client::ClientError>>) -> Delivered {
        courier::deliver(&self.folder, self.keyring.as_ref(), items, |_| {}).unwrap()
    }

    /// Somebody signs in there and opens the scan in the patient's chart, where it has arrived and where it has not.
    fn looks_at_the_scan(&self, clinic: &Clinic, patient: &str, has_arrived: bool) {
        let workstation = self.workstation(clinic);
        clinic.sign_in(&workstation, &NURSE).unwrap();
        pulled(&workstation, 2);
        let chart = workstation.open_chart(patient, Some(OpenReason::Visit)).unwrap();
        let row = chart.documents.into_iter().find(|row| row.title == TITLE).unwrap();
        let opened = workstation.attachment(patient, &row.id).map_err(|error| error.code);
        let expected = if has_arrived { Ok(scan()) } else { Err(Code::AttachmentNotHere) };
        assert!(opened == expected, "{has_arrived} {:?}", opened.err());
        workstation.stop();
    }
}

/// Of which change the file is not whole.
fn not_whole(delivered: &Delivered) -> Vec<String> {
    let files = delivered.files.iter().filter(|file| !file.is_whole());
    files.map(|file| file.change.to_string()).collect()
}

fn all_held(delivered: &Delivered) -> bool {
    delivered.results.iter().all(ItemResult::is_held) && not_whole(delivered).is_empty()
}

/// The folder of the one workstation that has a mirror.
fn mirror_of(mirror: &Path) -> PathBuf {
    fs::read_dir(mirror).unwrap().next().unwrap().unwrap().path()
}

/// How many parts of files and how many changes lie in a mirror.
fn mirrored(mirror: &Path) -> (usize, usize) {
    let folders = fs::read_dir(mirror).unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<String> = folders
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".ckitem"))
        .collect();
    let count = |kind: &str| names.iter().filter(|name| name.starts_with(kind)).count();
    (count("file-"), count("envelope-"))
}

/// A clinic whose policy has a mirror, and a nurse with two notes and a scan that are unsent and mirrored.
fn mirrored_clinic() -> (Clinic, Workstation, String, String, PathBuf) {
    let clinic = Clinic::make(10);
    let mirror = clinic.folder.path().join("usb");
    fs::create_dir(&mirror).unwrap();
    set_mirror(&clinic.server.practice, Some(mirror.to_string_lossy().into_owned())).unwrap();
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    for person in [&IT_ADMIN, &PRACTICE_MANAGER, &NURSE] {
        clinic.activate(&workstation, person);
    }
    let (clinic, workstation, patient) = go_on(clinic, workstation, 2);
    let change = attach(&workstation, &patient);
    workstation.lock(LockCause::Person);
    until("the mirror holds what is unsent", || mirrored(&mirror) == (PARTS, 3));
    (clinic, workstation, patient, change, mirror)
}

#[test]
fn a_file_that_was_attached_offline_comes_to_the_server_by_a_stick_and_what_is_cut_off_is_said() {
    let (mut clinic, workstation, patient) = nurse_with_unsent_notes(1);
    let change = attach(&workstation, &patient);
    workstation.stop();
    let now = clinic.clock.now();
    let blind = courier::collect(&clinic.data_dir(), None, now).unwrap();
    assert_eq!((blind.changes, blind.files), (2, 0));
    assert!(
        blind.left_out.iter().any(|left| matches!(left, LeftOut::Files(why) if why.code == Code::KeyMissing))
    );
    let whole = courier::collect(&clinic.data_dir(), Some(clinic.keyring.as_ref()), now).unwrap();
    assert_eq!((whole.changes, whole.files, whole.left_out.len()), (2, 1, 0));
    let file = clinic.folder.path().join("away.ckcourier");
    let bytes: Vec<u8> = whole.items().flat_map(|item| item.unwrap().to_bytes()).collect();
    fs::write(&file, &bytes).unwrap();
    let cut = clinic.folder.path().join("cut.ckcourier");
    fs::write(&cut, &bytes[..bytes.len() - 100]).unwrap();

    clinic.server.start();
    let near = Near::enrolled(&clinic);
    assert_eq!(
        not_whole(&near.deliver(blind.items())),
        [change.as_str()],
        "its change is here, and it is not"
    );
    let stick = Stick::look_through(&cut).unwrap();
    assert!(stick.bad.len() == 1 && stick.bad[0].name.as_ref().unwrap().contains(&change));
    assert_eq!(not_whole(&near.deliver(stick.items())), [change.as_str()]);
    near.looks_at_the_scan(&clinic, &patient, false);
    let stick = Stick::look_through(&file).unwrap();
    assert!(stick.bad.is_empty());
    for files in [1, 0] {
        let brought = near.deliver(stick.items());
        assert!(all_held(&brought), "{:?} {:?}", brought.results, brought.files);
        assert_eq!((applied(&clinic), brought.files.iter().filter(|file| file.is_whole()).count()), (2, 1));
        let (data_dir, keyring) = (clinic.data_dir(), clinic.keyring.clone());
        let taken = courier::take_back(&data_dir, keyring.as_ref(), &brought.answers, now).unwrap();
        assert_eq!(taken.files, files, "once it is news");
    }
    near.looks_at_the_scan(&clinic, &patient, true);
    assert_eq!(open_in(clinic.folder.path()), 0, "nothing of it lies open on a disk or a stick");
    clinic.server.stop();
    let workstation = clinic.workstation();
    assert_eq!(workstation.status().unsent_changes, 0, "the answers came back by file");
    workstation.stop();
}

#[test]
fn with_the_disk_gone_the_mirror_brings_the_file_back_and_a_part_that_is_missing_is_said() {
    let (mut clinic, workstation, patient, change, mirror) = mirrored_clinic();
    workstation.stop();
    fs::rename(clinic.data_dir(), clinic.folder.path().join("dead")).unwrap();
    assert_eq!(open_in(&mirror), 0, "nothing of it lies open on the mirror");
    clinic.keyring = Arc::new(MemoryKeyring::default());
    clinic.server.start();

    let workstation = clinic.workstation();
    workstation.enrol(rescue(&clinic, "Front room")).unwrap();
    all_sent(&workstation);
    let near = Near::enrolled(&clinic);
    let stick = Stick::look_through(&mirror_of(&mirror)).unwrap();
    let is_middle = |item: &Item| item.header.kind == ItemKind::FilePart && item.header.first == 1 << 20;
    let torn = stick.items().filter(|item| !item.as_ref().is_ok_and(is_middle));
    assert_eq!(not_whole(&near.deliver(torn)), [change.as_str()]);
    for _ in 0..2 {
        let brought = near.deliver(stick.items());
        assert!(all_held(&brought), "{:?} {:?}", brought.results, brought.files);
        assert_eq!(brought.files.iter().filter(|file| FileReceipt::is_whole(file)).count(), 1);
        assert_eq!(applied(&clinic), 3);
    }
    assert!(clinic.verify_logs().ok);
    near.looks_at_the_scan(&clinic, &patient, true);
    workstation.stop();
}

#[test]
fn a_copy_on_the_mirror_goes_on_where_it_was_cut_off_and_a_damaged_file_holds_up_no_other() {
    let (clinic, workstation, patient, _change, mirror) = mirrored_clinic();
    let parts = || {
        let files = fs::read_dir(mirror_of(&mirror)).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("file-"))
            .collect::<Vec<_>>()
    };
    let whole = fs::read(&parts()[0]).unwrap();
    let gone = parts().remove(0);
    fs::remove_file(&gone).unwrap();
    let looks_again = || {
        // The next look is due when some time has passed.
        clinic.pass(30);
        workstation.sync_now().unwrap();
    };
    until("the part is there again", || {
        looks_again();
        gone.exists()
    });
    assert!(fs::read(&gone).unwrap() == whole, "it is the same part");

    let blob = fs::read_dir(clinic.data_dir().join("blobs")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(blob).unwrap();
    parts().iter().for_each(|path| fs::remove_file(path).unwrap());
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let second = attach(&workstation, &patient);
    until("the other file is there", || {
        looks_again();
        mirrored(&mirror) == (PARTS, 4)
    });
    assert!(parts().iter().all(|path| path.to_string_lossy().contains(&second)));
    workstation.stop();
}

#[test]
fn once_the_server_has_the_file_the_mirror_lets_go_of_it() {
    let (mut clinic, workstation, patient, _change, mirror) = mirrored_clinic();
    clinic.server.start();
    all_sent(&workstation);
    until("the mirror is empty", || mirrored(&mirror) == (0, 0));
    let near = Near::enrolled(&clinic);
    near.looks_at_the_scan(&clinic, &patient, true);
    workstation.stop();
}

#[test]
fn with_the_keyring_gone_a_rescue_sends_the_file_and_one_that_is_damaged_is_named_by_its_change() {
    let (mut clinic, workstation, patient) = nurse_with_unsent_notes(1);
    let change = attach(&workstation, &patient);
    workstation.stop();
    let now = clinic.clock.now();
    let blob = fs::read_dir(clinic.data_dir().join("blobs")).unwrap().next().unwrap().unwrap().path();
    let sealed = fs::read(&blob).unwrap();
    let mut damaged = sealed.clone();
    damaged[1_000_000] ^= 1;
    fs::write(&blob, damaged).unwrap();
    let collected = courier::collect(&clinic.data_dir(), Some(clinic.keyring.as_ref()), now).unwrap();
    assert_eq!((collected.changes, collected.files), (2, 0));
    let named =
        |left: &LeftOut| matches!(left, LeftOut::Attachment { change: of, .. } if of.to_string() == change);
    assert!(collected.left_out.len() == 1 && named(&collected.left_out[0]), "{:?}", collected.left_out);
    fs::write(&blob, sealed).unwrap();

    clinic.keyring = Arc::new(MemoryKeyring::default());
    clinic.server.start();
    let workstation = clinic.workstation();
    assert_eq!(workstation.status().problem.map(|problem| problem.code), Some(Code::KeyringForeign));
    workstation.enrol(rescue(&clinic, "")).unwrap();
    all_sent(&workstation);
    let near = Near::enrolled(&clinic);
    near.looks_at_the_scan(&clinic, &patient, true);
    workstation.stop();
}
