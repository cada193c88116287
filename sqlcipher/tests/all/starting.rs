//! The first openings of a process, all at once.

use std::hint::spin_loop;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use crate::{make, reopen, words};

const FILES: &str = "SQLCIPHER_TEST_FIRST_OPENINGS";
const PROCESSES: usize = 100;
const THREADS: usize = 4;

/// Only a new process has a first opening, so the test runs itself again, often enough to meet the moment.
#[test]
fn threads_that_open_first_at_the_same_time_all_get_a_working_cipher() {
    if let Some(folder) = env::var_os(FILES) {
        return open_on_every_thread(folder.as_ref());
    }
    let folder = tempfile::tempdir().unwrap();
    for number in 0..THREADS {
        make(&folder.path().join(number.to_string()));
    }
    for process in 0..PROCESSES {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "starting::threads_that_open_first_at_the_same_time_all_get_a_working_cipher"])
            .env(FILES, folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "process {process}: {output:?}");
    }
}

fn open_on_every_thread(folder: &Path) {
    let ready = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (ready, path) = (&ready, folder.join(number.to_string()));
            scope.spawn(move || {
                ready.fetch_add(1, Ordering::SeqCst);
                while ready.load(Ordering::SeqCst) < THREADS {
                    spin_loop();
                }
                assert_eq!(words(&reopen(&path).unwrap()), 1);
            });
        }
    });
}
