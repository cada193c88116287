//! The table of search parameters, by resource type. The names and meanings are those of FHIR R4.

use crate::id::ResourceKind;

/// How a parameter's value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A code, perhaps with its system before a bar.
    Token,
    /// The beginning of a word of a name.
    Name,
    /// A telephone number or e-mail address.
    Contact,
    /// A date or time; compared as a span.
    Date,
    /// A birth date: a year, a month or a day, found exactly.
    Birth,
    /// Another record.
    Reference,
}

impl ParameterKind {
    /// The type that FHIR gives it.
    pub const fn fhir(self) -> &'static str {
        match self {
            ParameterKind::Token | ParameterKind::Contact => "token",
            ParameterKind::Name => "string",
            ParameterKind::Date | ParameterKind::Birth => "date",
            ParameterKind::Reference => "reference",
        }
    }
}

/// One search parameter of a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// How its value is read.
    pub kind: ParameterKind,
    /// Where it is read from: elements from the resource downwards, lists gone through.
    pub paths: &'static [&'static str],
    /// Whether its value can tell who somebody is.
    pub is_identifying: bool,
}

/// The parameters of a resource type, beside those that every type has.
pub fn parameters(kind: &ResourceKind) -> &'static [Parameter] {
    line(kind).map_or(&[], |(_, _, parameters)| parameters)
}

/// The names under which a resource type is asked for by its patient.
pub fn patient_parameters(kind: &ResourceKind) -> &'static [&'static str] {
    line(kind).map_or(&[], |(_, patient, _)| patient)
}

/// Every resource type with parameters of its own.
pub fn with_parameters() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(kind, _, _)| *kind)
}

type Line = (&'static str, &'static [&'static str], &'static [Parameter]);

fn line(kind: &ResourceKind) -> Option<&'static Line> {
    TABLE.iter().find(|(name, _, _)| *name == kind.as_str())
}

const fn token(name: &'static str, paths: &'static [&'static str]) -> Parameter {
    Parameter { name, kind: ParameterKind::Token, paths, is_identifying: false }
}

const fn date(name: &'static str, paths: &'static [&'static str]) -> Parameter {
    Parameter { name, kind: ParameterKind::Date, paths, is_identifying: false }
}

const fn reference(name: &'static str, paths: &'static [&'static str]) -> Parameter {
    Parameter { name, kind: ParameterKind::Reference, paths, is_identifying: false }
}

const fn identifying(name: &'static str, kind: ParameterKind, paths: &'static [&'static str]) -> Parameter {
    Parameter { name, kind, paths, is_identifying: true }
}

const STATUS: Parameter = token("status", &["status"]);
const CODE: Parameter = token("code", &["code"]);
const CATEGORY: Parameter = token("category", &["category"]);
const CLINICAL: Parameter = token("clinical-status", &["clinicalStatus"]);
const VERIFICATION: Parameter = token("verification-status", &["verificationStatus"]);
const ENCOUNTER: Parameter = reference("encounter", &["encounter"]);
const IDENTIFIER: Parameter = identifying("identifier", ParameterKind::Token, &["identifier"]);
const FAMILY: Parameter = identifying("family", ParameterKind::Name, &["name.family"]);
const GIVEN: Parameter = identifying("given", ParameterKind::Name, &["name.given"]);
/// The words of a name that are neither family nor given; whoever asks for `name` asks for all three.
const NAME: Parameter =
    identifying("name", ParameterKind::Name, &["name.text", "name.prefix", "name.suffix"]);
const PLAIN_NAME: Parameter =
    Parameter { name: "name", kind: ParameterKind::Name, paths: &["name"], is_identifying: false };

const BOTH: &[&str] = &["patient", "subject"];
const PATIENT: &[&str] = &["patient"];

const TABLE: &[Line] = &[
    (
        "Patient",
        &[],
        &[
            IDENTIFIER,
            NAME,
            FAMILY,
            GIVEN,
            identifying("birthdate", ParameterKind::Birth, &["birthDate"]),
            token("gender", &["gender"]),
            identifying("phone", ParameterKind::Contact, &["telecom"]),
            identifying("telecom", ParameterKind::Contact, &["telecom"]),
        ],
    ),
    (
        "Observation",
        BOTH,
        &[
            CODE,
            CATEGORY,
            STATUS,
            date("date", &["effectiveDateTime", "effectivePeriod", "effectiveInstant"]),
            ENCOUNTER,
        ],
    ),
    (
        "Condition",
        BOTH,
        &[
            CODE,
            CATEGORY,
            CLINICAL,
            VERIFICATION,
            date("onset-date", &["onsetDateTime", "onsetPeriod"]),
            date("recorded-date", &["recordedDate"]),
            ENCOUNTER,
        ],
    ),
    (
        "AllergyIntolerance",
        PATIENT,
        &[
            token("code", &["code", "reaction.substance"]),
            CATEGORY,
            CLINICAL,
            VERIFICATION,
            token("criticality", &["criticality"]),
            date("date", &["recordedDate"]),
        ],
    ),
    (
        "MedicationRequest",
        BOTH,
        &[
            token("code", &["medicationCodeableConcept"]),
            CATEGORY,
            STATUS,
            token("intent", &["intent"]),
            date("authoredon", &["authoredOn"]),
            ENCOUNTER,
        ],
    ),
    (
        "MedicationStatement",
        BOTH,
        &[
            token("code", &["medicationCodeableConcept"]),
            CATEGORY,
            STATUS,
            date("effective", &["effectiveDateTime", "effectivePeriod"]),
        ],
    ),
    (
        "Immunization",
        PATIENT,
        &[token("vaccine-code", &["vaccineCode"]), STATUS, date("date", &["occurrenceDateTime"])],
    ),
    (
        "Encounter",
        BOTH,
        &[token("class", &["class"]), token("type", &["type"]), STATUS, date("date", &["period"])],
    ),
    (
        "Procedure",
        BOTH,
        &[CODE, CATEGORY, STATUS, date("date", &["performedDateTime", "performedPeriod"]), ENCOUNTER],
    ),
    (
        "DiagnosticReport",
        BOTH,
        &[
            CODE,
            CATEGORY,
            STATUS,
            date("date", &["effectiveDateTime", "effectivePeriod"]),
            date("issued", &["issued"]),
            ENCOUNTER,
        ],
    ),
    (
        "DocumentReference",
        BOTH,
        &[
            token("type", &["type"]),
            CATEGORY,
            STATUS,
            date("date", &["date"]),
            reference("encounter", &["context.encounter"]),
        ],
    ),
    ("CarePlan", BOTH, &[CATEGORY, STATUS, date("date", &["period"]), ENCOUNTER]),
    ("CareTeam", BOTH, &[CATEGORY, STATUS, date("date", &["period"]), ENCOUNTER]),
    (
        "Goal",
        BOTH,
        &[CATEGORY, token("lifecycle-status", &["lifecycleStatus"]), date("start-date", &["startDate"])],
    ),
    (
        "ServiceRequest",
        BOTH,
        &[CODE, CATEGORY, STATUS, token("intent", &["intent"]), date("authored", &["authoredOn"]), ENCOUNTER],
    ),
    ("ImagingStudy", BOTH, &[STATUS, date("started", &["started"]), ENCOUNTER]),
    ("Appointment", PATIENT, &[STATUS, date("date", &["start"])]),
    ("Task", PATIENT, &[CODE, STATUS, date("authored-on", &["authoredOn"])]),
    ("Coverage", &["patient", "beneficiary"], &[STATUS, token("type", &["type"])]),
    ("Claim", PATIENT, &[STATUS, token("use", &["use"]), date("created", &["created"])]),
    ("ExplanationOfBenefit", PATIENT, &[STATUS, date("created", &["created"])]),
    ("Provenance", &[], &[reference("target", &["target"]), date("recorded", &["recorded"])]),
    (
        "Practitioner",
        &[],
        &[
            token("identifier", &["identifier"]),
            identifying("name", ParameterKind::Name, &["name.text", "name.prefix", "name.suffix"]),
            FAMILY,
            GIVEN,
            token("active", &["active"]),
        ],
    ),
    ("Organization", &[], &[token("identifier", &["identifier"]), PLAIN_NAME, token("active", &["active"])]),
    ("Location", &[], &[PLAIN_NAME, STATUS]),
    (
        "Group",
        &[],
        &[token("identifier", &["identifier"]), token("type", &["type"]), token("actual", &["actual"])],
    ),
];
