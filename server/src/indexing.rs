//! What records are found by: rows out of the record, identifying values as keyed tokens; and all of it made anew.

use crate::custody::ServerKeys;
use crate::error::Failure;
use crate::importing::permit;
use crate::practice::Practice;
use crate::store::{self, IndexCondition, IndexRow, IndexTest};
use records::Document;
use records::search::{Group, Term, Test, index_of};
use sha2::{Digest as _, Sha256};

/// The longest value that stands in the index as it is, in bytes.
const LONGEST: usize = 512;
/// Records that are indexed in one unit of work.
const AT_ONCE: u32 = 500;

impl ServerKeys {
    /// The rows of the index for a record.
    #[must_use]
    pub fn index_of(&self, document: &Document) -> Vec<IndexRow> {
        let rows = index_of(document).into_iter().map(|row| {
            let value = self.indexed(&row.parameter, row.term);
            IndexRow { parameter: row.parameter, value }
        });
        rows.collect()
    }

    /// What is asked for, in the words of the index.
    pub(crate) fn asked_of(&self, group: Group) -> Vec<Vec<IndexCondition>> {
        let condition = |condition: records::search::Condition| {
            let test = match condition.test {
                Test::Is(term) => IndexTest::Is(self.indexed(&condition.parameter, term)),
                Test::Within(from, below) => IndexTest::Within(from, below),
            };
            IndexCondition { parameter: condition.parameter, test }
        };
        let alternative = |alternative: Vec<_>| alternative.into_iter().map(condition).collect();
        group.into_iter().map(alternative).collect()
    }

    fn indexed(&self, parameter: &str, term: Term) -> Vec<u8> {
        match term {
            // Not every store's index holds whatever somebody wrote as a code; by its hash it is found as well.
            Term::Clear(bytes) if bytes.len() > LONGEST => Sha256::digest(&bytes).to_vec(),
            Term::Clear(bytes) => bytes,
            Term::Keyed(bytes) => self.search_token(parameter, &bytes).to_vec(),
        }
    }
}

/// Makes the index of every present record anew; how many there were.
///
/// # Errors
/// When the store fails; what was done stays, and the next run begins at the start.
pub fn rebuild(practice: &Practice) -> Result<u64, Failure> {
    let (mut after, mut done) = (0, 0);
    loop {
        let now = practice.clock.now();
        let last = store::write(practice.store.as_ref(), |tx| -> Result<Option<u64>, Failure> {
            let permit = permit(practice, tx, now)?;
            let records = tx.current_after(&permit, after, AT_ONCE)?;
            for (seq, document) in &records {
                tx.set_index(&permit, *seq, &practice.keys.index_of(document))?;
                done += 1;
            }
            Ok(records.last().map(|(seq, _)| *seq))
        })?;
        match last {
            Some(last) => after = last,
            None => return Ok(done),
        }
    }
}
