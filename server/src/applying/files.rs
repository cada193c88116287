//! Which attached files a change speaks of.

use super::{Arrival, Turned};
use crate::answer::Refusal;
use crate::practice::Practice;
use crate::store::Transaction;
use jiff::Timestamp;
use keys::envelope;
use records::change::Change;
use records::id::{AttachmentId, DeviceId};
use records::write::{Attached, attached};

/// The files that the records of a change have outside themselves; none where the envelope is not one of this workstation.
pub(crate) fn files_of(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Vec<AttachmentId>, Refusal> {
    let Ok(header) = envelope::read_header(bytes) else { return Ok(Vec::new()) };
    let arrival = Arrival { practice, tx, device, now };
    let signed = match arrival.open(&header, bytes) {
        Ok(signed) => signed,
        Err(Turned::Away(_)) => return Ok(Vec::new()),
        Err(Turned::Failed(refusal)) => return Err(refusal),
    };
    let Ok(change) = Change::parse(arrival.origin(&header, &signed), signed.transaction) else {
        return Ok(Vec::new());
    };
    let outside = change.entries().iter().filter_map(|entry| match attached(&entry.document)? {
        Attached::Sealed(file) => Some(file.attachment),
        Attached::Here(_) => None,
    });
    Ok(outside.collect())
}
