//! PostgreSQL as the store: who may serve on which database, over what connection, and how its tables grow.

use crate::clinic::{Clinic, document, patient, take_in};
use crate::ground::{Fresh, Kept, known_by, password_file};
use chartkeep_server::clock::Clock;
use chartkeep_server::custody::Custody;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::database::Database;
use chartkeep_server::error::Kind;
use chartkeep_server::practice::Practice;
use chartkeep_server::store::postgres::{Migrated, migrate};
use chartkeep_server::store::{self, PostgresStore, Sealing};
use keys::Random;
use records::Role;
use records::change::Base;
use serde_json::{Value, json};
use std::process::{Command, Output};
use sync::wire::Standing;

fn opened(database: &Database) -> Result<PostgresStore, chartkeep_server::error::Failure> {
    let nowhere = DataDir::at(std::path::Path::new("/nowhere"));
    PostgresStore::open(database, Sealing::with(Custody::in_files(&nowhere)))
}

fn kind(opened: Result<PostgresStore, chartkeep_server::error::Failure>) -> Kind {
    let failure = opened.expect_err("it must not be served on");
    assert!(!failure.sentence.is_empty() && !failure.advice.is_empty());
    failure.kind
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chartkeep-server")).args(arguments).output().unwrap()
}

fn told(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    let text = if output.status.success() {
        output.stdout.clone()
    } else {
        error.trim().lines().last().unwrap().into()
    };
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn an_operator_makes_the_tables_as_their_owner_and_the_practice_as_the_role_that_serves() {
    let (fresh, folder) = (Fresh::bare(), tempfile::tempdir().unwrap());
    let password = password_file();
    let by = ["--database-password-file", password.to_str().unwrap()];
    let (served, owned) = (fresh.url("chartkeep"), fresh.url("chartkeep_owner"));
    let dir = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let init = |data: &str| {
        let named = ["init", "--data", data, "--practice", "Elm Street", "--host", "localhost", "--database"];
        run(&[named.as_slice(), &[&served], &by].concat())
    };
    assert_eq!(told(&init(&dir("one")))["error"], "database", "there are no tables yet");
    let migrate =
        |url: &str| told(&run(&[["database", "migrate", "--database"].as_slice(), &[url], &by].concat()));
    assert_eq!(migrate(&served)["error"], "disk", "the role that serves makes no tables");
    assert_eq!(migrate(&owned), json!({ "from": 0, "to": 1 }));
    assert_eq!(migrate(&owned), json!({ "from": 1, "to": 1 }));

    assert_eq!(told(&init(&dir("one")))["practice"], "Elm Street");
    assert_eq!(told(&init(&dir("two")))["error"], "already-there");
    assert!(!folder.path().join("two").exists(), "nothing is left of what could not be");
    let data = dir("one");
    let person = ["--username", "nora", "--name", "Nora Quinn", "--role", "nurse"];
    let added = run(&[["person", "add", "--data", &data].as_slice(), &person].concat());
    assert_eq!(told(&added)["activation_code"].as_str().unwrap().len(), 19);
    assert_eq!(told(&run(&["audit", "verify", "--data", &data]))["ok"], true);
    let text = std::fs::read_to_string(folder.path().join("one/database.toml")).unwrap();
    assert!(text.contains("postgresql://chartkeep@") && !text.contains("seven pines"), "{text}");
}

#[test]
fn a_role_that_could_change_the_log_or_the_tables_does_not_serve() {
    let fresh = Fresh::make();
    assert!(opened(&fresh.served()).is_ok());
    assert_eq!(kind(opened(&fresh.owned())), Kind::Database);
    for (grant, revoke) in [
        ("GRANT UPDATE (outcome) ON leaf TO chartkeep", "REVOKE UPDATE (outcome) ON leaf FROM chartkeep"),
        ("GRANT DELETE ON leaf TO chartkeep_app", "REVOKE DELETE ON leaf FROM chartkeep_app"),
        ("GRANT CREATE ON SCHEMA chartkeep TO chartkeep", "REVOKE CREATE ON SCHEMA chartkeep FROM chartkeep"),
    ] {
        fresh.as_administrator(grant);
        assert_eq!(kind(opened(&fresh.served())), Kind::Database, "{grant}");
        fresh.as_administrator(revoke);
    }
    assert!(opened(&fresh.served()).is_ok());
}

#[test]
fn a_database_that_may_lose_what_it_confirms_is_refused() {
    let fresh = Fresh::make();
    let name = fresh.as_administrator("SELECT current_database()");
    fresh.as_administrator(&format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    assert_eq!(kind(opened(&fresh.served())), Kind::Database);
}

#[test]
fn neither_the_role_that_serves_nor_the_owner_changes_what_is_in_a_log() {
    let clinic = Clinic::open_on(Kept::InPostgres);
    let crate::ground::Store::Postgres(fresh) = &clinic.store else { panic!("{:?}", clinic.store) };
    let refused = |role: &str, sql: &str| {
        let script = format!(
            "SET ROLE {role}; DO $$ BEGIN {sql}; RAISE EXCEPTION 'it was done' USING ERRCODE = 'ZZ001';
            EXCEPTION WHEN insufficient_privilege OR restrict_violation THEN NULL; END $$"
        );
        fresh.as_administrator(&script);
    };
    for sql in ["UPDATE leaf SET outcome = '8'", "DELETE FROM leaf", "TRUNCATE leaf"] {
        refused("chartkeep", sql);
        refused("chartkeep_owner", sql);
    }
    for sql in [
        "ALTER TABLE leaf DISABLE TRIGGER ALL",
        "DROP TABLE leaf",
        "CREATE TABLE mine (n int)",
        "UPDATE migration SET number = 0",
        "DELETE FROM log",
        "DELETE FROM alert",
    ] {
        refused("chartkeep", sql);
    }
    assert_eq!(fresh.as_administrator("SELECT count(*) > 0 FROM leaf"), "t");
}

#[test]
fn over_the_network_postgresql_proves_who_it_is() {
    let (fresh, (authority, host)) = (Fresh::make(), known_by());
    let open = |host: &str, authority| {
        let database =
            Database::at(&fresh.url_over_tls(host), Some(authority), Some(password_file())).unwrap();
        opened(&database)
    };
    let store = open(host, authority.clone()).unwrap();
    assert_eq!(store::read(&store, |tx| tx.policy()).unwrap(), None);
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE datname = current_database() AND application_name = 'chartkeep-server'";
    assert_eq!(fresh.as_administrator(encrypted), "t");
    drop(store);
    assert_eq!(kind(open("another.test", authority)), Kind::Database);
    let other = Clinic::open_on(Kept::InAFile);
    let root = other.dir.path().join("root.pem");
    std::fs::write(&root, keys::certificate::to_pem(&[&other.practice.keys.root])).unwrap();
    assert_eq!(kind(open(host, root)), Kind::Database);
}

#[test]
fn a_wrong_password_and_a_database_that_is_not_there_are_said() {
    let (fresh, folder) = (Fresh::make(), tempfile::tempdir().unwrap());
    let wrong = folder.path().join("password");
    std::fs::write(&wrong, "eight pines").unwrap();
    let database = Database::at(&fresh.url("chartkeep"), None, Some(wrong)).unwrap();
    assert_eq!(kind(opened(&database)), Kind::Database);
    let database =
        Database::at("postgresql://chartkeep@127.0.0.1:1/none", None, Some(password_file())).unwrap();
    assert_eq!(kind(opened(&database)), Kind::Database);
}

#[test]
fn tables_grow_while_the_version_before_serves_and_it_ends_where_they_say_so() {
    let clinic = Clinic::open_on(Kept::InPostgres);
    let crate::ground::Store::Postgres(fresh) = &clinic.store else { panic!("{:?}", clinic.store) };
    let workstation = clinic.enrol();
    let open = || Practice::open(&DataDir::at(&clinic.dir.path().join("practice")), Clock::System);
    // What a later version's migration does to these tables: it adds, and says that this version may go on.
    fresh.as_administrator(
        "SET ROLE chartkeep_owner; ALTER TABLE person ADD COLUMN pronouns TEXT;
        ALTER TABLE version ADD COLUMN reviewed BOOLEAN NOT NULL DEFAULT false;
        INSERT INTO migration (number, serves, applied_at) VALUES (2, 1, 0)",
    );
    workstation.activate("nora", Role::Nurse);
    take_in(&clinic, &[patient("ada")]);
    assert!(open().is_ok(), "it may also start again");
    fresh.as_administrator("INSERT INTO migration (number, serves, applied_at) VALUES (3, 2, 0)");
    assert_eq!(open().unwrap_err().kind, Kind::NewerStore);
}

#[test]
fn of_two_who_migrate_at_once_one_does_it() {
    let fresh = Fresh::bare();
    let owned = fresh.owned();
    let done: Vec<Migrated> = std::thread::scope(|scope| {
        let run = || migrate(&owned, Clock::System.now()).unwrap();
        let running: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let made = done.iter().filter(|done| **done == Migrated { from: 0, to: 1 }).count();
    assert_eq!((made, done.iter().filter(|done| done.from == 1).count()), (1, 2), "{done:?}");
}

#[test]
fn keys_of_another_practice_do_not_open_a_database() {
    let (first, second) = (Clinic::open_on(Kept::InPostgres), Clinic::open_on(Kept::InPostgres));
    let folder = |clinic: &Clinic| DataDir::at(&clinic.dir.path().join("practice"));
    std::fs::copy(folder(&first).database(), folder(&second).database()).unwrap();
    assert_eq!(Practice::open(&folder(&second), Clock::System).unwrap_err().kind, Kind::BadKeys);
}

#[test]
fn after_postgresql_was_away_the_server_goes_on() {
    let clinic = Clinic::open_on(Kept::InPostgres);
    let crate::ground::Store::Postgres(fresh) = &clinic.store else { panic!("{:?}", clinic.store) };
    let end = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(fresh.as_administrator(end), "t");
    // A connection that lay ready may fail once; it is not lent again.
    let tries = (0..20).map(|_| store::read(clinic.practice.store.as_ref(), |tx| tx.practice()).is_ok());
    assert!(tries.into_iter().skip_while(|is_well| !is_well).count() >= 8, "it comes back");
}

#[test]
fn an_event_that_no_column_could_hold_is_kept_all_the_same() {
    let clinic = Clinic::open_on(Kept::InPostgres);
    let workstation = clinic.enrol();
    let event = |reference: &str| {
        format!(
            r#"{{"resourceType":"AuditEvent","recorded":"2026-11-22T10:00:00Z","agent":[{{"requestor":true,"who":{{"reference":"{reference}"}}}}]}}"#
        )
        .into_bytes()
    };
    let events = [event(r"Practitioner/\u0000"), event(&"x".repeat(100_000)), event("Practitioner/nora")];
    let answer = workstation.deliver(&[], &events);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let stored = clinic.look(|tx| tx.leaves(workstation.log, 0, 9));
    assert_eq!(stored.into_iter().map(|leaf| leaf.event).collect::<Vec<_>>(), events);
}

#[test]
fn a_record_with_a_code_that_no_index_could_hold_is_stored_all_the_same() {
    let clinic = Clinic::open_on(Kept::InPostgres);
    take_in(&clinic, &[patient("ada")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let bytes: [u8; 4096] = Random::from_os().bytes();
    let code: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let odd = document(&format!(
        r#"{{"resourceType":"Observation","id":"odd","status":"final","category":[{{"coding":[{{"code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"subject":{{"reference":"Patient/ada"}}}}"#
    ));
    let (_, envelope) = workstation.envelope(&nora, vec![(odd, Base::None)]);
    assert!(matches!(workstation.push(&[&envelope])[0], Standing::Applied { .. }));
}
