//! Marks of a workstation's log at the server: what the key of an epoch did not mark is refused, and what has none is told.

use crate::clinic::{Answer, Clinic};
use crate::workstation::Workstation;
use chartkeep_server::exporting::{self, Which};
use chartkeep_server::store::AlertKind;
use keys::epoch::{ChainPlace, EpochKey, Mark, NO_MARK, StartKey};
use keys::export::{ExportOpener, FRAME, PartKind, START, read_entries, read_frame};
use keys::marks::{EntryMark, EpochEnd, MarkChain, Marks};
use keys::{Random, Secret};
use records::id::LogId;
use records::log::{LogPosition, audit_leaf_hash};
use sync::wire::ProblemCode;

fn event(n: u64) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"AuditEvent","id":"e{n}","type":{{"code":"rest"}},"action":"R","recorded":"2026-11-22T10:00:{:02}Z","outcome":"0"}}"#,
        n % 60
    )
    .into_bytes()
}

/// A log that marks itself as a workstation does.
struct Log<'a> {
    workstation: &'a Workstation<'a>,
    events: Vec<Vec<u8>>,
    marks: Marks,
    key: EpochKey,
}

impl<'a> Log<'a> {
    fn of(workstation: &'a Workstation<'a>) -> Self {
        let start = StartKey::from_secret(Secret::from_bytes([9; 32]));
        let place = ChainPlace { device: workstation.id.uuid(), log: workstation.log.uuid(), first: 0 };
        let sealed = start.seal(&workstation.trust.sealing_key, &place, &mut Random::from_os()).unwrap();
        let marks = Marks { chain: 0, start: sealed, at: 0, before: NO_MARK, entries: vec![], ends: vec![] };
        Self { workstation, events: Vec::new(), marks, key: start.epoch() }
    }

    fn last(&self) -> Mark {
        self.marks.entries.last().map_or(self.marks.before, |last| last.mark)
    }

    fn leaf(&self, index: u64) -> [u8; 32] {
        let position = LogPosition { log: self.workstation.log, index };
        audit_leaf_hash(position, &self.events[usize::try_from(index).unwrap()]).0
    }

    fn append(&mut self, count: u64) {
        for _ in 0..count {
            let index = self.events.len() as u64;
            self.events.push(event(index));
            let mark = self.key.mark(index, &self.last(), &self.leaf(index));
            self.marks.entries.push(EntryMark { epoch: self.key.epoch(), mark });
        }
    }

    fn advance(&mut self) {
        let size = self.marks.end();
        let mark = self.key.end_mark(size, &self.last());
        self.marks.ends.push(EpochEnd { epoch: self.key.epoch(), size, mark });
        self.key = self.key.next();
    }

    /// Delivers what comes from an index on, with these marks.
    fn deliver(&self, first: u64, marks: Option<&Marks>) -> Answer {
        let tree = self.workstation.tree(self.workstation.log, &self.events);
        let note = self.workstation.note(self.workstation.log, &tree, &self.workstation.checkpoint_key);
        let events = &self.events[usize::try_from(first).unwrap()..];
        let marks = marks.map(Marks::to_bytes);
        self.workstation.deliver_marked(self.workstation.log, first, events, &note, marks.as_deref())
    }

    fn deliver_all(&self, first: u64) -> Answer {
        self.deliver(first, Some(&self.marks_from(first)))
    }

    fn marks_from(&self, first: u64) -> Marks {
        let at = usize::try_from(first).unwrap();
        let before = at.checked_sub(1).map_or(NO_MARK, |at| self.marks.entries[at].mark);
        Marks { at: first, before, entries: self.marks.entries[at..].to_vec(), ..self.marks.clone() }
    }
}

fn told(clinic: &Clinic) -> [u64; 3] {
    [AlertKind::MarksRefused, AlertKind::EntriesUnmarked, AlertKind::MarksBegunAnew]
        .map(|kind| clinic.look(|tx| tx.count_alerts(kind)))
}

/// What the server writes of a log into a file: for each part of entries their hashes, and their marks.
fn exported(clinic: &Clinic, log: LogId) -> Vec<(Vec<[u8; 32]>, Vec<Marks>)> {
    let mut file = Vec::new();
    let key = exporting::export(&clinic.practice, Which::Log(log), &mut file, &mut |_, _| {}).unwrap().key;
    let (start, mut rest) = file.split_at(START);
    let mut opener = ExportOpener::begin(&key, start).unwrap();
    let mut parts: Vec<(Vec<[u8; 32]>, Vec<Marks>)> = Vec::new();
    while let Some((frame, after)) = rest.split_first_chunk::<FRAME>() {
        let (kind, length) = read_frame(*frame).unwrap();
        let (blob, after) = after.split_at(length);
        rest = after;
        match kind {
            PartKind::Head | PartKind::End => drop(opener.open(kind, blob).unwrap()),
            PartKind::Entries => {
                let entries = read_entries(&opener.open(kind, blob).unwrap()).unwrap();
                parts.push((entries.iter().map(|entry| entry.leaf).collect(), Vec::new()));
            }
            PartKind::Marks => {
                let marks = Marks::from_bytes(&opener.open(kind, blob).unwrap()).unwrap();
                parts.last_mut().unwrap().1.push(marks);
            }
        }
    }
    parts
}

#[test]
fn an_exported_log_has_the_marks_that_came_each_with_the_part_of_its_entries() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let mut log = Log::of(&workstation);
    log.append(300);
    assert_eq!(log.deliver_all(0).status, 200);
    log.advance();
    log.append(2);
    assert_eq!(log.deliver(300, None).status, 200, "the keyring failed");
    log.append(398);
    log.advance();
    log.append(1);
    assert_eq!(log.deliver(302, Some(&log.marks_from(302))).status, 200);
    log.append(1);
    assert_eq!(log.deliver_all(650).status, 200, "some of it again");

    let parts = exported(&clinic, workstation.log);

    let runs = |marks: &[Marks]| marks.iter().map(|marks| (marks.at, marks.end())).collect::<Vec<_>>();
    let found: Vec<_> = parts.iter().map(|(leaves, marks)| (leaves.len(), runs(marks))).collect();
    assert_eq!(found, [(500, vec![(0, 300), (302, 500)]), (202, vec![(500, 701), (701, 702)])]);
    let mut chain = MarkChain::begin(StartKey::from_secret(Secret::from_bytes([9; 32])), 0, Some(NO_MARK));
    let mut first = 0;
    for (leaves, marks) in &parts {
        let leaf = |index: u64| leaves.get(usize::try_from(index - first).unwrap()).copied();
        marks.iter().for_each(|marks| chain.follow(marks, leaf).unwrap());
        first += leaves.len() as u64;
    }
    assert_eq!(chain.next(), 702);
}

#[test]
fn an_honest_log_is_taken_in_over_many_epochs_and_again() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let mut log = Log::of(&workstation);
    log.append(3);
    assert_eq!(log.deliver_all(0).status, 200);
    log.advance();
    log.append(2);
    log.advance();
    log.append(1);
    assert_eq!(log.deliver_all(3).status, 200);
    assert_eq!(log.deliver_all(1).status, 200, "once more, and from before");
    log.append(1);
    assert_eq!(log.deliver_all(6).status, 200);
    assert_eq!(told(&clinic), [0, 0, 0]);
}

#[test]
fn entries_that_were_rewritten_with_the_key_of_today_are_refused_by_their_first_index() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let mut log = Log::of(&workstation);
    log.append(2);
    assert_eq!(log.deliver_all(0).status, 200);
    log.append(3);
    log.advance();
    log.append(1);
    // Event 3 becomes another, and all after it are marked again with the one key that is still there.
    log.events[3] = event(99);
    log.marks.entries.truncate(3);
    for index in 3..6 {
        let mark = log.key.mark(index, &log.last(), &log.leaf(index));
        log.marks.entries.push(EntryMark { epoch: log.key.epoch(), mark });
    }
    assert_eq!(log.deliver_all(2).problem(), Some(ProblemCode::MarksRefused));
    assert_eq!(told(&clinic), [1, 0, 0]);
    let alert = clinic.look(|tx| tx.alerts(0, 50));
    assert!(alert.iter().any(|alert| alert.detail == "the mark of event 3 does not verify"), "{alert:?}");
    assert_eq!(clinic.look(|tx| tx.leaves(workstation.log, 0, 100)).len(), 2, "nothing of it is taken in");
}

#[test]
fn entries_without_marks_are_taken_in_and_told_once_for_a_run() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let mut log = Log::of(&workstation);
    log.append(2);
    assert_eq!(log.deliver_all(0).status, 200);
    log.append(2);
    assert_eq!(log.deliver(2, None).status, 200);
    log.append(1);
    assert_eq!(log.deliver(4, None).status, 200);
    assert_eq!(told(&clinic), [0, 1, 0], "one for the run");
    log.advance();
    log.append(2);
    assert_eq!(log.deliver_all(5).status, 200, "and the chain is taken up again");
    log.append(1);
    assert_eq!(log.deliver(7, None).status, 200);
    assert_eq!(told(&clinic), [0, 2, 0], "the next run is told again");
}

#[test]
fn a_chain_that_begins_anew_is_told_and_has_to_stand_on_the_last_mark() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let mut log = Log::of(&workstation);
    log.append(2);
    assert_eq!(log.deliver_all(0).status, 200);
    let start = StartKey::from_secret(Secret::from_bytes([8; 32]));
    let place = ChainPlace { device: workstation.id.uuid(), log: workstation.log.uuid(), first: 2 };
    let sealed = start.seal(&workstation.trust.sealing_key, &place, &mut Random::from_os()).unwrap();
    let anew = |log: &Log<'_>, before: Mark| {
        let mark = start.epoch().mark(2, &before, &log.leaf(2));
        let entries = vec![EntryMark { epoch: 0, mark }];
        Marks { chain: 2, start: sealed.clone(), at: 2, before, entries, ends: vec![] }
    };
    let last = log.last();
    log.events.push(event(2));
    assert_eq!(log.deliver(2, Some(&anew(&log, [1; 32]))).problem(), Some(ProblemCode::MarksRefused));
    let among = Marks { chain: 1, at: 2, ..anew(&log, last) };
    assert_eq!(log.deliver(2, Some(&among)).problem(), Some(ProblemCode::MarksRefused));
    assert_eq!(log.deliver(2, Some(&anew(&log, last))).status, 200);
    assert_eq!(told(&clinic), [2, 0, 1]);
}

#[test]
fn marks_that_are_none_or_of_another_log_are_refused() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let mut log = Log::of(&workstation);
    log.append(1);
    let tree = workstation.tree(workstation.log, &log.events);
    let note = workstation.note(workstation.log, &tree, &workstation.checkpoint_key);
    let garbage = workstation.deliver_marked(workstation.log, 0, &log.events, &note, Some(b"no marks"));
    assert_eq!(garbage.problem(), Some(ProblemCode::MarksRefused));
    let mut foreign = log.marks.clone();
    let place = ChainPlace { device: workstation.id.uuid(), log: workstation.id.uuid(), first: 0 };
    let start = StartKey::from_secret(Secret::from_bytes([9; 32]));
    foreign.start = start.seal(&workstation.trust.sealing_key, &place, &mut Random::from_os()).unwrap();
    assert_eq!(log.deliver(0, Some(&foreign)).problem(), Some(ProblemCode::MarksRefused));
    assert_eq!(told(&clinic), [2, 0, 0]);
    assert_eq!(log.deliver_all(0).status, 200);
}
