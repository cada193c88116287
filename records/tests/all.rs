//! The crate through its public door, one module per part.

#[path = "all/changes.rs"]
mod changes;
#[path = "all/dates.rs"]
mod dates;
#[path = "all/documents.rs"]
mod documents;
#[path = "all/events.rs"]
mod events;
#[path = "all/finding.rs"]
mod finding;
#[path = "all/forms.rs"]
mod forms;
#[path = "all/importing.rs"]
mod importing;
#[path = "all/log.rs"]
mod log;
#[path = "all/merges.rs"]
mod merges;
#[path = "all/outside_data.rs"]
mod outside_data;
#[path = "all/people.rs"]
mod people;
#[path = "all/rights.rs"]
mod rights;
#[path = "all/synthea.rs"]
mod synthea;
#[path = "all/views.rs"]
mod views;
