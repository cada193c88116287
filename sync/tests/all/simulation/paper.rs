//! The records that are written in a simulated practice: each edit leaves a mark that can be looked for later.

use records::change::{Base, Change, Entry, Origin};
use records::id::{ChangeId, DeviceId, PersonId, PracticeId, RecordKey};
use records::{Document, Drawer, classify};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// What somebody does to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// Adds a note: two people may do that at the same time.
    Note,
    /// Adds a note and changes a line of which there is one: two people who do that disagree.
    Line,
    /// Adds a note and a label that moves the record into the drawer for sensitive ones.
    Label,
}

/// A sealed, signed change; only the two who are named by the seal can have made it.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    /// The workstation in its header.
    pub(super) device: usize,
    /// Who is said to have written it.
    pub(super) author: usize,
    /// What is signed.
    pub(super) change: Arc<Change>,
    /// Whose key signed it, where, and what: what nobody else can make.
    pub(super) seal: Seal,
}

/// Stands for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) author: usize,
    pub(super) device: usize,
    pub(super) change: ChangeId,
}

impl Envelope {
    /// The change.
    pub(super) fn id(&self) -> ChangeId {
        self.change.id()
    }

    /// The one record it changes.
    pub(super) fn document(&self) -> &Document {
        &self.change.entries()[0].document
    }

    /// What the record was made from.
    pub(super) fn base(&self) -> Base {
        self.change.entries()[0].base
    }

    /// Whether the seal is of who is named, over what is there.
    pub(super) fn is_genuine(&self) -> bool {
        self.seal == Seal { author: self.author, device: self.device, change: self.id() }
    }
}

/// The practice.
pub(super) fn practice() -> PracticeId {
    PracticeId::from_uuid(Uuid::from_u128(1))
}

/// A person's id.
pub(super) fn person_id(person: usize) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(0x1_0000 + person as u128))
}

/// A workstation's id.
pub(super) fn device_id(device: usize) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(0x2_0000 + device as u128))
}

/// A change as its author signs it.
pub(super) fn sealed(
    (author, device): (usize, usize),
    id: ChangeId,
    written_at: jiff::Timestamp,
    document: Document,
    base: Base,
) -> Envelope {
    let origin =
        Origin { id, author: person_id(author), device: device_id(device), practice: practice(), written_at };
    let change = Change::new(origin, vec![Entry { document, base }]).unwrap();
    Envelope { device, author, change: Arc::new(change), seal: Seal { author, device, change: id } }
}

/// A record nobody has written before.
pub(super) fn new_record(drawer: Drawer, number: u64, mark: u64) -> Document {
    let (kind, security) = match drawer {
        Drawer::Demographics => ("Appointment", Vec::new()),
        Drawer::Clinical => ("Condition", Vec::new()),
        Drawer::Sensitive => ("Condition", vec![psychiatric()]),
        Drawer::Billing => ("Claim", Vec::new()),
    };
    let document = Document::from_value(json!({
        "resourceType": kind,
        "id": format!("r{number}"),
        "meta": { "security": security },
        "subject": { "reference": format!("Patient/p{}", number % 3) },
        "note": [note(mark)],
        "onsetString": "s0",
    }));
    let document = document.unwrap();
    assert_eq!(classify(&document).drawer(), drawer, "the record is of another drawer");
    document
}

/// The record with an edit.
pub(super) fn edited(before: &Document, edit: Edit, mark: u64) -> Document {
    let mut value = before.value().clone();
    value["note"].as_array_mut().unwrap().push(note(mark));
    match edit {
        Edit::Note => {}
        Edit::Line => value["onsetString"] = Value::from(format!("s{mark}")),
        Edit::Label => value["meta"]["security"] = json!([psychiatric()]),
    }
    Document::from_value(value).unwrap()
}

/// Whether a record bears a mark.
pub(super) fn has_mark(document: &Document, mark: u64) -> bool {
    document.value()["note"].as_array().is_some_and(|notes| notes.contains(&note(mark)))
}

/// The line of which there is one.
pub(super) fn line(document: &Document) -> &str {
    document.value()["onsetString"].as_str().unwrap_or_default()
}

/// The drawer a record belongs in.
pub(super) fn drawer_of(document: &Document) -> Drawer {
    classify(document).drawer()
}

/// A key as the wire writes it.
pub(super) fn key_of(text: &str) -> RecordKey {
    text.parse().unwrap()
}

fn note(mark: u64) -> Value {
    json!({ "text": format!("m{mark}") })
}

fn psychiatric() -> Value {
    json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY" })
}
