//! An open session: who is at the keyboard, with the keys that only they have. It lives on the vault's thread and ends with the lock.

mod attaching;
mod away;
mod chart;
mod chart_view;
mod conflict;
mod drafts;
mod find;
mod joined;
mod joining;
mod names;
mod pages;
mod review;
mod unsent;
mod vitals;
mod writing;

pub use attaching::AttachForm;
pub(crate) use attaching::open as open_attachment;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use keys::slot::Anchor;
use keys::{AgreementPublic, Random, SigningKey};
use records::id::{EventId, PatientId};
use records::rights::{Action, Allowed, Denied, Facts, Permit, Rights, Trail};
use records::{Actor, Drawer, decide};
use sync::wire::Cursor;
use vault::{Count, Drafts, Freshness, HeldFor, RewriteProgress, StoreError};

use crate::client_state::Profile;
use crate::store::{Store, VaultGuard};
use crate::view::PersonView;
use crate::{ClientError, Clock, Code, store_error};

/// Somebody at the keyboard.
pub(crate) struct OpenSession {
    actor: Actor,
    profile: Profile,
    signing: SigningKey,
    drafts: Drafts,
    seals: Seals,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    /// The search that is going on: its permit, and what was typed last.
    search: Option<find::OpenSearch>,
    names: names::SeenNames,
    /// Which charts were shown as one.
    joined: joined::Joined,
    /// How much of each drawer has arrived that is being filled, in percent.
    arriving: BTreeMap<Drawer, u32>,
}

/// What changes are sealed to.
#[derive(Clone, Copy)]
pub(crate) struct Seals {
    /// The server's sealing key.
    pub(crate) server: AgreementPublic,
    /// The practice's recovery key.
    pub(crate) recovery: AgreementPublic,
}

/// What a session is made of.
pub(crate) struct SessionParts {
    pub(crate) actor: Actor,
    pub(crate) profile: Profile,
    pub(crate) signing: SigningKey,
    pub(crate) drafts: Drafts,
    pub(crate) seals: Seals,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl OpenSession {
    /// A session over a store that was just opened.
    pub(crate) fn new(parts: SessionParts) -> Self {
        let SessionParts { actor, profile, signing, drafts, seals, store, clock } = parts;
        Self {
            actor,
            profile,
            signing,
            drafts,
            seals,
            store,
            clock,
            search: None,
            names: names::SeenNames::default(),
            joined: joined::Joined::default(),
            arriving: BTreeMap::new(),
        }
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// Where each open drawer stands in the server's history.
    pub(crate) fn cursors(&self) -> Result<Vec<Cursor>, ClientError> {
        let vault = self.vault()?;
        let mut cursors = Vec::new();
        for drawer in vault.open_drawers() {
            let kept = vault.cursor(drawer)?;
            let cursor = kept.map_or_else(|| Ok(Cursor::start(drawer)), |text| text.parse());
            cursors.push(cursor.map_err(|_| Code::VaultDamaged)?);
        }
        Ok(cursors)
    }

    /// How far each open drawer has come, to be noted in the slot.
    pub(crate) fn anchors(&self) -> Result<BTreeMap<String, Anchor>, ClientError> {
        let vault = self.vault()?;
        let mut anchors = BTreeMap::new();
        for drawer in vault.open_drawers() {
            if let Some(anchor) = vault.anchor(drawer)? {
                let anchor = Anchor { sequence: anchor.sequence, digest: anchor.digest };
                anchors.insert(anchor_name(drawer), anchor);
            }
        }
        Ok(anchors)
    }

    /// Makes those drawers read-only that are further back than what was noted of them, and names them.
    pub(crate) fn hold_back_older(
        &self,
        noted: &BTreeMap<Drawer, vault::Anchor>,
    ) -> Result<Vec<Drawer>, ClientError> {
        let mut vault = self.vault()?;
        let mut older = Vec::new();
        for (drawer, noted) in noted {
            let here = vault.anchor(*drawer)?;
            if here.is_some_and(|here| here.against(noted) == vault::Standing::Behind) {
                vault.hold_back(*drawer, HeldFor::OldCopy, Some(noted), self.now())?;
                older.push(*drawer);
            }
        }
        Ok(older)
    }

    /// Makes a drawer read-only.
    pub(crate) fn hold_back(&self, drawer: Drawer, why: HeldFor) -> Result<bool, ClientError> {
        Ok(self.vault()?.hold_back(drawer, why, None, self.now())?)
    }

    /// Counts some rows of a drawer more.
    pub(crate) fn count_part(&self, drawer: Drawer, most_rows: u32) -> Result<Count, ClientError> {
        Ok(self.vault()?.count_part(drawer, most_rows)?)
    }

    /// Goes on with writing a drawer anew, for newer keys or because somebody was erased, or begins; `None` when there is
    /// nothing to do. A drawer that was never pulled to its end, or has to be pulled again, waits until it was.
    pub(crate) fn re_key_step(&mut self, patients: u32) -> Result<Option<RewriteProgress>, ClientError> {
        let mut vault = self.vault()?;
        if vault.rewriting().is_some() {
            return Ok(Some(vault.rewrite_step(patients)?));
        }
        let is_ready = |fresh: &Freshness| fresh.pulled_at.is_some() && fresh.held_since.is_none();
        let ready: Vec<Drawer> =
            vault.freshness()?.iter().filter(|fresh| is_ready(fresh)).map(|fresh| fresh.drawer).collect();
        let newer = vault.newer_keys().into_iter().map(|(drawer, _)| drawer);
        let due: Vec<Drawer> = newer.chain(vault.erasures_due()?).collect();
        match due.into_iter().find(|drawer| ready.contains(drawer)) {
            Some(drawer) => Ok(Some(vault.begin_rewrite(drawer)?)),
            None => Ok(None),
        }
    }

    /// Takes a patient out of the open drawers.
    pub(crate) fn erase_patient(&mut self, patient: &PatientId) -> Result<(), ClientError> {
        let now = self.now();
        self.vault()?.erase_patient(patient, now)?;
        self.names.forget(patient);
        Ok(())
    }

    /// Takes in what the server answered to changes of these drawers.
    pub(crate) fn take_verdicts(&mut self) -> Result<(), ClientError> {
        self.vault()?.take_verdicts()?;
        Ok(())
    }

    /// Decides about the practice as a whole, and records the decision.
    fn permit_practice(
        &self,
        action: Action,
        name: impl FnOnce(Allowed) -> Allowed,
    ) -> Result<Permit, ClientError> {
        let facts = Facts::of_practice(self.actor.practice);
        permit(&self.actor, &mut *self.vault()?, action, &facts, self.now(), name)
    }

    /// Decides about one patient, and records the decision.
    fn permit_facts(
        &self,
        action: Action,
        facts: &Facts,
        name: impl FnOnce(Allowed) -> Allowed,
    ) -> Result<Permit, ClientError> {
        permit(&self.actor, &mut *self.vault()?, action, facts, self.now(), name)
    }

    fn vault(&self) -> Result<VaultGuard<'_>, ClientError> {
        self.store.vault()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn today(&self) -> Date {
        self.now().to_zoned(self.clock.time_zone()).date()
    }
}

/// The only way here from a decision to a permit, or to a refusal that is in the trail.
fn permit(
    actor: &Actor,
    trail: &mut impl Trail<Error = StoreError>,
    action: Action,
    facts: &Facts,
    now: Timestamp,
    name: impl FnOnce(Allowed) -> Allowed,
) -> Result<Permit, ClientError> {
    let id = EventId::from_uuid(Random::from_os().uuid_v7(now));
    match decide(Rights::built_in(), actor, action, facts, now) {
        Ok(allowed) => name(allowed).permit(trail, id, now).map_err(store_error::in_trail),
        Err(denied) => {
            let denied: Denied = denied.record(trail, id, now).map_err(store_error::in_trail)?;
            Err(ClientError::from(&denied))
        }
    }
}

/// What the screen says of a person.
pub(crate) fn person_view(profile: &Profile) -> PersonView {
    let rights = Rights::built_in();
    let role = profile.roles.first().copied();
    let may = |action| profile.roles.iter().any(|role| rights.has_function(*role, action));
    let writes = |role: &records::Role| {
        let row = rights.row(*role, records::DataClass::NotesResults);
        row.is_some_and(|row| row.may.contains(&Action::Create))
    };
    let joins = |role: &records::Role| {
        let row = rights.row(*role, records::DataClass::Demographics);
        row.is_some_and(|row| row.may.contains(&Action::Update))
    };
    PersonView {
        name: profile.name.clone(),
        role: role.map(|role| role.as_str().to_owned()).unwrap_or_default(),
        role_title: role.map(|role| role.title().to_owned()).unwrap_or_default(),
        initials: initials(&profile.name),
        can_write_clinical: profile.roles.iter().any(writes),
        can_join_charts: profile.roles.iter().any(joins),
        can_read_audit: may(Action::ReadAudit),
        can_export_audit: may(Action::ExportAudit),
        can_read_alerts: may(Action::ReadAlerts),
        can_close_alerts: may(Action::CloseAlerts),
        can_find_patients: may(Action::Search),
    }
}

/// The first letters of the first and the last word, of a name without its title.
pub(crate) fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().filter(|word| !word.ends_with('.')).collect();
    let ends = [words.first(), words.last().filter(|_| words.len() > 1)];
    ends.into_iter().flatten().filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

/// What a slot has noted of the drawers, as the vault reads it.
pub(crate) fn anchors_in_slot(noted: &BTreeMap<String, Anchor>) -> BTreeMap<Drawer, vault::Anchor> {
    let of = |drawer: Drawer| noted.get(&anchor_name(drawer)).map(|noted| (drawer, noted));
    let anchor = |noted: &Anchor| vault::Anchor { sequence: noted.sequence, digest: noted.digest };
    Drawer::ALL.into_iter().filter_map(of).map(|(drawer, noted)| (drawer, anchor(noted))).collect()
}

fn anchor_name(drawer: Drawer) -> String {
    format!("drawer.{}", drawer.as_str())
}

/// A patient's id as it came from the window; one that cannot be is a patient that there is not.
fn patient_id(text: &str) -> Result<PatientId, ClientError> {
    text.parse().map_err(|_| Code::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_leave_the_title_out() {
        assert_eq!(initials("Dr. Maria Adela Treviño"), "MT");
        assert_eq!(initials("Åsa Öberg"), "ÅÖ");
        assert_eq!(initials("Cher"), "C");
        assert_eq!(initials(""), "");
    }
}
