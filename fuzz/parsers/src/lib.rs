//! Every parser of stored or received bytes, as a function that fuzzing and ordinary tests feed alike.
//!
//! A target takes any bytes and returns nothing; it panics when a promise is broken: that nothing panics, that what is
//! read is written back the same, that nothing opens but what was sealed. `TARGETS` names them all. `fuzz_targets/`
//! has a program for each, `seeds/` what each starts from, and `tests/all.rs` here replays the seeds without libFuzzer.
#![cfg(feature = "inside")]

mod given;
mod machines;
mod person;
mod resources;
mod sealed;
mod wire;

/// What is fed.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its program and of its folder of seeds.
pub const TARGETS: &[(&str, Target)] = &[
    ("slot", person::slot),
    ("slot_contents", person::slot_contents),
    ("reentry", person::reentry),
    ("key_reentry", person::key_reentry),
    ("reentry_contents", person::reentry_contents),
    ("parked", person::parked),
    ("twin", person::twin),
    ("prepared_slot", person::prepared_slot),
    ("paper_code", person::paper_code),
    ("typed", person::typed),
    ("grant", sealed::grant),
    ("envelope", sealed::envelope),
    ("envelope_payload", sealed::envelope_payload),
    ("row", sealed::row),
    ("blob", sealed::blob),
    ("inbox_page", sealed::inbox_page),
    ("courier", sealed::courier),
    ("trust_bundle", machines::trust_bundle),
    ("erasure", machines::erasure),
    ("certificate", machines::certificate),
    ("certificate_request", machines::certificate_request),
    ("token", machines::token),
    ("checkpoint", machines::checkpoint),
    ("sign_in", machines::sign_in),
    ("fhir_import", resources::fhir_import),
    ("change", resources::change),
    ("audit_event", resources::audit_event),
    ("rights", resources::rights),
    ("search_text", resources::search_text),
    ("log_tree", resources::log_tree),
    ("history_page", wire::history_page),
    ("audit_batch", wire::audit_batch),
    ("wire_body", wire::body),
    ("policy", wire::policy),
];

/// Feeds one target.
///
/// # Panics
/// When there is none of this name, or it finds a promise broken.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.unwrap_or_else(|| panic!("no target is called {name}"));
    target(bytes);
}

/// Bytes that the target of this name takes for genuine, made from fixed seeds.
#[must_use]
pub fn genuine() -> Vec<(&'static str, Vec<u8>)> {
    given::articles()
}
