//! What the surface says of itself, out of the tables that it works by.

use super::asked::OF_EVERY_TYPE;
use super::{including, matching};
use crate::practice::Practice;
use records::ResourceKind;
use records::class::known_kinds;
use records::search::{Parameter, ParameterKind, parameters, patient_parameters};
use serde_json::{Value, json};

/// What can be done with records of every type.
const OF_RECORDS: [&str; 5] = ["read", "vread", "search-type", "history-instance", "history-type"];
/// What can be done with audit events.
const OF_EVENTS: [&str; 3] = ["create", "read", "search-type"];

const WRITING: &str = "Records are written as signed and sealed changes over POST /v1/changes, not over this surface: a \
    transaction here only reads. What is read out of a record never stands in an address: search by it with POST \
    [type]/_search. Only JSON; no modifiers of parameters; newest first.";

/// The `CapabilityStatement`.
pub(crate) fn statement(practice: &Practice) -> Value {
    let mut resources: Vec<Value> = known_kinds().map(of_type).collect();
    resources.push(of_events());
    resources.sort_by(|a, b| a["type"].as_str().cmp(&b["type"].as_str()));
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": practice.row.made_at.to_string(),
        "kind": "instance",
        "software": { "name": "chartkeep-server", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "Chartkeep central server" },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{
            "mode": "server",
            "documentation": WRITING,
            "security": {
                "cors": false,
                "service": [{ "coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                    "code": "SMART-on-FHIR",
                }] }],
                "description": "TLS 1.3 with a client certificate of the practice; records also ask for a session \
                    token of a person, whose roles bound what is found, or for one of a program that was admitted (SMART \
                    backend services: .well-known/smart-configuration), whose scopes bound it further. A program reads, \
                    searches and exports by itself: no batch, no _include unless it may read every type, no audit events, \
                    nothing sensitive.",
            },
            "resource": resources,
            "operation": [export("export", "What the person may export, also what belongs to no patient")],
            "interaction": [
                {
                    "code": "history-system",
                    "documentation": "With a cursor such as v1.clinical.0 it is the feed of one drawer, oldest first.",
                },
                { "code": "batch", "documentation": "Reads, and creates of AuditEvent (IHE ITI-20)." },
            ],
        }],
    })
}

/// What is exported, and how (FHIR Bulk Data): the name of a definition begins with what it is of.
const EXPORTS: &str = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/";

fn of_type(kind: &'static str) -> Value {
    let named: ResourceKind = kind.parse().expect("the table of classes holds names of types");
    let mut found: Vec<Value> =
        OF_EVERY_TYPE.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
    let patient = patient_parameters(&named)
        .iter()
        .map(|name| json!({ "name": name, "type": "reference", "documentation": "One patient, by id." }));
    found.extend(patient);
    found.extend(parameters(&named).iter().map(of_parameter));
    let operation = match kind {
        "Patient" => Some(export("patient-export", "What the person may export of all patients")),
        "Group" => Some(export("group-export", "The same of the members of one group")),
        _ => None,
    };
    let mut line = json!({
        "type": kind,
        "interaction": interactions(&OF_RECORDS),
        "versioning": "versioned",
        "readHistory": true,
        "updateCreate": false,
        "conditionalCreate": false,
        "conditionalRead": "full-support",
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "searchInclude": including::includes(&named),
        "searchRevInclude": including::reverse_includes(&named),
        "searchParam": found,
    });
    if let Some(operation) = operation {
        line["operation"] = json!([operation]);
    }
    line
}

fn export(definition: &str, of: &str) -> Value {
    json!({
        "name": "export",
        "definition": format!("{EXPORTS}{definition}"),
        "documentation": format!("{of}: _type, _since, _outputFormat."),
    })
}

fn of_parameter(parameter: &Parameter) -> Value {
    let mut line = json!({ "name": parameter.name, "type": parameter.kind.fhir() });
    let documentation = match parameter.kind {
        ParameterKind::Reference => return line,
        ParameterKind::Birth => "A year, a month or a day; ge, gt, le and lt of one. Only with POST _search.",
        ParameterKind::Token | ParameterKind::Name | ParameterKind::Contact | ParameterKind::Date => {
            "Only with POST _search."
        }
    };
    line["documentation"] = documentation.into();
    line
}

fn of_events() -> Value {
    let parameters: Vec<Value> = matching::PARAMETERS
        .iter()
        .map(|(name, kind)| match *name {
            "date" => json!({
                "name": name,
                "type": kind.fhir(),
                "documentation": "Asked for: from when, and to when.",
            }),
            _ => json!({ "name": name, "type": kind.fhir() }),
        })
        .collect();
    json!({
        "type": "AuditEvent",
        "documentation": "IHE ITI-20 (FHIR feed) for every workstation; ITI-81 for auditors and privacy officers.",
        "interaction": interactions(&OF_EVENTS),
        "versioning": "no-version",
        "searchParam": parameters,
    })
}

fn interactions(codes: &[&str]) -> Vec<Value> {
    codes.iter().map(|code| json!({ "code": code })).collect()
}
