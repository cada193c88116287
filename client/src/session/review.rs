//! The audit page: entries with names where this person may see them, and the check of the whole log.

use std::collections::{BTreeMap, BTreeSet};

use keys::VerifyingKey;
use records::event::EventKind;
use records::id::{LogId, PersonId};
use records::rights::{Action, Facts, Permit, Relation, Rights};
use vault::{AuditEntry, AuditFilter, LogCheck};

use super::{OpenSession, patient_id};
use crate::receipts::Receipts;
use crate::view::AuditRow;
use crate::{ClientError, when};

/// As many entries as one page shows.
const PAGE: u32 = 100;

/// A page and the check of the log, without the receipt.
pub(crate) struct Reviewed {
    /// Newest first.
    pub(crate) entries: Vec<AuditRow>,
    /// What checking the log found.
    pub(crate) check: LogCheck,
    /// The size of the first receipt that was kept and is not the server's.
    pub(crate) bad_receipt: Option<u64>,
}

impl OpenSession {
    /// A page of the trail: the whole of it for those who may, else the person's own entries. The look is in the trail itself.
    pub(crate) fn audit_page(
        &mut self,
        patient: Option<&str>,
        before: Option<u64>,
        witnesses: &[VerifyingKey],
    ) -> Result<Reviewed, ClientError> {
        let patient = patient.map(patient_id).transpose()?;
        let rights = Rights::built_in();
        let reads_all = self.actor.roles.iter().any(|role| rights.has_function(*role, Action::ReadAudit));
        let action = if reads_all { Action::ReadAudit } else { Action::ReadOwnAudit };
        let facts = match &patient {
            Some(patient) => {
                Facts::of_patient(self.actor.practice, patient.clone(), Vec::new(), Relation::None)
            }
            None => Facts::of_practice(self.actor.practice),
        };
        let permit = self.permit_facts(action, &facts, |allowed| allowed)?;
        let entries =
            self.vault()?.device().audit_page(&permit, &AuditFilter { patient, before, limit: PAGE })?;
        let receipts = Receipts::read(self.vault()?.device(), witnesses)?;
        let check = self.vault()?.device().verify_log(&receipts.heads)?;
        self.learn_names(entries.iter().filter_map(|entry| entry.event.summary().patient.clone()))?;
        let people = self.names_of(&permit, &entries)?;
        let entries = entries.iter().map(|entry| self.audit_row(entry, &people)).collect();
        Ok(Reviewed { entries, check, bad_receipt: receipts.first_bad })
    }

    /// Notes that the person takes the log out; without that event there is no export.
    pub(crate) fn take_log_out(&mut self, log: LogId) -> Result<(), ClientError> {
        let what = format!("log={log}");
        self.permit_practice(Action::ExportAudit, |allowed| allowed.with_tokens(what.as_bytes()))?;
        Ok(())
    }

    /// The names of the people of a page, as the trail itself has them.
    fn names_of(
        &self,
        permit: &Permit,
        entries: &[AuditEntry],
    ) -> Result<BTreeMap<PersonId, String>, ClientError> {
        let people: BTreeSet<PersonId> =
            entries.iter().filter_map(|entry| entry.event.summary().person).collect();
        let vault = self.vault()?;
        let mut names = BTreeMap::new();
        for person in people {
            if let Some(name) = vault.device().name_in_trail(permit, person)? {
                names.insert(person, name);
            }
        }
        Ok(names)
    }

    fn audit_row(&self, entry: &AuditEntry, people: &BTreeMap<PersonId, String>) -> AuditRow {
        let summary = entry.event.summary();
        let who =
            summary.person.map(|person| people.get(&person).cloned().unwrap_or_else(|| person.to_string()));
        AuditRow {
            index: entry.index,
            at: summary.recorded.map(|at| when::second(at, &self.clock.time_zone())).unwrap_or_default(),
            who: who.unwrap_or_else(|| "This workstation".to_owned()),
            action: summary.kind.map_or("Event", action_words).to_owned(),
            patient: summary
                .patient
                .as_ref()
                .map(|patient| self.names.get(patient).unwrap_or(patient.as_str()).to_owned()),
            outcome: outcome_words(summary.outcome.as_deref(), summary.kind).to_owned(),
            delivered: entry.delivered,
        }
    }
}

fn outcome_words(outcome: Option<&str>, kind: Option<EventKind>) -> &'static str {
    match outcome {
        None if kind == Some(EventKind::WriteIntent) => "Begun",
        None | Some("0") => "Done",
        Some("4") => "Refused",
        Some(_) => "Failed",
    }
}

fn action_words(kind: EventKind) -> &'static str {
    match kind {
        EventKind::ChartOpened => "Opened chart",
        EventKind::EmergencyOpened => "Opened chart in an emergency",
        EventKind::Read => "Read record",
        EventKind::Searched => "Searched patients",
        EventKind::PatientShown => "Saw patient in a list",
        EventKind::ScheduleViewed => "Saw the day's appointments",
        EventKind::WriteIntent => "Began to write",
        EventKind::Written => "Wrote",
        EventKind::Printed => "Printed",
        EventKind::Exported => "Exported",
        EventKind::Replicated => "Received records",
        EventKind::AuditRead => "Read the audit trail",
        EventKind::Administered => "Administered",
        EventKind::Denied => "Was refused",
        EventKind::Delivered => "Delivered",
        EventKind::SignedIn => "Signed in",
        EventKind::SignInFailed => "Failed to sign in",
        EventKind::Locked => "Locked",
        EventKind::AppStarted => "Started the app",
        EventKind::AppStopped => "Stopped the app",
        EventKind::EmergencyStarted => "Emergency access began",
        EventKind::EmergencyEnded => "Emergency access ended",
        EventKind::NodeRefused => "Refused a machine",
        EventKind::SecurityAlert => "Security alert",
        EventKind::LogLinked => "Went on from an earlier log",
        EventKind::OrderCarriedOut => "Carried out an order of the server",
        EventKind::AuditExported => "Wrote an audit log into a file",
        EventKind::AlertClosed => "Closed an alert",
        EventKind::AuditPurged => "Purged audit entries",
    }
}
