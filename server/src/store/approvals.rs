//! What one person must not do alone, while it waits for a second one and after.

use super::ErasureReason;
use super::StoreError;
use jiff::Timestamp;
use records::Role;
use records::id::{DeviceId, PatientId, PersonId};

/// What one person must not do alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Hand the key of a workstation's `device.db` back to it: enrol it again under its own id.
    EscrowRelease(DeviceId),
    /// Let a person choose a passphrase and set up a code anew.
    PersonReset(PersonId),
    /// Give a person a role.
    RoleGrant(PersonId, Role),
    /// Erase a patient, here and on every workstation.
    PatientErasure(PatientId, ErasureReason),
    /// Take what they said out of audit events that arrived before a moment, where nothing keeps them.
    AuditPurge(Timestamp),
    /// Let a program read without a person, as far as its scopes go.
    ProgramAdmission(PersonId),
}

impl Act {
    /// The name in the store and on the command line.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::EscrowRelease(_) => "escrow-release",
            Self::PersonReset(_) => "person-reset",
            Self::RoleGrant(..) => "role-grant",
            Self::PatientErasure(..) => "patient-erasure",
            Self::AuditPurge(_) => "audit-purge",
            Self::ProgramAdmission(_) => "program-admission",
        }
    }

    /// Whom or what it is about.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::EscrowRelease(device) => device.to_string(),
            Self::PersonReset(person) | Self::RoleGrant(person, _) => person.to_string(),
            Self::PatientErasure(patient, _) => patient.as_str().to_owned(),
            Self::AuditPurge(before) => before.to_string(),
            Self::ProgramAdmission(program) => program.to_string(),
        }
    }

    /// The code of its reason, or the role; empty where it has neither.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::EscrowRelease(_)
            | Self::PersonReset(_)
            | Self::AuditPurge(_)
            | Self::ProgramAdmission(_) => "",
            Self::RoleGrant(_, role) => role.as_str(),
            Self::PatientErasure(_, reason) => reason.as_str(),
        }
    }

    /// The act of this name about this subject.
    #[must_use]
    pub fn named(name: &str, subject: &str, reason: &str) -> Option<Self> {
        match name {
            "escrow-release" => Some(Self::EscrowRelease(subject.parse().ok()?)),
            "person-reset" => Some(Self::PersonReset(subject.parse().ok()?)),
            "role-grant" => Some(Self::RoleGrant(subject.parse().ok()?, reason.parse().ok()?)),
            "patient-erasure" => Some(Self::PatientErasure(subject.parse().ok()?, reason.parse().ok()?)),
            "program-admission" => Some(Self::ProgramAdmission(subject.parse().ok()?)),
            "audit-purge" => Some(Self::AuditPurge(subject.parse().ok()?)),
            _ => None,
        }
    }
}

/// An act that somebody asks for.
#[derive(Clone, Debug)]
pub struct NewApproval {
    /// What.
    pub act: Act,
    /// Who asks.
    pub asked_by: PersonId,
    /// When.
    pub asked_at: Timestamp,
    /// Until when another one may agree.
    pub expires_at: Timestamp,
}

/// An act that was asked for.
#[derive(Clone, Debug)]
pub struct ApprovalRow {
    /// Its number.
    pub number: u64,
    /// What.
    pub act: Act,
    /// Who asked.
    pub asked_by: PersonId,
    /// When.
    pub asked_at: Timestamp,
    /// Until when another one may agree.
    pub expires_at: Timestamp,
    /// Who agreed, and when; the act was done then.
    pub approved: Option<(PersonId, Timestamp)>,
}

/// The rows of what needs two people.
pub trait Approvals {
    /// Stores what is asked for; returns its number.
    fn insert_approval(&self, new: &NewApproval) -> Result<u64, StoreError>;
    /// What was asked for under this number.
    fn approval(&self, number: u64) -> Result<Option<ApprovalRow>, StoreError>;
    /// What waits for a second person at a time, oldest first.
    fn waiting_approvals(&self, at: Timestamp) -> Result<Vec<ApprovalRow>, StoreError>;
    /// Notes who agreed; false when it was done already, has expired, or the same person asked.
    fn approve(&self, number: u64, by: PersonId, at: Timestamp) -> Result<bool, StoreError>;
    /// Nobody can agree any more to the erasure of this patient that waits.
    fn end_waiting_erasure(&self, patient: &PatientId, at: Timestamp) -> Result<(), StoreError>;
}
