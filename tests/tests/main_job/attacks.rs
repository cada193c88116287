//! Somebody has taken over a workstation's account, with every key that its keyring holds now, and works on the audit log that
//! was not delivered yet: each attempt is found, and said. `docs/SECURITY-MODEL.md` has the table of attacks.

use chartkeep_server::exporting::start_keys;
use chartkeep_server::store::{self, AlertKind, AlertRow};
use chartkeep_tests::practice::people::NURSE;
use client::audit_export::{Finding, StartKeys, check, export};
use client::keyring::Keyring as _;
use client::{Clock as _, Code, LockCause, Workstation};
use keys::Secret;
use keys::epoch::EpochKey;
use records::id::LogId;
use records::log::{LogPosition, audit_leaf_hash};
use rusqlite::{Connection, params};

use super::clinic::{Clinic, until};

/// A workstation without its server: two sign-ins of work that was not delivered, in epochs that are over.
struct Taken {
    clinic: Clinic,
    /// How many entries the server holds.
    delivered: usize,
    /// The epoch whose key the keyring has.
    key: EpochKey,
    log: LogId,
}

/// An entry as the file has it.
#[derive(Clone)]
struct Entry {
    event: Vec<u8>,
    epoch: u64,
    mark: Vec<u8>,
}

impl Taken {
    fn over() -> Self {
        let mut clinic = Clinic::make(5);
        let workstation = clinic.workstation();
        clinic.enrol(&workstation);
        clinic.activate(&workstation, &NURSE);
        clinic.sign_in(&workstation, &NURSE).unwrap();
        workstation.sync_now().unwrap();
        until("the server holds the log", || workstation.status().unsent_events == 0);
        workstation.lock(LockCause::Person);
        clinic.server.stop();
        for _ in 0..2 {
            clinic.sign_in(&workstation, &NURSE).unwrap();
            workstation.search("quinn").unwrap();
            workstation.lock(LockCause::Person);
        }
        workstation.stop();
        let (log, key) = Self::keyring(&clinic);
        let delivered = Self::open(&clinic)
            .query_row("SELECT max(size) FROM audit_receipt", [], |row| row.get::<_, i64>(0))
            .unwrap();
        Self { delivered: usize::try_from(delivered).unwrap(), clinic, key, log }
    }

    /// What the keyring gives to whoever has the account.
    fn keyring(clinic: &Clinic) -> (LogId, EpochKey) {
        let items = ["audit-epoch.even", "audit-epoch.odd"].map(|item| clinic.keyring.read(item).unwrap());
        let [item] = items.into_iter().flatten().collect::<Vec<_>>().try_into().expect("one key is kept");
        let number = |at: usize| u64::from_be_bytes(item[at..at + 8].try_into().unwrap());
        let log = LogId::from_uuid(uuid::Uuid::from_slice(&item[1..17]).unwrap());
        (log, EpochKey::from_parts(number(25), Secret::from_slice(&item[33..]).unwrap()))
    }

    fn open(clinic: &Clinic) -> Connection {
        let keys = clinic.keyring.read("workstation").unwrap().unwrap();
        let hex: String = keys[1..33].iter().map(|byte| format!("{byte:02x}")).collect();
        let device = Connection::open(clinic.data_dir().join("device.db")).unwrap();
        device.execute_batch(&format!("PRAGMA key = \"x'{hex}'\";")).unwrap();
        device
    }

    fn entries(device: &Connection) -> Vec<Entry> {
        let mut entries =
            device.prepare("SELECT event, epoch, mark FROM audit_entry ORDER BY position").unwrap();
        let entries = entries.query_map([], |row| {
            let epoch: i64 = row.get(1)?;
            Ok(Entry { event: row.get(0)?, epoch: u64::try_from(epoch).unwrap(), mark: row.get(2)? })
        });
        entries.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Writes the log anew: every leaf hash as it should be, and marks from an index on with the key of today.
    fn forge(&self, forge: impl FnOnce(&mut Vec<Entry>) -> usize) -> usize {
        let device = Self::open(&self.clinic);
        let mut entries = Self::entries(&device);
        let from = forge(&mut entries);
        device
            .execute_batch(
                "DROP TRIGGER audit_entry_is_never_changed; DROP TRIGGER audit_entry_is_never_removed;
                 DELETE FROM audit_entry; DELETE FROM checkpoint;",
            )
            .unwrap();
        let mut before = [0; 32];
        for (position, entry) in (0_u64..).zip(&entries) {
            let leaf = audit_leaf_hash(LogPosition { log: self.log, index: position }, &entry.event);
            let forged = position >= u64::try_from(from).unwrap();
            let mark = match (forged, entry.mark.is_empty()) {
                (_, true) => Vec::new(),
                (true, false) => self.key.mark(position, &before, leaf.as_bytes()).to_vec(),
                (false, false) => entry.mark.clone(),
            };
            let epoch = if forged { self.key.epoch() } else { entry.epoch };
            before = mark.clone().try_into().unwrap_or(before);
            let sql = "INSERT INTO audit_entry (position, leaf_hash, event, epoch, mark) VALUES (?1, ?2, ?3, ?4, ?5)";
            let numbers = [position, epoch].map(|number| i64::try_from(number).unwrap());
            device.execute(sql, params![numbers[0], leaf.as_bytes(), entry.event, numbers[1], mark]).unwrap();
        }
        // What the keyring noted of how far the log had come is in the attacker's hands too.
        self.clinic.keyring.delete("anchors").unwrap();
        from
    }

    fn sql(&self, sql: &str) {
        Self::open(&self.clinic).execute_batch(sql).unwrap();
    }

    /// The workstation's own program starts again, and reaches its server.
    fn go_on(&mut self) -> Workstation {
        self.clinic.server.start();
        self.clinic.workstation()
    }

    fn alerts(&self) -> Vec<AlertRow> {
        store::read(self.clinic.server.practice.store.as_ref(), |tx| tx.alerts(0, 100)).unwrap()
    }

    fn told(&self, kind: AlertKind) -> Option<String> {
        self.alerts().into_iter().find(|alert| alert.kind == kind).map(|alert| alert.detail)
    }

    /// The server refuses the log with this alert, every screen says so, and nothing forged was taken in.
    fn is_refused(&mut self, kind: AlertKind, detail: &str) {
        let workstation = self.go_on();
        until("the server refuses the log", || self.told(kind).is_some());
        assert_eq!(self.told(kind).as_deref(), Some(detail));
        until("every screen says so", || notice(&workstation) == Some(Code::LogRefused));
        workstation.stop();
        self.server_holds_what_it_held();
    }

    /// What `chartkeepctl verify` finds in the log as it lies here, with the start keys of the server.
    fn found_in_an_export(&self) -> Vec<Finding> {
        let (mut file, now) = (Vec::new(), self.clinic.clock.now());
        let (data, keyring) = (self.clinic.data_dir(), &*self.clinic.keyring);
        let exported = export(&data, keyring, &mut file, now, &mut |_, _| {}).unwrap();
        let practice = &self.clinic.server.practice;
        let device = store::read(practice.store.as_ref(), |tx| tx.devices()).unwrap()[0].id;
        let starts = start_keys(practice, device).unwrap();
        let starts = StartKeys::read(std::str::from_utf8(starts.expose()).unwrap()).unwrap();
        let root = keys::certificate::fingerprint(&practice.keys.root);
        let report = check(&mut &*file, &exported.key, root, &starts, &mut |_, _| {}).unwrap();
        // All but the event of the export itself, which was written without the program.
        assert!(report.findings.is_empty() != (report.marked < Some(report.entries - 1)), "{report:?}");
        report.findings
    }

    fn server_holds_what_it_held(&self) {
        let verified = self.clinic.verify_logs();
        let held = verified.logs.iter().find(|log| log.log == self.log.to_string()).unwrap();
        assert!(verified.ok);
        assert_eq!(held.size, self.delivered as u64);
    }

    /// The first entry that was not delivered.
    fn first(&self) -> usize {
        self.delivered
    }
}

fn notice(workstation: &Workstation) -> Option<Code> {
    workstation.status().notice.map(|notice| notice.code)
}

/// Another event with another time, of the same length.
fn bend(event: &mut [u8]) {
    let at = event.windows(2).position(|pair| pair == b"20").unwrap();
    event[at + 1] = b'1';
}

#[test]
fn without_an_attack_the_same_workstation_delivers_all_of_it() {
    let mut taken = Taken::over();
    assert_eq!(taken.found_in_an_export(), []);
    let workstation = taken.go_on();
    until("everything is delivered", || {
        let status = workstation.status();
        status.online && status.unsent_events == 0
    });
    let kinds = [AlertKind::MarksRefused, AlertKind::EntriesUnmarked, AlertKind::MarksBegunAnew];
    assert!(kinds.iter().all(|kind| taken.told(*kind).is_none()), "{:?}", taken.alerts());
    workstation.stop();
    assert!(taken.clinic.verify_logs().ok);
}

#[test]
fn an_undelivered_entry_that_is_rewritten_is_refused() {
    let mut taken = Taken::over();
    let at = taken.first() + 1;
    taken.forge(|entries| {
        bend(&mut entries[at].event);
        at
    });
    assert_eq!(taken.found_in_an_export(), [Finding::MarkBroken(at as u64)]);
    taken.is_refused(AlertKind::MarksRefused, &format!("the mark of event {at} does not verify"));
}

#[test]
fn an_undelivered_entry_that_is_dropped_is_refused() {
    let mut taken = Taken::over();
    let at = taken.first();
    taken.forge(|entries| {
        entries.remove(at);
        at
    });
    assert_eq!(taken.found_in_an_export(), [Finding::MarkBroken(at as u64)]);
    taken.is_refused(AlertKind::MarksRefused, &format!("the mark of event {at} does not verify"));
}

#[test]
fn undelivered_entries_in_another_order_are_refused() {
    let mut taken = Taken::over();
    let at = taken.first() + 1;
    taken.forge(|entries| {
        entries.swap(at, at + 1);
        at
    });
    assert_eq!(taken.found_in_an_export(), [Finding::MarkBroken(at as u64)]);
    taken.is_refused(AlertKind::MarksRefused, &format!("the mark of event {at} does not verify"));
}

#[test]
fn undelivered_entries_of_an_epoch_that_is_over_cannot_be_cut_off() {
    let mut taken = Taken::over();
    let at = taken.first() + 1;
    taken.forge(|entries| {
        entries.truncate(at);
        at
    });
    // The program that is started again marks its first event with the key of today.
    taken.is_refused(AlertKind::MarksRefused, &format!("the mark of event {at} does not verify"));
}

#[test]
fn an_entry_that_the_server_holds_cannot_be_rewritten_either() {
    let mut taken = Taken::over();
    let at = taken.first() - 1;
    taken.forge(|entries| {
        bend(&mut entries[at].event);
        at
    });
    let workstation = taken.go_on();
    until("the server refuses the log", || taken.told(AlertKind::CheckpointRefused).is_some());
    until("every screen says so", || notice(&workstation) == Some(Code::LogRefused));
    workstation.stop();
    taken.server_holds_what_it_held();
}

#[test]
fn marks_that_are_taken_off_are_told() {
    let mut taken = Taken::over();
    let from = taken.forge(|entries| {
        let from = entries.len() - 3;
        bend(&mut entries[from].event);
        entries[from..].iter_mut().for_each(|entry| entry.mark.clear());
        from
    });
    taken.sql("DELETE FROM epoch_end WHERE size >= (SELECT count(*) FROM audit_entry) - 3");
    let workstation = taken.go_on();
    until("the server tells", || taken.told(AlertKind::EntriesUnmarked).is_some());
    let detail = taken.told(AlertKind::EntriesUnmarked);
    assert_eq!(detail, Some(format!("events from {from} on came without marks")));
    workstation.stop();
}

#[test]
fn a_new_chain_of_marks_in_the_place_of_the_one_that_was_is_told() {
    let mut taken = Taken::over();
    let from = taken.forge(|entries| {
        let from = entries.len() - 3;
        bend(&mut entries[from].event);
        entries[from..].iter_mut().for_each(|entry| entry.mark.clear());
        from
    });
    for item in ["audit-epoch.even", "audit-epoch.odd"] {
        taken.clinic.keyring.delete(item).unwrap();
    }
    let workstation = taken.go_on();
    until("the server tells", || taken.told(AlertKind::MarksBegunAnew).is_some());
    let detail = taken.told(AlertKind::MarksBegunAnew);
    assert_eq!(detail, Some(format!("the marks begin anew at event {from}")));
    workstation.stop();
}
