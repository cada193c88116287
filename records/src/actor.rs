//! Who is acting: person, roles, device, session, and the purpose they act for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::class::Drawer;
use crate::id::{DeviceId, PersonId, PracticeId, SessionId};

/// What a member of staff is there to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reception: people, appointments, coverage.
    FrontDesk,
    /// Nurse or medical assistant.
    Nurse,
    /// Physician, nurse practitioner, physician assistant.
    Clinician,
    /// Billing and coding.
    Biller,
    /// Runs the practice.
    PracticeManager,
    /// Answers for privacy: reviews, cases, disclosures.
    PrivacyOfficer,
    /// Runs the machines; never sees a record.
    ItAdmin,
    /// Reads the trail; never sees a record.
    Auditor,
    /// A named job of the system itself, such as an import. No person can hold it.
    Service,
    /// A program by others that reads without a person. No person can hold it.
    Program,
}

impl Role {
    /// The roles that a person can hold.
    pub const PEOPLE: [Role; 8] = [
        Role::FrontDesk,
        Role::Nurse,
        Role::Clinician,
        Role::Biller,
        Role::PracticeManager,
        Role::PrivacyOfficer,
        Role::ItAdmin,
        Role::Auditor,
    ];

    /// The name used in the rights table, in stores and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::FrontDesk => "front-desk",
            Role::Nurse => "nurse",
            Role::Clinician => "clinician",
            Role::Biller => "biller",
            Role::PracticeManager => "practice-manager",
            Role::PrivacyOfficer => "privacy-officer",
            Role::ItAdmin => "it-admin",
            Role::Auditor => "auditor",
            Role::Service => "service",
            Role::Program => "program",
        }
    }

    /// The name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Role::FrontDesk => "Front desk",
            Role::Nurse => "Nurse",
            Role::Clinician => "Clinician",
            Role::Biller => "Biller",
            Role::PracticeManager => "Practice manager",
            Role::PrivacyOfficer => "Privacy officer",
            Role::ItAdmin => "IT administrator",
            Role::Auditor => "Auditor",
            Role::Service => "System",
            Role::Program => "Program",
        }
    }

    /// The drawers whose keys this role is granted on a workstation (design §2).
    pub const fn drawers(self) -> &'static [Drawer] {
        match self {
            Role::FrontDesk | Role::PracticeManager | Role::PrivacyOfficer => &[Drawer::Demographics],
            Role::Nurse => &[Drawer::Demographics, Drawer::Clinical],
            Role::Clinician => &[Drawer::Demographics, Drawer::Clinical, Drawer::Sensitive],
            Role::Biller => &[Drawer::Demographics, Drawer::Billing],
            Role::Service => &Drawer::ALL,
            Role::Program => &[Drawer::Demographics, Drawer::Clinical, Drawer::Billing],
            Role::ItAdmin | Role::Auditor => &[],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a role")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    /// Reads the role of a person; `service` and `program` are none.
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Role::PEOPLE.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// Why the actor acts: codes of HL7 v3 `ActReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Treatment.
    #[serde(rename = "TREAT")]
    Treatment,
    /// Emergency treatment.
    #[serde(rename = "ETREAT")]
    EmergencyTreatment,
    /// Breaking the glass.
    #[serde(rename = "BTG")]
    BreakGlass,
    /// Payment.
    #[serde(rename = "HPAYMT")]
    Payment,
    /// Operations of the practice.
    #[serde(rename = "HOPERAT")]
    Operations,
    /// At the patient's request.
    #[serde(rename = "PATRQT")]
    PatientRequest,
    /// Legal reasons.
    #[serde(rename = "HLEGAL")]
    Legal,
    /// Administration of the system.
    #[serde(rename = "HSYSADMIN")]
    SystemAdministration,
}

impl Purpose {
    /// The code in `http://terminology.hl7.org/CodeSystem/v3-ActReason`.
    pub const fn code(self) -> &'static str {
        match self {
            Purpose::Treatment => "TREAT",
            Purpose::EmergencyTreatment => "ETREAT",
            Purpose::BreakGlass => "BTG",
            Purpose::Payment => "HPAYMT",
            Purpose::Operations => "HOPERAT",
            Purpose::PatientRequest => "PATRQT",
            Purpose::Legal => "HLEGAL",
            Purpose::SystemAdministration => "HSYSADMIN",
        }
    }

    /// Whether the glass was broken for it.
    pub const fn is_emergency(self) -> bool {
        matches!(self, Purpose::EmergencyTreatment | Purpose::BreakGlass)
    }

    /// What a role usually acts for.
    pub const fn usual(role: Role) -> Purpose {
        match role {
            Role::Nurse | Role::Clinician => Purpose::Treatment,
            Role::Biller => Purpose::Payment,
            Role::FrontDesk | Role::PracticeManager | Role::PrivacyOfficer | Role::Auditor => {
                Purpose::Operations
            }
            Role::ItAdmin | Role::Service => Purpose::SystemAdministration,
            Role::Program => Purpose::Operations,
        }
    }
}

/// Who is at work, where, and why. Opaque ids only, so it may be shown in logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// Their practice.
    pub practice: PracticeId,
    /// Their roles; without any, nothing is allowed.
    pub roles: Vec<Role>,
    /// The workstation they sit at.
    pub device: DeviceId,
    /// From sign-in to lock.
    pub session: SessionId,
    /// Why they act.
    pub purpose: Purpose,
}

/// Jobs that run without a person, each with an id of its own that stays the same for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Takes in files of records.
    Import,
    /// Sends changes and events, fetches pages.
    Sync,
    /// Looks for records whose time is over.
    Retention,
}

impl Job {
    /// The person id that stands for this job in the trail.
    pub const fn person(self) -> PersonId {
        match self {
            Job::Import => PersonId::from_uuid(Uuid::from_u128(0x6368_6172_746b_8000_8000_0000_0000_0001)),
            Job::Sync => PersonId::from_uuid(Uuid::from_u128(0x6368_6172_746b_8000_8000_0000_0000_0002)),
            Job::Retention => PersonId::from_uuid(Uuid::from_u128(0x6368_6172_746b_8000_8000_0000_0000_0003)),
        }
    }
}

impl Actor {
    /// The actor for a job of the system.
    pub fn service(job: Job, practice: PracticeId, device: DeviceId, session: SessionId) -> Self {
        Self {
            person: job.person(),
            practice,
            roles: vec![Role::Service],
            device,
            session,
            purpose: Purpose::SystemAdministration,
        }
    }

    /// The drawers of all the actor's roles together, in order.
    pub fn drawers(&self) -> Vec<Drawer> {
        let held = |d: &Drawer| self.roles.iter().any(|role| role.drawers().contains(d));
        Drawer::ALL.into_iter().filter(held).collect()
    }
}
