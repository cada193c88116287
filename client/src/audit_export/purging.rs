//! Telling entries of an exported log that were purged from such as somebody took away.

use jiff::Timestamp;
use keys::export::ExportedEntry;
use keys::purge::PurgeCertificate;
use keys::trust::TrustBundle;
use records::id::{LogId, PersonId};
use sync::wire::{Base64Bytes, ExportHead};

/// A run of entries that gave up what they said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// The index of the first.
    pub from: u64,
    /// The index after the last.
    pub until: u64,
    /// The number of the purge.
    pub purge: u64,
    /// Who asked for it.
    pub asked_by: PersonId,
    /// Who agreed.
    pub agreed_by: PersonId,
    /// When it was done.
    pub at: Timestamp,
}

/// The certificates of an export, and what was met of them.
pub(super) struct Purging {
    log: LogId,
    certificates: Vec<PurgeCertificate>,
    purged: Vec<Purged>,
}

impl Purging {
    /// The certificates that this practice has signed, and the numbers in the file of those that it has not.
    pub(super) fn of(head: &ExportHead, bundles: &[TrustBundle]) -> (Self, Vec<u64>) {
        let verify = |bytes: &Base64Bytes| {
            bundles.iter().find_map(|bundle| {
                PurgeCertificate::verify(bytes.as_slice(), &bundle.directive_key, head.practice.uuid()).ok()
            })
        };
        let (mut certificates, mut bad) = (Vec::new(), Vec::new());
        for (number, bytes) in (0..).zip(&head.purges) {
            match verify(bytes) {
                Some(certificate) => certificates.push(certificate),
                None => bad.push(number),
            }
        }
        (Self { log: head.log, certificates, purged: Vec::new() }, bad)
    }

    /// Whether an entry has no content any more because it was purged.
    pub(super) fn takes(&mut self, entry: &ExportedEntry) -> bool {
        let (log, index) = (self.log.uuid(), entry.position);
        let found = self.certificates.iter().rev().find(|certificate| certificate.covers(log, index));
        let Some(certificate) = found.filter(|_| entry.event.is_empty()) else { return false };
        match self.purged.last_mut() {
            Some(last) if last.until == index && last.purge == certificate.number => last.until = index + 1,
            Some(_) | None => self.purged.push(Purged {
                from: index,
                until: index + 1,
                purge: certificate.number,
                asked_by: PersonId::from_uuid(certificate.asked.0),
                agreed_by: PersonId::from_uuid(certificate.agreed.0),
                at: certificate.purged_at,
            }),
        }
        true
    }

    /// What was met, in order.
    pub(super) fn into_purged(self) -> Vec<Purged> {
        self.purged
    }
}
