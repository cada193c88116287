//! The audit page: entries with names where this person may see them, and the check of the whole log.

use std::collections::BTreeMap;

use records::event::EventKind;
use records::id::RecordKey;
use records::rights::{Action, Facts, Permit, Relation, Rights};
use vault::{AuditEntry, AuditFilter, LogCheck};

use super::{OpenSession, patient_id};
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
}

impl OpenSession {
    /// A page of the trail: the whole of it for those who may, else the person's own entries. The look is in the trail itself.
    pub(crate) fn audit_page(
        &mut self,
        patient: Option<&str>,
        before: Option<u64>,
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
        let check = self.vault()?.device().verify_log()?;
        self.learn_names(entries.iter().filter_map(|entry| entry.event.summary().patient))?;
        let people = self.people_of(&entries)?;
        Ok(Reviewed { entries: entries.iter().map(|entry| self.audit_row(entry, &people)).collect(), check })
    }

    /// The names of the people of a page, as far as this person's drawers and role give them.
    fn people_of(&self, entries: &[AuditEntry]) -> Result<BTreeMap<String, String>, ClientError> {
        let mut people: Vec<_> = entries.iter().filter_map(|entry| entry.event.summary().person).collect();
        people.sort();
        people.dedup();
        let searches =
            self.actor.roles.iter().any(|role| Rights::built_in().has_function(*role, Action::Search));
        if searches && people.iter().any(|person| *person != self.actor.person) {
            let permit = self.permit_practice(Action::Search, |allowed| allowed)?;
            return self.people(&permit, &people);
        }
        Ok(BTreeMap::from([(self.actor.person.to_string(), self.profile.name.clone())]))
    }

    fn people(
        &self,
        permit: &Permit,
        people: &[records::PersonId],
    ) -> Result<BTreeMap<String, String>, ClientError> {
        let keys: Vec<RecordKey> =
            people.iter().filter_map(|person| format!("Practitioner/{person}").parse().ok()).collect();
        let found = self.vault()?.directory(permit, &keys)?;
        let name = |value: &serde_json::Value| {
            let name = value.pointer("/name/0")?;
            let text = |field: &str| name.get(field).and_then(serde_json::Value::as_str).map(str::to_owned);
            let first = |field: &str| Some(name.get(field)?.get(0)?.as_str()?.to_owned());
            text("text").or_else(|| {
                Some(format!("{} {}", first("given").unwrap_or_default(), text("family")?).trim().to_owned())
            })
        };
        let mut names: BTreeMap<String, String> = found
            .iter()
            .filter_map(|(key, found)| Some((key.id.to_string(), name(found.document.value())?)))
            .collect();
        names.insert(self.actor.person.to_string(), self.profile.name.clone());
        Ok(names)
    }

    fn audit_row(&self, entry: &AuditEntry, people: &BTreeMap<String, String>) -> AuditRow {
        let summary = entry.event.summary();
        let who = summary.person.map(|person| {
            let id = person.to_string();
            people.get(&id).cloned().unwrap_or(id)
        });
        AuditRow {
            index: entry.index,
            at: summary.recorded.map(|at| when::second(at, &self.clock.time_zone())).unwrap_or_default(),
            who: who.unwrap_or_else(|| "This workstation".to_owned()),
            action: summary.kind.map_or("Event", action_words).to_owned(),
            patient_name: summary
                .patient
                .as_ref()
                .and_then(|patient| self.names.get(patient))
                .map(str::to_owned),
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
    }
}
