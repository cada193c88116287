//! Opening a chart: the decision, the event, the documents, and what of them the screen shows.

use std::collections::BTreeSet;

use records::date::instant_text;
use records::id::{PatientId, RecordKey, ResourceKind};
use records::reference::Reference;
use records::rights::{Action, Permit, Relation, Rights, StatedReason};
use records::view::{Chart, PatientSummary};
use records::{DataClass, Document, Drawer};
use vault::{Away, Freshness};

use super::chart_view::{Shown, chart_view};
use super::joined::Opened;
use super::{OpenSession, patient_id};
use crate::view::{ChartView, FreshnessRow, OpenReason, Section};
use crate::{ClientError, Code};

/// A section older than this is marked: work was surely done elsewhere since.
const STALE_AFTER_HOURS: i64 = 24;

const NOT_COMPLETE: &str = "Not complete on this workstation yet. What is missing here may exist.";

impl OpenSession {
    /// Opens a chart, and with it those that were joined to it. Without a care relation the person says why; that makes a relation for the day, and is in the trail.
    pub(crate) fn open_chart(
        &mut self,
        patient: &str,
        reason: Option<OpenReason>,
    ) -> Result<ChartView, ClientError> {
        let patient = patient_id(patient)?;
        let now = self.now();
        self.vault()?.drop_overstayed(now)?;
        let opened = self.open_parts(&patient, reason)?;
        let people = {
            let keys = directory_keys(opened.documents());
            let permit = &opened.parts.first().ok_or(Code::Internal)?.permit;
            self.vault()?.directory(permit, &keys)?
        };
        let people: Vec<Document> = people.into_values().map(|found| found.document).collect();
        self.show(&opened, &people)
    }

    pub(super) fn chart_permit(
        &self,
        patient: &PatientId,
        reason: Option<OpenReason>,
    ) -> Result<Permit, ClientError> {
        let mut facts = self.vault()?.facts(&self.actor, patient, self.now())?;
        if let (Relation::None, Some(reason)) = (facts.relation, reason) {
            facts.relation = Relation::Stated(stated(reason));
        }
        self.permit_facts(Action::OpenChart, &facts, |allowed| allowed)
    }

    fn show(&mut self, opened: &Opened, people: &[Document]) -> Result<ChartView, ClientError> {
        let patient = opened.patient().ok_or(Code::Internal)?;
        let chart = Chart::new(opened.documents().chain(people));
        let summary_of = |patient: &PatientId| chart.get(&patient.key()).and_then(PatientSummary::of);
        let summary = summary_of(patient).ok_or(Code::NotFound)?;
        let replaced: Vec<PatientSummary> =
            opened.parts.iter().skip(1).filter_map(|part| summary_of(&part.patient)).collect();
        for one in replaced.iter().chain([&summary]) {
            self.names.keep(one.id.clone(), one.display_name.clone());
        }
        let sections = self.sections(opened);
        let away = self.away(opened)?;
        let mut freshness = self.freshness(&sections, &away)?;
        if opened.is_incomplete {
            freshness.iter_mut().for_each(|row| mark_missing(row, NOT_COMPLETE));
        }
        let waiting = self.waiting_notes(opened.documents())?;
        let charts: Vec<Chart<'_>> = opened.parts.iter().map(|part| Chart::new(&part.documents)).collect();
        let shown = Shown {
            chart: &chart,
            charts: &charts,
            patient: &summary,
            replaced: &replaced,
            zone: self.clock.time_zone(),
            today: self.today(),
            sections: &sections,
            waiting: &waiting,
        };
        let mut view = chart_view(&shown, &freshness);
        view.away = self.away_view(&away);
        view.drafts = self.drafts_in(&opened.patients())?;
        view.held = self.held()?;
        view.can_write = view.held.is_none()
            && view.sections.contains(&Section::Notes)
            && super::person_view(&self.profile).can_write_clinical;
        Ok(view)
    }

    /// Why nothing can be saved now, where a chart's records are an older copy.
    fn held(&self) -> Result<Option<ClientError>, ClientError> {
        let drawers = self.vault()?.freshness()?;
        let since = drawers.iter().filter_map(|fresh| fresh.held_since).min();
        Ok(since.map(|since| {
            let since = instant_text(since, &self.clock.time_zone());
            let words = format!(
                "Since {since} this is known to be an older copy of the records: newer ones are missing, and nothing can be saved."
            );
            ClientError::saying(Code::RecordsOlder, words)
        }))
    }

    /// The sections that the role reads, in the order to show them.
    fn sections(&self, opened: &Opened) -> Vec<Section> {
        let rights = Rights::built_in();
        let reads = |class: DataClass| {
            let rows = self.actor.roles.iter().filter_map(|role| rights.row(*role, class));
            let mut rows = rows.filter(|row| row.may.contains(&Action::Read));
            rows.next().is_some() && !opened.masks(class)
        };
        SECTIONS.into_iter().filter(|(_, class)| reads(*class)).map(|(section, _)| section).collect()
    }

    fn freshness(&self, sections: &[Section], away: &[Away]) -> Result<Vec<FreshnessRow>, ClientError> {
        let drawers = self.vault()?.freshness()?;
        let drawer_of = |section: Section| {
            SECTIONS.iter().find(|(known, _)| *known == section).map(|(_, class)| class.drawer())
        };
        let of = |drawer: Drawer| drawers.iter().find(|fresh| fresh.drawer == drawer);
        Ok(sections
            .iter()
            .filter_map(|section| Some((section, drawer_of(*section)?)))
            .map(|(section, drawer)| {
                let mut row = self.freshness_row(*section, of(drawer));
                self.mark_away(&mut row, drawer, away);
                row
            })
            .collect())
    }

    fn freshness_row(&self, section: Section, fresh: Option<&Freshness>) -> FreshnessRow {
        let pulled_at = fresh.and_then(|fresh| fresh.pulled_at);
        let as_of = pulled_at.map(|at| instant_text(at, &self.clock.time_zone()));
        let hours = pulled_at.map(|at| at.duration_until(self.now()).as_hours());
        let stale = hours.is_none_or(|hours| hours >= STALE_AFTER_HOURS);
        let note = match &as_of {
            Some(at) => format!("As of {at}. Work done elsewhere since then is not shown."),
            None => NOT_COMPLETE.to_owned(),
        };
        FreshnessRow { section, as_of, stale, note }
    }

    /// The notes that the server has not acknowledged.
    fn waiting_notes<'a>(
        &self,
        documents: impl Iterator<Item = &'a Document>,
    ) -> Result<BTreeSet<RecordKey>, ClientError> {
        let vault = self.vault()?;
        let mut waiting = BTreeSet::new();
        for document in documents.filter(|document| *document.kind() == ResourceKind::DOCUMENT_REFERENCE) {
            if matches!(vault.base_of(document.key())?, records::change::Base::Change(_)) {
                waiting.insert(document.key().clone());
            }
        }
        Ok(waiting)
    }
}

/// Not all of a section is here, for the reason in the note: what is missing may exist.
pub(super) fn mark_missing(row: &mut FreshnessRow, note: &str) {
    row.as_of = None;
    row.stale = true;
    row.note = note.to_owned();
}

/// Each section with the class that most of it is of.
const SECTIONS: [(Section, DataClass); 12] = [
    (Section::Problems, DataClass::ClinicalSummary),
    (Section::Medications, DataClass::ClinicalSummary),
    (Section::Allergies, DataClass::ClinicalSummary),
    (Section::Vitals, DataClass::ClinicalSummary),
    (Section::Notes, DataClass::NotesResults),
    (Section::Labs, DataClass::NotesResults),
    (Section::Immunizations, DataClass::ClinicalSummary),
    (Section::Encounters, DataClass::ClinicalSummary),
    (Section::Documents, DataClass::NotesResults),
    (Section::Appointments, DataClass::Scheduling),
    (Section::Demographics, DataClass::Demographics),
    (Section::Coverage, DataClass::Coverage),
];

/// The people, organizations and places that a chart names.
fn directory_keys<'a>(documents: impl Iterator<Item = &'a Document>) -> Vec<RecordKey> {
    let named = documents.flat_map(Document::references).filter_map(|text| match Reference::parse(text) {
        Reference::Record(key) => Some(key),
        Reference::Urn(_) | Reference::Contained(_) | Reference::Other(_) => None,
    });
    let is_directory = |key: &RecordKey| {
        matches!(key.kind.as_str(), "Practitioner" | "PractitionerRole" | "Organization" | "Location")
    };
    let keys: BTreeSet<RecordKey> = named.filter(is_directory).collect();
    keys.into_iter().collect()
}

fn stated(reason: OpenReason) -> StatedReason {
    match reason {
        OpenReason::Visit => StatedReason::Visit,
        OpenReason::Telephone => StatedReason::Telephone,
        OpenReason::Results => StatedReason::Results,
        OpenReason::Covering => StatedReason::Covering,
    }
}
