//! The changes that are not settled, with names where this person may see them.

use records::change::RefusalCode;
use records::date::instant_text;
use records::id::ResourceKind;
use vault::{Freshness, OutboxEntry, OutboxState};

use super::OpenSession;
use crate::ClientError;
use crate::view::{DrawerPull, UnsentRow, UnsentState};

/// What the sync page shows while somebody is signed in.
pub(crate) struct Unsettled {
    pub(crate) last_pull: Vec<DrawerPull>,
    pub(crate) unsent: Vec<UnsentRow>,
    pub(crate) refused: Vec<UnsentRow>,
}

impl OpenSession {
    /// Changes on their way, and those that need a person.
    pub(crate) fn unsettled(&mut self) -> Result<Unsettled, ClientError> {
        let (waiting, mut bad, freshness) = {
            let vault = self.vault()?;
            let device = vault.device();
            let mut bad = device.outbox_in(OutboxState::Refused)?;
            bad.extend(device.outbox_in(OutboxState::Conflict)?);
            bad.extend(device.outbox_in(OutboxState::Quarantined)?);
            (device.unsent()?, bad, vault.freshness()?)
        };
        bad.sort_by_key(|entry| entry.sequence);
        self.learn_names(waiting.iter().chain(&bad).filter_map(|entry| entry.patient.clone()))?;
        let rows = |entries: &[OutboxEntry]| entries.iter().map(|entry| self.unsent_row(entry)).collect();
        let last_pull = freshness.iter().map(|fresh| self.pull_row(fresh)).collect();
        Ok(Unsettled { last_pull, unsent: rows(&waiting), refused: rows(&bad) })
    }

    fn pull_row(&self, fresh: &Freshness) -> DrawerPull {
        let at = fresh.pulled_at.map(|at| instant_text(at, &self.clock.time_zone()));
        let held_since = fresh.held_since.map(|at| instant_text(at, &self.clock.time_zone()));
        let arrived_percent = self.arriving.get(&fresh.drawer).copied();
        DrawerPull { drawer: fresh.drawer.as_str().to_owned(), at, held_since, arrived_percent }
    }

    fn unsent_row(&self, entry: &OutboxEntry) -> UnsentRow {
        let is_own = entry.author == self.actor.person;
        let person = super::person_view(&self.profile);
        let is_of_patient = entry.kind == ResourceKind::PATIENT.as_str();
        let may_decide = if is_of_patient { person.can_join_charts } else { person.can_write_clinical };
        UnsentRow {
            id: entry.change.to_string(),
            when: instant_text(entry.written_at, &self.clock.time_zone()),
            what: what(&entry.kind).to_owned(),
            patient_name: entry
                .patient
                .as_ref()
                .and_then(|patient| self.names.get(patient))
                .map(str::to_owned),
            author: if is_own { self.profile.name.clone() } else { "A colleague".to_owned() },
            state: state(entry.state),
            can_decide: entry.state == OutboxState::Conflict && may_decide,
            advice: advice(entry).map(str::to_owned),
        }
    }
}

/// What a type of record is called on the screen.
pub(super) fn what(kind: &str) -> &str {
    match kind {
        "Observation" => "Vitals",
        "DocumentReference" => "Note",
        "Patient" => "Patient details",
        other => other,
    }
}

fn state(state: OutboxState) -> UnsentState {
    match state {
        OutboxState::Refused => UnsentState::Refused,
        OutboxState::Conflict | OutboxState::Quarantined => UnsentState::Conflict,
        OutboxState::Applied | OutboxState::Settled => UnsentState::Delivered,
        OutboxState::Intended | OutboxState::Abandoned | OutboxState::Waiting => UnsentState::Waiting,
    }
}

fn advice(entry: &OutboxEntry) -> Option<&'static str> {
    match entry.state {
        OutboxState::Refused if was_erased(entry) => {
            Some("The patient was erased while this was on its way. It was not taken, and is not kept.")
        }
        OutboxState::Refused => {
            Some("The server did not take this. It is kept here; ask your practice manager.")
        }
        OutboxState::Conflict => {
            Some("Somebody changed the same elsewhere. Both are kept; a person has to choose.")
        }
        OutboxState::Quarantined => Some("The server keeps this for a person to look at."),
        OutboxState::Applied
        | OutboxState::Intended
        | OutboxState::Abandoned
        | OutboxState::Waiting
        | OutboxState::Settled => None,
    }
}

/// Whether the server refused a change because its patient was erased.
fn was_erased(entry: &OutboxEntry) -> bool {
    let code = serde_json::to_value(RefusalCode::Erased).ok();
    entry.refusal().map(serde_json::Value::from) == code && code.is_some()
}
