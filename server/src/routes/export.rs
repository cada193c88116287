//! `$export`, of all, of patients or of a group: begun, asked about, fetched, ended.

use crate::answer::Refusal;
use crate::fhir::asking::base_of;
use crate::fhir::{
    Ask, Begun, Caller, Conditions, Export, File, Of, Trouble, export, parameters_of, write_lines,
};
use crate::identity::{Asking, Workstation, blocking};
use crate::practice::Practice;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use records::ResourceKind;
use std::io;
use tokio::sync::mpsc;

/// Where an export of everything begins.
pub(crate) const OF_ALL: &str = "/fhir/$export";
/// Where one of all patients begins.
pub(crate) const OF_PATIENTS: &str = "/fhir/Patient/$export";
/// Where one of the members of a group begins.
pub(crate) const OF_GROUP: &str = "/fhir/{kind}/{id}/$export";
/// Where it is asked about, and ended.
pub(crate) const EXPORT: &str = "/v1/exports/{export}";
/// A file of it.
pub(crate) const FILE: &str = "/v1/exports/{export}/{kind}";

/// Pieces that may wait for whoever fetches.
const WAITING: usize = 4;

/// `GET $export`.
pub(crate) async fn of_all(
    practice: State<Practice>,
    workstation: Workstation,
    asking: Asking,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    begin(practice, (workstation, asking), Of::All, uri, headers).await
}

/// `GET Patient/$export`.
pub(crate) async fn of_patients(
    practice: State<Practice>,
    workstation: Workstation,
    asking: Asking,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    begin(practice, (workstation, asking), Of::Patients, uri, headers).await
}

/// `GET Group/[id]/$export`; nothing else that has an id is exported.
pub(crate) async fn of_group(
    practice: State<Practice>,
    workstation: Workstation,
    asking: Asking,
    Path((kind, id)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    if kind != ResourceKind::GROUP.as_str() {
        return Err(Trouble::not_found());
    }
    begin(practice, (workstation, asking), Of::Group(id), uri, headers).await
}

async fn begin(
    State(practice): State<Practice>,
    (workstation, asking): (Workstation, Asking),
    of: Of,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let conditions = Conditions::of(&headers)?;
    let prefers = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    if !prefers.into_iter().any(|prefer| prefer.contains("respond-async")) {
        return Err(Trouble::invalid(
            "An export is answered later.",
            "Send the header Prefer: respond-async.",
        ));
    }
    let parameters = parameters_of(uri.query().unwrap_or_default().as_bytes());
    let ask = Ask::for_export(parameters, conditions);
    let base = base_of(&uri, &headers, &practice.row.host);
    let address = exports_at(&base);
    let begun: Begun = with_caller(practice, asking, base, headers, move |caller| {
        export::begin(caller, workstation.id(), &of, &ask)
    })
    .await?;
    Ok(answer(
        StatusCode::ACCEPTED,
        &[(header::CONTENT_LOCATION, format!("{address}/{}", begun.id))],
        Body::empty(),
    ))
}

/// `GET` of what `Content-Location` named: the files there are.
pub(crate) async fn status(
    State(practice): State<Practice>,
    workstation: Workstation,
    asking: Asking,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let base = base_of(&uri, &headers, &practice.row.host);
    let address = format!("{}/{name}", exports_at(&base));
    let (opened, until): (Export, Timestamp) = with_caller(practice, asking, base, headers, move |caller| {
        export::opened(caller, workstation.id(), &name)
    })
    .await?;
    let expires = DateTimePrinter::new().timestamp_to_rfc9110_string(&until).unwrap_or_default();
    let with = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::EXPIRES, expires)];
    Ok(answer(StatusCode::OK, &with, Body::from(opened.manifest(&address).to_string())))
}

/// `DELETE` of the same.
pub(crate) async fn end(
    State(practice): State<Practice>,
    workstation: Workstation,
    asking: Asking,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    with_caller(practice, asking, String::new(), headers, move |caller| {
        export::end(caller, workstation.id(), &name)
    })
    .await?;
    Ok(answer(StatusCode::ACCEPTED, &[], Body::empty()))
}

/// A file, line by line.
pub(crate) async fn file(
    State(practice): State<Practice>,
    workstation: Workstation,
    asking: Asking,
    Path((name, kind)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let (for_lines, by) = (practice.clone(), asking.clone());
    let Conditions { request, reason, .. } = Conditions::of(&headers)?;
    let file: File = with_caller(practice, asking, String::new(), headers, move |caller| {
        export::open_file(caller, workstation.id(), (&name, &kind), reason)
    })
    .await?;
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(WAITING);
    tokio::task::spawn_blocking(move || {
        let now = for_lines.clock.now();
        let (actor, scopes) = (&by.actor, by.scopes.as_ref());
        let caller = Caller { practice: &for_lines, actor, scopes, base: "", now, request };
        let mut send = |piece| sender.blocking_send(Ok(piece)).is_ok();
        if let Err(trouble) = write_lines(&caller, &file, &mut send) {
            tracing::warn!(status = trouble.status(), "a file of an export was cut short");
            // Whoever fetches sees that it is not whole, or has gone.
            drop(sender.blocking_send(Err(io::ErrorKind::Other.into())));
        }
    });
    let lines =
        unfold(receiver, |mut receiver| async { receiver.recv().await.map(|piece| (piece, receiver)) });
    let with = [(header::CONTENT_TYPE, "application/fhir+ndjson".to_owned())];
    Ok(answer(StatusCode::OK, &with, Body::from_stream(lines)))
}

/// Where exports are, beside the surface.
fn exports_at(base: &str) -> String {
    format!("{}/v1/exports", base.trim_end_matches("/fhir"))
}

fn answer(status: StatusCode, with: &[(header::HeaderName, String)], body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in with {
        if let Ok(value) = HeaderValue::try_from(value.as_str()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn with_caller<T: Send + 'static>(
    practice: Practice,
    asking: Asking,
    base: String,
    headers: HeaderMap,
    work: impl FnOnce(&Caller<'_>) -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let request = Conditions::of(&headers)?.request;
    blocking(move || {
        let now = practice.clock.now();
        Ok::<_, Refusal>(work(&Caller {
            practice: &practice,
            actor: &asking.actor,
            scopes: asking.scopes.as_ref(),
            base: &base,
            now,
            request,
        }))
    })
    .await?
}
