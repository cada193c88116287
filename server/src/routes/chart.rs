//! `POST /v1/chart`: all that one drawer holds of a patient whose chart workstations do not keep. It is asked for by a person
//! who is signed in, and each answer is an event that names the patient.

use super::history;
use crate::answer::{Answer, fhir};
use crate::identity::{SignedInPerson, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store;
use axum::extract::State;
use sync::wire::{ChartRequest, Cursor, HistoryWriter, ProblemCode};

/// `POST /v1/chart`.
pub(crate) async fn whole(
    State(practice): State<Practice>,
    person: SignedInPerson,
    Json(request): Json<ChartRequest, SMALL>,
) -> Answer {
    let body = blocking(move || {
        let ChartRequest { patient, drawer } = request;
        let start = Cursor::start(drawer);
        let is_known = store::read(practice.store.as_ref(), |tx| tx.has_patient(&patient))?;
        let of = Some(patient.clone()).filter(|_| is_known).ok_or(ProblemCode::NotFound)?;
        let permit = history::permit(&practice, &person.actor, start, Some(of))?;
        let mut page = HistoryWriter::with_capacity(history::USUAL_CHART);
        store::read(practice.store.as_ref(), |tx| tx.chart(&permit, patient.as_str(), drawer, &mut page))?;
        Ok(page.finish(start, None))
    })
    .await?;
    Ok(fhir(body))
}
