//! The server's records as a change looks at them.

use super::Breakage;
use super::server::Server;
use records::change::{History, Standing};
use records::id::{ChangeId, RecordKey};
use records::{Document, Versioned};
use std::convert::Infallible;

/// The records as a change looks at them.
pub(super) struct Shelf<'a>(pub(super) &'a Server);

impl History for Shelf<'_> {
    type Error = Infallible;

    fn standing(&self, key: &RecordKey) -> Result<Standing, Infallible> {
        let current = self.0.current(key).map(|version| version.number);
        Ok(current.map_or(Standing::Unknown, Standing::There))
    }

    fn current(&self, key: &RecordKey) -> Result<Option<Versioned>, Infallible> {
        Ok(self.0.current(key).map(|v| Versioned { version: v.number, document: v.document.clone() }))
    }

    fn at(&self, key: &RecordKey, version: u64) -> Result<Option<Document>, Infallible> {
        let versions = self.0.records.get(key).into_iter().flatten();
        Ok(versions.filter(|v| v.number == version).map(|v| v.document.clone()).next())
    }

    fn made_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<u64>, Infallible> {
        let versions = self.0.records.get(key).into_iter().flatten();
        Ok(versions.filter(|v| v.change == change).map(|v| v.number).next())
    }

    fn written_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<Document>, Infallible> {
        if self.0.broken(Breakage::BuildsOnWhatWasMerged) {
            let version = self.made_by(change, key)?;
            return version.map_or(Ok(None), |version| self.at(key, version));
        }
        let known = self.0.changes.get(&change).and_then(|known| known.envelope.as_ref());
        Ok(known.map(|envelope| envelope.document().clone()).filter(|document| document.key() == key))
    }
}
