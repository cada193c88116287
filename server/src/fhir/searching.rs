//! `GET [type]` and `POST [type]/_search`: within the rows of a permit, newest first, page by page.

use super::asked::{Continuation, Search, sealed, understand};
use super::asking::{Ask, Caller};
use super::bundle::{Bundle, full_url, shown};
use super::including;
use super::permits::{self, Opened};
use super::reply::{Reply, Trouble, outcome};
use crate::store::{self, FoundVersion, RecordQuery};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use records::id::{PatientId, ResourceKind};
use records::rights::{DeniedReason, Permit};
use records::search::{Parameter, ParameterKind, parameters, patient_parameters};
use serde_json::json;

/// Searches.
pub(super) fn search(caller: &Caller<'_>, ask: &Ask, kind: &ResourceKind) -> Result<Reply, Trouble> {
    let search = understand(caller, ask, kind)?;
    if !search.includes.is_empty() && caller.scopes.is_some_and(|scopes| !scopes.are_of_all()) {
        permits::refuse_scope(caller)?;
        return Err(Trouble::not_allowed());
    }
    let terms = terms_of(caller, kind.as_str(), &search.kept, |name| is_of_patient(kind, name));
    let (permit, notice) = match &search.patient {
        Some(patient) => match permits::of_patient(caller, patient, Some(kind), ask.conditions.reason)? {
            Opened::Permit { permit, masks } => (Some(*permit), masks.then_some(Notice::Masked)),
            Opened::Refused(DeniedReason::NeedsReason) => (None, Some(Notice::NeedsReason)),
            Opened::Refused(_) => (None, Some(Notice::Masked)),
        },
        None => (Some(permits::of_list(caller, &terms)?.ok_or_else(Trouble::not_allowed)?), None),
    };
    let mut bundle = Bundle::of("searchset");
    bundle.link("self", &self_link(caller, kind, &search.kept));
    let Some(permit) = permit else {
        bundle.total(0);
        note(&mut bundle, notice, search.left_out);
        return Ok(Reply::of(bundle.finish()));
    };
    if search.only_count || search.with_total {
        bundle.total(count(caller, &permit, &search)?);
    }
    if search.only_count {
        note(&mut bundle, notice, search.left_out);
        return Ok(Reply::of(bundle.finish()));
    }
    let (found, next) = page(caller, &permit, kind, &search)?;
    let mut beside = including::beside(caller, ask, &search, &permit, &found)?;
    beside.records = permits::for_program(caller, beside.records)?;
    permits::note_shown(caller, &patients_of(found.iter().chain(&beside.records)), &terms)?;
    if let Some(next) = next {
        bundle.link("next", &next);
    }
    let matches = found.iter().map(|record| (record, "match"));
    for (record, mode) in matches.chain(beside.records.iter().map(|record| (record, "include"))) {
        bundle.entry(json!({
            "fullUrl": full_url(caller, record),
            "resource": shown(caller, record),
            "search": { "mode": mode },
        }));
    }
    if beside.is_less {
        note(&mut bundle, Some(Notice::LessBeside), 0);
    }
    note(&mut bundle, notice, search.left_out);
    Ok(Reply::of(bundle.finish()))
}

/// Each patient once, in the order of what is shown.
pub(super) fn patients_of<'a>(found: impl IntoIterator<Item = &'a FoundVersion>) -> Vec<PatientId> {
    let mut patients: Vec<PatientId> = Vec::new();
    for patient in found.into_iter().filter_map(|record| record.patient.as_ref()) {
        if !patients.contains(patient) {
            patients.push(patient.clone());
        }
    }
    patients
}

fn count(caller: &Caller<'_>, permit: &Permit, search: &Search) -> Result<u64, Trouble> {
    let whole = RecordQuery { before: None, ..search.query.clone() };
    Ok(store::read(caller.practice.store.as_ref(), |tx| tx.count_found(permit, &whole))?)
}

/// One page, and the address of the next.
fn page(
    caller: &Caller<'_>,
    permit: &Permit,
    kind: &ResourceKind,
    search: &Search,
) -> Result<(Vec<FoundVersion>, Option<String>), Trouble> {
    let most = search.query.most;
    // One more than the page holds says whether more follows.
    let query = RecordQuery { most: most.saturating_add(1), ..search.query.clone() };
    let mut found = store::read(caller.practice.store.as_ref(), |tx| tx.find(permit, &query))?;
    let more = found.len() > most as usize;
    found.truncate(most as usize);
    let last = found.last().map(|record| record.seq).filter(|_| more);
    let next = last.map(|seq| {
        let continuation =
            Continuation { kind: kind.to_string(), kept: search.kept.clone(), before: (0, seq) };
        format!("{}/{kind}?_cursor={}&_count={most}", caller.base, sealed(caller, &continuation))
    });
    Ok((permits::for_program(caller, found)?, next))
}

/// What the trail says was asked: names of parameters, and their values as keyed tokens. Ids and what shapes the answer
/// stand as they are.
pub(super) fn terms_of(
    caller: &Caller<'_>,
    kind: &str,
    kept: &[(String, String)],
    is_plain: impl Fn(&str) -> bool,
) -> Vec<u8> {
    let mut terms = format!("{kind}?");
    for (at, (name, value)) in kept.iter().enumerate() {
        let separator = if at == 0 { "" } else { "&" };
        let value = if name.starts_with('_') || is_plain(name) {
            form_urlencoded::byte_serialize(value.as_bytes()).collect()
        } else {
            URL_SAFE_NO_PAD.encode(caller.practice.keys.search_token(name, value.as_bytes()))
        };
        terms.push_str(&format!("{separator}{name}={value}"));
    }
    terms.into_bytes()
}

/// What was searched by, as far as it may stand in an address.
fn self_link(caller: &Caller<'_>, kind: &ResourceKind, kept: &[(String, String)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in kept {
        let is_reference =
            |parameter: &&Parameter| parameter.name == name && parameter.kind == ParameterKind::Reference;
        let may_show = name.starts_with('_') || is_of_patient(kind, name);
        if may_show || parameters(kind).iter().any(|parameter| is_reference(&parameter)) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{}/{kind}{separator}{query}", caller.base)
}

fn is_of_patient(kind: &ResourceKind, name: &str) -> bool {
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    patient_parameters(kind).contains(&name)
}

/// What the person should know of an answer that is not all there is.
#[derive(Clone, Copy)]
enum Notice {
    Masked,
    NeedsReason,
    /// Of what stands beside the matches.
    LessBeside,
}

fn note(bundle: &mut Bundle, notice: Option<Notice>, left_out: usize) {
    let mut add = |issue: &str, text: &str, advice: &str| {
        let resource = outcome("warning", issue, text, advice);
        bundle.entry(json!({ "resource": resource, "search": { "mode": "outcome" } }));
    };
    match notice {
        None => {}
        Some(Notice::Masked) => add(
            "suppressed",
            "There are records of this type that your roles do not open here.",
            "Nothing follows from what is missing: an empty list does not say that there is nothing.",
        ),
        Some(Notice::LessBeside) => add(
            "suppressed",
            "Not all that was to stand beside the matches is here: it is too much, or your roles do not open it.",
            "Ask for that type by itself; what your roles open of it comes page by page.",
        ),
        Some(Notice::NeedsReason) => add(
            "suppressed",
            "This chart opens with a reason.",
            "Say visit, telephone, results or covering in the header chartkeep-reason.",
        ),
    }
    if left_out > 0 {
        add(
            "not-supported",
            "Parameters that this server does not know were left out; the self link has those that count.",
            "Ask with Prefer: handling=strict to have them refused.",
        );
    }
}
