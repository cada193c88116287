//! A process that erases patients and writes for others, killed at any moment: what was begun is finished, never half.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keys::Random;
use records::change::Base;
use records::find::Query;
use records::rights::Action;
use records::{Document, Drawer, Role};
use vault::{Device, Folder, RawKey, Vault};

use crate::clinic::{
    Clinic, DEVICE_KEY, digest_holds, heart_rate, note, now, patient, person_record, small_practice,
};

/// Where the killed process finds its folder, the first of its notes, and the first of its patients.
const CHILD: &str = "CHARTKEEP_ERASE_CHILD";
const PATIENTS: u32 = 120;

fn named(number: u32) -> String {
    format!("many-{number}")
}

fn crowd() -> Vec<Document> {
    (0..PATIENTS)
        .flat_map(|number| {
            let whose = named(number);
            [
                person_record(&whose, "Family", "Given", "1950-01-01", "555-000-0000"),
                heart_rate(&format!("hr-{number}"), &whose, 60),
            ]
        })
        .collect()
}

fn is_found(clinic: &mut Clinic, vault: &mut Vault, number: u32) -> bool {
    let permit = clinic.practice_permit(vault, Role::FrontDesk, Action::Search);
    let query = Query::parse(&format!("MRN-many-{number}"), jiff::civil::date(2026, 3, 10));
    !vault.search(&permit, &query, 5, now()).unwrap().rows.is_empty()
}

fn write_anew(vault: &mut Vault) {
    for drawer in vault.erasures_due().unwrap() {
        vault.begin_rewrite(drawer).unwrap();
        while !vault.rewrite_step(50).unwrap().finished {}
    }
}

#[test]
fn a_process_killed_at_any_moment_of_an_erasure_goes_on_with_it_and_loses_nobody_else() {
    let rounds = std::env::var("CHARTKEEP_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    clinic.load(&mut vault, &crowd());
    drop(vault);
    let folder = clinic.folder();
    let mut random = Random::from_seed([6; 32]);
    let (mut saved, mut asked, mut finished) = (Vec::new(), 0, 0);
    for round in 0..rounds {
        let child = spawn(folder.root(), 1 + 1000 * round, asked);
        let [low, high] = random.bytes::<2>();
        let told = killed_after(child, Duration::from_micros(u64::from(u16::from_be_bytes([high, low])) * 3));
        saved.extend(told.saved);
        finished += told.finished;
        let mut vault = clinic.reopen();
        // What was asked for is in the list, or was never said to have been taken in.
        let begun = (asked..).take_while(|n| vault.device().is_erased(&named(*n)).unwrap()).count();
        asked += u32::try_from(begun).unwrap();
        assert!(asked >= told.begun, "round {round}: an order that was taken in is lost");
        for number in asked.saturating_sub(3)..(asked + 2).min(PATIENTS) {
            assert_eq!(is_found(&mut clinic, &mut vault, number), number >= asked, "round {round}: {number}");
        }
        let permit = clinic.chart_permit(&mut vault, Role::Clinician, "bob");
        let chart = vault.chart(&permit).unwrap();
        for number in &saved {
            let name = format!("new-{number}");
            assert!(chart.iter().any(|found| found.document.id().as_str() == name), "round {round}: {name}");
        }
        assert!(Drawer::ALL.into_iter().all(|drawer| digest_holds(&mut vault, drawer)), "round {round}");
    }
    let mut vault = clinic.reopen();
    write_anew(&mut vault);
    let left = (0..PATIENTS).filter(|number| is_found(&mut clinic, &mut vault, *number)).count();
    assert_eq!(left, (PATIENTS - asked) as usize, "nobody else is gone");
    for number in 0..asked {
        assert!(vault.device_mut().is_erasure_done(&patient(&named(number))).unwrap());
    }
    assert!(asked > 0);
    println!("{rounds} rounds, {asked} erased, {finished} times in all drawers, {} notes", saved.len());
}

/// The process that is killed. Without a folder to work on it has nothing to do.
#[test]
fn erases_and_writes_until_it_is_killed() {
    let Ok(text) = std::env::var(CHILD) else { return };
    let mut parts = text.splitn(3, '|');
    let mut number: u128 = parts.next().unwrap().parse().unwrap();
    let mut next: u32 = parts.next().unwrap().parse().unwrap();
    let folder = parts.next().unwrap();
    let mut clinic = Clinic::new();
    let device = Device::open(Folder::new(folder), &RawKey::new(DEVICE_KEY)).unwrap();
    let mut vault = clinic.unlock(device, &Drawer::ALL);
    println!("ready");
    loop {
        for drawer in vault.erasures_due().unwrap() {
            vault.begin_rewrite(drawer).unwrap();
            while !vault.rewrite_step(100).unwrap().finished {
                let fresh = note(&format!("new-{number}"), "bob", "written here");
                let permit = clinic.write_permit(&mut vault, Action::Create, "bob", &[&fresh]);
                let change = clinic.change(number, vec![(fresh, Base::None)]);
                vault.save(permit, &change, &clinic.pen(), now()).unwrap();
                println!("saved {number}");
                number += 1;
            }
        }
        println!("finished");
        if next == PATIENTS {
            return;
        }
        vault.erase_patient(&patient(&named(next)), now()).unwrap();
        next += 1;
        println!("begun {next}");
    }
}

#[derive(Default)]
struct Told {
    saved: Vec<u128>,
    begun: u32,
    finished: u32,
}

fn spawn(folder: &Path, first: u128, next: u32) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "erasing_killed::erases_and_writes_until_it_is_killed", "--nocapture"]);
    command.env(CHILD, format!("{first}|{next}|{}", folder.display())).stdout(Stdio::piped());
    command.spawn().unwrap()
}

/// Kills the process some time after it has begun, and returns what it said was done.
fn killed_after(mut child: Child, wait: Duration) -> Told {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().ends_with("ready") {}
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told = Told::default();
    for line in lines.map_while(Result::ok) {
        match line.split_once(' ') {
            Some(("saved", number)) => told.saved.extend(number.parse::<u128>().ok()),
            Some(("begun", number)) => told.begun = number.parse().unwrap_or(told.begun),
            Some(_) | None => told.finished += u32::from(line == "finished"),
        }
    }
    told
}
