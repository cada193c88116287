//! Data classes and drawers: what kind of information a record is, and in which encrypted file it lies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};
use crate::reference::Reference;

/// What kind of information a record is; the rights table is written in these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataClass {
    /// Who the patient is and how to reach them.
    Demographics,
    /// Social security numbers and their like.
    Identifiers,
    /// Appointments and who has arrived.
    Scheduling,
    /// Who pays.
    Coverage,
    /// Staff, organizations, places: who is who. No patient in it.
    Directory,
    /// Tasks and messages.
    Messages,
    /// Problems, medicines, allergies, vital signs, immunizations, encounters.
    ClinicalSummary,
    /// Notes, documents, laboratory and imaging results, procedures.
    NotesResults,
    /// Mental health, substance use, HIV, abuse, sexual health, and whatever is labelled restricted.
    Sensitive,
    /// Psychotherapy and counselling notes: their author's alone.
    Counselling,
    /// Claims and what was charged.
    Charges,
}

/// One encrypted file of records, and the key that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drawer {
    /// Who, when, where: needed by everyone who works with patients.
    Demographics,
    /// The clinical record.
    Clinical,
    /// What is kept more closely than the clinical record.
    Sensitive,
    /// Claims and charges.
    Billing,
}

impl Drawer {
    /// All drawers, in their order.
    pub const ALL: [Drawer; 4] = [Drawer::Demographics, Drawer::Clinical, Drawer::Sensitive, Drawer::Billing];

    /// The name used in file names, cursors and the rights table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Drawer::Demographics => "demographics",
            Drawer::Clinical => "clinical",
            Drawer::Sensitive => "sensitive",
            Drawer::Billing => "billing",
        }
    }
}

impl fmt::Display for Drawer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Drawer {
    type Err = InvalidClass;

    fn from_str(text: &str) -> Result<Self, InvalidClass> {
        Drawer::ALL.into_iter().find(|d| d.as_str() == text).ok_or(InvalidClass { expected: "drawer" })
    }
}

impl DataClass {
    /// All classes, in their order.
    pub const ALL: [DataClass; 11] = [
        DataClass::Demographics,
        DataClass::Identifiers,
        DataClass::Scheduling,
        DataClass::Coverage,
        DataClass::Directory,
        DataClass::Messages,
        DataClass::ClinicalSummary,
        DataClass::NotesResults,
        DataClass::Sensitive,
        DataClass::Counselling,
        DataClass::Charges,
    ];

    /// The name used in the rights table and in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            DataClass::Demographics => "demographics",
            DataClass::Identifiers => "identifiers",
            DataClass::Scheduling => "scheduling",
            DataClass::Coverage => "coverage",
            DataClass::Directory => "directory",
            DataClass::Messages => "messages",
            DataClass::ClinicalSummary => "clinical-summary",
            DataClass::NotesResults => "notes-results",
            DataClass::Sensitive => "sensitive",
            DataClass::Counselling => "counselling",
            DataClass::Charges => "charges",
        }
    }

    /// The drawer that records of this class lie in.
    pub const fn drawer(self) -> Drawer {
        match self {
            DataClass::Demographics
            | DataClass::Identifiers
            | DataClass::Scheduling
            | DataClass::Coverage
            | DataClass::Directory
            | DataClass::Messages => Drawer::Demographics,
            DataClass::ClinicalSummary | DataClass::NotesResults => Drawer::Clinical,
            DataClass::Sensitive | DataClass::Counselling => Drawer::Sensitive,
            DataClass::Charges => Drawer::Billing,
        }
    }

    /// The class of a record that carries no label; `None` for a type that Chartkeep does not know.
    fn without_labels(kind: &str, categories: &[String]) -> Option<DataClass> {
        let has = |code: &str| categories.iter().any(|c| c == code);
        match kind {
            "Flag" if has("admin") || has("contact") => Some(DataClass::Demographics),
            "Observation" if has("vital-signs") => Some(DataClass::ClinicalSummary),
            _ => TYPES.iter().find(|(_, kinds)| kinds.contains(&kind)).map(|(class, _)| *class),
        }
    }
}

/// The class of each resource type, most frequent first.
const TYPES: [(DataClass, &[&str]); 8] = [
    (
        DataClass::NotesResults,
        &[
            "Observation",
            "DiagnosticReport",
            "DocumentReference",
            "DocumentManifest",
            "Composition",
            "Procedure",
            "ImagingStudy",
            "Media",
            "Specimen",
            "BodyStructure",
            "CarePlan",
            "Goal",
            "ServiceRequest",
            "DeviceRequest",
            "DeviceUseStatement",
            "NutritionOrder",
            "VisionPrescription",
            "ClinicalImpression",
            "RiskAssessment",
            "RequestGroup",
            "QuestionnaireResponse",
            "GuidanceResponse",
            "MolecularSequence",
            "Binary",
            "Provenance",
            "Consent",
        ],
    ),
    (
        DataClass::ClinicalSummary,
        &[
            "Condition",
            "AllergyIntolerance",
            "MedicationRequest",
            "MedicationStatement",
            "MedicationAdministration",
            "MedicationDispense",
            "Immunization",
            "ImmunizationRecommendation",
            "ImmunizationEvaluation",
            "Encounter",
            "EpisodeOfCare",
            "CareTeam",
            "Flag",
            "List",
            "Group",
            "FamilyMemberHistory",
            "DetectedIssue",
            "AdverseEvent",
        ],
    ),
    (
        DataClass::Charges,
        &[
            "Claim",
            "ClaimResponse",
            "ExplanationOfBenefit",
            "Invoice",
            "ChargeItem",
            "Account",
            "PaymentNotice",
            "PaymentReconciliation",
            "Contract",
        ],
    ),
    (DataClass::Demographics, &["Patient", "RelatedPerson", "Person"]),
    (DataClass::Scheduling, &["Appointment", "AppointmentResponse", "Schedule", "Slot"]),
    (
        DataClass::Coverage,
        &[
            "Coverage",
            "CoverageEligibilityRequest",
            "CoverageEligibilityResponse",
            "InsurancePlan",
            "EnrollmentRequest",
            "EnrollmentResponse",
        ],
    ),
    (
        DataClass::Directory,
        &[
            "Practitioner",
            "PractitionerRole",
            "Organization",
            "OrganizationAffiliation",
            "Location",
            "HealthcareService",
            "Endpoint",
            "Device",
            "Medication",
            "Substance",
        ],
    ),
    (DataClass::Messages, &["Task", "Communication", "CommunicationRequest"]),
];

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DataClass {
    type Err = InvalidClass;

    fn from_str(text: &str) -> Result<Self, InvalidClass> {
        DataClass::ALL.into_iter().find(|c| c.as_str() == text).ok_or(InvalidClass { expected: "data class" })
    }
}

/// The class of a record, by its type, category and security labels; the highest label wins. A type that is not
/// known counts as sensitive: what nobody has thought about is kept closely.
///
/// A `Provenance` is kept with what it tells of, so that it lies in the same drawer.
pub fn classify(document: &Document) -> DataClass {
    let labels = document.labels();
    let plain = if *document.kind() == ResourceKind::PROVENANCE {
        Some(class_of_targets(document))
    } else {
        DataClass::without_labels(document.kind().as_str(), document.categories())
    };
    if labels.counselling {
        DataClass::Counselling
    } else if labels.sensitive
        && plain != Some(DataClass::Demographics)
        && plain != Some(DataClass::Directory)
    {
        DataClass::Sensitive
    } else {
        plain.unwrap_or(DataClass::Sensitive)
    }
}

/// Every resource type that Chartkeep has a place for.
pub fn known_kinds() -> impl Iterator<Item = &'static str> {
    TYPES.iter().flat_map(|(_, kinds)| kinds.iter().copied())
}

/// The class of the first record that a `Provenance` is about, beside the patient.
fn class_of_targets(document: &Document) -> DataClass {
    let targets = document.value().get("target").and_then(Value::as_array).into_iter().flatten();
    let record = |target: &Value| match Reference::parse(target.get("reference")?.as_str()?) {
        Reference::Record(key) => Some(key),
        Reference::Urn(_) | Reference::Contained(_) | Reference::Other(_) => None,
    };
    let records: Vec<RecordKey> = targets.filter_map(record).collect();
    let class = |key: &RecordKey| DataClass::without_labels(key.kind.as_str(), &[]);
    let beside = records.iter().find(|key| key.kind != ResourceKind::PATIENT).or(records.first());
    match beside {
        Some(key) => class(key).unwrap_or(DataClass::Sensitive),
        None => DataClass::NotesResults,
    }
}

/// Whether this resource type is one that Chartkeep has a place for.
pub fn is_known(document: &Document) -> bool {
    DataClass::without_labels(document.kind().as_str(), document.categories()).is_some()
}

/// A set of data classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassSet(u16);

impl ClassSet {
    /// No class.
    pub const EMPTY: ClassSet = ClassSet(0);

    /// Whether the class is in the set.
    pub fn contains(self, class: DataClass) -> bool {
        self.0 & Self::bit(class) != 0
    }

    /// Adds a class.
    pub fn insert(&mut self, class: DataClass) {
        self.0 |= Self::bit(class);
    }

    /// Whether there is no class in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The classes in their order.
    pub fn iter(self) -> impl Iterator<Item = DataClass> {
        DataClass::ALL.into_iter().filter(move |class| self.contains(*class))
    }

    /// Whether one of the classes lies in this drawer.
    pub fn touches(self, drawer: Drawer) -> bool {
        self.iter().any(|class| class.drawer() == drawer)
    }

    fn bit(class: DataClass) -> u16 {
        1 << (class as u16)
    }
}

impl FromIterator<DataClass> for ClassSet {
    fn from_iter<I: IntoIterator<Item = DataClass>>(classes: I) -> Self {
        let mut set = ClassSet::EMPTY;
        classes.into_iter().for_each(|class| set.insert(class));
        set
    }
}

/// A text that names no class or drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a valid {expected}")]
pub struct InvalidClass {
    expected: &'static str,
}
