//! Erasing a patient: two people and no hold, nothing left in the store, nothing that brings it back, and a certificate.

use crate::clinic::{Clinic, copy_folder, document, observation, patient, take_in};
use crate::custody::{beginnings, hits, meddle, open_all};
use crate::ground::{Fresh, Store};
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::{self, Done, Proof};
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::store::postgres::settle;
use chartkeep_server::store::{self, Act, AlertKind, ErasureReason};
use chartkeep_server::{erasing, importing, people};
use keys::erasure::{ErasureCertificate, Fate};
use keys::totp;
use records::change::{Base, RefusalCode};
use records::id::PatientId;
use records::{Document, Role};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use sync::wire::{DirectiveOrder, DirectivesRequest, DirectivesResponse, SecretText, Standing, path};
use tempfile::TempDir;

/// How many notes the erased patient has.
const NOTES: usize = 150;

/// Ivo and Mara are administrators, Nora is a nurse; there are Ada and Bob.
struct Practice<'a> {
    clinic: &'a Clinic,
    workstation: Workstation<'a>,
    ivo: Person,
    mara: Person,
    nora: Person,
}

fn named(id: &str, family: &str) -> Document {
    document(&format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"{family}"}}]}}"#))
}

fn note(id: &str, whose: &str, text: &str) -> Document {
    document(&format!(
        r#"{{"resourceType":"DocumentReference","id":"{id}","status":"current","subject":{{"reference":"Patient/{whose}"}},"description":"{text}"}}"#
    ))
}

fn ada() -> PatientId {
    "ada-canary-id".parse().unwrap()
}

impl<'a> Practice<'a> {
    fn of(clinic: &'a Clinic) -> Self {
        take_in(clinic, &[named("ada-canary-id", "Canaryname"), patient("bob")]);
        let workstation = clinic.enrol();
        let ivo = workstation.activate("ivo", Role::ItAdmin);
        let mara = workstation.activate("mara", Role::PracticeManager);
        let nora = workstation.activate("nora", Role::Nurse);
        clinic.advance(60);
        Self { clinic, workstation, ivo, mara, nora }
    }

    /// A code that was not used yet.
    fn proof(&self, person: &Person) -> Proof {
        self.clinic.advance(30);
        let code = totp::code_at(&person.seed, totp::step_at(self.clinic.now()));
        Proof { username: person.username.clone(), code: SecretText::new(code) }
    }

    fn ask(&self) -> Result<u64, String> {
        let act = Act::PatientErasure(ada(), ErasureReason::PatientRequest);
        approving::ask(&self.clinic.practice, act, &self.proof(&self.ivo)).map_err(|f| f.sentence)
    }

    fn agree(&self, number: u64) -> Result<Done, String> {
        approving::approve(&self.clinic.practice, number, &self.proof(&self.mara)).map_err(|f| f.sentence)
    }

    fn erase(&self) {
        let number = self.ask().unwrap();
        assert!(matches!(self.agree(number), Ok(Done::Erased(1))));
        if let Store::Postgres(fresh) = &self.clinic.store {
            let before = erasing::erasures(&self.clinic.practice).unwrap().remove(0);
            assert!(!before.row.is_settled, "the role that serves cannot clear its pages");
            settle(&fresh.owned()).unwrap();
            erasing::note_settled(&self.clinic.practice).unwrap();
        }
    }

    fn hold(&self, reason: Option<&str>) -> Result<(), String> {
        let proof = self.proof(&self.mara);
        erasing::set_hold(&self.clinic.practice, &ada(), reason, &proof).map_err(|f| f.sentence)
    }

    fn push(&self, document: Document) -> Standing {
        let (_, bytes) = self.workstation.envelope(&self.nora, vec![(document, Base::None)]);
        self.workstation.push(&[&bytes]).remove(0)
    }
}

fn report(workstation: &Workstation<'_>, done: u64) -> DirectivesResponse {
    let request = DirectivesRequest { done, trust_bundle: 1, ..DirectivesRequest::default() };
    workstation.post(path::DIRECTIVES, &request).json()
}

fn records(clinic: &Clinic) -> u64 {
    clinic.look(|tx| tx.count_by_kind()).into_iter().map(|(_, count)| count).sum()
}

#[test]
fn two_administrators_erase_a_patient_and_no_page_of_the_store_holds_a_word() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    // Among Bob's, and of all sizes, so that rows move from page to page before they go.
    for number in 0..NOTES {
        let text = "canarytext ".repeat(1 + (number * 37) % 300);
        practice.push(note(&format!("note-{number}"), "ada-canary-id", &text));
        practice.push(observation(&format!("hr-bob-{number}"), "bob", "70"));
    }
    let (first, hr) = practice
        .workstation
        .envelope(&practice.nora, vec![(observation("hr", "ada-canary-id", "72"), Base::None)]);
    let again = |value, base| {
        let entry = vec![(observation("hr", "ada-canary-id", value), base)];
        practice.workstation.envelope(&practice.nora, entry).1
    };
    let standings =
        practice.workstation.push(&[&hr, &again("80", Base::Change(first)), &again("90", Base::Version(1))]);
    assert!(matches!(standings[2], Standing::Conflict { .. }), "{standings:?}");
    people::add_relation(&clinic.practice, practice.nora.id, ada(), 5).unwrap();
    let words = ["Canaryname", "canarytext", "\"value\":80", "\"value\":90"];
    assert_eq!(hits(&clinic, &words), 0, "what records say is sealed in the store");
    let mut sealed = beginnings(&clinic, "SELECT body FROM version WHERE patient = 'ada-canary-id'");
    assert!(sealed.len() > NOTES);
    sealed.push(clinic.look(|tx| tx.newest_data_key("ada-canary-id")).unwrap().wrapped);
    assert!(hits(&clinic, &sealed) >= sealed.len() as u64);

    practice.erase();

    assert_eq!(hits(&clinic, &sealed), 0, "neither a sealed row nor the key of it is left on any page");
    assert!(clinic.look(|tx| tx.newest_data_key("ada-canary-id")).is_none());
    assert_eq!(records(&clinic), 1 + NOTES as u64, "Bob and his heart rates");
    assert_eq!(clinic.look(|tx| tx.open_conflicts()), 0);
    assert!(clinic.look(|tx| tx.relation_until(practice.nora.id, &ada(), clinic.now())).is_none());
    let erased = erasing::erasures(&clinic.practice).unwrap().remove(0);
    assert_eq!((erased.row.records, erased.row.versions), (NOTES as u64 + 2, NOTES as u64 + 3));
    assert_eq!((erased.row.asked.0, erased.row.agreed.0), (practice.ivo.id, practice.mara.id));
}

#[test]
fn a_legal_hold_beats_an_erasure_before_it_is_asked_for_and_while_it_waits() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    assert!(practice.hold(Some(" ")).unwrap_err().contains("needs a reason"));
    let waiting = practice.ask().unwrap();
    practice.hold(Some("case 17")).unwrap();
    assert!(practice.hold(Some("case 18")).unwrap_err().contains("already"));
    assert!(practice.agree(waiting).unwrap_err().contains("legal hold"));
    assert!(practice.ask().unwrap_err().contains("legal hold"));
    assert_eq!(erasing::holds(&clinic.practice).unwrap()[0].reason, "case 17");

    practice.hold(None).unwrap();
    assert!(practice.hold(None).unwrap_err().contains("no legal hold"));
    assert!(
        practice.agree(waiting).unwrap_err().contains("Nothing waits"),
        "what was stopped is asked for anew"
    );
    assert_eq!(records(&clinic), 2);
    practice.erase();
    assert!(practice.ask().unwrap_err().contains("no such patient"));
}

#[test]
fn one_person_or_a_nurse_erases_nobody() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let act = || Act::PatientErasure(ada(), ErasureReason::EnteredInError);
    let refused = approving::ask(&clinic.practice, act(), &practice.proof(&practice.nora)).unwrap_err();
    assert!(refused.sentence.contains("role"));
    let number = approving::ask(&clinic.practice, act(), &practice.proof(&practice.ivo)).unwrap();
    let alone = approving::approve(&clinic.practice, number, &practice.proof(&practice.ivo)).unwrap_err();
    assert!(alone.sentence.contains("who asked"));
    assert_eq!(records(&clinic), 2);
}

#[test]
fn neither_a_late_change_nor_an_import_brings_an_erased_patient_back() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let (first, before) = practice
        .workstation
        .envelope(&practice.nora, vec![(note("n1", "ada-canary-id", "canarytext before"), Base::None)]);
    let (_, never) = practice.workstation.envelope(
        &practice.nora,
        vec![(note("n1", "ada-canary-id", "canarytext after"), Base::Change(first))],
    );
    practice.workstation.push(&[&before]);
    practice.erase();

    let standings = practice.workstation.push(&[&before, &never]);
    for standing in &standings {
        assert_eq!(*standing, Standing::Refused { code: RefusalCode::Erased });
    }
    assert_eq!(practice.push(note("n2", "ada-canary-id", "canarytext new")), standings[0]);
    assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::ChangeRefused)), 2);
    people::end_person(&clinic.practice, practice.nora.id).unwrap();
    assert_eq!(practice.push(note("n3", "ada-canary-id", "canarytext of who left")), standings[0]);
    let file = clinic.dir.path().join("older.ndjson");
    let lines =
        [named("ada-canary-id", "Canaryname"), note("n4", "ada-canary-id", "canarytext"), patient("cat")];
    let lines: Vec<_> = lines.iter().map(|d| String::from_utf8(d.bytes().to_vec()).unwrap()).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let report = importing::import(&clinic.practice, &[file], &mut |_, _| {}).unwrap();

    assert_eq!((report.taken, report.left_out), (1, 2));
    assert!(report.problems.iter().all(|problem| problem.reason.contains("erased")));
    assert_eq!(records(&clinic), 2, "Bob and Cat");
    assert_eq!(hits(&clinic, &["Canaryname", "canarytext"]), 0, "nothing of it was kept in passing");
}

#[test]
fn rows_that_were_copied_before_an_erasure_stay_shut_and_a_key_that_was_put_back_ends_the_certificate() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    assert_eq!(open_all(&clinic), Ok(2));
    meddle(&clinic, "CREATE TABLE rows_before AS SELECT * FROM version WHERE patient = 'ada-canary-id'");
    meddle(&clinic, "CREATE TABLE key_before AS SELECT * FROM data_key WHERE subject = 'ada-canary-id'");
    practice.erase();

    let overriding = match &clinic.store {
        Store::File => "",
        Store::Postgres(_) => "OVERRIDING SYSTEM VALUE",
    };
    meddle(&clinic, &format!("INSERT INTO version {overriding} SELECT * FROM rows_before"));
    let failure = open_all(&clinic).unwrap_err();
    assert!(failure.contains("data key is gone"), "{failure}");
    meddle(&clinic, "INSERT INTO data_key SELECT * FROM key_before");
    assert_eq!(open_all(&clinic), Ok(2), "the key is what was missing");
    people::revoke_device(&clinic.practice, practice.workstation.id).unwrap();
    assert_eq!(erasing::certificate(&clinic.practice, &ada()).unwrap(), None, "it would not be true");
    meddle(&clinic, "DELETE FROM data_key WHERE subject = 'ada-canary-id'");
    assert!(erasing::certificate(&clinic.practice, &ada()).unwrap().is_some());
}

#[test]
fn a_certificate_is_issued_when_every_workstation_has_confirmed_or_is_retired() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let second = clinic.enrol();
    let revoked = clinic.enrol();
    people::revoke_device(&clinic.practice, revoked.id).unwrap();
    assert!(erasing::certificate(&clinic.practice, &ada()).is_err(), "nobody was erased");
    practice.erase();
    let orders = report(&practice.workstation, 0).directives;
    assert_eq!(orders[0].order, DirectiveOrder::ErasePatient { patient: ada() });
    let outstanding = || {
        let erasure = erasing::erasures(&clinic.practice).unwrap().remove(0);
        erasure.outstanding().map(|station| station.device).collect::<Vec<_>>()
    };
    assert_eq!(outstanding(), [practice.workstation.id, second.id]);
    assert_eq!(erasing::certificate(&clinic.practice, &ada()).unwrap(), None);

    report(&practice.workstation, orders[0].number);
    assert_eq!(outstanding(), [second.id]);
    assert_eq!(erasing::certificate(&clinic.practice, &ada()).unwrap(), None);
    people::revoke_device(&clinic.practice, second.id).unwrap();

    let signed = erasing::certificate(&clinic.practice, &ada()).unwrap().unwrap();
    let key = practice.workstation.trust.directive_key;
    let certificate = ErasureCertificate::verify(&signed, &key, clinic.practice.row.id.uuid()).unwrap();
    assert_eq!(
        (certificate.patient.as_str(), certificate.reason.as_str()),
        ("ada-canary-id", "patient-request")
    );
    assert_eq!(
        (certificate.asked.0, certificate.agreed.0),
        (practice.ivo.id.uuid(), practice.mara.id.uuid())
    );
    let fates: Vec<_> =
        certificate.workstations.iter().map(|station| (station.device, station.fate)).collect();
    let expected = [(practice.workstation.id.uuid(), Fate::Confirmed), (second.id.uuid(), Fate::Retired)];
    assert_eq!(fates, expected, "one that was revoked before was never told");
    clinic.advance(60);
    assert_eq!(erasing::certificate(&clinic.practice, &ada()).unwrap(), Some(signed), "it stays the same");
}

#[test]
fn what_the_command_line_prints_verifies_on_any_computer_against_the_root_alone() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    practice.erase();
    people::revoke_device(&clinic.practice, practice.workstation.id).unwrap();
    let data = clinic.dir.path().join("practice");
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_chartkeep-server")).arg("patient").args(arguments).output().unwrap()
    };
    let printed = run(&["certificate", "--data", data.to_str().unwrap(), "ada-canary-id"]);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let away = tempfile::tempdir().unwrap();
    let (file, root) = (away.path().join("certificate.json"), away.path().join("root.crt"));
    std::fs::copy(data.join("offline-root/root.crt"), &root).unwrap();
    let verify = |text: &[u8]| {
        std::fs::write(&file, text).unwrap();
        run(&["verify", file.to_str().unwrap(), "--root", root.to_str().unwrap()])
    };
    let told: Value = serde_json::from_slice(&verify(&printed.stdout).stdout).unwrap();
    assert_eq!((&told["ok"], &told["patient"]), (&json!(true), &json!("ada-canary-id")));
    assert_eq!(told["workstations"][0]["fate"], "retired");
    let again = |file: &Path| {
        let erased = run(&["apply", "--data", data.to_str().unwrap(), file.to_str().unwrap()]);
        serde_json::from_slice::<Value>(&erased.stdout).unwrap()["erased_again"].clone()
    };
    assert_eq!(again(&file), json!(false), "nothing was put back");
    let mut bent: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let mut certificate: Vec<char> = bent["certificate"].as_str().unwrap().chars().collect();
    certificate[40] = if certificate[40] == 'A' { 'B' } else { 'A' };
    bent["certificate"] = json!(certificate.into_iter().collect::<String>());
    assert_eq!(verify(bent.to_string().as_bytes()).status.code(), Some(1));
}

/// A store as it was at some time.
enum Older {
    File(TempDir),
    Postgres(Fresh),
}

impl Older {
    const ENDS: [&str; 2] = ["", "-wal"];

    fn of(clinic: &Clinic) -> Self {
        match &clinic.store {
            Store::File => {
                let folder = tempfile::tempdir().unwrap();
                Self::copy(&clinic.dir.path().join("practice"), folder.path());
                Self::File(folder)
            }
            Store::Postgres(fresh) => Self::Postgres(fresh.put_back()),
        }
    }

    /// In the place of the store of a folder; its keys stay.
    fn put_back(&self, data: &DataDir) {
        match self {
            Self::File(folder) => {
                std::fs::remove_file(format!("{}-shm", data.store().display())).unwrap_or_default();
                Self::copy(folder.path(), data.path());
            }
            Self::Postgres(fresh) => {
                std::fs::remove_file(data.database()).unwrap();
                fresh.served().write(data).unwrap();
            }
        }
    }

    fn copy(from: &Path, to: &Path) {
        for end in Self::ENDS {
            let file = |folder: &Path| folder.join(format!("store.db{end}"));
            std::fs::copy(file(from), file(to)).unwrap();
        }
    }
}

#[test]
fn in_a_store_that_was_put_back_the_certificate_alone_erases_again() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let data = DataDir::at(&clinic.dir.path().join("practice"));
    let older = Older::of(&clinic);
    practice.erase();
    people::revoke_device(&clinic.practice, practice.workstation.id).unwrap();
    let signed = erasing::certificate(&clinic.practice, &ada()).unwrap().unwrap();

    let restored = DataDir::at(&clinic.dir.path().join("restored"));
    copy_folder(data.path(), restored.path());
    older.put_back(&restored);
    let restored = chartkeep_server::practice::Practice::open(&restored, clinic.clock.clone()).unwrap();
    let is_there = || store::read(restored.store.as_ref(), |tx| tx.has_patient(&ada())).unwrap();
    assert!(is_there());
    let mut forged = signed.clone();
    forged[30] ^= 1;
    assert!(erasing::apply(&restored, &forged).is_err() && is_there());

    assert!(erasing::apply(&restored, &signed).unwrap());

    assert!(!is_there());
    assert!(!erasing::apply(&restored, &signed).unwrap(), "once is enough");
    let again = erasing::erasures(&restored).unwrap().remove(0);
    assert_eq!((again.row.asked.0, again.row.agreed.0), (practice.ivo.id, practice.mara.id));
    assert_eq!(again.outstanding().count(), 1, "its workstation, which was not revoked then, has its order");
}
