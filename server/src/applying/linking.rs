//! Links between patients: they come and go in one change with both their halves, and never go round in a circle.

use super::permits::Shelf;
use crate::store::StoreError;
use records::Document;
use records::change::{History as _, Stored};
use records::id::ResourceKind;
use records::link::keeps_links_whole;

impl Shelf<'_> {
    /// Whether what is about to be stored leaves every link whole.
    pub(super) fn keeps_links_whole(&self, stored: &[Stored]) -> Result<bool, StoreError> {
        let mut patients: Vec<(Option<Document>, &Document)> = Vec::new();
        for made in stored.iter().filter(|made| made.key.kind == ResourceKind::PATIENT) {
            if let Some(after) = &made.document {
                let before = self.current(&made.key)?.map(|before| before.document);
                patients.push((before, after));
            }
        }
        Ok(keeps_links_whole(patients.iter().map(|(before, after)| (before.as_ref(), *after))))
    }
}
