//! Feeds the target `audit_event` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("audit_event", bytes));
