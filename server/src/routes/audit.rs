//! `POST /fhir`: a batch of audit events (IHE ITI-20).

use crate::answer::{Answer, Refusal, fhir};
use crate::audit_intake::{Batch, Sender, Taken, Way, take_in};
use crate::identity::{Workstation, blocking};
use crate::intake::{LARGE, Raw};
use crate::practice::Practice;
use crate::store::{self, Transaction};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use records::id::LogId;
use sync::wire::{AuditBatch, AuditReceipt, ProblemCode, header};

/// `POST /fhir`.
pub(crate) async fn receive(
    State(practice): State<Practice>,
    workstation: Workstation,
    headers: HeaderMap,
    Raw(body): Raw<LARGE>,
) -> Answer {
    let log: LogId = text(&headers, header::LOG)?.parse().map_err(|_| ProblemCode::Malformed)?;
    let first_index: u64 =
        text(&headers, header::FIRST_INDEX)?.parse().map_err(|_| ProblemCode::Malformed)?;
    let checkpoint =
        STANDARD.decode(text(&headers, header::CHECKPOINT)?).map_err(|_| ProblemCode::Malformed)?;
    let checkpoint = String::from_utf8(checkpoint).map_err(|_| ProblemCode::Malformed)?;
    let (receipt, count) = blocking(move || {
        let batch = AuditBatch::parse(&body).map_err(|_| ProblemCode::Malformed)?;
        let marks = batch.marks.as_deref();
        let batch = Batch { log, first_index, events: &batch.events, checkpoint: &checkpoint, marks };
        let now = practice.clock.now();
        let sender = Sender { device: workstation.id(), way: Way::Wire };
        // A refusal leaves an alert behind, so it is a value here and becomes a refusal once it is stored.
        // Every workstation writes all day: this must not wait for the others, nor they for it.
        let take = |tx: &dyn Transaction| take_in(&practice, tx, sender, &batch, now);
        let taken = store::write_of(practice.store.as_ref(), sender.device, take)?;
        match taken {
            Taken::Held(receipt) => Ok((receipt, batch.events.len())),
            Taken::Missing => Err(ProblemCode::LogGap.into()),
            Taken::Refused(refusal) => Err(refusal),
        }
    })
    .await?;
    answer(&receipt, count)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| ProblemCode::Malformed.into())
}

/// A batch-response: one status an entry, as FHIR has it; and the receipt beside it.
fn answer(receipt: &AuditReceipt, count: usize) -> Answer {
    let entries = vec![r#"{"response":{"status":"201"}}"#; count].join(",");
    let body = format!(r#"{{"resourceType":"Bundle","type":"batch-response","entry":[{entries}]}}"#);
    let mut response: Response = fhir(body.into_bytes());
    let json = serde_json::to_vec(receipt).map_err(|_| ProblemCode::Internal)?;
    let json = HeaderValue::from_str(&STANDARD.encode(json)).map_err(|_| ProblemCode::Internal)?;
    response.headers_mut().insert(HeaderName::from_static(header::LOG_SIZE), HeaderValue::from(receipt.size));
    response.headers_mut().insert(HeaderName::from_static(header::RECEIPT), json);
    Ok(response)
}
