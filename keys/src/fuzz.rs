//! Doors for fuzzing: the parsers that otherwise read only what a key has opened.
//!
//! What is authentic may still be bent: any enrolled workstation seals what it likes to the server. Only a build with
//! the feature `fuzz` has this module, and nothing that ships is built with it.

use uuid::Uuid;

use crate::envelope::{self, EnvelopeHeader, OpenedEnvelope};
use crate::slot::SlotContents;
use crate::{Unreadable, reentry};

/// Reads a slot's contents and writes them again.
///
/// # Errors
/// [`Unreadable`].
pub fn slot_contents(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    Ok(SlotContents::from_bytes(bytes)?.to_bytes().expose().to_vec())
}

/// Reads the contents of a re-entry.
///
/// # Errors
/// [`Unreadable`].
pub fn reentry_contents(bytes: &[u8]) -> Result<reentry::ReentryContents, Unreadable> {
    reentry::read_contents(Uuid::nil(), bytes)
}

/// Reads what an envelope with this header had sealed.
///
/// # Errors
/// [`Unreadable`].
pub fn envelope_payload(header: EnvelopeHeader, payload: &[u8]) -> Result<OpenedEnvelope, Unreadable> {
    envelope::read_payload(header, payload)
}
