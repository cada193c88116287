//! Attached files on their way, sealed: up and down in parts, so that a connection that breaks costs one part.

use super::Base64Bytes;
use records::id::AttachmentId;
use serde::{Deserialize, Serialize};

/// The longest sealed file, in bytes.
pub const LONGEST_ATTACHMENT: u64 = 32 << 20;
/// The longest part, in bytes.
pub const LONGEST_PART: usize = 1 << 20;

/// `POST /v1/attachments`: the next part of a sealed file. An empty part only asks how far it has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttachmentPart {
    /// The file.
    pub attachment: AttachmentId,
    /// How long it is, sealed.
    pub length: u64,
    /// SHA-256 over all of it, sealed.
    pub digest: Base64Bytes,
    /// Where this part begins.
    pub from: u64,
    /// The part.
    pub bytes: Base64Bytes,
}

/// How far it has come. A part that begins elsewhere is not taken, and this says where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentHeld {
    /// So many bytes from its start; all of them have arrived when this is its length.
    pub held: u64,
}

/// `POST /v1/attachments/read`: a part of a sealed file that has arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttachmentRead {
    /// The file.
    pub attachment: AttachmentId,
    /// Where to begin.
    pub from: u64,
}

/// The part: at least one byte, unless nothing is left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttachmentPiece {
    /// How long the whole is, sealed.
    pub length: u64,
    /// SHA-256 over all of it, sealed.
    pub digest: Base64Bytes,
    /// The part.
    pub bytes: Base64Bytes,
}
