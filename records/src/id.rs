//! What things are called: newtypes over UUIDs for what Chartkeep makes, and checked FHIR names for records.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A text that is not the name it should be. The text itself is left out: it may come from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a valid {expected}")]
pub struct InvalidId {
    expected: &'static str,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id that this UUID stands for.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId { expected: stringify!($name) })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

uuid_ids! {
    /// A practice: the widest circle within which records are shared.
    PracticeId;
    /// A member of staff; also the FHIR id of that person's `Practitioner`.
    PersonId;
    /// A workstation.
    DeviceId;
    /// One change to records, made once and recognised however often it is sent.
    ChangeId;
    /// One attached file; also the FHIR id of its `Binary`.
    AttachmentId;
    /// One audit event; also the FHIR id of its `AuditEvent`.
    EventId;
    /// From one sign-in to the lock that ends it.
    SessionId;
    /// One recovery slot: what a recovery code opens, once.
    SlotId;
    /// One append-only audit log; a workstation that enrols anew gets a new one.
    LogId;
}

/// The logical id of a FHIR resource: `[A-Za-z0-9\-\.]{1,64}`, kept as it was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(Box<str>);

impl ResourceId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for ResourceId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.as_hyphenated().to_string().into())
    }
}

impl FromStr for ResourceId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId { expected: "FHIR id" })
        }
    }
}

/// The id of a `Patient`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatientId(pub ResourceId);

impl PatientId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The patient's own record.
    pub fn key(&self) -> RecordKey {
        RecordKey { kind: ResourceKind::PATIENT, id: self.0.clone() }
    }
}

impl From<ResourceId> for PatientId {
    fn from(id: ResourceId) -> Self {
        Self(id)
    }
}

impl FromStr for PatientId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self)
    }
}

/// The name of a FHIR resource type, such as `Observation`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKind(Cow<'static, str>);

macro_rules! known_kinds {
    ($($constant:ident = $name:literal;)*) => {
        impl ResourceKind {
            $(#[doc = concat!("`", $name, "`.")]
            pub const $constant: ResourceKind = ResourceKind(Cow::Borrowed($name));)*

            fn borrowed(name: &str) -> Option<&'static str> {
                match name {
                    $($name => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

known_kinds! {
    ALLERGY_INTOLERANCE = "AllergyIntolerance";
    APPOINTMENT = "Appointment";
    AUDIT_EVENT = "AuditEvent";
    BINARY = "Binary";
    BUNDLE = "Bundle";
    CARE_PLAN = "CarePlan";
    CARE_TEAM = "CareTeam";
    CLAIM = "Claim";
    COMPOSITION = "Composition";
    CONDITION = "Condition";
    COVERAGE = "Coverage";
    DIAGNOSTIC_REPORT = "DiagnosticReport";
    DOCUMENT_REFERENCE = "DocumentReference";
    ENCOUNTER = "Encounter";
    EXPLANATION_OF_BENEFIT = "ExplanationOfBenefit";
    FLAG = "Flag";
    GOAL = "Goal";
    GROUP = "Group";
    IMAGING_STUDY = "ImagingStudy";
    IMMUNIZATION = "Immunization";
    LIST = "List";
    LOCATION = "Location";
    MEDICATION = "Medication";
    MEDICATION_REQUEST = "MedicationRequest";
    MEDICATION_STATEMENT = "MedicationStatement";
    OBSERVATION = "Observation";
    ORGANIZATION = "Organization";
    PATIENT = "Patient";
    PRACTITIONER = "Practitioner";
    PRACTITIONER_ROLE = "PractitionerRole";
    PROCEDURE = "Procedure";
    PROVENANCE = "Provenance";
    TASK = "Task";
}

impl ResourceKind {
    /// The type name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceKind {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if let Some(known) = Self::borrowed(text) {
            return Ok(Self(Cow::Borrowed(known)));
        }
        let starts_upper = text.bytes().next().is_some_and(|b| b.is_ascii_uppercase());
        if starts_upper && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(InvalidId { expected: "FHIR resource type" })
        }
    }
}

/// Which record: type and id, shown as `Observation/1f0c…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// The resource type.
    pub kind: ResourceKind,
    /// The logical id.
    pub id: ResourceId,
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl FromStr for RecordKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (kind, id) = text.split_once('/').ok_or(InvalidId { expected: "record key" })?;
        Ok(Self { kind: kind.parse()?, id: id.parse()? })
    }
}

macro_rules! text_ids {
    ($($name:ident via $get:ident;)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.$get())
            }
        }
    )*};
}

text_ids! {
    ResourceId via as_str;
    PatientId via as_str;
    ResourceKind via as_str;
}

macro_rules! serde_as_text {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

serde_as_text! { ResourceId PatientId ResourceKind RecordKey }
