//! `/fhir/…`: reading, searching and histories for a person or a program; audit events for a machine.

use crate::answer::Refusal;
use crate::fhir::asking::base_of;
use crate::fhir::{
    Ask, Caller, Conditions, Interaction, Posted, Reply, Trouble, answer, feed, parameters_of, take_bundle,
};
use crate::identity::{Asking, SignedInPerson, Workstation, blocking};
use crate::intake::{LARGE, Raw, SMALL};
use crate::practice::Practice;
use crate::routes::{audit, history};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Response};
use records::ResourceKind;
use sync::wire::{self, ProblemCode};

/// The surface itself, as some clients write it.
pub(crate) const BASE: &str = "/fhir/";
/// Records of a type, and a search by what may stand in an address.
pub(crate) const OF_TYPE: &str = "/fhir/{kind}";
/// A search by anything.
pub(crate) const SEARCH: &str = "/fhir/{kind}/_search";
/// The history of a type.
pub(crate) const HISTORY_OF_TYPE: &str = "/fhir/{kind}/_history";
/// A record.
pub(crate) const RECORD: &str = "/fhir/{kind}/{id}";
/// The history of a record.
pub(crate) const HISTORY_OF_RECORD: &str = "/fhir/{kind}/{id}/_history";
/// A version of a record.
pub(crate) const VERSION: &str = "/fhir/{kind}/{id}/_history/{version}";

/// Everything that is asked for with `GET`.
pub(crate) async fn get(
    State(practice): State<Practice>,
    asking: Asking,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Reply, Trouble> {
    let conditions = Conditions::of(&headers)?;
    let address = uri.path_and_query().map_or("", |address| address.as_str());
    let ask = Ask::get(address.strip_prefix(wire::path::FHIR).unwrap_or(address), conditions)?;
    ask_for(practice, asking, base_of(&uri, &headers, ""), ask).await
}

/// `GET /fhir/_history`: a history as FHIR has it, or with the cursor of a drawer the feed of that drawer.
pub(crate) async fn history(
    State(practice): State<Practice>,
    asking: Asking,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let parameters = parameters_of(uri.query().unwrap_or_default().as_bytes());
    let of_drawer = parameters.iter().any(|(name, value)| name == "_cursor" && value.starts_with('v'));
    if of_drawer {
        // The feed is for the drawers of a person, and no program has one.
        if asking.scopes.is_some() {
            return Err(Refusal::from(ProblemCode::SessionRequired).into());
        }
        let (person, parameters) = (SignedInPerson { actor: asking.actor }, Query::try_from_uri(&uri));
        return Ok(history::page(State(practice), person, parameters).await?);
    }
    Ok(get(State(practice), asking, uri, headers).await?.into_response())
}

/// `POST [type]/_search`.
pub(crate) async fn search(
    State(practice): State<Practice>,
    asking: Asking,
    Path(kind): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Raw(body): Raw<SMALL>,
) -> Result<Reply, Trouble> {
    let conditions = Conditions::of(&headers)?;
    let kind: ResourceKind = kind.parse().map_err(|_| Trouble::not_found())?;
    let in_address = parameters_of(uri.query().unwrap_or_default().as_bytes());
    if in_address.iter().any(|(name, _)| !name.starts_with('_')) {
        return Err(Trouble::invalid(
            "The parameters of a POST search stand in its body.",
            "Send them as application/x-www-form-urlencoded.",
        ));
    }
    let form = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_form = form.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form && !body.is_empty() {
        return Err(Trouble::Outcome {
            status: 415,
            issue: "not-supported",
            text: "A search is sent as a form.",
            advice: "Send it as application/x-www-form-urlencoded.",
        });
    }
    let parameters = in_address.into_iter().chain(parameters_of(&body)).collect();
    let interaction = Interaction::Search(kind);
    let ask = Ask { interaction, parameters, in_address: false, conditions };
    ask_for(practice, asking, base_of(&uri, &headers, ""), ask).await
}

/// `POST [type]`: an audit event; nothing else is written here.
pub(crate) async fn create(
    State(practice): State<Practice>,
    workstation: Workstation,
    Path(kind): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Raw(body): Raw<SMALL>,
) -> Result<Reply, Trouble> {
    if kind != "AuditEvent" {
        return Err(Trouble::not_written_here(405));
    }
    let base = base_of(&uri, &headers, &practice.row.host);
    worked(move || {
        let now = practice.clock.now();
        let taken = feed(&practice, workstation.id(), &[&body], now)?.remove(0)?;
        Ok(Reply {
            status: if taken.is_new { 201 } else { 200 },
            body: None,
            version: Some(1),
            modified: Some(now),
            location: Some(format!("{base}/AuditEvent/{}", taken.id)),
        })
    })
    .await
}

/// `POST /fhir`: a workstation's own signed log, or a Bundle.
pub(crate) async fn bundle(
    State(practice): State<Practice>,
    workstation: Workstation,
    person: Result<SignedInPerson, Refusal>,
    uri: Uri,
    headers: HeaderMap,
    body: Raw<LARGE>,
) -> Result<Response, Trouble> {
    if headers.contains_key(wire::header::LOG) {
        return Ok(audit::receive(State(practice), workstation, headers, body).await?);
    }
    let conditions = Conditions::of(&headers)?;
    let base = base_of(&uri, &headers, &practice.row.host);
    let reply = worked(move || {
        let (device, person) = (workstation.id(), &person);
        let posted = Posted { practice: &practice, device, person, base: &base, conditions: &conditions };
        take_bundle(&posted, &body.0)
    });
    Ok(reply.await?.into_response())
}

/// `GET /fhir/metadata`.
pub(crate) async fn metadata(State(practice): State<Practice>, _asking: Asking) -> Reply {
    Reply::of(crate::fhir::statement(&practice))
}

async fn ask_for(practice: Practice, asking: Asking, base: String, ask: Ask) -> Result<Reply, Trouble> {
    worked(move || {
        let now = practice.clock.now();
        let request = ask.conditions.request;
        let Asking { actor, scopes } = &asking;
        let scopes = scopes.as_ref();
        let caller = Caller { practice: &practice, actor, scopes, base: &base, now, request };
        answer(&caller, &ask)
    })
    .await
}

/// Runs blocking work that may say no in FHIR's own way.
async fn worked<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    blocking(move || Ok::<_, Refusal>(work())).await?
}
