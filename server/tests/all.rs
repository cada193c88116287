//! The server from outside: over TLS on loopback, and on its command line.
#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::result_large_err,
    reason = "a test stops where something is not as it should be"
)]

#[path = "all/alert_routes.rs"]
mod alert_routes;
#[path = "all/alerts.rs"]
mod alerts;
#[path = "all/approvals.rs"]
mod approvals;
#[path = "all/attachments.rs"]
mod attachments;
#[path = "all/audit.rs"]
mod audit;
#[path = "all/backup.rs"]
mod backup;
#[path = "all/bad_certificates.rs"]
mod bad_certificates;
#[path = "all/carried_files.rs"]
mod carried_files;
#[path = "all/changes.rs"]
mod changes;
#[path = "all/charts.rs"]
mod charts;
#[path = "all/clinic.rs"]
mod clinic;
#[path = "all/command_line.rs"]
mod command_line;
#[path = "all/courier.rs"]
mod courier;
#[path = "all/credentials.rs"]
mod credentials;
#[path = "all/custody.rs"]
mod custody;
#[path = "all/directives.rs"]
mod directives;
#[path = "all/doorway.rs"]
mod doorway;
#[path = "all/erasing.rs"]
mod erasing;
#[path = "all/fhir.rs"]
mod fhir;
#[path = "all/fhir_bulk.rs"]
mod fhir_bulk;
#[path = "all/fhir_by_others.rs"]
mod fhir_by_others;
#[path = "all/fhir_export.rs"]
mod fhir_export;
#[path = "all/fhir_including.rs"]
mod fhir_including;
#[path = "all/fhir_reading.rs"]
mod fhir_reading;
#[path = "all/fhir_searching.rs"]
mod fhir_searching;
#[path = "all/fhir_surface.rs"]
mod fhir_surface;
#[path = "all/fhir_trail.rs"]
mod fhir_trail;
#[path = "all/ground.rs"]
mod ground;
#[path = "all/history.rs"]
mod history;
#[path = "all/hostile_bodies.rs"]
mod hostile_bodies;
#[path = "all/import.rs"]
mod import;
#[path = "all/inbox.rs"]
mod inbox;
#[path = "all/links.rs"]
mod links;
#[path = "all/marks.rs"]
mod marks;
#[path = "all/postgres.rs"]
mod postgres;
#[path = "all/process.rs"]
mod process;
#[path = "all/programs.rs"]
mod programs;
#[path = "all/programs_reading.rs"]
mod programs_reading;
#[path = "all/purging.rs"]
mod purging;
#[path = "all/recovering.rs"]
mod recovering;
#[path = "all/refusals.rs"]
mod refusals;
#[path = "all/releasing.rs"]
mod releasing;
#[path = "all/renewal.rs"]
mod renewal;
#[path = "all/rescue.rs"]
mod rescue;
#[path = "all/retention.rs"]
mod retention;
#[path = "all/roles.rs"]
mod roles;
#[path = "all/several_servers.rs"]
mod several_servers;
#[path = "all/sign_in.rs"]
mod sign_in;
#[path = "all/succession.rs"]
mod succession;
#[path = "all/tokens.rs"]
mod tokens;
#[path = "all/witnessing.rs"]
mod witnessing;
#[path = "all/workstation.rs"]
mod workstation;
