//! `/v1/alerts` and `/v1/reports`: what a person should look at, what came of it, and what happened on a day.

use crate::alerting::attending::{self, NotClosed};
use crate::answer::{Answer, Refusal, json};
use crate::identity::{SignedInPerson, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::reporting;
use crate::store;
use axum::extract::State;
use jiff::civil::Date;
use records::Actor;
use sync::wire::{AlertsRequest, CloseAlertRequest, CloseAlertResponse, ProblemCode, ReportRequest};

/// `POST /v1/alerts`.
pub(crate) async fn list(
    State(practice): State<Practice>,
    person: SignedInPerson,
    Json(request): Json<AlertsRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        admit(&practice, &person.actor, &format!("alerts?all={}", request.all))?;
        store::read(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            Ok(attending::page(tx, request.before, request.all)?)
        })
    });
    json(&answer.await?)
}

/// `POST /v1/alerts/close`.
pub(crate) async fn close(
    State(practice): State<Practice>,
    person: SignedInPerson,
    Json(request): Json<CloseAlertRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let CloseAlertRequest { number, outcome } = request;
        let now = practice.clock.now();
        // A refusal is a value inside the unit of work: its event has to be stored.
        let closed = store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
            let closed = attending::close(&practice, tx, number, &person.actor, outcome, now)?;
            Ok(match closed {
                Ok(()) => Ok(tx.open_alerts()?),
                Err(refused) => Err(refused),
            })
        })?;
        match closed {
            Ok(open) => Ok(CloseAlertResponse { open }),
            Err(NotClosed::NotAllowed | NotClosed::AboutOneself) => Err(ProblemCode::NotAllowed.into()),
            Err(NotClosed::NoAlert) => Err(ProblemCode::NotFound.into()),
        }
    });
    json(&answer.await?)
}

/// `POST /v1/reports`.
pub(crate) async fn report(
    State(practice): State<Practice>,
    person: SignedInPerson,
    Json(request): Json<ReportRequest, SMALL>,
) -> Answer {
    let day = request.day.map(|day| day.parse::<Date>()).transpose().map_err(|_| ProblemCode::Malformed)?;
    let answer = blocking(move || {
        let asked = day.map_or_else(|| "report".to_owned(), |day| format!("report?day={day}"));
        admit(&practice, &person.actor, &asked)?;
        reporting::for_person(&practice, day)
    });
    json(&answer.await?)
}

/// The event of the read is durable before anything is read.
fn admit(practice: &Practice, actor: &Actor, asked: &str) -> Result<(), Refusal> {
    let now = practice.clock.now();
    let may = store::write(practice.store.as_ref(), |tx| -> Result<_, Refusal> {
        Ok(attending::admit(practice, tx, actor, asked, now)?)
    })?;
    if may { Ok(()) } else { Err(ProblemCode::NotAllowed.into()) }
}
