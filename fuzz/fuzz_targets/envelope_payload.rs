//! Feeds the target `envelope_payload` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("envelope_payload", bytes));
