//! Feeds the target `wire_body` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("wire_body", bytes));
