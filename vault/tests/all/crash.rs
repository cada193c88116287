//! A writer is killed at any point of its work: what it said was done is there, and what it had begun is closed.
//!
//! `CHARTKEEP_CRASH_ROUNDS` sets how often; a thousand take some minutes.

use std::process::Child;
use std::thread;
use std::time::Duration;

use keys::Random;

use crate::clinic::{Clinic, fast_folder};
use crate::disk::{self, ROOT};
use crate::writer::{Writer, check, said};

const TEST: &str = "crash::a_writer_killed_at_any_point_loses_nothing_it_said_was_done";
const ROUND: &str = "CHARTKEEP_TEST_ROUND";
/// After so many rounds the next begins in a new folder.
const ROUNDS_A_FOLDER: u32 = 20;

#[test]
fn a_writer_killed_at_any_point_loses_nothing_it_said_was_done() {
    if let Some(root) = disk::root() {
        let round: u128 = std::env::var(ROUND).unwrap().parse().unwrap();
        let mut writer = Writer::begin(Clinic::at(&root), round * 100_000);
        loop {
            writer.work();
        }
    }
    let mut random = Random::from_seed([21; 32]);
    let mut folder = fast_folder();
    let mut written = 0;
    for round in 0..disk::rounds("CHARTKEEP_CRASH_ROUNDS", 60) {
        if round % ROUNDS_A_FOLDER == 0 {
            folder = fast_folder();
        }
        let mut clinic = Clinic::at(folder.path());
        let before = said(&clinic).len();
        let mut command = disk::this_test(TEST);
        command.env(ROOT, folder.path()).env(ROUND, (round + 1).to_string());
        let child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        kill_somewhere(child, &clinic, before, &mut random);
        let all = said(&clinic);
        written += all.get(before..).unwrap().lines().filter(|line| line.starts_with("note ")).count();
        check(&mut clinic, &all);
    }
    assert!(written > 0, "nothing was written, so nothing could be lost");
}

/// Half of the time from the start on, where the vault opens and recovers; else in the middle of work.
fn kill_somewhere(mut child: Child, clinic: &Clinic, before: usize, random: &mut Random) {
    let [early, low, high] = random.bytes::<3>();
    if early % 2 == 0 {
        for _ in 0..5_000 {
            if said(clinic).len() > before {
                break;
            }
            assert!(child.try_wait().unwrap().is_none(), "the writer ended by itself");
            thread::sleep(Duration::from_millis(1));
        }
    }
    thread::sleep(Duration::from_micros(u64::from(u16::from_le_bytes([low, high]))));
    child.kill().unwrap();
    let ended = child.wait().unwrap();
    assert!(!ended.success() && ended.code().is_none(), "the writer ended by itself: {ended}");
}
