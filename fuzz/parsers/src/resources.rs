//! What records are read from: imports, changes, events, rights, what is typed into a search.

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use records::change::{Change, Origin};
use records::event::profile_faults;
use records::find::Query;
use records::log::Tree;
use records::view::{
    AllergyList, AppointmentItem, Chart, CoverageItem, DocumentItem, EncounterItem, ImmunizationItem,
    LabSeries, MedicationList, NoteItem, PatientSummary, ProblemItem, ProcedureItem, Section, Subject,
    VitalSeries,
};
use records::{AuditEvent, ChangeId, DeviceId, Document, PersonId, PracticeId, Rights, classify, import};

use crate::given::{id, now};

/// A file by others, through everything a chart shows of it.
pub(crate) fn fhir_import(bytes: &[u8]) {
    let imported = import::import("file", bytes);
    assert_eq!(imported.taken(), imported.documents.len() as u64);
    for document in &imported.documents {
        let again = Document::parse(document.bytes().to_vec());
        assert_eq!(again.as_ref().map(Document::key).ok(), Some(document.key()));
        assert_eq!(
            again.ok().map(|again| classify(&again)),
            Some(classify(document)),
            "a class depends on chance"
        );
    }
    show(&Chart::new(&imported.documents));
}

fn show(chart: &Chart<'_>) {
    let subjects = chart.documents().filter_map(PatientSummary::of).map(|patient| {
        let _texts = (patient.born_text(), patient.age_text(date(2026, 11, 22)), patient.initials());
        Subject::of(&patient)
    });
    for subject in subjects.chain([Subject::unknown()]).take(3) {
        for series in VitalSeries::all(chart, &subject) {
            let _latest = series.latest();
        }
        for series in LabSeries::all(chart, &subject) {
            let _two = (series.latest().is_some(), series.previous().is_some());
        }
    }
    let _lists = (AllergyList::of(chart, Section::Held, 0), MedicationList::of(chart));
    let _items = (AppointmentItem::all(chart), CoverageItem::all(chart), DocumentItem::all(chart));
    let _more = (EncounterItem::all(chart), ImmunizationItem::all(chart), NoteItem::all(chart));
    let _rest = (ProblemItem::all(chart), ProcedureItem::all(chart));
}

/// The transaction of a change, as a workstation sent it.
pub(crate) fn change(bytes: &[u8]) {
    let origin = Origin {
        id: ChangeId::from_uuid(id(5)),
        author: PersonId::from_uuid(id(3)),
        device: DeviceId::from_uuid(id(2)),
        practice: PracticeId::from_uuid(id(1)),
        written_at: now(),
    };
    if let Ok(change) = Change::parse(origin, bytes.to_vec()) {
        assert_eq!(change.bundle(), bytes);
        let again = Change::new(origin, change.entries().to_vec());
        let again = again.and_then(|again| Change::parse(origin, again.bundle().to_vec()));
        assert_eq!(
            again.as_ref().map(Change::entries),
            Ok(change.entries()),
            "a change reads otherwise again"
        );
    }
}

/// An audit event.
pub(crate) fn audit_event(bytes: &[u8]) {
    if let Ok(event) = AuditEvent::parse(bytes.to_vec()) {
        assert_eq!(event.bytes(), bytes);
        let _told = (event.summary().clone(), profile_faults(&event).len());
    }
}

/// A table of rights.
pub(crate) fn rights(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _read = Rights::parse(&[text]).is_ok();
    }
}

/// What is typed into the search.
pub(crate) fn search_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let query = Query::parse(text, date(2026, 11, 22));
    for key in query.groups.iter().flatten().flatten() {
        assert!(!key.label().is_empty());
        let _value = key.bytes();
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        let _told = records::date::instant_text(at, &TimeZone::UTC);
    }
}

/// A kept tree: what is read is written back the same.
pub(crate) fn log_tree(bytes: &[u8]) {
    if let Ok(tree) = Tree::from_bytes(bytes) {
        assert_eq!(tree.to_bytes(), bytes, "a tree has two forms");
        let _root = tree.root();
    }
}
