//! A file that is attached: a record with the key of what lies outside it.

use records::id::AttachmentId;
use records::write::{Attached, Context, FileError, FileForm, SealedFile, attached};
use records::{DataClass, Document, classify};
use serde_json::json;
use uuid::Uuid;

use super::people::{PERSON, document, now, patient};

fn context() -> Context {
    Context { patient: patient(), encounter: None, author: PERSON, author_name: None, at: now() }
}

fn form() -> FileForm {
    FileForm {
        id: "scan-1".parse().unwrap(),
        title: " Letter of the clinic ".into(),
        media_type: "application/pdf".into(),
        size: 2_500_000,
        file: SealedFile { attachment: AttachmentId::from_uuid(Uuid::from_u128(7)), key: [201; 32] },
    }
}

fn made(form: &FileForm) -> Document {
    form.document(&context()).unwrap()
}

#[test]
fn the_record_says_where_the_file_lies_and_holds_its_key() {
    let form = form();
    let record = made(&form);
    assert_eq!(attached(&record), Some(Attached::Sealed(form.file.clone())));
    let attachment = &record.value()["content"][0]["attachment"];
    assert_eq!(attachment["url"], "Binary/00000000-0000-0000-0000-000000000007");
    assert_eq!(
        (&attachment["title"], &attachment["size"]),
        (&"Letter of the clinic".into(), &2_500_000.into())
    );
    assert_eq!(classify(&record), DataClass::NotesResults);
    let shown = format!("{form:?} {:?} {:?}", form.file, attached(&record));
    assert!(!shown.contains("201") && !shown.contains("Letter"), "{shown}");
}

#[test]
fn a_file_needs_content_a_title_and_a_type() {
    let refused = |change: fn(&mut FileForm)| {
        let mut form = form();
        change(&mut form);
        form.document(&context()).unwrap_err()
    };
    assert_eq!(refused(|form| form.size = 0), FileError::Empty);
    assert_eq!(refused(|form| form.size = FileForm::LARGEST + 1), FileError::TooLarge);
    assert_eq!(refused(|form| form.title = " ".into()), FileError::Title);
    assert_eq!(refused(|form| form.title = "x".repeat(201)), FileError::Title);
    for kind in ["", "pdf", "/pdf", "application/", "text/html; charset=utf-8", "image/p ng"] {
        let form = FileForm { media_type: kind.into(), ..form() };
        assert_eq!(form.document(&context()).unwrap_err(), FileError::MediaType, "{kind}");
    }
    assert!(form().document(&context()).is_ok());
}

#[test]
fn what_is_within_a_record_is_found_and_what_nobody_can_open_is_not() {
    let of = |attachment: serde_json::Value| {
        let content = json!([{ "attachment": attachment }]);
        let record =
            json!({"resourceType": "DocumentReference", "id": "d", "status": "current", "content": content});
        attached(&document(record))
    };
    assert_eq!(of(json!({"data": "SGVsbG8="})), Some(Attached::Here(b"Hello".to_vec())));
    let key = |text: &str| json!([{"url": "urn:chartkeep:attachment-key", "valueBase64Binary": text}]);
    let url = "Binary/00000000-0000-0000-0000-000000000007";
    for not_ours in [
        json!({"url": "https://elsewhere.example/scan.pdf"}),
        json!({ "url": url }),
        json!({ "url": url, "extension": key("AAAA") }),
        json!({"url": "Binary/scan-1", "extension": key(&"A".repeat(43))}),
        json!({"title": "On paper"}),
    ] {
        assert_eq!(of(not_ours.clone()), None, "{not_ours}");
    }
}
