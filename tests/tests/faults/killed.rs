//! The processes of these tests, and a workstation that is killed while its person writes.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chartkeep_server::clock::Clock as ServerClock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::practice::Practice;
use chartkeep_server::serving::{Addresses, start};
use chartkeep_tests::network::Proxy;
use chartkeep_tests::practice::people::NURSE;
use client::view::{NoteForm, OpenReason};
use client::{LockCause, SignInForm};

use super::ward::{Counted, count};
use super::{faults, pause};
use crate::main_job::clinic::{Clinic, TestClock, until};
use crate::main_job::first_sync::start as start_workstation;
use crate::main_job::pulled;

/// Where the server's process finds its folder, how far its clock is ahead, and where it listens.
const SERVER: &str = "CHARTKEEP_FAULTS_SERVER";
/// Where the workstation's process finds its folder, how far its clock is ahead, the code, the patient and its round.
const WORKSTATION: &str = "CHARTKEEP_FAULTS_WORKSTATION";

/// Starts a process that serves the clinic, where its own server did.
pub(super) fn serve(clinic: &Clinic) -> Child {
    let (main, enrolment) = clinic.server.addresses();
    let folder = clinic.server.folder();
    let given = format!("{}\n{}\n{main}\n{enrolment}", folder.display(), clinic.clock.seconds_ahead());
    let mut child = spawn("faults::killed::serves_until_it_is_killed", SERVER, &given);
    wait_for_ready(&mut child);
    child
}

/// As kill -9.
pub(super) fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn spawn(test: &str, variable: &str, given: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(variable, given);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

fn wait_for_ready(child: &mut Child) -> BufReader<std::process::ChildStdout> {
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.trim_end().ends_with("ready") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it has ended by itself");
    }
    said
}

/// The server that is killed. Without a folder it has nothing to do.
#[test]
fn serves_until_it_is_killed() {
    let Ok(given) = std::env::var(SERVER) else { return };
    let given: Vec<&str> = given.lines().collect();
    let clock = ServerClock::Ahead(Arc::new(AtomicU64::new(given[1].parse().unwrap())));
    let practice = Practice::open(&DataDir::at(Path::new(given[0])), clock).unwrap();
    let (main, enrolment): (SocketAddr, SocketAddr) = (given[2].parse().unwrap(), given[3].parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let running = start(practice, Addresses { main, enrolment }).unwrap();
        println!("ready");
        running.until(std::future::pending()).await.unwrap();
    });
}

/// The workstation that is killed: it says what it is about to save, and what is saved.
#[test]
fn writes_until_it_is_killed() {
    let Ok(given) = std::env::var(WORKSTATION) else { return };
    let given: Vec<&str> = given.lines().collect();
    let clock = Arc::new(TestClock::ahead_by(given[1].parse().unwrap()));
    let workstation = start_workstation(Path::new(given[0]), clock);
    let form = SignInForm {
        username: NURSE.username.to_owned(),
        passphrase: NURSE.passphrase.to_owned(),
        code: given[2].to_owned(),
        phone_time: None,
    };
    workstation.sign_in(form).unwrap();
    let patient_id = given[3].to_owned();
    workstation.open_chart(&patient_id, Some(OpenReason::Visit)).unwrap();
    say("ready".to_owned());
    for number in 0..10_000 {
        let title = format!("Round {}-{number}", given[4]);
        let text = format!("Begun as {number}.");
        let form =
            NoteForm { patient_id: patient_id.clone(), title: title.clone(), text, ..NoteForm::default() };
        assert!(workstation.save_note(form).unwrap().saved);
        say(format!("saved {title}"));
        workstation.sync_now().unwrap();
    }
}

fn say(line: String) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
fn a_workstation_that_is_killed_again_and_again_keeps_all_that_it_said_was_saved() {
    let (rounds, mut random) = faults(8);
    let proxy = Proxy::start(0).unwrap();
    let clinic = Clinic::make_at(6, proxy.target());
    let root = tempfile::tempdir().unwrap();
    let workstation = start_workstation(root.path(), clinic.clock.clone());
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &NURSE);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    pulled(&workstation, 2);
    let patient = workstation.search("a").unwrap().rows[0].id.clone();
    workstation.lock(LockCause::SignOut);
    workstation.stop();
    let before = count(&clinic);

    let mut saved = Vec::new();
    for round in 0..rounds {
        let code = clinic.next_code(&NURSE);
        let ahead = clinic.clock.seconds_ahead();
        let given = format!("{}\n{ahead}\n{code}\n{patient}\n{round}", root.path().display());
        let mut child = spawn("faults::killed::writes_until_it_is_killed", WORKSTATION, &given);
        let mut said = wait_for_ready(&mut child);
        for _ in 0..4 {
            pause(&mut random);
            pause(&mut random);
            proxy.strike(&mut random);
        }
        kill(child);
        let mut text = String::new();
        said.read_to_string(&mut text).unwrap();
        saved.extend(text.lines().filter_map(|line| Some(line.strip_prefix("saved ")?.to_owned())));
    }

    let workstation = start_workstation(root.path(), clinic.clock.clone());
    clinic.sign_in(&workstation, &NURSE).unwrap();
    until("everything has arrived", || {
        workstation.sync_now().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        let status = workstation.status();
        status.unsent_changes == 0 && status.unsent_events == 0
    });
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    until("the notes are no longer pending", || {
        let chart = workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
        let mut notes = chart.notes.into_iter().filter(|note| note.title.starts_with("Round")).peekable();
        there.clear();
        notes.all(|note| {
            *there.entry(note.title).or_default() += 1;
            note.author == NURSE.name && !note.pending
        })
    });
    println!("{} were said to be saved, {} are there", saved.len(), there.len());
    assert!(saved.len() >= rounds, "each was killed at work");
    assert!(saved.iter().all(|title| there.get(title) == Some(&1)), "{saved:?} {there:?}");
    // One a round may have been saved without having said so.
    assert!(there.values().all(|times| *times == 1) && there.len() <= saved.len() + rounds);
    let written = u64::try_from(there.len()).unwrap();
    let expected = Counted { notes: before.notes + written, applied: before.applied + written, ..before };
    assert_eq!(count(&clinic), expected);
    assert!(workstation.audit_page(None, None).unwrap().verified.ok);
    workstation.lock(LockCause::Person);
    assert!(clinic.verify_logs().ok);
}
