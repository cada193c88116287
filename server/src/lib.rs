//! The central server of a practice: its workstations, its people, its records and the witness of its audit logs.
//!
//! [`serving`] opens two listeners. On the enrolment listener a token or a late proof goes in and a certificate comes out. On
//! the main listener every peer shows a certificate of one of the practice's own issuing CAs ([`authorities`], `gate`); who cannot is refused in
//! the handshake, and that is an event. [`router`] lists every route and asks each request which workstation it is from
//! (`identity`); routes that show records also ask for a session of a person, bound to that certificate.
//!
//! Behind the routes stand plain functions over a [`store::Transaction`]: a sealed change is opened, its author's signature
//! and rights at the time of writing are checked, and it is applied once or kept beside what it met (`applying`); a
//! workstation's audit log is taken in only as an unbroken, signed run (`audit_intake`). Every access to a record takes a
//! `Permit`, and a permit is an event in the server's own log (`trail`), committed before anything is answered.
//!
//! Programs by others read over `fhir`; what records are found by is made in [`indexing`].
//! Beside them [`watching`] looks through what comes in for what a person should look at, [`alerting`] tells whom it may concern, and
//! [`reporting`] sums up each day.
//!
//! [`backing`] copies a practice away and puts it back; with [`recovering`] it goes on from there.
//!
//! An operator uses [`cli`]; [`importing`] takes records in from files, [`verifying`] checks the logs from their bytes up.

pub mod alerting;
mod answer;
mod applying;
pub mod approving;
mod attaching;
mod audit_intake;
pub mod authorities;
pub mod backing;
pub mod carrying;
mod certifying;
pub mod cli;
pub mod clock;
pub mod custody;
pub mod data_dir;
pub mod database;
pub mod directing;
pub mod doorway;
pub mod erasing;
pub mod error;
pub mod exporting;
mod fhir;
mod gate;
mod granting;
mod identity;
pub mod importing;
pub mod indexing;
mod intake;
pub mod inventory;
pub mod leasing;
pub mod limits;
mod marking;
mod meters;
mod observing;
pub mod people;
pub mod practice;
pub mod programs;
pub mod purging;
pub mod recovering;
pub mod releasing;
pub mod reporting;
pub mod resting;
pub mod retaining;
pub mod roles;
pub mod rotating;
pub mod router;
mod routes;
pub mod serving;
mod signing_in;
pub mod store;
pub mod succeeding;
mod tls;
mod trail;
pub mod verifying;
pub mod watching;
pub mod witnessing;
mod workstations;
