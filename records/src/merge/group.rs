//! Elements that belong together and decide about safety.

use serde_json::Value;

use crate::view::has_code;

/// Elements of which two people must not each change one: what they are about, in words, and their names.
pub(super) struct Group(&'static str, &'static [&'static str]);

/// What a medicine is, for whom, whether it is taken, and how much of it.
const DOSE: Group = Group(
    "Medicine and dose",
    &[
        "medicationCodeableConcept",
        "medicationReference",
        "dosageInstruction",
        "dosage",
        "dispenseRequest",
        "status",
        "statusReason",
        "intent",
        "doNotPerform",
        "subject",
        "substitution",
    ],
);

/// Who a patient is. Whether another chart replaced this one is no part of it: joining two charts must not hold up whoever
/// corrects a name meanwhile, nor be undone by them.
const IDENTITY: Group = Group(
    "Who the patient is",
    &[
        "name",
        "birthDate",
        "gender",
        "identifier",
        "deceasedBoolean",
        "deceasedDateTime",
        "multipleBirthBoolean",
        "multipleBirthInteger",
    ],
);

/// What an allergy is against, and whether it stands.
const ALLERGY: Group =
    Group("What the allergy is", &["code", "clinicalStatus", "verificationStatus", "patient"]);

/// What was measured.
const MEASUREMENT: Group = Group(
    "What was measured",
    &[
        "code",
        "status",
        "subject",
        "effectiveDateTime",
        "component",
        "valueQuantity",
        "valueCodeableConcept",
        "valueString",
        "valueBoolean",
        "valueInteger",
        "valueRange",
        "valueRatio",
        "dataAbsentReason",
    ],
);

/// What a problem is, and whether it stands.
const PROBLEM: Group =
    Group("What the problem is", &["code", "clinicalStatus", "verificationStatus", "subject"]);

/// What a note says, and who answers for it.
const NOTE: Group = Group(
    "What the note says",
    &["status", "docStatus", "date", "content", "section", "author", "authenticator", "subject"],
);

impl Group {
    /// The groups of a resource type.
    pub(super) fn of(kind: &str) -> &'static [Group] {
        match kind {
            "MedicationRequest"
            | "MedicationStatement"
            | "MedicationAdministration"
            | "MedicationDispense" => &[DOSE],
            "Patient" | "Person" | "RelatedPerson" => &[IDENTITY],
            "AllergyIntolerance" => &[ALLERGY],
            "Observation" => &[MEASUREMENT],
            "Condition" => &[PROBLEM],
            "DocumentReference" | "Composition" => &[NOTE],
            _ => &[],
        }
    }

    /// What its elements are about.
    pub(super) fn title(&self) -> &'static str {
        self.0
    }

    pub(super) fn holds(&self, name: &str) -> bool {
        // `_birthDate` carries the extensions of `birthDate`.
        self.1.contains(&name.trim_start_matches('_'))
    }
}

/// Whether an allergy stands: active, and neither refuted nor a mistake.
pub(super) fn allergy_stands(allergy: &Value) -> bool {
    let is = |element: &str, codes: &[&str]| codes.iter().any(|code| has_code(allergy, element, code));
    !is("clinicalStatus", &["inactive", "resolved"])
        && !is("verificationStatus", &["refuted", "entered-in-error"])
}
