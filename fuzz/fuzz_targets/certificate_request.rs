//! Feeds the target `certificate_request` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("certificate_request", bytes));
