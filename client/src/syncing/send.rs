//! Turns what the machine asks for into requests, and what comes back into answers.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use records::id::{ChangeId, LogId};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sync::wire::{
    AuditReceipt, ChangesRequest, ChangesResponse, Cursor, DirectivesResponse, HistoryPage, Problem,
    ProblemCode, SealedPageRequest, audit_batch_json, header, path,
};
use sync::{Answer, Failure, Request};

use super::session::refresh_grants;
use crate::https::ServerError;
use crate::renewing;
use crate::station::Station;

/// Sends one request and waits for its answer.
pub(super) async fn send(station: &Arc<Station>, request: Request) -> Result<Answer, Failure> {
    match request {
        Request::DeliverChanges { changes } => deliver_changes(station, changes).await,
        Request::DeliverAudit { log, first_index, count } => {
            deliver_audit(station, log, first_index, count).await
        }
        Request::Pull { cursor, count } => pull(station, cursor, count).await,
        Request::PullSealed { cursor, count } => pull_sealed(station, cursor, count).await,
        Request::Directives => directives(station).await,
    }
}

async fn deliver_changes(station: &Arc<Station>, changes: Vec<ChangeId>) -> Result<Answer, Failure> {
    let request = on_disk(station, move |station| {
        let made = station.made(&changes);
        Some(ChangesRequest { envelopes: station.envelopes(&changes)?, made })
    });
    let answered = station.server().call::<_, ChangesResponse>(path::CHANGES, &request.await?).await;
    Ok(Answer::Receipts(answered.map_err(failure)?.receipts))
}

async fn deliver_audit(
    station: &Arc<Station>,
    log: LogId,
    first_index: u64,
    count: u32,
) -> Result<Answer, Failure> {
    let batch = on_disk(station, move |station| station.audit_batch(first_index, count)).await?;
    let mut headers = HeaderMap::new();
    put(&mut headers, header::LOG, &log.to_string())?;
    put(&mut headers, header::FIRST_INDEX, &first_index.to_string())?;
    put(&mut headers, header::CHECKPOINT, &STANDARD.encode(&batch.checkpoint))?;
    let body = audit_batch_json(&batch.events, batch.marks.as_deref());
    let answer =
        station.server().send(Method::POST, path::FHIR, None, headers, body).await.map_err(failure)?;
    let log_size = number(&answer.headers, header::LOG_SIZE);
    if let Err(refused) = answer.ok() {
        let code = Problem::from_json(&answer.body).map(|problem| problem.code);
        return Err(code.map_or_else(|| failure(refused), |code| Failure::Refused { code, log_size }));
    }
    let receipt = receipt(&answer.headers);
    let taken = on_disk(station, move |station| Some(station.take_receipt(receipt.as_ref()?))).await;
    // What is not proven is not delivered: it stays queued, and is tried again unless that was an alarm.
    let size =
        taken.ok().flatten().ok_or(Failure::Refused { code: ProblemCode::Internal, log_size: None })?;
    Ok(Answer::Audit { size })
}

async fn pull(station: &Arc<Station>, cursor: Cursor, count: u32) -> Result<Answer, Failure> {
    let token = station.session_token();
    let address = format!("{}?_cursor={cursor}&_count={count}", path::HISTORY);
    let answer = station
        .server()
        .send(Method::GET, &address, token.as_ref(), HeaderMap::new(), Vec::new())
        .await
        .map_err(failure)?;
    answer.ok().map_err(failure)?;
    let body = answer.body;
    let page = HistoryPage::parse(&body).map_err(|_| failure(ServerError::Unreadable))?;
    let (next, more) = (page.next, page.more);
    let entries = u32::try_from(page.entries.len()).unwrap_or(u32::MAX);
    Ok(Answer::Page { body, next, more, entries })
}

async fn pull_sealed(station: &Arc<Station>, cursor: Cursor, count: u32) -> Result<Answer, Failure> {
    let asked = serde_json::to_vec(&SealedPageRequest { cursor, count }).unwrap_or_default();
    let answer = station
        .server()
        .send(Method::POST, path::INBOX, None, HeaderMap::new(), asked)
        .await
        .map_err(failure)?;
    answer.ok().map_err(failure)?;
    let body = answer.body;
    if body.is_empty() {
        return Ok(Answer::Page { body, next: cursor, more: false, entries: 0 });
    }
    let key = *station.trust().directive_key();
    let page = keys::inbox::verify(&body, &key).map_err(|_| failure(ServerError::Unreadable))?;
    let next = Cursor { drawer: cursor.drawer, after: page.to };
    let entries = if page.more { count } else { 0 };
    Ok(Answer::Page { body, next, more: page.more, entries })
}

/// Asks what the server has to tell; once more where it brought slots, so that it hears what became of them.
async fn directives(station: &Arc<Station>) -> Result<Answer, Failure> {
    renewing::go_on(station).await;
    let answer = ask_directives(station).await?;
    match on_disk(station, |station| Some(station.has_standings())).await? {
        true => ask_directives(station).await,
        false => Ok(answer),
    }
}

async fn ask_directives(station: &Arc<Station>) -> Result<Answer, Failure> {
    let asked = on_disk(station, |station| station.directives_request()).await?;
    let answered = station.server().call::<_, DirectivesResponse>(path::DIRECTIVES, &asked).await;
    if answered.as_ref().err() == Some(&ServerError::Untrusted) {
        station.renewing().note_refused();
    }
    let answered = answered.map_err(failure)?;
    let (done, orders) = (asked.done, station.clone());
    let has_new_certificate = answered.renewal.is_some();
    let (log_size, wants_grants) = on_disk(station, move |station| {
        station.was_heard(&asked);
        let log_size = station.take_directives(&answered);
        station.orders_heard(done);
        Some((log_size, station.wants_grants()))
    })
    .await?;
    if has_new_certificate {
        renewing::go_on(station).await;
    }
    if wants_grants && let Err(error) = refresh_grants(station).await {
        tracing::debug!(code = error.code.as_str(), "the grants that an order comes with were not fetched");
    }
    on_disk(station, move |_| {
        orders.carry_out_orders();
        Some(())
    })
    .await?;
    Ok(Answer::Directives { log_size })
}

/// What cannot be read from the disk now cannot be sent now: the machine tries again.
async fn on_disk<T: Send + 'static>(
    station: &Arc<Station>,
    read: impl FnOnce(&Station) -> Option<T> + Send + 'static,
) -> Result<T, Failure> {
    let station = station.clone();
    let found = tokio::task::spawn_blocking(move || read(&station)).await;
    found.ok().flatten().ok_or(Failure::Unreachable)
}

fn failure(error: ServerError) -> Failure {
    match error {
        ServerError::Away | ServerError::Untrusted | ServerError::Unreadable => Failure::Unreachable,
        ServerError::Refused(code) => Failure::Refused { code, log_size: None },
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), Failure> {
    let value = HeaderValue::from_str(value).map_err(|_| Failure::Unreachable)?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn receipt(headers: &HeaderMap) -> Option<AuditReceipt> {
    let json = STANDARD.decode(headers.get(header::RECEIPT)?).ok()?;
    serde_json::from_slice(&json).ok()
}
