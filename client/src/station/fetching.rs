//! Fetching a chart that this workstation does not keep, for a person who opened it.

use std::sync::Arc;

use records::id::PatientId;
use serde_json::value::RawValue;
use sync::wire::{ChartRequest, path};

use super::Station;
use crate::{ClientError, Code};

impl Station {
    /// Fetches what the server has of a chart, drawer by drawer. What came stays where a later one fails.
    pub(crate) fn fetch_chart(self: &Arc<Self>, patient_id: &str) -> Result<(), ClientError> {
        let patient: PatientId = patient_id.parse().map_err(|_| Code::NotFound)?;
        let of = patient.clone();
        for drawer in self.ask(move |session| session.drawers_away(&of))? {
            let (of, request) = (patient.clone(), ChartRequest { patient: patient.clone(), drawer });
            let page: Box<RawValue> = self.call_as_person(path::CHART, request)?;
            self.ask(move |session| session.put_fetched(of, drawer, page.get().as_bytes()))?;
        }
        Ok(())
    }
}
