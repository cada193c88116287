//! Finding patients. A search is one operation: its permit's event is durable before the first rows, and [`Vault::settle`]
//! closes it with one event a patient shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use records::event::AuditEvent;
use records::find::{Query, words};
use records::id::PatientId;
use records::rights::{Action, Permit};
use records::view::PatientSummary;
use records::{DataClass, Drawer};

use crate::drawer::match_expressions;
use crate::error::ReadError;
use crate::vault::{OwnedScope, Vault};

/// Most rows a list shows, and so most patients a search is closed with.
pub const MOST_SHOWN: usize = 50;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The patients: whole words first, then beginnings, then any part; by name within each.
    pub rows: Vec<PatientSummary>,
    /// The charts that were found and that one of the rows is used in place of, by the id of that row.
    pub within: BTreeMap<PatientId, Vec<PatientSummary>>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

impl Vault {
    /// The terms of a query as keyed tokens, for the event that stands before the search.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] if the demographics drawer is not open.
    pub fn query_tokens(&self, query: &Query) -> Result<Vec<u8>, ReadError> {
        Ok(self.drawer(Drawer::Demographics)?.query_tokens(query))
    }

    /// The patients that a query finds among those in the permit's scope, at most `limit` and [`MOST_SHOWN`], counting those that
    /// are shown within another's row. The same permit serves every keystroke of one search.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to search.
    pub fn search(
        &self,
        permit: &Permit,
        query: &Query,
        limit: usize,
        now: Timestamp,
    ) -> Result<SearchPage, ReadError> {
        self.check(permit, &[Action::Search])?;
        let limit = limit.min(MOST_SHOWN);
        let open = self.drawer(Drawer::Demographics)?;
        let scope = OwnedScope::of(self, permit, DataClass::Demographics, now)?;
        // Patient number to the best rank it was found in.
        let mut found: BTreeMap<i64, usize> = BTreeMap::new();
        for (rank, expression) in match_expressions(query, open.sealing()).iter().enumerate() {
            if found.len() > limit {
                break;
            }
            let enough = limit + 1 + found.len();
            for number in open.search(expression, scope.borrow(), enough)? {
                found.entry(number).or_insert(rank);
            }
        }
        let mut page = SearchPage { rows: Vec::new(), within: BTreeMap::new(), more: found.len() > limit };
        let mut ranked: Vec<(usize, i64)> = found.into_iter().map(|(number, rank)| (rank, number)).collect();
        ranked.sort_unstable();
        let (mut rows, mut left): (Vec<(usize, PatientSummary)>, usize) = (Vec::new(), limit);
        for (rank, number) in ranked {
            let Some(summary) = open.listed(number)? else { continue };
            let survivor = open.survivor(&summary, scope.borrow())?;
            let row = survivor.as_ref().unwrap_or(&summary);
            let is_new = !rows.iter().any(|(_, known)| known.id == row.id);
            let costs = usize::from(is_new) + usize::from(survivor.is_some());
            if costs > left {
                page.more = true;
                break;
            }
            left -= costs;
            if is_new {
                rows.push((rank, row.clone()));
            }
            if let Some(survivor) = survivor {
                page.within.entry(survivor.id).or_default().push(summary);
            }
        }
        rows.sort_by_cached_key(|(rank, summary)| (*rank, sort_key(summary)));
        page.rows = rows.into_iter().map(|(_, summary)| summary).collect();
        Ok(page)
    }

    /// The rows of these patients, those in the permit's scope, in the order asked for: a list of recent charts.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to search.
    pub fn rows(
        &self,
        permit: &Permit,
        patients: &[PatientId],
        now: Timestamp,
    ) -> Result<Vec<PatientSummary>, ReadError> {
        self.check(permit, &[Action::Search])?;
        let open = self.drawer(Drawer::Demographics)?;
        let scope = OwnedScope::of(self, permit, DataClass::Demographics, now)?;
        let mut rows = Vec::new();
        for patient in patients.iter().take(MOST_SHOWN) {
            let Some(number) = open.number_of(patient.as_str())? else { continue };
            if open.in_scope(number, scope.borrow())? {
                rows.extend(open.listed(number)?);
            }
        }
        Ok(rows)
    }

    /// As [`Vault::rows`], with the chart that is used in place of one that was replaced; each once.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to search.
    pub fn surviving_rows(
        &self,
        permit: &Permit,
        patients: &[PatientId],
        now: Timestamp,
    ) -> Result<Vec<PatientSummary>, ReadError> {
        let open = self.drawer(Drawer::Demographics)?;
        let mut rows: Vec<PatientSummary> = Vec::new();
        for row in self.rows(permit, patients, now)? {
            let scope = OwnedScope::of(self, permit, DataClass::Demographics, now)?;
            let row = open.survivor(&row, scope.borrow())?.unwrap_or(row);
            if !rows.iter().any(|known| known.id == row.id) {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Closes a search: one event for each patient that the settled list showed, all in one commit.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to search, or more than [`MOST_SHOWN`] are named.
    pub fn settle(
        &mut self,
        permit: Permit,
        query: &Query,
        shown: &[PatientId],
        now: Timestamp,
    ) -> Result<(), ReadError> {
        self.check(&permit, &[Action::Search])?;
        if shown.len() > MOST_SHOWN {
            return Err(ReadError::NotPermitted);
        }
        let tokens = self.query_tokens(query)?;
        let events: Vec<AuditEvent> = shown
            .iter()
            .map(|patient| {
                let stamp = self.stamp(now);
                AuditEvent::query(stamp, permit.actor(), Action::Search, Some(patient), &tokens)
            })
            .collect();
        if !events.is_empty() {
            self.device.append_all(&events)?;
        }
        Ok(())
    }
}

fn sort_key(summary: &PatientSummary) -> (Vec<String>, Vec<String>, String) {
    (words(&summary.family), words(&summary.given), summary.id.to_string())
}
