//! Where an event does not keep to FHIR's core rules or to its BALP pattern. Such an event is flagged and kept, never
//! refused: a repository must not turn an event away for that (BALP 1:52.1.1.3).

use serde_json::Value;

use super::AuditEvent;
use super::codes::{APPLICATION, DESTINATION, SOURCE};

/// One way in which an event departs from the patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// `type` is missing.
    Type,
    /// `recorded` is missing or no instant.
    Recorded,
    /// There is no agent, or an agent does not say whether it was the requestor.
    Requestor,
    /// `source.observer` is missing.
    Observer,
    /// An entity has both a name and a query (sev-1).
    NameAndQuery,
    /// The outcome is not the one that the pattern has.
    Outcome,
    /// The action is not the one that the pattern has.
    Action,
    /// No subtype is one that the pattern has.
    Subtype,
    /// There is not exactly one client.
    Client,
    /// There is not exactly one server.
    Server,
    /// Client and server are the wrong way round, as far as the observer shows.
    Direction,
    /// Client or server has no network address.
    Network,
    /// The patient is missing where the pattern has one, or has no role.
    Patient,
    /// The data entity is missing, there twice, or points nowhere.
    Data,
    /// The query entity is missing, has no query, or has what it must not have.
    Query,
}

/// All departures from the patterns, in order and once each.
pub fn profile_faults(event: &AuditEvent) -> Vec<Fault> {
    faults_of(&event.value())
}

/// The same of an event that is there as JSON.
pub fn faults_of(event: &Value) -> Vec<Fault> {
    let mut faults = core_faults(event);
    if let Some(pattern) = Pattern::of(event) {
        faults.extend(pattern.faults(event));
    }
    faults.sort_unstable();
    faults.dedup();
    faults
}

fn core_faults(event: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    if text(event, &["type", "code"]).is_none() {
        faults.push(Fault::Type);
    }
    if text(event, &["recorded"]).is_none_or(|at| at.parse::<jiff::Timestamp>().is_err()) {
        faults.push(Fault::Recorded);
    }
    let says = |agent: &Value| agent.get("requestor").is_some_and(Value::is_boolean);
    if list(event, "agent").is_empty() || !list(event, "agent").iter().all(says) {
        faults.push(Fault::Requestor);
    }
    if event.get("source").and_then(|source| source.get("observer")).is_none_or(|o| !o.is_object()) {
        faults.push(Fault::Observer);
    }
    if list(event, "entity").iter().any(|e| e.get("name").is_some() && e.get("query").is_some()) {
        faults.push(Fault::NameAndQuery);
    }
    faults
}

/// What BALP wants of one kind of interaction.
struct Pattern {
    action: &'static str,
    subtypes: &'static [&'static str],
    client: &'static str,
    server: &'static str,
    of_patient: bool,
}

impl Pattern {
    /// By the profile that the event claims; for token profiles and without a claim, by its action.
    fn of(event: &Value) -> Option<Self> {
        let claimed = list(event, "meta.profile")
            .iter()
            .find_map(|p| p.as_str()?.rsplit_once('/')?.1.strip_prefix("IHE.BasicAudit."));
        let rest = text(event, &["type", "code"]) == Some("rest");
        let of_patient = claimed.is_some_and(|name| name.starts_with("Patient"));
        let name = match claimed {
            Some(name) if name.starts_with("OAUTH") => by_action(event)?,
            Some(name) => name.trim_start_matches("Patient"),
            None if rest => by_action(event)?,
            None => return None,
        };
        let (action, subtypes, client, server): (_, &'static [&'static str], _, _) = match name {
            "Read" => ("R", &["read", "vread"], DESTINATION, SOURCE),
            "Create" => ("C", &["create"], SOURCE, DESTINATION),
            "Update" => ("U", &["update", "patch"], SOURCE, DESTINATION),
            "Delete" => ("D", &["delete"], APPLICATION, "custodian"),
            "Query" => {
                ("E", &["search", "search-type", "search-system", "history-system"], SOURCE, DESTINATION)
            }
            "PrivacyDisclosure.Source" => ("R", &["disclose"], DESTINATION, SOURCE),
            "PrivacyDisclosure.Recipient" => ("C", &["disclose"], DESTINATION, SOURCE),
            _ => return None,
        };
        Some(Self { action, subtypes, client, server, of_patient })
    }

    fn faults(&self, event: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut flag = |fault, wrong: bool| faults.extend(wrong.then_some(fault));
        flag(Fault::Action, text(event, &["action"]) != Some(self.action));
        let subtype = |s: &Value| text(s, &["code"]).is_some_and(|code| self.subtypes.contains(&code));
        flag(Fault::Subtype, !list(event, "subtype").iter().any(subtype));
        flag(Fault::Outcome, text(event, &["outcome"]) != Some("0"));
        let (clients, servers) = (agents(event, self.client), agents(event, self.server));
        flag(Fault::Client, clients.len() != 1);
        flag(Fault::Server, servers.len() != 1);
        let reachable = |agent: &&Value| text(agent, &["network", "address"]).is_some();
        flag(Fault::Network, !clients.iter().chain(&servers).all(reachable));
        flag(Fault::Direction, self.wrong_way_round(event, &clients, &servers));
        flag(Fault::Patient, self.patient_fault(event));
        let with_query =
            list(event, "entity").iter().filter(|e| role(e) == Some("24") || e.get("query").is_some());
        if self.action == "E" {
            let good = |e: &Value| {
                text(e, &["query"]).is_some() && e.get("what").is_none() && e.get("detail").is_none()
            };
            let queries: Vec<&Value> = with_query.collect();
            flag(Fault::Query, queries.len() != 1 || !queries.iter().all(|e| good(e)));
        } else {
            let data: Vec<&Value> = list(event, "entity").iter().filter(|e| is_data(e)).collect();
            flag(Fault::Data, data.len() != 1 || data.iter().any(|e| e.get("what").is_none()));
        }
        faults
    }

    fn patient_fault(&self, event: &Value) -> bool {
        let persons: Vec<&Value> =
            list(event, "entity").iter().filter(|e| text(e, &["type", "code"]) == Some("1")).collect();
        let good = |e: &&Value| role(e) == Some("1") && text(e, &["what", "reference"]).is_some();
        !persons.iter().all(good) || (self.of_patient && persons.len() != 1)
    }

    /// A server that writes an event down is the server in it, a workstation the client: where the observer is
    /// exactly one of the two, it shows which way round they are. In a disclosure either end may be a server.
    fn wrong_way_round(&self, event: &Value, clients: &[&Value], servers: &[&Value]) -> bool {
        if self.subtypes.contains(&"disclose") {
            return false;
        }
        let observer = text(event, &["source", "observer", "reference"]);
        let is_observer = |agents: &[&Value]| {
            observer.is_some() && agents.iter().any(|agent| text(agent, &["who", "reference"]) == observer)
        };
        match list(event, "source.type").iter().find_map(|t| text(t, &["code"])) {
            Some("4") => is_observer(clients) && !is_observer(servers),
            Some("1") => is_observer(servers) && !is_observer(clients),
            Some(_) | None => false,
        }
    }
}

fn by_action(event: &Value) -> Option<&'static str> {
    match text(event, &["action"])? {
        "R" => Some("Read"),
        "C" => Some("Create"),
        "U" => Some("Update"),
        "D" => Some("Delete"),
        "E" => Some("Query"),
        _ => None,
    }
}

fn agents<'a>(event: &'a Value, code: &str) -> Vec<&'a Value> {
    let is = |agent: &&Value| list(agent, "type.coding").iter().any(|c| text(c, &["code"]) == Some(code));
    list(event, "agent").iter().filter(is).collect()
}

/// Disclosures name their data by its resource type, everything else by the type of system objects.
fn is_data(entity: &Value) -> bool {
    text(entity, &["type", "code"]) != Some("1") && matches!(role(entity), Some("3" | "4" | "20"))
}

fn role(entity: &Value) -> Option<&str> {
    text(entity, &["role", "code"])
}

fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, name| value.get(name))?.as_str()
}

/// The items at a path such as `meta.profile`.
fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    let found = path.split('.').try_fold(value, |value, name| value.get(name));
    found.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
