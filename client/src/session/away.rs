//! Charts that this workstation does not keep: what is said of them, and taking in one that was fetched.

use records::Drawer;
use records::date::instant_text;
use records::rights::{Action, Facts};
use sync::wire::{Cursor, HistoryPage};
use vault::Away;

use super::joined::Opened;
use super::pages::entry;
use super::{OpenSession, patient_id};
use crate::view::{AwayView, FreshnessRow};
use crate::{ClientError, Code};

const NOT_KEPT: &str = "Not kept on this workstation. What is missing here may exist.";

impl OpenSession {
    /// The open drawers in which a chart is not kept.
    pub(crate) fn drawers_away(&self, patient: &str) -> Result<Vec<Drawer>, ClientError> {
        let away = self.vault()?.away(&patient_id(patient)?)?;
        Ok(away.into_iter().map(|away| away.drawer).collect())
    }

    /// Takes in all that the server has of a chart in one drawer. One event, which names the patient.
    pub(crate) fn put_fetched(
        &mut self,
        patient: &str,
        drawer: Drawer,
        body: &[u8],
    ) -> Result<(), ClientError> {
        let patient = patient_id(patient)?;
        let parsed = HistoryPage::parse(body).map_err(|_| Code::ServerAnswer)?;
        let entries = parsed.entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
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
        // What was fetched counts where all was.
        let fetched: Option<Vec<_>> = away.iter().map(|away| away.fetched).collect();
        let until = fetched.map(|fetched| fetched.iter().map(|fetched| fetched.until).min());
        match until {
            Some(None) => None,
            Some(Some(until)) => Some(AwayView { until: Some(instant_text(until, &self.clock.time_zone())) }),
            None => Some(AwayView { until: None }),
        }
    }

    /// Says of a section that it is not kept, or when it was fetched.
    pub(super) fn mark_away(&self, row: &mut FreshnessRow, drawer: Drawer, away: &[Away]) {
        let of: Vec<_> = away.iter().filter(|away| away.drawer == drawer).collect();
        let fetched: Option<Vec<_>> = of.iter().map(|away| away.fetched).collect();
        let zone = self.clock.time_zone();
        match fetched.map(|fetched| fetched.iter().map(|fetched| fetched.at).min()) {
            Some(None) => {}
            Some(Some(at)) => {
                let at = instant_text(at, &zone);
                row.note =
                    format!("Fetched from the server at {at}. Work done elsewhere since then is not shown.");
                row.as_of = Some(at);
                row.stale = false;
            }
            None => {
                row.as_of = None;
                row.stale = true;
                row.note = NOT_KEPT.to_owned();
            }
        }
    }
}
