//! Patients that were erased, which workstations have confirmed it, and who must not be erased.

use super::StoreError;
use jiff::Timestamp;
use records::id::{ChangeId, DeviceId, PatientId, PersonId};

/// Why a patient is erased. The names are stored and signed: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureReason {
    /// The patient asked for it, and the practice has to do it.
    PatientRequest,
    /// The time for which records have to be kept is over.
    RetentionOver,
    /// The patient was never one: a test, a mistake.
    EnteredInError,
    /// A court or an authority ordered it.
    LegalOrder,
}

impl ErasureReason {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::PatientRequest, Self::RetentionOver, Self::EnteredInError, Self::LegalOrder];

    /// The name in the store, on the command line and in the certificate.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PatientRequest => "patient-request",
            Self::RetentionOver => "retention-over",
            Self::EnteredInError => "entered-in-error",
            Self::LegalOrder => "legal-order",
        }
    }
}

impl std::str::FromStr for ErasureReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|reason| reason.as_str()).collect();
            format!("no such reason; there are {}", known.join(", "))
        })
    }
}

/// An erasure that was done at the server.
#[derive(Clone, Debug)]
pub struct ErasureRow {
    /// Its number; 0 until it is stored.
    pub number: u64,
    /// Whose records.
    pub patient: PatientId,
    /// Why.
    pub reason: ErasureReason,
    /// Who asked for it, and when.
    pub asked: (PersonId, Timestamp),
    /// Who agreed, and when it was done.
    pub agreed: (PersonId, Timestamp),
    /// How many records went.
    pub records: u64,
    /// How many versions of them.
    pub versions: u64,
    /// Whether the store's log was emptied since: until then it may hold older pages.
    pub is_settled: bool,
    /// The signed certificate, once every workstation has confirmed or is retired.
    pub certificate: Option<Vec<u8>>,
}

/// One workstation of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasureDeviceRow {
    /// Which.
    pub device: DeviceId,
    /// The number of its order.
    pub directive: u64,
    /// When it has confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A patient whose records must not be erased.
#[derive(Clone, Debug)]
pub struct HoldRow {
    /// Who.
    pub patient: PatientId,
    /// Why; nothing of a record.
    pub reason: String,
    /// Who set it, and when.
    pub set: (PersonId, Timestamp),
}

/// What went with a patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Records.
    pub records: u64,
    /// Versions of them.
    pub versions: u64,
}

/// The rows of erasures and holds.
pub trait Erasures {
    /// Envelopes of changes that made no version, and which of them name somebody only opening can tell.
    fn unapplied_envelopes(&self) -> Result<Vec<(ChangeId, Vec<u8>)>, StoreError>;
    /// Deletes every version of every record of a patient, the relations and conflicts, and the content of every change
    /// that made one of them or is named here. That a change was received stays.
    fn erase_records(&self, patient: &PatientId, also: &[ChangeId]) -> Result<Gone, StoreError>;
    /// Notes an erasure; returns its number.
    fn insert_erasure(&self, erasure: &ErasureRow) -> Result<u64, StoreError>;
    /// The erasure of a patient.
    fn erasure(&self, patient: &PatientId) -> Result<Option<ErasureRow>, StoreError>;
    /// All erasures, oldest first.
    fn erasures(&self) -> Result<Vec<ErasureRow>, StoreError>;
    /// The store's log was emptied: every erasure until now is settled.
    fn settle_erasures(&self) -> Result<(), StoreError>;
    /// Keeps the certificate of an erasure.
    fn certify_erasure(&self, patient: &PatientId, certificate: &[u8]) -> Result<(), StoreError>;
    /// Notes which order a workstation was given.
    fn insert_erasure_device(
        &self,
        patient: &PatientId,
        device: DeviceId,
        directive: u64,
    ) -> Result<(), StoreError>;
    /// A workstation has confirmed.
    fn confirm_erasure(&self, patient: &PatientId, device: DeviceId, at: Timestamp)
    -> Result<(), StoreError>;
    /// The workstations of an erasure.
    fn erasure_devices(&self, patient: &PatientId) -> Result<Vec<ErasureDeviceRow>, StoreError>;
    /// Patients of whom no version arrived since then, with when the last one did, the longest ago first; of the page, so many are
    /// passed over, and at most so many follow.
    fn patients_without_news_since(
        &self,
        since: Timestamp,
        page: (u32, u32),
    ) -> Result<Vec<(PatientId, Timestamp)>, StoreError>;
    /// When the last version of any record of a patient arrived; `None` where there is none.
    fn last_news(&self, patient: &PatientId) -> Result<Option<Timestamp>, StoreError>;
    /// How many audit events arrived before then, of those that still say something.
    fn count_events_before(&self, before: Timestamp) -> Result<u64, StoreError>;
    /// Sets a hold; false when there is one.
    fn set_hold(&self, hold: &HoldRow) -> Result<bool, StoreError>;
    /// Ends a hold; false when there is none.
    fn end_hold(&self, patient: &PatientId, by: PersonId, at: Timestamp) -> Result<bool, StoreError>;
    /// Who must not be erased now, oldest first.
    fn holds(&self) -> Result<Vec<HoldRow>, StoreError>;
}
