//! Charts of one person that were joined: read together, each under a permit of its own, and shown as one.

use std::collections::BTreeMap;

use records::change::Base;
use records::date::end_of_day;
use records::id::{PatientId, RecordKey};
use records::link::Links;
use records::rights::Permit;
use records::{DataClass, Document};

use super::OpenSession;
use crate::view::{DraftKind, OpenReason};
use crate::{ClientError, Code};

/// One chart as it was read.
pub(super) struct Part {
    pub(super) patient: PatientId,
    pub(super) permit: Permit,
    pub(super) documents: Vec<Document>,
    links: Links,
}

/// A chart with all those that it is used in place of.
pub(super) struct Opened {
    /// The one that others lead to, first.
    pub(super) parts: Vec<Part>,
    /// Whether a chart that belongs to it has not come here yet.
    pub(super) is_incomplete: bool,
}

/// What the session remembers of charts that it showed as one, by the patient whose chart leads.
#[derive(Default)]
pub(super) struct Joined {
    members: BTreeMap<PatientId, Vec<PatientId>>,
    /// Under whose chart the draft that is being shown lies.
    drafts: BTreeMap<(PatientId, &'static str), PatientId>,
}

impl Opened {
    pub(super) fn patient(&self) -> Option<&PatientId> {
        self.parts.first().map(|part| &part.patient)
    }

    pub(super) fn patients(&self) -> Vec<PatientId> {
        self.parts.iter().map(|part| part.patient.clone()).collect()
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.parts.iter().flat_map(|part| &part.documents)
    }

    /// Whether a class is masked in any of the charts: together they show no more than each does.
    pub(super) fn masks(&self, class: DataClass) -> bool {
        self.parts.iter().any(|part| part.permit.masked().contains(class))
    }
}

impl Joined {
    pub(super) fn keep(&mut self, patients: &[PatientId]) {
        if let Some(patient) = patients.first() {
            self.members.insert(patient.clone(), patients.to_vec());
            self.drafts.retain(|(of, _), _| of != patient);
        }
    }

    /// The charts that are shown in one patient's, that one first.
    pub(super) fn members(&self, patient: &PatientId) -> Vec<PatientId> {
        self.members.get(patient).cloned().unwrap_or_else(|| vec![patient.clone()])
    }

    /// A draft is shown in one patient's chart, and lies under another's.
    pub(super) fn show_draft(&mut self, patient: &PatientId, form: DraftKind, of: &PatientId) {
        self.drafts.insert((patient.clone(), form.as_str()), of.clone());
    }

    /// Under whose chart what is typed in one patient's is kept.
    pub(super) fn draft_of(&self, patient: &PatientId, form: DraftKind) -> PatientId {
        self.drafts.get(&(patient.clone(), form.as_str())).unwrap_or(patient).clone()
    }

    pub(super) fn forget_draft(&mut self, patient: &PatientId, form: DraftKind) {
        self.drafts.remove(&(patient.clone(), form.as_str()));
    }
}

impl OpenSession {
    /// Reads a chart: where another is used in its place, that one, and with it all that it replaced. A link counts where both
    /// halves are here. Where one of the charts may not be opened, none is shown; a circle is not followed.
    pub(super) fn open_parts(
        &mut self,
        patient: &PatientId,
        reason: Option<OpenReason>,
    ) -> Result<Opened, ClientError> {
        let mut read = vec![self.open_part(patient, reason)?];
        while let [next] =
            read.last().map(|part| part.links.replaced_by.clone()).unwrap_or_default().as_slice()
        {
            let is_circle = read.iter().any(|part| part.patient == *next);
            if is_circle || !self.is_here(next)? {
                break;
            }
            let above = self.open_part(next, reason)?;
            if !read.last().is_some_and(|part| above.links.replaces.contains(&part.patient)) {
                break;
            }
            read.push(above);
        }
        let leads = read.pop().ok_or(Code::Internal)?;
        let mut opened = Opened { parts: vec![leads], is_incomplete: false };
        let mut at = 0;
        while let Some(part) = opened.parts.get(at) {
            let (above, below) = (part.patient.clone(), part.links.replaces.clone());
            for next in below {
                if opened.parts.iter().any(|part| part.patient == next) {
                    continue;
                }
                let part = match read.iter().position(|part| part.patient == next) {
                    Some(known) => read.swap_remove(known),
                    None if self.is_here(&next)? => self.open_part(&next, reason)?,
                    None => {
                        opened.is_incomplete |= !self.vault()?.device().is_erased(next.as_str())?;
                        continue;
                    }
                };
                if part.links.replaced_by == [above.clone()] {
                    opened.parts.push(part);
                }
            }
            at += 1;
        }
        self.joined.keep(&opened.patients());
        Ok(opened)
    }

    fn open_part(&self, patient: &PatientId, reason: Option<OpenReason>) -> Result<Part, ClientError> {
        let permit = self.chart_permit(patient, reason)?;
        let now = self.now();
        let mut vault = self.vault()?;
        if permit.stated().is_some() {
            vault.keep_stated_relation(&permit, end_of_day(now, &self.clock.time_zone()), now)?;
        }
        let documents: Vec<Document> =
            vault.chart(&permit)?.into_iter().map(|found| found.document).collect();
        let own = documents.iter().find(|document| *document.key() == patient.key());
        let links = own.map(Links::of).unwrap_or_default();
        Ok(Part { patient: patient.clone(), permit, documents, links })
    }

    fn is_here(&self, patient: &PatientId) -> Result<bool, ClientError> {
        Ok(self.vault()?.base_of(&patient.key())? != Base::None)
    }

    /// Whose record it is, of those that are shown in a patient's chart.
    pub(super) fn owner_in_chart(
        &self,
        patient: &PatientId,
        key: &RecordKey,
    ) -> Result<PatientId, ClientError> {
        let members = self.joined.members(patient);
        let owner = self.vault()?.owner_among(key, &members)?.cloned();
        Ok(owner.unwrap_or_else(|| patient.clone()))
    }
}
