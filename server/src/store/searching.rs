//! Finding records by what is indexed of them, within the rows that a permit reaches.

use super::StoreError;
use jiff::Timestamp;
use records::id::{PatientId, RecordKey, ResourceId, ResourceKind};
use records::rights::Permit;
use records::search::Range;
use records::{DataClass, Document};
use std::borrow::Cow;

/// One row of the index of a record's present version. What can tell who somebody is comes in as a keyed token.
#[derive(Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The parameter.
    pub parameter: Cow<'static, str>,
    /// Its value: a code, a time as bytes that sort, or a token.
    pub value: Vec<u8>,
}

impl std::fmt::Debug for IndexRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IndexRow({})", self.parameter)
    }
}

/// What a row of the index must be.
#[derive(Clone)]
pub enum IndexTest {
    /// Exactly this value.
    Is(Vec<u8>),
    /// Not before the first and before the second, as far as they are given.
    Within(Option<Vec<u8>>, Option<Vec<u8>>),
}

/// That a record has a row of a parameter that passes a test.
#[derive(Clone)]
pub struct IndexCondition {
    /// The parameter.
    pub parameter: Cow<'static, str>,
    /// The test.
    pub test: IndexTest,
}

/// Which versions are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// The present ones.
    Current,
    /// All.
    All,
    /// Those that stood at some time of this span.
    At(Range),
    /// That records were deleted, where it was the last that was said of them at this time, in milliseconds since 1970.
    DeletedAt(i64),
}

/// What to look for. Whatever it leaves open is not asked; the permit's rows bound it in any case.
#[derive(Clone)]
pub struct RecordQuery {
    /// The type.
    pub kind: Option<ResourceKind>,
    /// One of these ids; any where there is none.
    pub ids: Vec<ResourceId>,
    /// This version alone.
    pub version: Option<u64>,
    /// Whose.
    pub patient: Option<PatientId>,
    /// Only what belongs to no patient.
    pub of_nobody: bool,
    /// Received not before the first and before the second, in milliseconds since 1970.
    pub received: (Option<i64>, Option<i64>),
    /// Groups, which must all hold; of each, one alternative; of an alternative, all conditions.
    pub groups: Vec<Vec<Vec<IndexCondition>>>,
    /// Which versions.
    pub versions: Versions,
    /// Only what stands before this number in the server's sequence.
    pub before: Option<u64>,
    /// The most that are returned.
    pub most: u32,
    /// When care relations have to be in force.
    pub now: Timestamp,
}

impl RecordQuery {
    /// Everything that a permit reaches, newest first.
    #[must_use]
    pub fn of(kind: Option<ResourceKind>, most: u32, now: Timestamp) -> Self {
        Self {
            kind,
            ids: Vec::new(),
            version: None,
            patient: None,
            of_nobody: false,
            received: (None, None),
            groups: Vec::new(),
            versions: Versions::Current,
            before: None,
            most,
            now,
        }
    }
}

/// A version that was found.
#[derive(Clone, Debug)]
pub struct FoundVersion {
    /// Its number in the server's sequence.
    pub seq: u64,
    /// Which record.
    pub key: RecordKey,
    /// Its version.
    pub version: u64,
    /// Its class.
    pub class: DataClass,
    /// Whose it is.
    pub patient: Option<PatientId>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The resource; `None` where this version says that it was deleted.
    pub document: Option<Document>,
}

/// Finding rows of records.
pub trait Searching {
    /// What is found, newest first.
    fn find(&self, permit: &Permit, query: &RecordQuery) -> Result<Vec<FoundVersion>, StoreError>;
    /// How many are found, whatever the query says of the most.
    fn count_found(&self, permit: &Permit, query: &RecordQuery) -> Result<u64, StoreError>;
    /// Facts about a patient: the classes of their present records of a type, or of all.
    fn classes_of(
        &self,
        patient: &PatientId,
        kind: Option<&ResourceKind>,
    ) -> Result<Vec<DataClass>, StoreError>;
    /// The classes of the present records of a type that belong to no patient.
    fn classes_of_nobody(&self, kind: &ResourceKind) -> Result<Vec<DataClass>, StoreError>;
    /// Facts about a patient: whether a present record is labelled VIP or employee.
    fn is_vip(&self, patient: &PatientId) -> Result<bool, StoreError>;
    /// Facts about a record: the classes of all its versions.
    fn classes_of_versions(&self, key: &RecordKey) -> Result<Vec<DataClass>, StoreError>;
    /// Facts about a record: whose it is or was.
    fn patient_of_versions(&self, key: &RecordKey) -> Result<Option<PatientId>, StoreError>;
    /// Present versions of any class after a number in the sequence, oldest first, to index them anew.
    fn current_after(
        &self,
        permit: &Permit,
        after: u64,
        most: u32,
    ) -> Result<Vec<(u64, Document)>, StoreError>;
    /// Puts rows in place of those of a version.
    fn set_index(&self, permit: &Permit, seq: u64, rows: &[IndexRow]) -> Result<(), StoreError>;
}
