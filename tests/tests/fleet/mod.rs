//! A small fleet through the program that runs a large one: nothing is lost, and nothing is left behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn fleet(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chartkeep-fleet"));
    command.arg("--folder").arg(folder).args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Processes that were started with something in the folder.
fn at_work_in(folder: &Path) -> usize {
    let folder = folder.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let words = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    words.filter(|words| String::from_utf8_lossy(words).contains(folder)).count()
}

#[test]
fn a_small_fleet_works_for_three_days_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let done =
        fleet(folder.path(), &["--devices", "12", "--days", "3", "--events", "4000"]).output().unwrap();
    let told = String::from_utf8_lossy(&[&done.stderr[..], &done.stdout].concat()).into_owned();
    assert!(done.status.success(), "{told}");
    assert_eq!(left_in(folder.path()), ["report.json"]);
    let report: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    let number = |name: &str| report[name].as_u64().unwrap();
    assert_eq!((report["ended"].as_str(), number("losses")), (Some("whole"), 0), "{told}");
    assert!((3_000..=4_000).contains(&number("events_recorded")), "{told}");
    assert_eq!(number("events_held"), number("events_recorded"), "{told}");
    assert_eq!(number("changes_applied"), number("changes_written"), "{told}");
    assert!(number("changes_written") > 0 && number("requests_repeated") > 0, "{told}");
    let looks = report["checkpoints"].as_array().unwrap();
    assert_eq!(looks.last().unwrap()["events"], report["events_held"], "{told}");
}

#[test]
fn a_fleet_that_is_stopped_ends_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = fleet(folder.path(), &["--devices", "20", "--days", "30"]).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("day 1 of 30") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it has ended by itself");
    }
    assert_eq!(at_work_in(folder.path()), 2, "itself and the server");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    said.read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{line}");
    assert!(left_in(folder.path()).is_empty());
    assert_eq!(at_work_in(folder.path()), 0);
}
