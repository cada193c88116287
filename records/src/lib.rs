//! What a record is, who may touch it, how versions merge, and what the trail says: pure values.
//!
//! A record is a FHIR R4 resource, kept as the bytes it came as ([`document`]). What it holds makes its data class
//! and so its drawer ([`class`]). Who may do what is one table ([`rights`]); a decision in favour becomes a permit
//! only through the trail ([`event`], [`log`]). An edit is a [`change`]; what two people changed at once is put
//! together by [`merge`]. Two charts of one person are found by [`same_person`] and joined by a [`link`], or told [`apart`]. What a program asks for is a [`search`]. What the screen shows are read-only [`view`]s, what it enters becomes documents in
//! [`mod@write`]. There is no I/O here, no clock and no randomness: time and ids come in as arguments.

pub mod actor;
pub mod apart;
pub mod change;
pub mod class;
pub mod date;
pub mod document;
pub mod event;
pub mod find;
pub mod id;
pub mod import;
pub mod label;
pub mod link;
pub mod log;
pub mod merge;
pub mod reference;
pub mod rights;
pub mod same_person;
pub mod search;
pub mod view;
pub mod write;

pub use actor::{Actor, Job, Purpose, Role};
pub use class::{ClassSet, DataClass, Drawer, classify};
pub use document::{Document, DocumentError, Versioned};
pub use event::AuditEvent;
pub use id::{
    ChangeId, DeviceId, EventId, LogId, PatientId, PersonId, PracticeId, RecordKey, ResourceId, ResourceKind,
    SessionId,
};
pub use rights::{Action, Allowed, Denied, DeniedReason, Facts, Permit, Relation, Rights, Trail, decide};
