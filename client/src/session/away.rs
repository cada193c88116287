//! Charts that this workstation does not keep: what is said of them, and taking in one that was fetched.

use records::Drawer;
use records::date::instant_text;
use records::id::PatientId;
use records::rights::{Action, Facts};
use sync::wire::{Cursor, HistoryPage};
use vault::Away;

use super::OpenSession;
use super::chart::mark_missing;
use super::joined::Opened;
use super::pages::entries;
use crate::view::{AwayView, FreshnessRow};
use crate::{ClientError, Code};

const NOT_KEPT: &str = "Not kept on this workstation. What is missing here may exist.";

impl OpenSession {
    /// The open drawers in which a chart is not kept.
    pub(crate) fn drawers_away(&self, patient: &PatientId) -> Result<Vec<Drawer>, ClientError> {
        let away = self.vault()?.away(patient)?;
        Ok(away.into_iter().map(|away| away.drawer).collect())
    }

    /// Takes in all that the server has of a chart in one drawer. One event, which names the patient.
    pub(crate) fn put_fetched(
        &mut self,
        patient: PatientId,
        drawer: Drawer,
        body: &[u8],
    ) -> Result<(), ClientError> {
        let parsed = HistoryPage::parse(body).map_err(|_| Code::ServerAnswer)?;
        let entries = entries(&parsed)?;
        let facts = Facts { patient: Some(patient), ..Facts::of_practice(self.actor.practice) };
        let cursor = Cursor::start(drawer).to_string();
        let permit =
            self.permit_facts(Action::Replicate, &facts, |allowed| allowed.with_tokens(cursor.as_bytes()))?;
        Ok(self.vault()?.put_fetched(&permit, drawer, &entries, self.now())?)
    }

    /// What is not kept of the charts that are shown as one.
    pub(super) fn away(&self, opened: &Opened) -> Result<Vec<Away>, ClientError> {
        let vault = self.vault()?;
        let mut found = Vec::new();
        for part in &opened.parts {
            found.extend(vault.away(&part.patient)?);
        }
        Ok(found)
    }

    /// What the reader is told above the chart; `None` where all of it is kept.
    pub(super) fn away_view(&self, away: &[Away]) -> Option<AwayView> {
        // What was fetched counts where all was: nothing is less than any time.
        let until = away.iter().map(|away| away.fetched.map(|fetched| fetched.until)).min()?;
        Some(AwayView { until: until.map(|until| instant_text(until, &self.clock.time_zone())) })
    }

    /// Says of a section that it is not kept, or when it was fetched.
    pub(super) fn mark_away(&self, row: &mut FreshnessRow, drawer: Drawer, away: &[Away]) {
        let of = away.iter().filter(|away| away.drawer == drawer);
        let Some(at) = of.map(|away| away.fetched.map(|fetched| fetched.at)).min() else { return };
        let Some(at) = at else { return mark_missing(row, NOT_KEPT) };
        let at = instant_text(at, &self.clock.time_zone());
        row.note = format!("Fetched from the server at {at}. Work done elsewhere since then is not shown.");
        row.as_of = Some(at);
        row.stale = false;
    }
}
