//! Attaching a file to a chart, and finding what is attached to a record.

use keys::blob::{self, BlobKey};
use keys::{Random, Secret};
use records::change::{Base, Entry};
use records::id::{AttachmentId, RecordKey, ResourceKind};
use records::rights::Action;
use records::write::{Attached, FileError, FileForm, SealedFile, attached};

use super::{OpenSession, patient_id};
use crate::view::{FieldWarning, SaveView};
use crate::{ClientError, Code};

/// A file to be attached to a patient's chart.
pub struct AttachForm {
    /// Whose chart.
    pub patient_id: String,
    /// What it is called there.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for AttachForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AttachForm({} bytes)", self.bytes.len())
    }
}

impl OpenSession {
    /// Attaches a file: sealed under a key of its own that is in the record alone.
    pub(crate) fn attach(&mut self, form: &AttachForm) -> Result<SaveView, ClientError> {
        let patient = patient_id(&form.patient_id)?;
        let now = self.now();
        let mut random = Random::from_os();
        let (id, key) = (AttachmentId::from_uuid(random.uuid()), BlobKey::make(&mut random));
        let typed = FileForm {
            id: self.new_id(),
            title: form.title.clone(),
            media_type: form.media_type.clone(),
            size: u64::try_from(form.bytes.len()).unwrap_or(u64::MAX),
            // EXPOSE: the record is where the key is kept.
            file: SealedFile { attachment: id, key: *key.expose() },
        };
        let document = match typed.document(&self.context(&patient, now)) {
            Ok(document) => document,
            Err(error) => return refused(&error),
        };
        let sealed = blob::seal(&key, &place(id), &form.bytes, &mut random);
        // The file first: a record must not speak of one that a crash took away.
        let change = self.new_change_id();
        self.vault()?.device_mut().keep_attachment(id, change, &sealed)?;
        let record = document.key().clone();
        let entry = Entry { document, base: Base::None };
        let saved = self.save_as(change, &patient, Action::Create, vec![entry]);
        // A save that was cut short may still have its record.
        if saved.is_err() && self.vault()?.base_of(&record)? == Base::None {
            self.vault()?.device_mut().forget_attachment(id)?;
        }
        saved?;
        Ok(SaveView { saved: true, warnings: Vec::new(), change_id: Some(change.to_string()) })
    }

    /// What is attached to a record, read under a permit of its own.
    pub(crate) fn attachment(&mut self, patient: &str, record: &str) -> Result<Attached, ClientError> {
        let patient = patient_id(patient)?;
        let kind = ResourceKind::DOCUMENT_REFERENCE;
        let key = RecordKey { kind, id: record.parse().map_err(|_| Code::NotFound)? };
        // It may be of a chart that was joined to this one.
        let patient = self.owner_in_chart(&patient, &key)?;
        let (document, _) = self.document_of(&patient, &key)?;
        attached(&document).ok_or_else(|| Code::NotFound.into())
    }
}

/// Opens a sealed file with the key that its record holds.
pub(crate) fn open(file: &SealedFile, sealed: &[u8]) -> Result<Vec<u8>, ClientError> {
    let key = BlobKey::from_secret(Secret::from_bytes(file.key));
    blob::open(&key, &place(file.attachment), sealed).map_err(|_| Code::VaultDamaged.into())
}

fn place(id: AttachmentId) -> Vec<u8> {
    format!("Binary/{id}").into_bytes()
}

/// What cannot be attached as it is; nothing was done.
fn refused(error: &FileError) -> Result<SaveView, ClientError> {
    let (field, message) = match error {
        FileError::Empty => ("file", "The file is empty."),
        FileError::TooLarge => ("file", "The file is larger than 25 MB."),
        FileError::Title => ("title", "Give the file a title of at most 200 characters."),
        FileError::MediaType => ("file", "It is not known what kind of file this is."),
        FileError::Document(_) => return Err(Code::FormInvalid.into()),
    };
    let warning = FieldWarning { field: field.to_owned(), message: message.to_owned(), blocking: true };
    Ok(SaveView { saved: false, warnings: vec![warning], change_id: None })
}
