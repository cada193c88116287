//! The FHIR R4 surface: what a person may read of records and of the trail, as FHIR asks for it.
//!
//! A request becomes an [`Ask`], however it came: by itself or as an entry of a batch. Each ask decides first
//! (`permits`), which leaves its event, and only then reads. What is refused looks like what is not there. Nothing of a
//! patient stands in an address: what could tell who somebody is goes into the body of a `_search`.
//!
//! Records are not written here. A change is signed by its author and sealed on the workstation, and goes to
//! `POST /v1/changes` (ADR 0016). Audit events of others are taken in by `feed`.

mod asked;
pub(crate) mod asking;
mod audit;
mod batch;
mod bundle;
mod capability;
pub(crate) mod export;
mod feed;
mod history;
mod including;
mod matching;
mod permits;
mod reading;
mod reply;
mod scopes;
mod searching;

pub(crate) use asking::{Ask, Caller, Conditions, Interaction, parameters_of};
pub(crate) use batch::{Posted, take_bundle};
pub(crate) use capability::statement;
pub(crate) use export::{Begun, Export, File, Of, write_lines};
pub(crate) use feed::feed;
pub(crate) use reply::{Reply, Trouble};
pub(crate) use scopes::Scopes;

use records::ResourceKind;
use records::class::known_kinds;

/// Answers what one person asks.
///
/// # Errors
/// What the person hears instead.
pub(crate) fn answer(caller: &Caller<'_>, ask: &Ask) -> Result<Reply, Trouble> {
    let kind = ask.interaction.kind();
    if !kind.is_none_or(|kind| is_event(kind) || known_kinds().any(|known| known == kind.as_str())) {
        return Err(Trouble::not_found());
    }
    if caller.scopes.is_some_and(|scopes| !scopes.allow(&ask.interaction)) {
        permits::refuse_scope(caller)?;
        return Err(Trouble::not_allowed());
    }
    match &ask.interaction {
        Interaction::Read(key) if is_event(&key.kind) => audit::read(caller, ask, &key.id),
        Interaction::Search(kind) if is_event(kind) => audit::search(caller, ask),
        Interaction::Read(key) => reading::read(caller, ask, key),
        Interaction::Vread(key, version) => reading::vread(caller, ask, key, *version),
        Interaction::Search(kind) => searching::search(caller, ask, kind),
        Interaction::HistoryOfRecord(key) => history::of_record(caller, ask, key),
        Interaction::HistoryOfType(kind) => history::of_all(caller, ask, Some(kind)),
        Interaction::HistoryOfAll => history::of_all(caller, ask, None),
    }
}

fn is_event(kind: &ResourceKind) -> bool {
    *kind == ResourceKind::AUDIT_EVENT
}
