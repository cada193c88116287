//! An event while it is being put together: elements in one fixed order.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::codes::{self, EventKind};
use super::{AuditEvent, EventOutcome, EventSummary, Node, Observer, Stamp, WriteDetails};
use crate::actor::{Actor, Role};
use crate::class::Drawer;
use crate::id::{DeviceId, EventId, PatientId, PersonId, RecordKey};

pub(super) struct Draft {
    stamp: Stamp,
    profile: Option<&'static str>,
    kind: Value,
    subtypes: Vec<Value>,
    action: &'static str,
    outcome: Option<(EventOutcome, Option<&'static str>)>,
    purpose: Option<&'static str>,
    agents: Vec<Value>,
    site: Option<String>,
    entities: Vec<Value>,
}

impl Draft {
    /// A `RESTful` interaction, the form of BALP.
    pub(super) fn rest(
        stamp: Stamp,
        kind: EventKind,
        action: &'static str,
        subtypes: &[(&'static str, &'static str)],
    ) -> Self {
        let coding =
            json!({"system": codes::AUDIT_EVENT_TYPE, "code": "rest", "display": "Restful Operation"});
        Self::new(stamp, coding, kind, action, subtypes)
    }

    /// An event of DICOM's own types.
    pub(super) fn dicom(
        stamp: Stamp,
        kind: EventKind,
        action: &'static str,
        code: &'static str,
        subtypes: &[(&'static str, &'static str)],
    ) -> Self {
        Self::new(stamp, dicom(code), kind, action, subtypes)
    }

    fn new(
        stamp: Stamp,
        coding: Value,
        kind: EventKind,
        action: &'static str,
        subtypes: &[(&'static str, &'static str)],
    ) -> Self {
        let standard = subtypes.iter().map(|(code, system)| {
            if *system == codes::DICOM { dicom(code) } else { json!({"system": system, "code": code}) }
        });
        let own = json!({"system": codes::OWN_KIND, "code": kind.as_str()});
        // A write intent has no outcome yet; everything else is a success until it says otherwise.
        let outcome = (kind != EventKind::WriteIntent).then_some((EventOutcome::Success, None));
        Self {
            stamp,
            profile: None,
            kind: coding,
            subtypes: standard.chain([own]).collect(),
            action,
            outcome,
            purpose: None,
            agents: Vec::new(),
            site: None,
            entities: Vec::new(),
        }
    }

    pub(super) fn profile(&mut self, name: &'static str) {
        self.profile = Some(name);
    }

    pub(super) fn outcome(&mut self, outcome: EventOutcome, words: Option<&'static str>) {
        self.outcome = Some((outcome, words));
    }

    /// Data flow to the client: the store is the source, the reader's machine the destination.
    pub(super) fn readers(&mut self, actor: &Actor) {
        self.client_and_server(actor, codes::DESTINATION, codes::SOURCE);
        self.user(actor, "IRCP", true);
    }

    /// A query flows from the client to the store.
    pub(super) fn searchers(&mut self, actor: &Actor) {
        self.client_and_server(actor, codes::SOURCE, codes::DESTINATION);
        self.user(actor, "IRCP", true);
    }

    /// Data flow from the client to the store.
    pub(super) fn writers(&mut self, actor: &Actor) {
        self.client_and_server(actor, codes::SOURCE, codes::DESTINATION);
        self.user(actor, "AUT", true);
    }

    /// A delete, as BALP has it: the application asks, the custodian of the record does it.
    pub(super) fn deleters(&mut self, actor: &Actor) {
        self.agents.push(machine(codes::APPLICATION, actor.device, &format!("urn:uuid:{}", actor.device)));
        let mut custodian = machine(codes::APPLICATION, self.stamp.observer.device(), &self.store_address());
        custodian["type"] = json!({"coding": [{"system": codes::PROVENANCE, "code": "custodian"}]});
        self.agents.push(custodian);
        self.user(actor, "AUT", true);
    }

    fn client_and_server(&mut self, actor: &Actor, client: &'static str, server: &'static str) {
        self.agents.push(machine(client, actor.device, &format!("urn:uuid:{}", actor.device)));
        self.agents.push(machine(server, self.stamp.observer.device(), &self.store_address()));
    }

    fn store_address(&self) -> String {
        match self.stamp.observer {
            Observer::Workstation(_) => "urn:chartkeep:vault".to_owned(),
            Observer::Server(device) => format!("urn:uuid:{device}"),
        }
    }

    /// The person; `requestor` is false where the system acted for them, as at an idle lock (ITI-20).
    pub(super) fn user(&mut self, actor: &Actor, participation: &'static str, requestor: bool) {
        let mut agent = Map::new();
        agent.insert("type".into(), participant(participation));
        let roles: Vec<Value> = actor
            .roles
            .iter()
            .map(|role| json!({"coding": [{"system": codes::OWN_ROLE, "code": role.as_str()}]}))
            .collect();
        if !roles.is_empty() {
            agent.insert("role".into(), roles.into());
        }
        agent.insert("who".into(), who(actor));
        agent.insert("requestor".into(), requestor.into());
        agent.insert("policy".into(), json!([format!("urn:uuid:{}", actor.session)]));
        let purpose = json!({"coding": [{"system": codes::ACT_REASON, "code": actor.purpose.code()}]});
        agent.insert("purposeOfUse".into(), json!([purpose]));
        self.agents.push(agent.into());
        self.purpose = Some(actor.purpose.code());
        self.site = Some(actor.practice.to_string());
    }

    /// The name of the person who was put in last.
    pub(super) fn named(&mut self, name: &str) {
        if let Some(agent) = self.agents.last_mut() {
            agent["name"] = name.into();
        }
    }

    /// A machine alone, as its own requestor.
    pub(super) fn machine(&mut self, node: Node, role: &'static str) {
        let mut agent = machine(role, node.device, &format!("urn:uuid:{}", node.device));
        agent["requestor"] = true.into();
        self.agents.push(agent);
        self.site = Some(node.practice.to_string());
    }

    /// The other end of a connection that could not be trusted; its address is all that is known.
    pub(super) fn peer(&mut self, address: &str) {
        self.agents.push(json!({
            "type": {"coding": [dicom(codes::SOURCE)]},
            "who": {"identifier": {"value": "unknown"}},
            "requestor": false,
            "network": {"address": address, "type": "2"},
        }));
    }

    /// Somebody who could not prove who they are: the keyed token of the name that was typed, if any.
    pub(super) fn unproven(&mut self, token: Option<&[u8]>) {
        let value = token.map_or_else(|| "unknown".to_owned(), |bytes| BASE64_STANDARD.encode(bytes));
        self.agents.push(json!({
            "type": participant("IRCP"),
            "who": {"identifier": {"system": "urn:chartkeep:name-token", "value": value}},
            "requestor": true,
        }));
    }

    pub(super) fn patient(&mut self, patient: Option<&PatientId>) {
        let Some(patient) = patient else { return };
        let what = patient.key().to_string();
        self.entities.push(entity("1", "Person", "1", "Patient", &what));
    }

    /// The records: the first is the data entity that BALP wants exactly one of, with the details; the others of the
    /// same act stand beside it under a type of our own.
    pub(super) fn data(&mut self, records: &[RecordKey], details: &[(&str, &str)]) {
        let Some((first, others)) = records.split_first() else { return };
        let mut data = entity("2", "System Object", "4", "Domain Resource", &first.to_string());
        if !details.is_empty() {
            let pairs = details.iter().map(|(name, text)| json!({"type": name, "valueString": text}));
            data["detail"] = pairs.collect::<Vec<_>>().into();
        }
        self.entities.push(data);
        self.entities.extend(others.iter().map(|record| own_entity(&record.to_string(), "same-act")));
    }

    pub(super) fn write(&mut self, write: &WriteDetails) {
        let changed: Vec<(&str, &str)> =
            write.changed.iter().map(|name| ("changed", name.as_str())).collect();
        self.data(&write.records, &changed);
        if let Some(change) = write.change {
            // BALP B-10: both ends of a request are joined by its id; here the change carries it across.
            self.entities.push(request(&change.to_string()));
        }
    }

    pub(super) fn query_tokens(&mut self, tokens: &[u8]) {
        self.entities.push(json!({
            "type": {"system": codes::ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": codes::ENTITY_ROLE, "code": "24", "display": "Query"},
            "query": BASE64_STANDARD.encode(tokens),
        }));
    }

    /// The event that this one completes.
    pub(super) fn about_event(&mut self, event: EventId) {
        self.entities.push(own_entity(&format!("AuditEvent/{event}"), "intent"));
    }

    pub(super) fn audit_log(&mut self) {
        self.entities.push(json!({
            "what": {"identifier": {"value": "audit-log"}},
            "type": {"system": codes::ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": codes::ENTITY_ROLE, "code": "13", "display": "Security Resource"},
            "name": "Security Audit Log",
        }));
    }

    /// The function that was asked for.
    pub(super) fn function(&mut self, name: &'static str) {
        self.entities.push(json!({
            "what": {"identifier": {"system": "urn:chartkeep:action", "value": name}},
            "type": {"system": codes::ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": codes::ENTITY_ROLE, "code": "20", "display": "Job"},
        }));
    }

    pub(super) fn count(&mut self, what: &'static str, count: u64, drawer: Option<Drawer>) {
        let mut details = vec![json!({"type": what, "valueString": count.to_string()})];
        details.extend(drawer.map(|d| json!({"type": "drawer", "valueString": d.as_str()})));
        self.entities.push(json!({
            "what": {"identifier": {"value": what}},
            "type": {"system": codes::ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": codes::ENTITY_ROLE, "code": "20", "display": "Job"},
            "detail": details,
        }));
    }

    pub(super) fn detail(&mut self, name: &'static str, text: &str) {
        self.entities.push(json!({
            "what": {"identifier": {"value": name}},
            "type": {"system": codes::ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": codes::ENTITY_ROLE, "code": "13", "display": "Security Resource"},
            "detail": [{"type": name, "valueString": text}],
        }));
    }

    pub(super) fn finish(self) -> AuditEvent {
        let mut event = Map::new();
        event.insert("resourceType".into(), "AuditEvent".into());
        event.insert("id".into(), self.stamp.id.to_string().into());
        if let Some(profile) = self.profile {
            event.insert("meta".into(), json!({"profile": [format!("{}{profile}", codes::BALP_PROFILES)]}));
        }
        event.insert("type".into(), self.kind);
        event.insert("subtype".into(), self.subtypes.into());
        event.insert("action".into(), self.action.into());
        event.insert("recorded".into(), format!("{:.3}", self.stamp.at).into());
        if let Some((outcome, words)) = self.outcome {
            event.insert("outcome".into(), outcome.code().into());
            if let Some(words) = words {
                event.insert("outcomeDesc".into(), words.into());
            }
        }
        if let Some(code) = self.purpose {
            let purpose = json!({"coding": [{"system": codes::ACT_REASON, "code": code}]});
            event.insert("purposeOfEvent".into(), json!([purpose]));
        }
        event.insert("agent".into(), self.agents.into());
        event.insert("source".into(), source(self.stamp.observer, self.site));
        if !self.entities.is_empty() {
            event.insert("entity".into(), self.entities.into());
        }
        let event = Value::from(event);
        // Read off before it becomes text, so that nobody has to parse what was just made.
        AuditEvent { summary: EventSummary::of(&event), bytes: event.to_string().into_bytes() }
    }
}

fn dicom(code: &str) -> Value {
    json!({"system": codes::DICOM, "code": code, "display": codes::dicom_display(code)})
}

fn participant(code: &str) -> Value {
    json!({"coding": [{"system": codes::PARTICIPATION, "code": code}]})
}

/// A person, or the program that acts without one.
fn who(actor: &Actor) -> Value {
    if actor.roles == [Role::Program] {
        return json!({"reference": format!("Device/{}", actor.person)});
    }
    person(actor.person)
}

fn person(id: PersonId) -> Value {
    json!({"reference": format!("Practitioner/{id}")})
}

fn machine(role: &'static str, device: DeviceId, address: &str) -> Value {
    json!({
        "type": {"coding": [dicom(role)]},
        "who": {"reference": format!("Device/{device}")},
        "requestor": false,
        "network": {"address": address, "type": "5"},
    })
}

/// What joins the events of both ends of a request.
pub(super) fn request(id: &str) -> Value {
    json!({
        "what": {"identifier": {"value": id}},
        "type": {"system": codes::BALP_ENTITY, "code": "XrequestId"},
    })
}

fn entity(kind: &str, kind_display: &str, role: &str, role_display: &str, what: &str) -> Value {
    json!({
        "what": {"reference": what},
        "type": {"system": codes::ENTITY_TYPE, "code": kind, "display": kind_display},
        "role": {"system": codes::ENTITY_ROLE, "code": role, "display": role_display},
    })
}

fn own_entity(what: &str, code: &str) -> Value {
    json!({"what": {"reference": what}, "type": {"system": codes::OWN_ENTITY, "code": code}})
}

fn source(observer: Observer, site: Option<String>) -> Value {
    let (code, display) = match observer {
        Observer::Workstation(_) => ("1", "User Device"),
        Observer::Server(_) => ("4", "Application Server"),
    };
    let mut source = Map::new();
    if let Some(site) = site {
        source.insert("site".into(), site.into());
    }
    source.insert("observer".into(), json!({"reference": format!("Device/{}", observer.device())}));
    source.insert("type".into(), json!([{"system": codes::SOURCE_TYPE, "code": code, "display": display}]));
    source.into()
}
