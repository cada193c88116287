//! What is asked: an interaction, its parameters and conditions, read from a request or from an entry of a batch.

use super::reply::Trouble;
use super::scopes::Scopes;
use crate::practice::Practice;
use axum::http::{HeaderMap, Uri, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use records::Actor;
use records::id::{RecordKey, ResourceId, ResourceKind};
use records::rights::StatedReason;
use std::str::FromStr;
use sync::wire::header::REQUEST_ID;
use uuid::Uuid;

/// The header in which somebody who does not care for a patient says why they look.
pub(crate) const REASON: &str = "chartkeep-reason";

/// Who asks, and where the answer's links lead.
pub(crate) struct Caller<'a> {
    pub(crate) practice: &'a Practice,
    pub(crate) actor: &'a Actor,
    /// What a program's token is good for; none of a person.
    pub(crate) scopes: Option<&'a Scopes>,
    /// The address of the surface, without a stroke at its end.
    pub(crate) base: &'a str,
    pub(crate) now: Timestamp,
    /// The id that the asker gave the request, to join what both ends record of it.
    pub(crate) request: Option<Uuid>,
}

/// One thing that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interaction {
    Read(RecordKey),
    Vread(RecordKey, u64),
    Search(ResourceKind),
    HistoryOfRecord(RecordKey),
    HistoryOfType(ResourceKind),
    HistoryOfAll,
}

/// What somebody asks.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) interaction: Interaction,
    /// Names and values in their order.
    pub(crate) parameters: Vec<(String, String)>,
    /// Whether they stand in an address, which others may write down.
    pub(crate) in_address: bool,
    pub(crate) conditions: Conditions,
}

/// What the headers ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    /// Versions that the asker has.
    pub(crate) none_match: Vec<String>,
    /// The time of the version that the asker has.
    pub(crate) modified_since: Option<Timestamp>,
    /// Whether an unknown parameter is an error.
    pub(crate) is_strict: bool,
    /// Whether one is to be left out where it would be an error otherwise.
    pub(crate) is_lenient: bool,
    /// Why somebody who does not care for the patient looks.
    pub(crate) reason: Option<StatedReason>,
    /// The request's own id.
    pub(crate) request: Option<Uuid>,
}

impl Interaction {
    /// The type that it is about.
    pub(crate) fn kind(&self) -> Option<&ResourceKind> {
        match self {
            Self::Read(key) | Self::Vread(key, _) | Self::HistoryOfRecord(key) => Some(&key.kind),
            Self::Search(kind) | Self::HistoryOfType(kind) => Some(kind),
            Self::HistoryOfAll => None,
        }
    }
}

impl Ask {
    /// Reads what follows the base in an address, such as `Patient/1/_history?_count=2`.
    ///
    /// # Errors
    /// When it leads to nothing.
    pub(crate) fn get(address: &str, conditions: Conditions) -> Result<Self, Trouble> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let interaction = interaction(path.trim_start_matches('/'))?;
        Ok(Self { interaction, parameters: parameters_of(query.as_bytes()), in_address: true, conditions })
    }

    /// What an export asks for.
    pub(crate) fn for_export(parameters: Vec<(String, String)>, conditions: Conditions) -> Self {
        let interaction = Interaction::Search(ResourceKind::PATIENT);
        Self { interaction, parameters, in_address: true, conditions }
    }

    /// The value of a parameter that counts once.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How many entries a page shall have.
    ///
    /// # Errors
    /// When it is no number.
    pub(crate) fn count(&self, usual: u32, most: u32) -> Result<u32, Trouble> {
        let Some(count) = self.first("_count") else { return Ok(usual) };
        let count: u32 = count.parse().map_err(|_| bad_count())?;
        Ok(count.min(most))
    }
}

impl Conditions {
    /// Reads them from headers.
    ///
    /// # Errors
    /// When something is asked for that this server does not speak.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Trouble> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if text(header::ACCEPT.as_str()).is_some_and(|accept| !takes_json(accept)) {
            return Err(Trouble::Outcome {
                status: 406,
                issue: "not-supported",
                text: "This server speaks FHIR as JSON only.",
                advice: "Accept application/fhir+json.",
            });
        }
        let reason = text(REASON).map(|reason| {
            let reasons = [
                ("visit", StatedReason::Visit),
                ("telephone", StatedReason::Telephone),
                ("results", StatedReason::Results),
                ("covering", StatedReason::Covering),
            ];
            reasons.into_iter().find(|(name, _)| *name == reason).map(|(_, reason)| reason).ok_or_else(|| {
                Trouble::invalid(
                    "The reason for opening a chart is none of those there are.",
                    "Say visit, telephone, results or covering in chartkeep-reason.",
                )
            })
        });
        let prefers = |what: &str| {
            let all = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
            all.into_iter().any(|prefer| prefer.contains(what))
        };
        let tags = text(header::IF_NONE_MATCH.as_str()).unwrap_or_default();
        let modified = text(header::IF_MODIFIED_SINCE.as_str());
        Ok(Self {
            none_match: tags
                .split(',')
                .map(|tag| tag.trim().to_owned())
                .filter(|tag| !tag.is_empty())
                .collect(),
            modified_since: modified.and_then(|at| DateTimeParser::new().parse_timestamp(at).ok()),
            is_strict: prefers("handling=strict"),
            is_lenient: prefers("handling=lenient"),
            reason: reason.transpose()?,
            request: text(REQUEST_ID).and_then(|id| Uuid::try_parse(id).ok()),
        })
    }
}

/// Names and values of a query or a form.
pub(crate) fn parameters_of(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).into_owned().filter(|(name, _)| !name.is_empty()).collect()
}

/// The address of the surface as the asker named it; nothing of a proxy's headers is believed.
pub(crate) fn base_of(uri: &Uri, headers: &HeaderMap, host: &str) -> String {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = uri.authority().map(ToString::to_string).or_else(|| {
        named
            .and_then(|named| axum::http::uri::Authority::from_str(named).ok())
            .map(|named| named.to_string())
    });
    format!("https://{}/fhir", authority.as_deref().unwrap_or(host))
}

fn interaction(path: &str) -> Result<Interaction, Trouble> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let kind = |kind: &str| kind.parse::<ResourceKind>().map_err(|_| Trouble::not_found());
    let id = |id: &str| id.parse::<ResourceId>().map_err(|_| Trouble::not_found());
    Ok(match parts.as_slice() {
        ["_history"] => Interaction::HistoryOfAll,
        [name] => Interaction::Search(kind(name)?),
        [name, "_search"] => Interaction::Search(kind(name)?),
        [name, "_history"] => Interaction::HistoryOfType(kind(name)?),
        [name, record] => Interaction::Read(RecordKey { kind: kind(name)?, id: id(record)? }),
        [name, record, "_history"] => {
            Interaction::HistoryOfRecord(RecordKey { kind: kind(name)?, id: id(record)? })
        }
        [name, record, "_history", version] => {
            let version = version.parse().map_err(|_| Trouble::not_found())?;
            Interaction::Vread(RecordKey { kind: kind(name)?, id: id(record)? }, version)
        }
        _ => return Err(Trouble::not_found()),
    })
}

fn takes_json(accept: &str) -> bool {
    accept.contains("json") || accept.contains("*/*") || accept.contains("application/*")
}

const fn bad_count() -> Trouble {
    Trouble::invalid("_count is a number of entries.", "Leave it out, or give a whole number.")
}
