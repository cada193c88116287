//! `POST /v1/inbox`: a page of history for a drawer that is shut at its workstation, sealed to that drawer. The certificate of
//! the workstation is enough, because it opens nothing: what opens the page is a person's grant.

use super::history::{self, Built};
use crate::answer::{Answer, Refusal, octets};
use crate::granting::{is_opened_at, newest_drawer_keys};
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::store::{self, PageLimits, Transaction};
use crate::trail::ServerTrail;
use axum::extract::State;
use jiff::Timestamp;
use keys::inbox::{PageHeader, seal};
use keys::row::derive_inbox_key;
use keys::{DrawerKeys, Random};
use records::id::{DeviceId, SessionId};
use records::rights::{Permit, Rights, decide};
use records::{Action, Actor, Facts, Job};
use sync::wire::{Cursor, ProblemCode, SealedPageRequest};
use uuid::Uuid;

/// A page becomes a file, and one that is lost is fetched anew: smaller than for an open drawer.
const MOST_BYTES: usize = 8 << 20;

/// `POST /v1/inbox`.
pub(crate) async fn page(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<SealedPageRequest, SMALL>,
) -> Answer {
    let sealed = blocking(move || sealed_page(&practice, workstation.id(), &request)).await?;
    Ok(octets(sealed))
}

/// Nothing where nothing follows: a workstation asks all day long, and only what moves is an event.
fn sealed_page(
    practice: &Practice,
    device: DeviceId,
    request: &SealedPageRequest,
) -> Result<Vec<u8>, Refusal> {
    let (cursor, now) = (request.cursor, practice.clock.now());
    let limits = PageLimits { entries: history::entries(Some(request.count)), bytes: MOST_BYTES };
    let store = practice.store.as_ref();
    let keys = store::read(store, |tx| keys_if_news(practice, tx, device, cursor, now))?;
    let Some(keys) = keys else { return Ok(Vec::new()) };
    let permit = store::write(store, |tx| permit(practice, tx, device, cursor.to_string().as_bytes(), now))?;
    let Built { body, next, more } = history::build(practice, &permit, cursor, limits)?;
    if next.after <= cursor.after {
        return Ok(Vec::new());
    }
    let header = PageHeader {
        practice: practice.row.id.uuid(),
        device: device.uuid(),
        drawer: cursor.drawer.as_str().to_owned(),
        generation: keys.generation,
        from: cursor.after,
        to: next.after,
        more,
        made_at: now,
    };
    let key = derive_inbox_key(&keys.field).public();
    let sealed = seal(&header, &body, &key, &practice.keys.directive, &mut Random::from_os());
    sealed.map_err(|error| {
        tracing::error!(%error, "a page could not be sealed");
        ProblemCode::Internal.into()
    })
}

/// The newest keys of a drawer; `None` where nothing follows the cursor. A drawer that nobody could open at this workstation is
/// not found.
fn keys_if_news(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    cursor: Cursor,
    now: Timestamp,
) -> Result<Option<DrawerKeys>, Refusal> {
    if !is_opened_at(tx, device, cursor.drawer, now)? {
        return Err(ProblemCode::NotFound.into());
    }
    if tx.feed_end(practice.row.id, cursor.drawer)? <= cursor.after {
        return Ok(None);
    }
    newest_drawer_keys(practice, tx, device, cursor.drawer)
}

/// The event of what a workstation fetches is durable before that is read. It names the job of the system that fetches: no
/// person is there.
pub(crate) fn permit(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    what: &[u8],
    now: Timestamp,
) -> Result<Permit, Refusal> {
    let session = SessionId::from_uuid(Uuid::nil());
    let actor = Actor::service(Job::Sync, practice.row.id, device, session);
    let facts = Facts::of_practice(practice.row.id);
    let mut trail = ServerTrail::new(practice, tx, now);
    let id = trail.event_id();
    match decide(Rights::built_in(), &actor, Action::Replicate, &facts, now) {
        Ok(allowed) => {
            let allowed = allowed.with_tokens(what);
            Ok(allowed.permit(&mut trail, id, now)?)
        }
        Err(_) => Err(ProblemCode::Internal.into()),
    }
}
