//! Feeds the target `trust_bundle` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("trust_bundle", bytes));
