//! Charts that may be of the same person as one: looked for by the index that patients are found by, then compared.

use std::collections::BTreeSet;

use jiff::Timestamp;
use records::apart::are_apart;
use records::id::PatientId;
use records::rights::{Action, Permit};
use records::same_person::{Comparison, Likeness, compare, searches};
use records::view::PatientSummary;
use records::{DataClass, Drawer};

use crate::drawer::match_expressions;
use crate::error::ReadError;
use crate::search::MOST_SHOWN;
use crate::vault::{OwnedScope, Vault};

/// Most that one of the searches may bring: more people than this who were born on one day, or bear one name, are not compared.
const MOST_COMPARED: usize = 200;

impl Vault {
    /// The charts in the permit's scope that may be of the same person, the likeliest first. Charts that are joined to it, or
    /// part of another, or told apart from it, are left out.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to search; [`ReadError::NotFound`] for a patient out of its scope.
    pub fn alike(
        &self,
        permit: &Permit,
        patient: &PatientId,
        now: Timestamp,
    ) -> Result<Vec<(PatientSummary, Comparison)>, ReadError> {
        self.check(permit, &[Action::Search])?;
        let open = self.drawer(Drawer::Demographics)?;
        let scope = OwnedScope::of(self, permit, DataClass::Demographics, now)?;
        let own = open.number_of(patient.as_str())?.ok_or(ReadError::NotFound)?;
        if !open.in_scope(own, scope.borrow())? {
            return Err(ReadError::NotFound);
        }
        let document = open.listed_document(own)?.ok_or(ReadError::NotFound)?;
        let mut numbers = BTreeSet::new();
        for query in searches(&document) {
            // Whole words alone: what only begins alike is another name.
            for expression in match_expressions(&query, open.sealing()).iter().take(1) {
                numbers.extend(open.search(expression, scope.borrow(), MOST_COMPARED)?);
            }
        }
        numbers.remove(&own);
        let mut found = Vec::new();
        for number in numbers {
            let Some(other) = open.listed_document(number)? else { continue };
            let (Some(summary), Some(comparison)) = (PatientSummary::of(&other), compare(&document, &other))
            else {
                continue;
            };
            let is_open = summary.links.replaced_by.is_empty() && !are_apart(&document, &other);
            if comparison.likeness > Likeness::No && is_open {
                found.push((summary, comparison));
            }
        }
        found.sort_by_cached_key(|(summary, comparison)| {
            (std::cmp::Reverse(comparison.likeness), summary.display_name.clone(), summary.id.to_string())
        });
        found.truncate(MOST_SHOWN);
        Ok(found)
    }
}
