//! What a search asks for: its parameters, read one by one, and where it goes on.

use super::asking::{Ask, Caller};
use super::including::Include;
use super::reply::Trouble;
use crate::custody::Sealed;
use crate::store::RecordQuery;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use records::id::{PatientId, ResourceId, ResourceKind};
use records::search::{NotAsked, Parameter, ParameterKind, Range, parameters, patient_parameters, question};
use serde::{Deserialize, Serialize};

/// The parameters of every resource type; their values say nothing of a person.
pub(super) const OF_EVERY_TYPE: [(&str, &str); 2] = [("_id", "token"), ("_lastUpdated", "date")];

/// Entries of a page, where nothing is said of it.
const USUAL: u32 = 50;
/// The most entries of a page.
pub(super) const MOST: u32 = 500;

/// A search that was understood.
pub(super) struct Search {
    pub(super) query: RecordQuery,
    pub(super) patient: Option<PatientId>,
    /// What shall stand beside the matches.
    pub(super) includes: Vec<Include>,
    /// What counts, in its order, to be carried on to the next page.
    pub(super) kept: Vec<(String, String)>,
    /// What was not understood and left out.
    pub(super) left_out: usize,
    pub(super) only_count: bool,
    pub(super) with_total: bool,
}

/// What the link to the next page carries, sealed: others may write an address down.
#[derive(Serialize, Deserialize)]
pub(super) struct Continuation {
    pub(super) kind: String,
    pub(super) kept: Vec<(String, String)>,
    /// Where it goes on: a time, where the order is one of times, and a number in it.
    pub(super) before: (i64, u64),
}

/// Reads what is asked.
pub(super) fn understand(caller: &Caller<'_>, ask: &Ask, kind: &ResourceKind) -> Result<Search, Trouble> {
    let continued = ask.first("_cursor").map(|cursor| opened(caller, kind, cursor)).transpose()?;
    let mut search = Search {
        query: RecordQuery::of(Some(kind.clone()), ask.count(USUAL, MOST)?, caller.now),
        patient: None,
        includes: Vec::new(),
        kept: Vec::new(),
        left_out: 0,
        only_count: false,
        with_total: false,
    };
    let in_address = ask.in_address && continued.is_none();
    let given = continued.as_ref().map_or(&ask.parameters, |continued| &continued.kept);
    for (name, value) in given {
        if search.take(caller, kind, name, value, in_address)? {
            search.kept.push((name.clone(), value.clone()));
        } else if ask.conditions.is_strict {
            return Err(unknown());
        } else {
            search.left_out += 1;
        }
    }
    search.query.before = continued.map(|continued| continued.before.1);
    if search.query.most == 0 {
        search.only_count = true;
    }
    Ok(search)
}

impl Search {
    /// Takes one parameter; false where there is no such parameter.
    fn take(
        &mut self,
        caller: &Caller<'_>,
        kind: &ResourceKind,
        name: &str,
        value: &str,
        in_address: bool,
    ) -> Result<bool, Trouble> {
        let (name, modifier) = name.split_once(':').map_or((name, None), |(name, m)| (name, Some(m)));
        if patient_parameters(kind).contains(&name) {
            if modifier.is_some_and(|modifier| modifier != "Patient") {
                return Err(no_modifiers());
            }
            return self.of_patient(value).map(|()| true);
        }
        if let Some(parameter) = parameters(kind).iter().find(|parameter| parameter.name == name) {
            if modifier.is_some() {
                return Err(no_modifiers());
            }
            if in_address && parameter.kind != ParameterKind::Reference {
                return Err(not_in_an_address());
            }
            self.of_parameter(caller, parameter, value)?;
            return Ok(true);
        }
        if modifier.is_some() && OF_EVERY_TYPE.iter().any(|(known, _)| *known == name) {
            return Err(no_modifiers());
        }
        if modifier.is_none() && matches!(name, "_include" | "_revinclude") {
            let include = Include::of(kind, value, name == "_revinclude");
            let is_known = include.is_some();
            self.includes.extend(include);
            return Ok(is_known);
        }
        self.of_every_type(name, value)
    }

    fn of_every_type(&mut self, name: &str, value: &str) -> Result<bool, Trouble> {
        match name {
            "_id" => {
                let ids: Result<Vec<ResourceId>, _> = value.split(',').map(str::parse).collect();
                // Two of them are both asked for, and no record has two ids; ids in one are alternatives.
                let ids = ids.map_err(|_| unreadable())?;
                if self.query.ids.is_empty() {
                    self.query.ids = ids;
                } else {
                    self.query.ids.retain(|id| ids.contains(id));
                    if self.query.ids.is_empty() {
                        self.query.most = 0;
                    }
                }
            }
            "_lastUpdated" => {
                let bounds = bounds(value).ok_or_else(unreadable)?;
                self.query.received = narrowed(self.query.received, bounds);
            }
            "_summary" => match value {
                "count" => self.only_count = true,
                "false" => {}
                _ => return Ok(false),
            },
            "_total" => match value {
                "accurate" => self.with_total = true,
                "none" | "estimate" => {}
                _ => return Err(unreadable()),
            },
            "_sort" => {
                if value != "-_lastUpdated" {
                    return Ok(false);
                }
            }
            "_format" => return Ok(value.contains("json")),
            "_count" | "_cursor" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn of_patient(&mut self, value: &str) -> Result<(), Trouble> {
        let id = value.strip_prefix("Patient/").unwrap_or(value);
        let patient: PatientId = id.parse().map_err(|_| unreadable())?;
        if self.patient.as_ref().is_some_and(|known| *known != patient) {
            return Err(Trouble::not_supported(
                "A search is about one patient at a time.",
                "Ask for each patient by itself.",
            ));
        }
        self.query.patient = Some(patient.clone());
        self.patient = Some(patient);
        Ok(())
    }

    fn of_parameter(
        &mut self,
        caller: &Caller<'_>,
        parameter: &Parameter,
        value: &str,
    ) -> Result<(), Trouble> {
        let group = question(parameter, value).map_err(|why| match why {
            NotAsked::Unreadable => unreadable(),
            NotAsked::Comparison => Trouble::not_supported(
                "A birth date is compared by ge, gt, le and lt alone, one comparison a parameter.",
                "It is kept as keyed tokens. Give the parameter twice for a span.",
            ),
        })?;
        self.query.groups.push(caller.practice.keys.asked_of(group));
        Ok(())
    }
}

/// The span that a value of `_lastUpdated` and its like asks for: not before the first, before the second.
pub(super) fn bounds(value: &str) -> Option<(Option<i64>, Option<i64>)> {
    let (prefix, date) = match value.split_at_checked(2) {
        Some((prefix, date)) if prefix.bytes().all(|b| b.is_ascii_lowercase()) => (prefix, date),
        Some(_) | None => ("eq", value),
    };
    let range = Range::of(date)?;
    let after = range.last.saturating_add(1);
    match prefix {
        "eq" => Some((Some(range.first), Some(after))),
        "ge" => Some((Some(range.first), None)),
        "gt" | "sa" => Some((Some(after), None)),
        "le" => Some((None, Some(after))),
        "lt" | "eb" => Some((None, Some(range.first))),
        _ => None,
    }
}

/// Bounds that both hold.
pub(super) fn narrowed(
    a: (Option<i64>, Option<i64>),
    b: (Option<i64>, Option<i64>),
) -> (Option<i64>, Option<i64>) {
    let below = match (a.1, b.1) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    };
    (a.0.max(b.0), below)
}

/// The cursor of a continuation: others may write an address down.
pub(super) fn sealed(caller: &Caller<'_>, continuation: &Continuation) -> String {
    let bytes = serde_json::to_vec(continuation).expect("texts and a number are JSON");
    URL_SAFE_NO_PAD.encode(caller.practice.keys.seal(Sealed::Search(caller.actor.person.uuid()), &bytes))
}

/// The continuation behind a cursor of this person's own.
pub(super) fn opened(
    caller: &Caller<'_>,
    kind: &ResourceKind,
    cursor: &str,
) -> Result<Continuation, Trouble> {
    let refused = || Trouble::invalid("This is not a cursor of yours.", "Begin the search anew.");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let sealed = Sealed::Search(caller.actor.person.uuid());
    let opened = caller.practice.keys.open(sealed, &bytes).ok_or_else(refused)?;
    // What is opened is a search that this server wrote; it goes no further than the query.
    let continuation: Continuation = serde_json::from_slice(opened.expose()).map_err(|_| refused())?;
    if continuation.kind == kind.as_str() { Ok(continuation) } else { Err(refused()) }
}

const fn unknown() -> Trouble {
    Trouble::not_supported(
        "There is a parameter that this server does not know.",
        "/fhir/metadata names those there are.",
    )
}

const fn unreadable() -> Trouble {
    Trouble::invalid(
        "The value of a parameter cannot be read.",
        "Check ids, codes and dates against what FHIR R4 has for their type.",
    )
}

const fn no_modifiers() -> Trouble {
    Trouble::not_supported(
        "This server knows no modifiers of parameters.",
        "Ask without what follows the colon.",
    )
}

/// Addresses are written down by every program on their way.
const fn not_in_an_address() -> Trouble {
    Trouble::Outcome {
        status: 400,
        issue: "security",
        text: "What is read out of a record does not belong in an address.",
        advice: "Send the parameters as a form to POST [type]/_search.",
    }
}
