//! Purging audit events: two people, a backup and the period; what is about a patient with records stays; the log verifies as
//! before and names who did it; and nobody empties an entry otherwise.

use crate::clinic::{Clinic, patient, take_in};
use crate::custody::{hits, meddle};
use crate::ground::Store;
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::{self, Done, Proof};
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::practice::Practice;
use chartkeep_server::purging::{self, Purged};
use chartkeep_server::retaining::{NewPeriods, due, set_periods};
use chartkeep_server::store::{Act, Leaf, PurgeRow};
use chartkeep_server::verifying::{Verified, VerifiedLog, verify};
use chartkeep_server::{backing, erasing};
use keys::purge::PurgeCertificate;
use keys::{Random, totp};
use records::class::ClassSet;
use records::event::{EventKind, Observer, SignIn, Stamp};
use records::id::{EventId, SessionId};
use records::{Actor, AuditEvent, Purpose, Role};
use sync::wire::SecretText;

const YEAR: i64 = 366 * 24 * 3600;
/// Stands in an event that goes.
const CANARY: &str = "canary-of-an-old-event";

/// Ivo and Mara are administrators. Of Ada there are records, of Gone there are none; a workstation has told of both, long ago.
struct Told<'a> {
    clinic: &'a Clinic,
    workstation: Workstation<'a>,
    ivo: Person,
    mara: Person,
    /// The practice as the owner of the tables has it, where the store is a database; opened while certificates are good.
    owner: Option<Practice>,
}

impl<'a> Told<'a> {
    fn of(clinic: &'a Clinic) -> Self {
        take_in(clinic, &[patient("ada")]);
        let workstation = clinic.enrol();
        let ivo = workstation.activate("ivo", Role::ItAdmin);
        let mara = workstation.activate("mara", Role::PracticeManager);
        let owner = match &clinic.store {
            Store::File => None,
            Store::Postgres(fresh) => {
                let data = DataDir::at(&clinic.dir.path().join("practice"));
                Some(Practice::open_as_owner(&data, &fresh.owned(), clinic.clock.clone()).unwrap())
            }
        };
        let told = Self { clinic, workstation, ivo, mara, owner };
        let events = [told.opened("ada"), told.opened("gone"), told.signed_in(), told.opened("ada")];
        assert_eq!(told.workstation.deliver(&[], &events).status, 200);
        told
    }

    fn actor(&self) -> Actor {
        Actor {
            person: self.mara.id,
            practice: self.clinic.practice.row.id,
            roles: vec![Role::Nurse],
            device: self.workstation.id,
            session: SessionId::from_uuid(Random::from_os().uuid()),
            purpose: Purpose::Treatment,
        }
    }

    fn stamp(&self) -> Stamp {
        let id = EventId::from_uuid(Random::from_os().uuid_v7(self.clinic.now()));
        Stamp { id, at: self.clinic.now(), observer: Observer::Workstation(self.workstation.id) }
    }

    fn opened(&self, patient: &str) -> Vec<u8> {
        let patient = patient.parse().unwrap();
        AuditEvent::chart_opened(self.stamp(), &self.actor(), Some(&patient), None, ClassSet::EMPTY)
            .into_bytes()
    }

    fn signed_in(&self) -> Vec<u8> {
        AuditEvent::signed_in(self.stamp(), &self.actor(), CANARY, SignIn::Online).into_bytes()
    }

    fn proof(&self, person: &Person) -> Proof {
        self.clinic.advance(30);
        let code = totp::code_at(&person.seed, totp::step_at(self.clinic.now()));
        Proof { username: person.username.clone(), code: SecretText::new(code) }
    }

    fn ask(&self) -> Result<u64, String> {
        let before = purging::past(&self.clinic.practice).unwrap();
        let asked = approving::ask(&self.clinic.practice, Act::AuditPurge(before), &self.proof(&self.ivo));
        asked.map_err(|failure| failure.sentence)
    }

    fn agree(&self, number: u64, person: &Person) -> Result<u64, String> {
        match approving::approve(&self.clinic.practice, number, &self.proof(person)) {
            Ok(Done::PurgeAgreed(number)) => Ok(number),
            Ok(other) => panic!("{other:?}"),
            Err(failure) => Err(failure.sentence),
        }
    }

    /// As the owner of the tables, where the store is a database.
    fn carry_out(&self, number: u64) -> Result<Purged, String> {
        let practice = self.owner.as_ref().unwrap_or(&self.clinic.practice);
        purging::carry_out(practice, number).map_err(|failure| failure.sentence)
    }

    fn back_up(&self) {
        backing::note(&self.clinic.practice, self.clinic.now()).unwrap();
    }

    /// Eleven years later, with a backup.
    fn purge(&self) -> Purged {
        self.clinic.advance(11 * YEAR);
        self.back_up();
        let number = self.ask().unwrap();
        self.carry_out(self.agree(number, &self.mara).unwrap()).unwrap()
    }

    fn leaves(&self) -> Vec<Leaf> {
        self.clinic.look(|tx| tx.leaves(self.workstation.log, 0, 100))
    }

    fn log(&self, verified: Verified) -> VerifiedLog {
        let log = self.workstation.log.to_string();
        verified.logs.into_iter().find(|found| found.log == log).unwrap()
    }
}

#[test]
fn two_people_purge_what_is_past_its_time_and_the_log_verifies_and_says_by_whom() {
    let clinic = Clinic::open();
    let told = Told::of(&clinic);
    let (before, root) = (told.leaves(), told.log(verify(&clinic.practice).unwrap()).root);

    let purged = told.purge();

    let after = told.leaves();
    let kept: Vec<bool> = after.iter().map(|leaf| !leaf.event.is_empty()).collect();
    assert_eq!(kept, [true, false, false, true], "what is about Ada stays as long as her record");
    assert!(before.iter().zip(&after).all(|(before, after)| before.hash == after.hash));
    let verified = verify(&clinic.practice).unwrap();
    assert!(verified.ok, "{verified:?}");
    let told_of = told.log(verified);
    assert_eq!((told_of.root, told_of.first_bad), (root, None));
    let run = &told_of.purged[0];
    assert_eq!((run.from, run.until, run.purge, told_of.purged.len()), (1, 3, purged.purge, 1));
    assert_eq!((run.asked_by, run.agreed_by), (told.ivo.id, told.mara.id));

    let row: PurgeRow = clinic.look(|tx| tx.purges()).remove(0);
    let key = clinic.practice.keys.directive.verifying_key();
    let read = PurgeCertificate::verify(&row.certificate, &key, clinic.practice.row.id.uuid()).unwrap();
    assert_eq!((read.entries(), read.before), (purged.entries, purged.before));
    assert!(read.covers(told.workstation.log.uuid(), 2) && !read.covers(told.workstation.log.uuid(), 3));

    let own = clinic.look(|tx| tx.leaves(clinic.practice.row.log, 0, 1000));
    let last = AuditEvent::parse(own.last().unwrap().event.clone()).unwrap();
    assert_eq!(last.summary().kind, Some(EventKind::AuditPurged), "it stands in the server's own log");
    if let Store::File = clinic.store {
        assert_eq!(hits(&clinic, &[CANARY]), 0, "no page of the store says it any more");
    }
}

#[test]
fn nothing_is_purged_early_without_a_backup_or_by_one_person_and_each_order_once() {
    let clinic = Clinic::open();
    let told = Told::of(&clinic);
    told.back_up();
    assert!(told.ask().unwrap_err().contains("no audit events that may go"), "nothing is past its time");
    clinic.advance(11 * YEAR);
    assert!(told.ask().unwrap_err().contains("older than 48 hours"));
    told.back_up();
    let number = told.ask().unwrap();
    assert!(told.carry_out(number).is_err(), "nobody has agreed");
    assert!(told.agree(number, &told.ivo).unwrap_err().contains("cannot agree as well"));
    // A longer period in between beats what was asked for.
    let longer = NewPeriods { audit_years: Some(20), ..NewPeriods::default() };
    set_periods(&clinic.practice, longer).unwrap();
    assert!(told.agree(number, &told.mara).unwrap_err().contains("made longer"));
    set_periods(&clinic.practice, NewPeriods { audit_years: Some(10), ..NewPeriods::default() }).unwrap();
    let agreed = told.agree(number, &told.mara).unwrap();
    if told.owner.is_some() {
        assert!(purging::carry_out(&clinic.practice, agreed).is_err(), "the role that serves cannot");
    }
    assert!(told.leaves().iter().all(|leaf| !leaf.event.is_empty()), "agreeing alone takes nothing out");
    told.carry_out(agreed).unwrap();
    assert!(told.carry_out(agreed).unwrap_err().contains("Nothing waits"), "once");
    assert_eq!(due(&clinic.practice).unwrap().purgeable_events, 0);
}

#[test]
fn an_order_that_was_not_carried_out_within_a_day_is_over() {
    let clinic = Clinic::open();
    let told = Told::of(&clinic);
    clinic.advance(11 * YEAR);
    told.back_up();
    let number = told.ask().unwrap();
    let agreed = told.agree(number, &told.mara).unwrap();
    clinic.advance(25 * 3600);
    assert!(told.carry_out(agreed).unwrap_err().contains("Nothing waits"));
}

#[test]
fn under_a_legal_hold_what_is_about_the_patient_stays_also_where_no_record_keeps_it() {
    let clinic = Clinic::open();
    let told = Told::of(&clinic);
    clinic.advance(11 * YEAR);
    let ada = "ada".parse().unwrap();
    erasing::set_hold(&clinic.practice, &ada, Some("case 41"), &told.proof(&told.mara)).unwrap();
    // As after a store was damaged: the hold alone is left.
    meddle(&clinic, "DELETE FROM search_index; DELETE FROM version WHERE patient = 'ada'");
    told.back_up();
    let number = told.ask().unwrap();
    told.carry_out(told.agree(number, &told.mara).unwrap()).unwrap();
    let kept: Vec<bool> = told.leaves().iter().map(|leaf| !leaf.event.is_empty()).collect();
    assert_eq!(kept, [true, false, false, true]);
}

#[test]
fn an_entry_that_was_emptied_without_an_order_is_named_as_bad() {
    let clinic = Clinic::open();
    let told = Told::of(&clinic);
    told.purge();
    let (disable, empty) = match &clinic.store {
        Store::File => ("DROP TRIGGER leaf_unchanged", "x''"),
        Store::Postgres(_) => ("ALTER TABLE leaf DISABLE TRIGGER leaf_unchanged", "''"),
    };
    let sql = format!("UPDATE leaf SET event = {empty} WHERE patient = 'ada' AND position = 3");
    meddle(&clinic, &format!("{disable}; {sql}"));

    let verified = verify(&clinic.practice).unwrap();

    assert!(!verified.ok);
    assert_eq!(told.log(verified).first_bad, Some(3));
}

#[test]
fn a_certificate_that_says_otherwise_is_named_and_what_it_covered_is_bad() {
    let clinic = Clinic::open();
    let told = Told::of(&clinic);
    let number = told.purge().purge;
    let disable = match &clinic.store {
        Store::File => "DROP TRIGGER purge_unchanged",
        Store::Postgres(_) => "ALTER TABLE purge DISABLE TRIGGER purge_stays",
    };
    meddle(&clinic, &format!("{disable}; UPDATE purge SET before = before - 1"));
    let verified = verify(&clinic.practice).unwrap();
    assert_eq!((verified.ok, verified.bad_purges.clone()), (false, vec![number]));
    assert_eq!(told.log(verified).first_bad, Some(1));
}

/// Whether the store lets whoever owns its tables do this.
fn lets(clinic: &Clinic, sql: &str) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| meddle(clinic, sql))).is_ok()
}

#[test]
fn the_store_itself_lets_nobody_change_an_entry_or_purge_within_six_years() {
    let clinic = Clinic::open();
    let told = Told::of(&clinic);
    let (empty, id) = match &clinic.store {
        Store::File => ("x''", ["zeroblob(16)", "x'01010101010101010101010101010101'"]),
        Store::Postgres(_) => {
            ("''", ["'00000000-0000-0000-0000-000000000000'", "'01010101-0101-0101-0101-010101010101'"])
        }
    };
    let now = clinic.now().as_millisecond();
    let order = |before: i64, [a, b]: [&str; 2]| {
        format!(
            "INSERT INTO purge (number, approval, before, asked_by, asked_at, agreed_by, agreed_at, purged_at, entries,
                certificate, trust) VALUES (1, 1, {before}, {a}, {now}, {b}, {now}, {now}, 1, {empty}, '')"
        )
    };
    let six_years = 6 * 365 * 24 * 3600 * 1000;
    assert!(!lets(&clinic, &format!("UPDATE leaf SET event = {empty}")), "there is no order");
    assert!(!lets(&clinic, &order(now - six_years + 1, id)), "too young");
    assert!(!lets(&clinic, &order(now - six_years, [id[0], id[0]])), "one person");
    assert!(lets(&clinic, &order(now - six_years, id)));
    assert!(!lets(&clinic, &format!("UPDATE leaf SET event = {empty}")), "what is there is younger");
    assert!(!lets(&clinic, "UPDATE leaf SET hash = hash, outcome = '8'"));
    assert!(!lets(&clinic, "DELETE FROM purge"));
    assert!(told.leaves().iter().all(|leaf| !leaf.event.is_empty()));
}
