//! An attached file: a `DocumentReference` whose content lies outside it, sealed under a key that is in it.
//!
//! Whoever may read the record may read the file, and with the record goes the key.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Context;
use crate::document::{Document, DocumentError};
use crate::id::{AttachmentId, ResourceId, ResourceKind};

/// The extension of an `Attachment` that holds the key of the file.
const KEY: &str = "urn:chartkeep:attachment-key";

/// A file that is to be attached.
#[derive(Clone, PartialEq, Eq)]
pub struct FileForm {
    /// The record's id.
    pub id: ResourceId,
    /// What the file is called in the chart.
    pub title: String,
    /// Its media type, such as `application/pdf`.
    pub media_type: String,
    /// Its size in bytes, as it was before it was sealed.
    pub size: u64,
    /// The sealed file.
    pub file: SealedFile,
}

/// Where a file lies, and the key that opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedFile {
    /// The file.
    pub attachment: AttachmentId,
    /// Its key.
    pub key: [u8; 32],
}

/// What is in an attachment of a record.
#[derive(Clone, PartialEq, Eq)]
pub enum Attached {
    /// The content itself.
    Here(Vec<u8>),
    /// It lies outside.
    Sealed(SealedFile),
}

/// Why a file cannot be attached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is larger than [`FileForm::LARGEST`].
    #[error("the file is too large")]
    TooLarge,
    /// It has no title, or one that is too long.
    #[error("the file needs a title of at most 200 characters")]
    Title,
    /// That is no media type.
    #[error("that is no media type")]
    MediaType,
    /// It cannot be written down.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl FileForm {
    /// The largest file, in bytes.
    pub const LARGEST: u64 = 25 << 20;
    const LONGEST_TITLE: usize = 200;

    /// The record.
    ///
    /// # Errors
    /// When it is empty or too large, or has no title or media type.
    pub fn document(&self, context: &Context) -> Result<Document, FileError> {
        self.check()?;
        let record = json!({
            "resourceType": ResourceKind::DOCUMENT_REFERENCE.as_str(),
            "id": self.id.as_str(),
            "status": "current",
            "docStatus": "final",
            "type": { "text": "Attached file" },
            "subject": context.subject(),
            "date": context.at.to_string(),
            "author": [context.author()],
            "content": [{ "attachment": {
                "extension": [{ "url": KEY, "valueBase64Binary": BASE64_STANDARD.encode(self.file.key) }],
                "contentType": self.media_type,
                "url": url(self.file.attachment),
                "size": self.size,
                "title": self.title.trim(),
                "creation": context.at.to_string(),
            }}],
        });
        Ok(Document::from_value(record)?)
    }

    fn check(&self) -> Result<(), FileError> {
        let title = self.title.trim();
        let of_type = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        let is_type = self.media_type.len() <= 100
            && self.media_type.split_once('/').is_some_and(|(kind, of)| of_type(kind) && of_type(of));
        match self.size {
            0 => Err(FileError::Empty),
            size if size > Self::LARGEST => Err(FileError::TooLarge),
            _ if title.is_empty() || title.chars().count() > Self::LONGEST_TITLE => Err(FileError::Title),
            _ if !is_type => Err(FileError::MediaType),
            _ => Ok(()),
        }
    }
}

/// What is attached to a record first, where there is anything that can be opened.
pub fn attached(document: &Document) -> Option<Attached> {
    let attachment = document.value().get("content")?.as_array()?.first()?.get("attachment")?;
    if let Some(data) = attachment.get("data").and_then(Value::as_str) {
        return BASE64_STANDARD.decode(data).ok().map(Attached::Here);
    }
    let attachment_id = attachment.get("url")?.as_str()?.strip_prefix("Binary/")?.parse().ok()?;
    let extensions = attachment.get("extension")?.as_array()?;
    let of_key =
        extensions.iter().find(|extension| extension.get("url").and_then(Value::as_str) == Some(KEY))?;
    let key = BASE64_STANDARD.decode(of_key.get("valueBase64Binary")?.as_str()?).ok()?;
    Some(Attached::Sealed(SealedFile { attachment: attachment_id, key: key.try_into().ok()? }))
}

fn url(attachment: AttachmentId) -> String {
    format!("Binary/{attachment}")
}

impl std::fmt::Debug for FileForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileForm({}, {} bytes)", self.id, self.size)
    }
}

impl std::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedFile({}, …)", self.attachment)
    }
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(bytes) => write!(f, "Here({} bytes)", bytes.len()),
            Self::Sealed(file) => file.fmt(f),
        }
    }
}
