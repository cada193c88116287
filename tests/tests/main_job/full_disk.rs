//! A disk that is full: nothing is shown unseen, nothing is lost, and work goes on when there is room again.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use chartkeep_tests::practice::people::NURSE;
use client::view::{DraftForm, DraftKind, Lifecycle, NoteForm, OpenReason};
use client::{Code, LockCause};

use super::nurse_at_a_chart_offline;

const SMALL_DISK: &str = "CHARTKEEP_TEST_SMALL_DISK";
const TEST: &str = "main_job::full_disk::a_full_disk_is_told_and_nothing_is_lost";

/// The test runs itself again on a disk of 96 MB, made in name spaces of its own (unshare(1)).
#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    if let Some(disk) = env::var_os(SMALL_DISK) {
        return fill_and_work(disk.as_ref());
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=96m small \"$1\" || exit 77; exec \"$2\" --exact \"$3\" --nocapture";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(env::current_exe().unwrap())
        .arg(TEST)
        .env(SMALL_DISK, folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || said.starts_with("unshare:") {
        eprintln!("not run: this machine lets nobody make a small disk ({})", said.trim());
        return;
    }
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
}

fn fill_and_work(disk: &Path) {
    let (clinic, workstation, patient) = nurse_at_a_chart_offline();
    let note =
        |text: &str| NoteForm { patient_id: patient.clone(), text: text.to_owned(), ..NoteForm::default() };
    assert!(workstation.save_note(note("with room")).unwrap().saved);

    let ballast = fill(disk);
    // What fits into the last free bytes of a file may still be saved; what is refused is refused with its reason.
    let refused = (0..50).find_map(|number| workstation.save_note(note(&format!("full {number}"))).err());
    assert_eq!(refused.map(|error| error.code), Some(Code::DiskFull));
    let draft = || DraftForm {
        patient_id: patient.clone(),
        form: DraftKind::Note,
        content: "x".repeat(200_000),
        place: None,
    };
    assert_eq!(workstation.save_draft(draft()).map_err(|error| error.code).err(), Some(Code::DiskFull));
    assert_eq!(
        workstation.open_chart(&patient, Some(OpenReason::Visit)).map_err(|error| error.code).err(),
        Some(Code::DiskFull),
        "a chart is not shown when its event cannot be written"
    );

    fs::remove_file(ballast).unwrap();
    assert!(workstation.save_note(note("with room again")).unwrap().saved);
    workstation.save_draft(draft()).unwrap();
    workstation.lock(LockCause::Person);
    drop(workstation);
    let workstation = clinic.workstation();
    assert_eq!(workstation.status().state, Lifecycle::Locked);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let chart = workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    let texts = format!("{:?}", chart.notes.iter().map(|note| &note.text).collect::<Vec<_>>());
    assert!(texts.contains("with room") && texts.contains("with room again"), "{texts}");
    assert_eq!(chart.drafts.len(), 1);
}

/// Fills the disk to the last byte and names the file that does it.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut file = File::create(&path).unwrap();
    for size in [1 << 20, 4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    path
}
