//! Every route of both listeners, in one list; and what happens around each of them.

use crate::answer::{Answer, HEADERS, Refusal};
use crate::clock::Stopwatch;
use crate::doorway::{self, Doorway};
use crate::identity::{PeerCertificate, blocking, recognise};
use crate::meters::Meters;
use crate::practice::Practice;
use crate::programs::TOKEN;
use crate::routes::{
    activation, alerts, attachments, changes, chart, courier, credentials, directives, enrolment, export,
    fhir, grants, inbox, metadata, outcomes, programs, renewal, session, sign_in, twins,
};
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, get, post};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use sync::wire::{ProblemCode, header, path};

/// What a route asks for besides the workstation's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing.
    Certificate,
    /// A session token.
    Session,
}

/// A route of the main listener, as tests see it.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: &'static str,
    /// What it asks for.
    pub asks: Asks,
}

/// How long a request may take altogether.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Every route of the main listener.
#[must_use]
pub fn routes() -> Vec<Route> {
    main_routes().into_iter().map(|(method, path, asks, _)| Route { method, path, asks }).collect()
}

/// The main listener.
pub(crate) fn main_router(practice: Practice, doorway: Arc<Doorway>) -> Router {
    let mut router = Router::new();
    for (_, path, _, handler) in main_routes() {
        router = router.route(path, handler);
    }
    router
        .method_not_allowed_fallback(|| async { Refusal::from(ProblemCode::WrongMethod) })
        .fallback(|| async { Refusal::from(ProblemCode::NotFound) })
        .layer(from_fn_with_state(practice.clone(), ask_for_workstation))
        .layer(from_fn_with_state(practice.meters.clone(), around))
        .layer(from_fn_with_state(doorway, doorway::hold))
        .with_state(practice)
}

/// The enrolment listener.
pub(crate) fn enrolment_router(state: enrolment::Enrolment, doorway: Arc<Doorway>) -> Router {
    Router::new()
        .route(path::ENROL, post(enrolment::enrol))
        .route(path::RENEW_START, post(renewal::start))
        .route(path::RENEW_FINISH, post(renewal::finish))
        .method_not_allowed_fallback(|| async { Refusal::from(ProblemCode::WrongMethod) })
        .fallback(|| async { Refusal::from(ProblemCode::NotFound) })
        .layer(from_fn_with_state(state.practice.clone(), limit_address))
        .layer(from_fn_with_state(state.practice.meters.clone(), around))
        .layer(from_fn_with_state(doorway, doorway::hold))
        .with_state(state)
}

type Line = (Method, &'static str, Asks, MethodRouter<Practice>);

fn main_routes() -> Vec<Line> {
    let posts: [(&'static str, Asks, MethodRouter<Practice>); 27] = [
        (path::DIRECTIVES, Asks::Certificate, post(directives::directives)),
        (path::GRANTS, Asks::Certificate, post(grants::grants)),
        (path::SIGN_IN_START, Asks::Certificate, post(sign_in::start)),
        (path::SIGN_IN_FINISH, Asks::Certificate, post(sign_in::finish)),
        (path::ACTIVATE_START, Asks::Certificate, post(activation::start)),
        (path::ACTIVATE_FINISH, Asks::Certificate, post(activation::finish)),
        (path::SESSION_CHALLENGE, Asks::Certificate, post(session::challenge)),
        (path::SESSION, Asks::Certificate, post(session::open)),
        (path::CHANGES, Asks::Certificate, post(changes::receive)),
        (path::COURIER, Asks::Certificate, post(courier::receive)),
        (path::INBOX, Asks::Certificate, post(inbox::page)),
        (path::ATTACHMENTS, Asks::Certificate, post(attachments::take)),
        (path::READ_ATTACHMENT, Asks::Certificate, post(attachments::read)),
        (path::FHIR, Asks::Certificate, post(fhir::bundle)),
        (fhir::BASE, Asks::Certificate, post(fhir::bundle)),
        (fhir::OF_TYPE, Asks::Certificate, post(fhir::create)),
        (TOKEN, Asks::Certificate, post(programs::token)),
        (fhir::SEARCH, Asks::Session, post(fhir::search)),
        (path::CREDENTIAL_START, Asks::Session, post(credentials::start)),
        (path::CREDENTIAL_PROVE, Asks::Session, post(credentials::prove)),
        (path::CREDENTIAL_FINISH, Asks::Session, post(credentials::finish)),
        (path::TWINS, Asks::Session, post(twins::twins)),
        (path::CHART, Asks::Session, post(chart::whole)),
        (path::OUTCOMES, Asks::Session, post(outcomes::outcomes)),
        (path::ALERTS, Asks::Session, post(alerts::list)),
        (path::CLOSE_ALERT, Asks::Session, post(alerts::close)),
        (path::REPORTS, Asks::Session, post(alerts::report)),
    ];
    let gets: [(&'static str, Asks, MethodRouter<Practice>); 14] = [
        (path::HISTORY, Asks::Session, get(fhir::history)),
        (programs::CONFIGURATION, Asks::Certificate, get(programs::configuration)),
        (path::METADATA, Asks::Session, get(fhir::metadata)),
        (export::OF_ALL, Asks::Session, get(export::of_all)),
        (export::OF_PATIENTS, Asks::Session, get(export::of_patients)),
        (export::OF_GROUP, Asks::Session, get(export::of_group)),
        (export::EXPORT, Asks::Session, get(export::status)),
        (export::FILE, Asks::Session, get(export::file)),
        (fhir::OF_TYPE, Asks::Session, get(fhir::get)),
        (fhir::HISTORY_OF_TYPE, Asks::Session, get(fhir::get)),
        (fhir::RECORD, Asks::Session, get(fhir::get)),
        (fhir::HISTORY_OF_RECORD, Asks::Session, get(fhir::get)),
        (fhir::VERSION, Asks::Session, get(fhir::get)),
        (path::HEALTH, Asks::Certificate, get(metadata::health)),
    ];
    let posts = posts.into_iter().map(|(path, asks, handler)| (Method::POST, path, asks, handler));
    let gets = gets.into_iter().map(|(path, asks, handler)| (Method::GET, path, asks, handler));
    let end = (Method::DELETE, export::EXPORT, Asks::Session, delete(export::end));
    posts.chain(gets).chain([end]).collect()
}

/// Recognises the workstation before any route is entered, the ones that do not exist included.
async fn ask_for_workstation(State(practice): State<Practice>, mut request: Request, next: Next) -> Answer {
    let peer = request.extensions().get::<PeerCertificate>().cloned().ok_or(ProblemCode::DeviceRevoked)?;
    let (limits, meters) = (practice.limits.clone(), practice.meters.clone());
    let workstation = blocking(move || recognise(&practice, &peer)).await?;
    if !limits.admit(workstation.id(), &route_of(&request)) {
        meters.limited();
        return Err(ProblemCode::Busy.into());
    }
    request.extensions_mut().insert(workstation);
    Ok(next.run(request).await)
}

/// Holds an address that asks for too much.
async fn limit_address(
    State(practice): State<Practice>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Answer {
    if practice.limits.admit_address(peer.ip()) {
        return Ok(next.run(request).await);
    }
    practice.meters.limited();
    Err(ProblemCode::Busy.into())
}

/// The route that a request meets; none of ours is one word for all.
fn route_of(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned()
}

/// Time limit, headers, and one line in the log: method, route, status and time, and nothing of what was said.
async fn around(State(meters): State<Arc<Meters>>, request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let method = request.method().clone();
    let route = route_of(&request);
    let request_id = request_id(&request);
    let answered = tokio::time::timeout(TIME_LIMIT, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| Refusal::from(ProblemCode::Busy).into_response());
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    let shown = request_id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or("");
    let (status, millis) = (response.status().as_u16(), watch.millis());
    meters.answered(&route, status, millis);
    tracing::info!(%method, route, status, millis, request_id = shown, "answered");
    if let Some(id) = request_id {
        response.headers_mut().insert(HeaderName::from_static(header::REQUEST_ID), id);
    }
    response
}

/// The request's own id, if it is a UUID: anything else could carry what does not belong in a log.
fn request_id(request: &Request) -> Option<HeaderValue> {
    let value = request.headers().get(header::REQUEST_ID)?;
    uuid::Uuid::try_parse(value.to_str().ok()?).ok()?;
    Some(value.clone())
}
