//! A clinic whose every connection goes through the proxy: two people write at two workstations, and afterwards all of it is counted.

use std::collections::BTreeSet;
use std::process::Child;

use chartkeep_server::store::{self, StoreError, Transaction};
use chartkeep_tests::network::Proxy;
use chartkeep_tests::practice::people::{CLINICIAN, DemoPerson, NURSE};
use client::view::{NoteForm, OpenReason};
use client::{LockCause, Workstation};
use keys::Random;
use records::AuditEvent;
use records::event::EventKind;

use super::killed::{kill, serve};
use crate::main_job::clinic::{Clinic, until};
use crate::main_job::pulled;

/// A clinic behind the proxy.
pub(super) struct Ward {
    pub(super) proxy: Proxy,
    clinic: Clinic,
    desks: [Desk; 2],
    patients: Vec<String>,
    written: Vec<Written>,
    server: Option<Child>,
    before: Counted,
}

struct Desk {
    workstation: Workstation,
    person: &'static DemoPerson,
    changes: usize,
}

/// A note that was said to be saved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    patient: usize,
    desk: usize,
    title: String,
    text: String,
}

/// What the server holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) notes: u64,
    pub(super) applied: u64,
    pub(super) conflicts: u64,
}

/// What the clinic's server holds.
pub(super) fn count(clinic: &Clinic) -> Counted {
    look(clinic, |tx| {
        let kinds = tx.count_by_kind()?;
        let notes = kinds.into_iter().find(|(kind, _)| kind == "DocumentReference").map_or(0, |kind| kind.1);
        Ok(Counted { notes, applied: tx.applied_changes()?, conflicts: tx.open_conflicts()? })
    })
}

fn look<T>(clinic: &Clinic, work: impl FnOnce(&dyn Transaction) -> Result<T, StoreError>) -> T {
    store::read(clinic.server.practice.store.as_ref(), work).unwrap()
}

impl Ward {
    pub(super) fn make() -> Self {
        let proxy = Proxy::start(0).unwrap();
        let clinic = Clinic::make_at(12, proxy.target());
        let desks = [("front", &NURSE, 2), ("back", &CLINICIAN, 3)].map(|(folder, person, drawers)| {
            let workstation =
                clinic.workstation_in(clinic.folder.path().join(folder), std::sync::Arc::default());
            clinic.enrol(&workstation);
            clinic.activate(&workstation, person);
            clinic.sign_in(&workstation, person).unwrap();
            pulled(&workstation, drawers);
            Desk { workstation, person, changes: 0 }
        });
        let found = desks[0].workstation.search("a").unwrap();
        let patients: Vec<String> = found.rows.into_iter().take(4).map(|row| row.id).collect();
        let before = count(&clinic);
        Self { proxy, clinic, desks, patients, written: Vec::new(), server: None, before }
    }

    /// From now on the server is a process of its own, where it was.
    pub(super) fn server_becomes_a_process(&mut self) {
        if self.clinic.server.is_running() {
            self.clinic.server.stop();
        }
        self.server = Some(serve(&self.clinic));
    }

    /// As a power cut would.
    pub(super) fn server_is_killed(&mut self) {
        if let Some(server) = self.server.take() {
            kill(server);
        }
    }

    /// Somebody writes a note, or writes on at one of their own, and both workstations have something to send and to ask.
    pub(super) fn work(&mut self, number: usize, random: &mut Random) {
        let [who, whose, again] = random.bytes::<3>().map(usize::from);
        let (desk, patient) = (who % 2, whose % self.patients.len());
        let own: Vec<usize> = (0..self.written.len()).filter(|at| self.written[*at].desk == desk).collect();
        match own.get(again % (own.len() * 3).max(1)) {
            Some(at) => self.write_again(*at, number),
            None => self.write(Written {
                patient,
                desk,
                title: format!("Round {number}"),
                text: format!("Written in round {number}."),
            }),
        }
        for desk in &self.desks {
            desk.workstation.sync_now().unwrap();
        }
    }

    fn write(&mut self, note: Written) {
        self.save(&note, None);
        self.written.push(note);
    }

    fn write_again(&mut self, at: usize, number: usize) {
        let text = format!("Written again in round {number}.");
        let note = Written { text, ..self.written[at].clone() };
        let workstation = &self.desks[note.desk].workstation;
        let chart = workstation.open_chart(&self.patients[note.patient], Some(OpenReason::Visit)).unwrap();
        let id = chart.notes.into_iter().find(|row| row.title == note.title).unwrap().id;
        self.save(&note, Some(id));
        self.written[at] = note;
    }

    fn save(&mut self, note: &Written, note_id: Option<String>) {
        let desk = &mut self.desks[note.desk];
        let patient_id = self.patients[note.patient].clone();
        desk.workstation.open_chart(&patient_id, Some(OpenReason::Visit)).unwrap();
        let form = NoteForm {
            patient_id,
            note_id,
            title: note.title.clone(),
            text: note.text.clone(),
            ..NoteForm::default()
        };
        assert!(desk.workstation.save_note(form).unwrap().saved, "{note:?}");
        desk.changes += 1;
    }

    /// The network is well again: each note and each event is there, once, at the server and at both workstations.
    pub(super) fn everything_has_arrived_once(mut self) {
        self.wait_for_delivery();
        let mut expected = self.written.clone();
        expected.sort();
        for desk in &self.desks {
            until("a workstation has what both have written", || self.seen_at(desk) == expected);
            let sync = desk.workstation.sync_status().unwrap();
            assert!(sync.unsent.is_empty() && sync.refused.is_empty(), "{}", desk.person.name);
            let verified = desk.workstation.audit_page(None, None).map(|page| page.verified);
            assert!(verified.is_ok_and(|log| log.ok && log.first_bad.is_none() && log.alarm.is_none()));
            desk.workstation.lock(LockCause::Person);
        }
        self.wait_for_delivery();
        self.server_is_killed();
        let now = count(&self.clinic);
        let changes: usize = self.desks.iter().map(|desk| desk.changes).sum();
        let written = |count: usize| u64::try_from(count).unwrap();
        let expected = Counted {
            notes: self.before.notes + written(self.written.len()),
            applied: self.before.applied + written(changes),
            conflicts: 0,
        };
        assert_eq!(now, expected);
        self.logs_hold_each_event_once();
    }

    fn wait_for_delivery(&self) {
        until("both workstations have delivered everything", || {
            self.desks.iter().all(|desk| {
                let status = desk.workstation.status();
                let is_done = status.unsent_changes == 0 && status.unsent_events == 0;
                if !is_done {
                    desk.workstation.sync_now().unwrap();
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
                is_done
            })
        });
    }

    /// What this run has written, as one of the workstations shows it, with who it says has written it.
    fn seen_at(&self, desk: &Desk) -> Vec<Written> {
        let mut seen = Vec::new();
        for (patient, id) in self.patients.iter().enumerate() {
            let chart = desk.workstation.open_chart(id, Some(OpenReason::Visit)).unwrap();
            let notes =
                chart.notes.into_iter().filter(|note| note.title.starts_with("Round") && !note.pending);
            seen.extend(notes.map(|note| {
                let desk = self.desks.iter().position(|desk| desk.person.name == note.author);
                let desk = desk.unwrap_or_else(|| panic!("{} by {}", note.title, note.author));
                Written { patient, desk, title: note.title, text: note.text }
            }));
        }
        seen.sort();
        desk.workstation.sync_now().unwrap();
        seen
    }

    fn logs_hold_each_event_once(&self) {
        let verified = self.clinic.verify_logs();
        assert!(verified.ok, "{verified:?}");
        let logs = look(&self.clinic, |tx| {
            let logs = tx.logs()?.into_iter().filter(|log| log.device.is_some());
            logs.map(|log| tx.leaves(log.id, 0, log.tree.size())).collect::<Result<Vec<_>, _>>()
        });
        let mut written: Vec<usize> = Vec::new();
        let mut ids = BTreeSet::new();
        for leaves in &logs {
            let kinds: Vec<_> = leaves
                .iter()
                .map(|leaf| {
                    let id =
                        serde_json::from_slice::<serde_json::Value>(&leaf.event).unwrap()["id"].to_string();
                    assert!(ids.insert(id), "an event is there twice");
                    AuditEvent::parse(leaf.event.clone()).unwrap().summary().kind
                })
                .collect();
            written.push(kinds.iter().filter(|kind| **kind == Some(EventKind::WriteIntent)).count());
        }
        let mut changes: Vec<usize> = self.desks.iter().map(|desk| desk.changes).collect();
        changes.sort_unstable();
        written.sort_unstable();
        assert_eq!(written, changes, "an intent for each change");
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        self.server_is_killed();
    }
}
