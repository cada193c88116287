//! Charts that may be of the same person: looked for by the index that patients are found by, then compared.
//!
//! For one chart that is done when somebody asks. For whoever came or changed it is done in the background, a few at a time, and
//! what came of it is noted, so that a person can be told of a pair that nobody asked for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use records::apart::{are_apart, told_apart};
use records::id::PatientId;
use records::rights::{Action, Permit};
use records::same_person::{Comparison, Likeness, compare, searches};
use records::view::PatientSummary;
use records::{DataClass, Drawer};

use crate::drawer::{Alike, Found, OpenDrawer, match_expressions};
use crate::error::{ReadError, StoreError};
use crate::search::MOST_SHOWN;
use crate::vault::{OwnedScope, Vault};

/// Most pairs that are shown at once: each is two patients, and a list of more is not looked through.
const MOST_PAIRS: usize = MOST_SHOWN / 2;
/// Most that one of the searches may bring: more people than this who were born on one day, or bear one name, are not compared.
const MOST_COMPARED: usize = 200;
/// The same in the background, where nobody asked: what so many share says little.
const MOST_IN_BACKGROUND: usize = 50;

/// Two charts that may be of one person, or were told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlikePair {
    /// The one that came here first.
    pub one: PatientSummary,
    /// The other.
    pub other: PatientSummary,
    /// How likely, and why.
    pub comparison: Comparison,
}

impl Vault {
    /// Compares some of the patients whose own record came or changed with the others that are here, and notes what came of it.
    /// Shows nothing to anybody. Returns whether there are more. Waits until the drawer was pulled to its end once: before that
    /// there is little to compare with, and the pull comes first; and while a drawer is written anew.
    ///
    /// # Errors
    /// When the drawer cannot be read or written.
    pub fn compare_some(&mut self, most: u32) -> Result<bool, StoreError> {
        if self.rewriting().is_some() {
            return Ok(false);
        }
        let Some(open) = self.drawers.get_mut(&Drawer::Demographics) else { return Ok(false) };
        let fresh = open.freshness()?;
        if fresh.pulled_at.is_none() || fresh.held_since.is_some() {
            return Ok(false);
        }
        let numbers = open.to_compare(most)?;
        if numbers.is_empty() {
            return Ok(false);
        }
        let compared = numbers.into_iter().map(|number| Ok((number, open.found_alike(number)?)));
        let compared: Vec<(i64, Vec<Found>)> = compared.collect::<Result<_, StoreError>>()?;
        open.note_compared(&compared)?;
        Ok(true)
    }

    /// How many pairs of charts may be of one person, as far as they were compared. A number alone: showing them takes a permit.
    ///
    /// # Errors
    /// When the drawer cannot be read.
    pub fn count_alike(&self) -> Result<u64, StoreError> {
        self.drawers.get(&Drawer::Demographics).map_or(Ok(0), OpenDrawer::count_alike)
    }

    /// The pairs in the permit's scope that may be of one person, the likeliest first; or those that were told apart.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to search.
    pub fn alike_pairs(
        &self,
        permit: &Permit,
        are_apart: bool,
        now: Timestamp,
    ) -> Result<Vec<AlikePair>, ReadError> {
        self.check(permit, &[Action::Search])?;
        let open = self.drawer(Drawer::Demographics)?;
        let scope = OwnedScope::of(self, permit, DataClass::Demographics, now)?;
        let mut pairs = Vec::new();
        for (one, other) in open.alike_pairs(are_apart, MOST_PAIRS)? {
            if !open.in_scope(one, scope.borrow())? || !open.in_scope(other, scope.borrow())? {
                continue;
            }
            let (Some(one), Some(other)) = (open.listed_document(one)?, open.listed_document(other)?) else {
                continue;
            };
            let summaries = (PatientSummary::of(&one), PatientSummary::of(&other));
            if let ((Some(first), Some(second)), Some(comparison)) = (summaries, compare(&one, &other)) {
                pairs.push(AlikePair { one: first, other: second, comparison });
            }
        }
        Ok(pairs)
    }

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

impl OpenDrawer {
    /// Whom a patient is alike to, and whom they were told apart from.
    fn found_alike(&self, own: i64) -> Result<Vec<Found>, StoreError> {
        let Some(document) = self.listed_document(own)? else { return Ok(Vec::new()) };
        if PatientSummary::of(&document).is_none_or(|summary| !summary.links.replaced_by.is_empty()) {
            return Ok(Vec::new());
        }
        let mut numbers = BTreeSet::new();
        for query in searches(&document) {
            for expression in match_expressions(&query, self.sealing()).iter().take(1) {
                numbers.extend(self.matches(expression, MOST_IN_BACKGROUND)?);
            }
        }
        for mark in told_apart(&document) {
            numbers.extend(self.number_of(mark.other.as_str())?);
        }
        numbers.remove(&own);
        let mut found = Vec::new();
        for number in numbers {
            let Some(other) = self.listed_document(number)? else { continue };
            let is_part =
                PatientSummary::of(&other).is_none_or(|summary| !summary.links.replaced_by.is_empty());
            let Some(comparison) = compare(&document, &other).filter(|_| !is_part) else { continue };
            let alike = match comparison.likeness {
                Likeness::Certain => Some(Alike::Certain),
                Likeness::Likely => Some(Alike::Likely),
                Likeness::No => None,
            };
            let told = are_apart(&document, &other).then_some(Alike::Apart);
            found.extend(told.or(alike).map(|alike| (number, alike)));
        }
        Ok(found)
    }
}
